//! JSON-RPC over HTTP, one request on one connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{Request, Version};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::chain::ChainError;
use super::text;
use crate::client::{Connection, Origin};

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer read.
const MAX_ANSWER: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct JsonRpc {
    origin: Origin,
    path: PathAndQuery,
    id: AtomicU64,
}

impl JsonRpc {
    pub(super) fn new(url: &str) -> Result<Self, ChainError> {
        let (origin, path) = Origin::parse(url)
            .map_err(|error| ChainError::because("the endpoint of the chain", error))?;
        Ok(Self { origin, path, id: AtomicU64::new(1) })
    }

    /// The result of a call.
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, ChainError> {
        let id = self.id.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let failed = |error| ChainError::because(format!("{method} got no answer"), error);
        let uri = self.origin.uri(self.path.as_str()).map_err(failed)?;
        let request = Request::post(uri)
            .header(CONTENT_TYPE, "application/json")
            .header(http::header::HOST, self.origin.authority())
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| ChainError::because("no valid request", error))?;
        let mut connection =
            Connection::open(&self.origin, Version::HTTP_11).await.map_err(failed)?;
        let answer = connection
            .exchange(request, MAX_ANSWER, Instant::now() + TIMEOUT)
            .await
            .map_err(failed)?;
        let mut answer: Value = serde_json::from_slice(answer.body())
            .map_err(|error| ChainError::because(format!("{method} was not answered"), error))?;
        if let Some(error) = answer.get("error") {
            return Err(ChainError::new(format!("{method}: {}", text(error, "message"))));
        }
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    /// The result of a call that answers with a number.
    pub(super) async fn number(&self, method: &str, params: Value) -> Result<u64, ChainError> {
        let answer = self.call(method, params).await?;
        quantity(&answer)
            .ok_or_else(|| ChainError::new(format!("{method} did not answer with a number")))
    }
}

/// A hexadecimal number.
pub(super) fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}
