//! One way to one endpoint, and the plain one: HTTP.
//!
//! Every call has a deadline and every body a limit. The address of a paid endpoint holds its key,
//! in the path, the query or the user part: no error and no `Debug` here shows more than the host.

use std::{fmt, time::Duration};

use futures_util::{future::BoxFuture, stream::BoxStream};
use serde_json::Value;
use url::Url;

use super::message::{self, Answer, Malformed, Request};

/// The longest body of an answer, in bytes: logs of a thousand blocks fit several times.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// An endpoint did not answer, or not in a way that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Not in time.
    #[error("no answer within {} ms", after.as_millis())]
    Timeout {
        /// How long it was waited for.
        after: Duration,
    },
    /// No connection, or it broke.
    #[error("the connection failed: {reason}")]
    Connection {
        /// What the network said, without the address.
        reason: String,
    },
    /// An HTTP status that carries no answer.
    #[error("HTTP status {status}; check the address and its key, or the provider's limits")]
    Status {
        /// The status.
        status: u16,
    },
    /// A body that is too long.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A body that is no answer.
    #[error("the answer cannot be read")]
    Malformed(#[from] Malformed),
}

/// Heads as an endpoint pushes them. Ends when the connection is given up.
pub type Heads = BoxStream<'static, Value>;

/// A way to an endpoint.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the calls as one message where the protocol has such a thing; answers come in their order.
    fn send<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> BoxFuture<'a, Result<Vec<Answer>, TransportError>>;

    /// New heads as the endpoint pushes them; `None` where it has to be asked.
    fn heads(&self) -> BoxFuture<'_, Result<Option<Heads>, TransportError>> {
        Box::pin(async { Ok(None) })
    }
}

/// JSON-RPC over HTTP.
pub(crate) struct Http {
    client: reqwest::Client,
    url: Url,
    deadline: Duration,
}

impl Http {
    pub(crate) fn new(url: Url, deadline: Duration) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .timeout(deadline)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| TransportError::Connection { reason: chain(&error.without_url()) })?;
        Ok(Self { client, url, deadline })
    }

    async fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, TransportError> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                TransportError::Timeout { after: self.deadline }
            } else {
                TransportError::Connection { reason: chain(&error.without_url()) }
            }
        };
        let mut response = self
            .client
            .post(self.url.clone())
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(message::encode(requests))
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(TransportError::TooLong { limit: MAX_BODY });
            }
            body.extend_from_slice(&chunk);
        }
        match message::decode(&body, requests.len()) {
            // Some nodes answer a refused call with 400 and a proper error.
            Ok(answers) if status.is_success() || status == http::StatusCode::BAD_REQUEST => {
                Ok(answers)
            }
            Err(malformed) if status.is_success() => Err(malformed.into()),
            _ => Err(TransportError::Status { status: status.as_u16() }),
        }
    }
}

impl Transport for Http {
    fn send<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> BoxFuture<'a, Result<Vec<Answer>, TransportError>> {
        Box::pin(self.exchange(requests))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("host", &host(&self.url)).finish_non_exhaustive()
    }
}

/// All of an address that may be shown.
pub(crate) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// An error with its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    message::cut(&text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Router, http::StatusCode, routing::post};
    use serde_json::json;

    use super::*;

    async fn serve(status: StatusCode, body: Vec<u8>) -> Url {
        let body = Arc::new(body);
        let app = Router::new().route(
            "/v2/{key}",
            post(move || {
                let body = Arc::clone(&body);
                async move { (status, body.to_vec()) }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own server")]
        drop(tokio::spawn(async move { axum::serve(listener, app).await }));
        format!("http://user:hunter2@{address}/v2/secretkey?token=hush").parse().unwrap()
    }

    fn http(url: Url) -> Http {
        Http::new(url, Duration::from_secs(5)).unwrap()
    }

    #[tokio::test]
    async fn an_answer_comes_back_over_http() {
        let url = serve(StatusCode::OK, br#"{"id":0,"result":"0x1"}"#.to_vec()).await;
        let answers = http(url).send(&[Request::new("eth_chainId", json!([]))]).await.unwrap();
        assert_eq!(answers, [Ok(json!("0x1"))]);
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_off() {
        let url = serve(StatusCode::OK, vec![b' '; MAX_BODY + 1]).await;
        let error = http(url).send(&[Request::block(None)]).await.unwrap_err();
        assert_eq!(error, TransportError::TooLong { limit: MAX_BODY });
    }

    #[tokio::test]
    async fn a_refusal_of_the_provider_is_told_by_its_status() {
        let url = serve(StatusCode::TOO_MANY_REQUESTS, b"slow down".to_vec()).await;
        let error = http(url).send(&[Request::block(None)]).await.unwrap_err();
        assert_eq!(error, TransportError::Status { status: 429 });
    }

    #[tokio::test]
    async fn the_key_in_the_address_is_never_shown() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let url: Url =
            format!("http://user:hunter2@{address}/v2/secretkey?token=hush").parse().unwrap();
        let http = http(url);
        let error = http.send(&[Request::block(None)]).await.unwrap_err();
        let shown = format!("{http:?} {error:?} {error} {}", chain(&error));
        for secret in ["hunter2", "secretkey", "hush"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("127.0.0.1"), "{shown}");
    }
}
