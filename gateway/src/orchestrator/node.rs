//! One orchestrator and its control calls: GetOrchestrator, EndTranscodingSession, Ping.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::timeout;
use tonic::{
    Status,
    metadata::AsciiMetadataValue,
    transport::{Channel, ClientTlsConfig, Endpoint},
};
use url::Url;
use waymark_proto::{
    TAG_HEADER,
    net::{
        AuthToken, EndTranscodingSessionRequest, JobTag, OrchestratorInfo, OrchestratorRequest,
        PingPong, orchestrator_client::OrchestratorClient,
    },
};
use waymark_selection::NodeId;

use super::{error::AttemptError, tls::AnyCertificate};
use crate::wire::{Fault, classify_rpc, tag_header};

/// TCP, TLS and HTTP/2 together (go-livepeer `server/rpc.go:43`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// GetOrchestrator as a whole: a session is opened while a client waits.
const OPEN_TIMEOUT: Duration = Duration::from_millis(2500);
/// EndTranscodingSession as a whole.
const END_TIMEOUT: Duration = Duration::from_secs(3);
/// A background Ping.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Header fields of an answer, all together.
const HEADER_LIMIT: u32 = 16 * 1024;
/// One message; the limit of the peer's own gRPC library.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// One orchestrator as it was configured or discovered.
#[derive(Debug)]
pub struct Node {
    id: NodeId,
    url: Url,
    rpc: OrchestratorClient<Channel>,
    last_error: Mutex<Option<String>>,
}

/// The address of an orchestrator cannot be dialled.
#[derive(Debug, thiserror::Error)]
#[error("{url} is no address of an orchestrator: expected https://host:port or http://host:port")]
pub struct BadAddress {
    /// As given.
    pub url: Url,
    /// What the gRPC library said.
    #[source]
    pub source: tonic::transport::Error,
}

impl Node {
    /// Prepares the connection; nothing is dialled before the first call.
    pub fn new(url: Url) -> Result<Self, BadAddress> {
        let bad = |source| BadAddress { url: url.clone(), source };
        let mut endpoint = Endpoint::from_shared(url.to_string())
            .map_err(bad)?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_max_header_list_size(HEADER_LIMIT)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(5))
            .tcp_nodelay(true);
        if url.scheme() == "https" {
            endpoint = endpoint
                .tls_config_with_verifier(ClientTlsConfig::new(), AnyCertificate::verifier())
                .map_err(bad)?;
        }
        let rpc = OrchestratorClient::new(endpoint.connect_lazy())
            .max_decoding_message_size(MESSAGE_LIMIT);
        Ok(Self { id: NodeId::new(url.as_str()), url, rpc, last_error: Mutex::new(None) })
    }

    /// Its identity in the pool.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Its base URI.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// `host:port`: how people and records name it.
    pub fn host(&self) -> &str {
        super::download::authority(&self.url)
    }

    /// What went wrong last, for `/status`.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    /// Asks for a session, or with no capabilities for everything the orchestrator offers.
    pub async fn get_orchestrator(
        &self,
        request: OrchestratorRequest,
    ) -> Result<OrchestratorInfo, AttemptError> {
        let mut rpc = self.rpc.clone();
        let tag = request.job_tag.clone();
        let request = tagged(request, tag.as_ref());
        let answer = timeout(OPEN_TIMEOUT, rpc.get_orchestrator(request)).await;
        let result = match answer {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(refused(&status)),
            Err(_) => Err(AttemptError::SessionTimeout { after: OPEN_TIMEOUT }),
        };
        *self.last_error.lock() = result.as_ref().err().map(|e| super::error::chain(e));
        result
    }

    /// Frees the session's slot. Best effort: the orchestrator frees it by itself after 70 s.
    pub async fn end_session(&self, token: AuthToken, tag: Option<&JobTag>) {
        let mut rpc = self.rpc.clone();
        let request = tagged(EndTranscodingSessionRequest { auth_token: Some(token) }, tag);
        match timeout(END_TIMEOUT, rpc.end_transcoding_session(request)).await {
            Ok(Ok(_)) => tracing::debug!(orchestrator = self.host(), "session ended"),
            Ok(Err(status)) => {
                tracing::debug!(orchestrator = self.host(), error = %status.message(), "session not ended");
            }
            Err(_) => tracing::debug!(orchestrator = self.host(), "session not ended in time"),
        }
    }

    /// Whether it answers at all. A refusal is an answer.
    pub async fn ping(&self) -> bool {
        let mut rpc = self.rpc.clone();
        let ping = PingPong { value: bytes::Bytes::from_static(b"waymark") };
        let reached = match timeout(PING_TIMEOUT, rpc.ping(ping)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) if !unreachable(&status) => Ok(()),
            Ok(Err(status)) => Err(super::error::chain(&status)),
            Err(_) => Err(format!("no answer to a ping within {PING_TIMEOUT:?}")),
        };
        let ok = reached.is_ok();
        *self.last_error.lock() = reached.err();
        ok
    }
}

/// With the header that every request for a job has, as far as tags are told.
fn tagged<T>(message: T, tag: Option<&JobTag>) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = tag.and_then(|tag| AsciiMetadataValue::try_from(tag_header(tag).as_bytes()).ok());
    if let Some(value) = value {
        request.metadata_mut().insert(TAG_HEADER, value);
    }
    request
}

/// The handler's errors all arrive as UNKNOWN; what the library itself raises has other codes.
fn unreachable(status: &Status) -> bool {
    use tonic::Code::{Cancelled, DeadlineExceeded, Internal, Unavailable, Unknown};
    matches!(status.code(), Unavailable | Cancelled | DeadlineExceeded | Internal)
        || (status.code() == Unknown && std::error::Error::source(status).is_some())
}

fn refused(status: &Status) -> AttemptError {
    let reached = !unreachable(status);
    if reached {
        let message = status.message().chars().take(300).collect();
        AttemptError::NoSession { message, reached, fault: classify_rpc(status.message()) }
    } else {
        let message = super::error::chain(status);
        AttemptError::NoSession { message, reached, fault: Fault::Other }
    }
}
