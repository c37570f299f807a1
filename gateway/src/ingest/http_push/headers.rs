//! The plain headers of a push.

use std::time::Duration;

use http::HeaderMap;

use super::{Clip, DEFAULT_DURATION, MAX_DURATION, PushError};

/// `Content-Duration` in milliseconds. Absent or not an integer: [`DEFAULT_DURATION`].
pub(super) fn duration(headers: &HeaderMap) -> Result<Duration, PushError> {
    let Some(text) = text(headers, "content-duration") else { return Ok(DEFAULT_DURATION) };
    if !is_integer(text) {
        return Ok(DEFAULT_DURATION);
    }
    // An integer of any length; what does not fit an i64 is out of range as well.
    let millis = text.parse::<i64>().ok().and_then(|ms| u64::try_from(ms).ok());
    match millis.map(Duration::from_millis) {
        Some(duration) if duration <= MAX_DURATION => Ok(duration),
        _ => Err(PushError::Duration { given: shorten(text) }),
    }
}

/// `Content-Resolution` as `WxH`. Absent or empty: unknown.
pub(super) fn resolution(headers: &HeaderMap) -> Result<Option<(u32, u32)>, PushError> {
    let Some(value) = headers.get("content-resolution").filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    let side = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits).map(u32::from)
    };
    let parsed = value.to_str().ok().and_then(|text| {
        let (width, height) = text.trim().split_once(['x', 'X'])?;
        Some((side(width)?, side(height)?))
    });
    match parsed {
        Some(size) => Ok(Some(size)),
        None => Err(PushError::Resolution {
            given: shorten(&String::from_utf8_lossy(value.as_bytes())),
        }),
    }
}

/// `Content-Slice-From` and `Content-Slice-To`. What is not an unsigned integer is as if absent.
pub(super) fn clip(headers: &HeaderMap) -> Result<Option<Clip>, PushError> {
    let millis = |name| {
        let text = text(headers, name).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
    };
    let (from_ms, to_ms) = (millis("content-slice-from"), millis("content-slice-to"));
    match (from_ms, to_ms) {
        (0, 0) => Ok(None),
        (from_ms, 1..) if from_ms > to_ms => Err(PushError::Slice { from_ms, to_ms }),
        _ => Ok(Some(Clip { from_ms, to_ms })),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn shorten(text: &str) -> String {
    text.chars().take(24).collect()
}
