//! The webhook: `POST` with `{"url": …}`, answered with 200 and the settings of the stream, or none.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use url::Url;

use crate::ingest::transcode_config::{ConfigError, MAX_CONFIG_BYTES, TranscodeConfig};

/// One call as a whole. Stock gateways wait for ever; a pusher does not.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Question<'a> {
    url: &'a str,
}

/// The stream is allowed.
#[derive(Debug)]
pub(super) struct Answer {
    /// What the webhook says of it; nothing where its answer is empty.
    pub(super) settings: Option<TranscodeConfig>,
}

/// The stream is not allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Unauthorised {
    /// No connection, or no answer in time.
    #[error("the authorisation webhook did not answer")]
    Unreachable {
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// It has a trouble of its own.
    #[error("the authorisation webhook answered {status}")]
    Failed {
        /// Its status, 500 or above.
        status: StatusCode,
    },
    /// It said no.
    #[error("the authorisation webhook answered {status}; 200 allows a stream")]
    Refused {
        /// Its status.
        status: StatusCode,
    },
    /// Too much for an answer.
    #[error("the authorisation webhook's answer is larger than {MAX_CONFIG_BYTES} bytes")]
    TooLarge,
    /// Something else than settings.
    #[error("the authorisation webhook's answer cannot be used")]
    Unusable {
        /// What is wrong with it.
        #[source]
        source: ConfigError,
    },
    /// Settings of no stream.
    #[error("the authorisation webhook's answer names no manifestID")]
    Nameless,
}

/// Asks about a stream that is pushed to `pushed`.
pub(super) async fn ask(
    http: &reqwest::Client,
    webhook: &Url,
    pushed: &str,
) -> Result<Answer, Unauthorised> {
    // A URL may carry a key.
    let unreachable =
        |source: reqwest::Error| Unauthorised::Unreachable { source: source.without_url() };
    let request = http.post(webhook.clone()).timeout(TIMEOUT).json(&Question { url: pushed });
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_server_error() {
        return Err(Unauthorised::Failed { status });
    }
    if status != StatusCode::OK {
        return Err(Unauthorised::Refused { status });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_CONFIG_BYTES {
            return Err(Unauthorised::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    if body.is_empty() {
        return Ok(Answer { settings: None });
    }
    let settings = TranscodeConfig::from_json(&body);
    match settings.map_err(|source| Unauthorised::Unusable { source })? {
        Some(settings) if settings.manifest_id.is_some() => Ok(Answer { settings: Some(settings) }),
        _ => Err(Unauthorised::Nameless),
    }
}
