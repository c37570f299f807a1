//! Fresh ticket parameters and a fresh token for a session that goes on: `POST {transcoder}/refresh-payment`.
//!
//! Unlike a new GetOrchestrator this keeps the session's id, and with it the credit that the
//! orchestrator holds and the price it agreed to (go-livepeer `server/rpc.go:253, 454-508`). It is served
//! once a first payment has fixed that price; any other answer than 200 means that a new session is
//! the way.

use std::time::Duration;

use alloy_primitives::Address;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use url::Url;
use waymark_proto::{TAG_HEADER, net::OrchestratorInfo};

use super::{
    download::{authority, path},
    error::TransportError,
    transport::{Peer, Reach, Transport},
};

/// The whole call (go-livepeer `server/broadcast.go:50`).
const TIMEOUT: Duration = Duration::from_millis(2500);
/// Largest answer read; a real one has about 800 bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Why a session could not be refreshed; a new one may still be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// No answer in time.
    #[error("no answer to /refresh-payment within {after:?}")]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The orchestrator does not serve it, or not for this session.
    #[error("/refresh-payment is answered with {status}")]
    NotServed {
        /// HTTP status; 409 when no price was fixed yet.
        status: u16,
    },
    /// An answer that is none.
    #[error("the answer to /refresh-payment cannot be read: {what}")]
    Unreadable {
        /// Which part.
        what: &'static str,
    },
    /// The answer is about another session.
    #[error("the answer to /refresh-payment is about another session")]
    OtherSession,
}

#[derive(Serialize)]
struct Question<'a> {
    sender: String,
    manifest_id: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    payment_params: String,
}

/// Asks once.
pub async fn refresh(
    transport: &Transport,
    transcoder: &Url,
    sender: Address,
    session_id: &str,
    tag: Option<&HeaderValue>,
) -> Result<OrchestratorInfo, RefreshError> {
    let asked = ask(transport, transcoder, sender, session_id, tag);
    let answer = timeout(TIMEOUT, asked).await;
    let info = read(&answer.map_err(|_| RefreshError::Timeout { after: TIMEOUT })??)?;
    let same = info.auth_token.as_ref().is_some_and(|token| token.session_id == session_id);
    if same { Ok(info) } else { Err(RefreshError::OtherSession) }
}

async fn ask(
    transport: &Transport,
    transcoder: &Url,
    sender: Address,
    session_id: &str,
    tag: Option<&HeaderValue>,
) -> Result<Bytes, RefreshError> {
    let unusable = |what| RefreshError::Unreadable { what };
    let peer = Peer::of(transcoder).ok_or(unusable("the orchestrator's address"))?;
    let question = Question { sender: sender.to_checksum(None), manifest_id: session_id };
    let body = serde_json::to_vec(&question).map_err(|_| unusable("the question"))?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/refresh-payment", path(transcoder).trim_end_matches('/')))
        .header(header::HOST, authority(transcoder))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .map_err(|_| unusable("the orchestrator's address"))?;
    if let Some(tag) = tag {
        request.headers_mut().insert(TAG_HEADER, tag.clone());
    }
    let exchange = transport.send(&peer, Reach::Anywhere, &request).await?;
    let status = exchange.status();
    let body = exchange.collect(ANSWER_LIMIT).await?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(RefreshError::NotServed { status: status.as_u16() })
}

fn read(body: &[u8]) -> Result<OrchestratorInfo, RefreshError> {
    let unreadable = |what| RefreshError::Unreadable { what };
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable("the JSON"))?;
    let bytes = STANDARD.decode(answer.payment_params).map_err(|_| unreadable("the base64"))?;
    OrchestratorInfo::decode(bytes.as_slice()).map_err(|_| unreadable("the message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a stock orchestrator answered.
    const RECORDED: &str = include_str!("../../tests/data/refresh-payment.json");

    #[test]
    fn a_recorded_answer_has_parameters_price_and_a_token_of_the_same_session() {
        let info = read(RECORDED.as_bytes()).unwrap();
        let token = info.auth_token.unwrap();
        assert_eq!((token.session_id.as_str(), token.expiration), ("dcf1d651", 1_795_424_439));
        let price = info.price_info.unwrap();
        assert_eq!((price.price_per_unit, price.pixels_per_unit), (70_700_000, 1));
        assert_eq!(info.ticket_params.unwrap().expiration_block.as_ref(), [0x07, 0x68]);
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        for body in ["", "{}", r#"{"payment_params":"%"}"#, r#"{"payment_params":"////"}"#] {
            assert!(
                matches!(read(body.as_bytes()), Err(RefreshError::Unreadable { .. })),
                "{body}"
            );
        }
    }
}
