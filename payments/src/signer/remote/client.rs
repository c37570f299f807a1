//! HTTP with the remote signer: bounded, without redirects, with the configured headers.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use url::Url;

use super::{RemoteError, RemoteSettings, TicketLimits};

pub(super) const SIGN_ADDRESS: &str = "/sign-orchestrator-info";
pub(super) const LIVE_PAYMENT: &str = "/generate-live-payment";

/// `server/remote_signer.go`: the session has to be renewed.
const REFRESH_SESSION: u16 = 480;
const PRICE_EXCEEDED: u16 = 481;
/// The credit is enough for now.
const NO_TICKETS: u16 = 482;
/// Clearinghouse's balance gate, passed on by the signer.
const INSUFFICIENT_FUNDS: u16 = 483;

/// Largest answer read; 100 tickets take about 10 kB.
const LARGEST: usize = 256 * 1024;
/// Longest text of the signer that goes into an error.
const LONGEST_MESSAGE: usize = 300;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to one signer.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    settings: RemoteSettings,
}

/// What came back for a payment.
#[derive(Debug)]
pub(super) enum Reply {
    /// 200 and its body.
    Paid(Vec<u8>),
    /// 480.
    Renew,
    /// 482.
    NothingDue,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorMessage,
}

#[derive(Deserialize)]
struct ErrorMessage {
    message: String,
}

impl Client {
    pub(super) fn new(settings: RemoteSettings) -> Result<Self, RemoteError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
            // The headers are secrets of this host alone.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|source| unreachable(&settings, source))?;
        Ok(Self { http, settings })
    }

    pub(super) fn limits(&self) -> &TicketLimits {
        &self.settings.limits
    }

    /// One call that has to end with 200.
    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, RemoteError> {
        match self.send(path, body).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => Err(self.refusal(status.as_u16(), &body)),
        }
    }

    /// One call for a payment.
    pub(super) async fn pay(&self, body: Vec<u8>) -> Result<Reply, RemoteError> {
        let (status, body) = self.send(LIVE_PAYMENT, body).await?;
        match status.as_u16() {
            200 => Ok(Reply::Paid(body)),
            REFRESH_SESSION => Ok(Reply::Renew),
            NO_TICKETS => Ok(Reply::NothingDue),
            status => Err(self.refusal(status, &body)),
        }
    }

    async fn send(&self, path: &str, body: Vec<u8>) -> Result<(StatusCode, Vec<u8>), RemoteError> {
        let url: Url = self.settings.endpoint(path);
        let headers: HeaderMap = self.settings.secrets().clone();
        let unreachable = |source| unreachable(&self.settings, source);
        let request = self
            .http
            .post(url)
            .timeout(self.settings.timeout)
            .header(CONTENT_TYPE, "application/json")
            .headers(headers)
            .body(body);
        let mut response = request.send().await.map_err(unreachable)?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > LARGEST {
                let origin = self.settings.origin();
                return Err(RemoteError::TooLarge { origin, limit: LARGEST });
            }
            answer.extend_from_slice(&chunk);
        }
        Ok((response.status(), answer))
    }

    fn refusal(&self, status: u16, body: &[u8]) -> RemoteError {
        let message = self.message(body);
        match status {
            PRICE_EXCEEDED => RemoteError::PriceExceeded { message },
            INSUFFICIENT_FUNDS => RemoteError::InsufficientFunds { message },
            503 => RemoteError::Unavailable { message },
            500.. => RemoteError::Failed { status, message },
            _ => RemoteError::Refused { status, message },
        }
    }

    /// The signer's words, short, printable and without what we sent it to prove who we are.
    fn message(&self, body: &[u8]) -> String {
        let Ok(ErrorBody { error: ErrorMessage { mut message } }) = serde_json::from_slice(body)
        else {
            return "no message".to_owned();
        };
        let values = self.settings.secrets().values().filter_map(|value| value.to_str().ok());
        // `Bearer <token>` may come back without its first word.
        let parts = values.flat_map(|value| [Some(value), value.split_once(' ').map(|(_, v)| v)]);
        for secret in parts.flatten().chain(self.settings.password()) {
            if !secret.is_empty() {
                message = message.replace(secret, "***");
            }
        }
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        message.chars().take(LONGEST_MESSAGE).map(printable).collect()
    }
}

fn unreachable(settings: &RemoteSettings, source: reqwest::Error) -> RemoteError {
    // The URL may carry a password.
    RemoteError::Unreachable { origin: settings.origin(), source: source.without_url() }
}
