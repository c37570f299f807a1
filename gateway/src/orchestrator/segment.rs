//! One segment to an orchestrator and its result back: `POST {transcoder}/segment`.
//!
//! Two clocks run (go-livepeer `server/segment_rpc.go:511-525, 928-943`): one until the response's
//! head, which comes before transcoding begins, one until the result is complete.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::time::{Instant, timeout_at};
use url::Url;
use waymark_proto::{PAYMENT_HEADER, SEGMENT_CONTENT_TYPE, SEGMENT_HEADER, TAG_HEADER};

use super::{
    download::{authority, path},
    error::{AttemptError, TransportError},
    transport::{Peer, Reach, Transport},
};
use crate::wire::{RESULT_LIMIT, classify_refusal};

/// As much of a refusal as is worth reading.
const REFUSAL_LIMIT: usize = 4 * 1024;

/// The two clocks of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the response's head.
    pub upload: Duration,
    /// Until the end of the result.
    pub whole: Duration,
}

impl Timeouts {
    /// `max(2 s, half the duration)` and `max(8 s, four times the duration)`, both multiplied where
    /// the client asked for more (go-livepeer `common/util.go:37-46`). A segment that queues behind
    /// others of its session waits for those first.
    pub fn of(media: Duration, multiplier: u32, ahead: usize) -> Self {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX).min(8);
        let upload = (media / 2).max(Duration::from_secs(2));
        let whole = media.saturating_mul(4).max(Duration::from_secs(8));
        let multiplier = multiplier.max(1);
        Self {
            upload: upload.saturating_mul(multiplier),
            whole: whole.saturating_mul(multiplier).saturating_mul(ahead + 1),
        }
    }
}

/// What goes up.
#[derive(Debug)]
pub struct Upload<'a> {
    /// Base URI of the orchestrator.
    pub transcoder: &'a Url,
    /// Value of the segment header.
    pub credentials: HeaderValue,
    /// Value of the payment header; empty off-chain.
    pub payment: HeaderValue,
    /// Value of the tag header; absent where tags are switched off.
    pub tag: Option<HeaderValue>,
    /// The segment.
    pub body: Bytes,
    /// The two clocks.
    pub timeouts: Timeouts,
}

/// What came back, and when.
#[derive(Debug)]
pub struct Answer {
    /// The serialized result.
    pub result: Bytes,
    /// From the start until the response's head.
    pub accepted_after: Duration,
    /// From the start until the end of the result.
    pub finished_after: Duration,
}

/// The URL of `/segment`.
pub fn endpoint(transcoder: &Url) -> String {
    format!("{}/segment", path(transcoder).trim_end_matches('/'))
}

/// Sends a segment and reads its result.
pub async fn submit(transport: &Transport, upload: Upload<'_>) -> Result<Answer, AttemptError> {
    let unusable = |message: &str| AttemptError::Build { message: message.to_owned() };
    let peer = Peer::of(upload.transcoder).ok_or_else(|| unusable("neither http nor https"))?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(endpoint(upload.transcoder))
        .header(header::HOST, authority(upload.transcoder))
        .header(SEGMENT_HEADER, upload.credentials)
        .header(PAYMENT_HEADER, upload.payment)
        .header(header::CONTENT_TYPE, SEGMENT_CONTENT_TYPE)
        .body(upload.body)
        .map_err(|e| unusable(&e.to_string()))?;
    if let Some(tag) = upload.tag {
        request.headers_mut().insert(TAG_HEADER, tag);
    }

    let started = Instant::now();
    let Timeouts { upload: until_head, whole } = upload.timeouts;
    let exchange =
        timeout_at(started + until_head, transport.send(&peer, Reach::Anywhere, &request))
            .await
            .map_err(|_| AttemptError::HeaderTimeout { after: until_head })??;
    let accepted_after = started.elapsed();
    let status = exchange.status();
    let limit = if status == StatusCode::OK { RESULT_LIMIT } else { REFUSAL_LIMIT };
    let body = timeout_at(started + whole, exchange.collect(limit))
        .await
        .map_err(|_| AttemptError::ResultTimeout { after: whole })?;
    if status == StatusCode::OK {
        return Ok(Answer { result: body?, accepted_after, finished_after: started.elapsed() });
    }
    let text = match body {
        Ok(body) => one_line(&body),
        Err(TransportError::TooLarge { .. }) => String::new(),
        Err(error) => return Err(error.into()),
    };
    let fault = classify_refusal(status.as_u16(), &text);
    Err(AttemptError::Refused { status: status.as_u16(), text, fault })
}

/// A peer's text made fit for a log line.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim().chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_those_of_stock_nodes() {
        let of = |s: f64| {
            let t = Timeouts::of(Duration::from_secs_f64(s), 1, 0);
            (t.whole.as_secs_f64(), t.upload.as_secs_f64())
        };
        assert_eq!(of(0.5), (8.0, 2.0));
        assert_eq!(of(2.0), (8.0, 2.0));
        assert_eq!(of(4.0), (16.0, 2.0));
        assert_eq!(of(6.0), (24.0, 3.0));
        assert_eq!(of(10.0), (40.0, 5.0));
    }

    #[test]
    fn a_queued_segment_waits_for_those_ahead_of_it() {
        let t = Timeouts::of(Duration::from_secs(2), 1, 4);
        assert_eq!(t.whole, Duration::from_secs(40));
        assert_eq!(t.upload, Duration::from_secs(2));
    }

    #[test]
    fn the_multiplier_stretches_both_clocks() {
        let t = Timeouts::of(Duration::from_secs(2), 3, 0);
        assert_eq!((t.whole.as_secs(), t.upload.as_secs()), (24, 6));
    }

    #[test]
    fn a_service_uri_with_a_path_keeps_it() {
        let url = |s: &str| endpoint(&Url::parse(s).unwrap());
        assert_eq!(url("https://o:8935"), "/segment");
        assert_eq!(url("https://o:8935/"), "/segment");
        assert_eq!(url("https://o:8935/a/"), "/a/segment");
    }
}
