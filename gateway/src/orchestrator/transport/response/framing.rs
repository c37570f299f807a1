//! Where the body of a response ends (RFC 9112 6 and 7).

use http::StatusCode;
use httparse::Header;

use super::{Wrong, chunks::Chunks};

/// The rest of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// This many bytes more.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the connection ends.
    UntilClose,
}

impl Framing {
    /// As the head of a response to GET or POST says. `current` is HTTP/1.1.
    pub(super) fn of(
        status: StatusCode,
        current: bool,
        headers: &[Header<'_>],
    ) -> Result<Self, Wrong> {
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(Self::Length(0));
        }
        let (lengths, codings) =
            (values(headers, "content-length"), values(headers, "transfer-encoding"));
        // RFC 9112 6.3 gives the coding precedence; who sends both is confused or wants us to be.
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(Self::UntilClose),
            ([length], []) => number(length).map(Self::Length),
            ([], [coding]) if current && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Self::Chunked(Chunks::default()))
            }
            ([], _) => Err(Wrong::Meaning("a transfer coding that is not understood")),
            (_, []) => Err(Wrong::Meaning("more than one length")),
            (_, _) => Err(Wrong::Meaning("a length, and a transfer coding")),
        }
    }

    /// Length of the body if it is announced.
    pub const fn announced(&self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(*length),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Whether the whole body was there.
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
            Self::UntilClose => false,
        }
    }

    /// Takes bytes of the body from the front of `from` and hands on what is in them. What is left
    /// there when the body is done does not belong to it.
    ///
    /// # Errors
    /// The bytes are no such body.
    pub fn take(&mut self, from: &mut &[u8], mut sink: impl FnMut(&[u8])) -> Result<(), Wrong> {
        match self {
            Self::UntilClose => sink(std::mem::take(from)),
            Self::Length(left) => hand_on(from, left, &mut sink),
            Self::Chunked(chunks) => chunks.take(from, &mut sink)?,
        }
        Ok(())
    }
}

fn values<'a>(headers: &[Header<'a>], name: &str) -> Vec<&'a [u8]> {
    let named = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value).collect()
}

fn number(text: &[u8]) -> Result<u64, Wrong> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits);
    text.and_then(|text| text.parse().ok()).ok_or(Wrong::Meaning("a length that is no number"))
}

/// Hands on at most `left` bytes from the front.
pub(super) fn hand_on(from: &mut &[u8], left: &mut u64, sink: &mut impl FnMut(&[u8])) {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(from.len());
    let (now, later) = from.split_at(here);
    *from = later;
    *left -= here as u64;
    sink(now);
}
