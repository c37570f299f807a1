//! JSON-RPC over a websocket, by alloy's client: calls, and new heads as they are pushed.
//!
//! The connection is made when it is first needed and made anew after it was lost. alloy reconnects
//! and resubscribes a few times by itself; when it gives up, the next call begins again.

use std::{fmt, time::Duration};

use alloy::{
    rpc::client::{ClientBuilder, RpcClient},
    transports::{
        RpcError as AlloyError, TransportError as AlloyTransportError,
        ws::{WebSocketConfig, WsConnect},
    },
};
use alloy_primitives::{Bytes, U256, hex};
use futures_util::{
    future::{BoxFuture, try_join_all},
    stream,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, broadcast::error::RecvError};
use url::Url;

use super::{
    message::{Answer, CallError, Request, cut},
    transport::{Heads, MAX_BODY, Transport, TransportError, chain, host},
};

/// A websocket endpoint.
pub(crate) struct Socket {
    url: Url,
    deadline: Duration,
    client: Mutex<Option<RpcClient>>,
}

impl Socket {
    pub(crate) fn new(url: Url, deadline: Duration) -> Self {
        Self { url, deadline, client: Mutex::new(None) }
    }

    /// The connection; made if there is none.
    async fn client(&self) -> Result<RpcClient, TransportError> {
        let mut slot = self.client.lock().await;
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(MAX_BODY);
        config.max_frame_size = Some(MAX_BODY);
        let connect = WsConnect::new(self.url.as_str()).with_config(config).with_max_retries(3);
        let client = Box::pin(ClientBuilder::default().pubsub(connect));
        let client = within(self.deadline, client).await?;
        let client = client.map_err(|error| self.failed(&error))?;
        *slot = Some(client.clone());
        Ok(client)
    }

    async fn one(&self, client: &RpcClient, request: &Request) -> Result<Answer, TransportError> {
        match client.request::<_, Value>(request.method, request.params.clone()).await {
            Ok(value) => Ok(Ok(value)),
            Err(AlloyError::ErrorResp(payload)) => {
                let data = payload.data.as_deref().map(|raw| raw.get().trim_matches('"'));
                Ok(Err(CallError {
                    code: payload.code,
                    message: cut(&payload.message),
                    data: data.and_then(|text| hex::decode(text).ok()).map(Bytes::from),
                }))
            }
            // `null` where a value was expected, or another shape.
            Err(AlloyError::NullResp) => Ok(Ok(Value::Null)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, TransportError> {
        let client = self.client().await?;
        let calls = try_join_all(requests.iter().map(|request| self.one(&client, request)));
        let result = within(self.deadline, calls).await.and_then(|result| result);
        if result.is_err() {
            *self.client.lock().await = None;
        }
        result
    }

    async fn subscribe(&self) -> Result<Option<Heads>, TransportError> {
        let client = self.client().await?;
        let Some(frontend) = client.pubsub_frontend().cloned() else { return Ok(None) };
        let id = client.request::<_, U256>("eth_subscribe", json!(["newHeads"]));
        let id = within(self.deadline, id).await?.map_err(|error| self.failed(&error))?;
        let subscription = within(self.deadline, frontend.get_subscription(id.into())).await?;
        let feed = subscription.map_err(|error| self.failed(&error))?;
        Ok(Some(Box::pin(stream::unfold((feed, client), |(mut feed, client)| async move {
            loop {
                match feed.recv().await {
                    Ok(raw) => match serde_json::from_str::<Value>(raw.get()) {
                        Ok(head) => return Some((head, (feed, client))),
                        Err(error) => tracing::debug!(%error, "a pushed head is not JSON"),
                    },
                    // Only the newest counts.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }))))
    }

    fn failed(&self, error: &AlloyTransportError) -> TransportError {
        TransportError::Connection { reason: scrub(&chain(error), &self.url) }
    }
}

/// Takes out of a text all of an address but its host.
fn scrub(text: &str, url: &Url) -> String {
    let host = host(url);
    let secrets = [
        url.as_str(),
        url.path().trim_start_matches('/'),
        url.query().unwrap_or_default(),
        url.password().unwrap_or_default(),
        url.username(),
    ];
    secrets
        .into_iter()
        .filter(|secret| secret.len() > 2)
        .fold(text.to_owned(), |text, secret| text.replace(secret, &host))
}

async fn within<F: Future>(deadline: Duration, work: F) -> Result<F::Output, TransportError> {
    tokio::time::timeout(deadline, work)
        .await
        .map_err(|_elapsed| TransportError::Timeout { after: deadline })
}

impl Transport for Socket {
    fn send<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> BoxFuture<'a, Result<Vec<Answer>, TransportError>> {
        Box::pin(self.exchange(requests))
    }

    fn heads(&self) -> BoxFuture<'_, Result<Option<Heads>, TransportError>> {
        Box::pin(self.subscribe())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("host", &host(&self.url)).finish_non_exhaustive()
    }
}
