//! gRPC over one HTTP/2 connection of this client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;
use tower::Service;
use waymark_proto::net::{self, orchestrator_client::OrchestratorClient};

use super::{ClientError, Origin, log_end};

/// One connection as the generated client wants it.
#[derive(Clone, Debug)]
pub struct GrpcChannel {
    sender: http2::SendRequest<tonic::body::Body>,
    _driver: Arc<JoinSet<()>>,
}

impl Service<Request<tonic::body::Body>> for GrpcChannel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}

/// Opens a connection to a node for gRPC. `uri` is its service URI; a path is ignored.
pub async fn grpc(uri: &str) -> Result<OrchestratorClient<GrpcChannel>, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let io = TokioIo::new(origin.connect(Version::HTTP_2).await?);
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), io).await.map_err(|e| origin.broke(e))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move { log_end(connection.await) });
    let channel = GrpcChannel { sender, _driver: Arc::new(driver) };
    Ok(OrchestratorClient::with_origin(channel, origin.uri("/")?))
}

/// Asks a node for its information as an off-chain gateway does.
pub async fn get_orchestrator(
    uri: &str,
    capabilities: Option<net::Capabilities>,
) -> Result<net::OrchestratorInfo, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let request = net::OrchestratorRequest {
        address: vec![0; 20].into(),
        capabilities,
        ..Default::default()
    };
    let refused = |status: tonic::Status| ClientError::Grpc {
        authority: origin.authority().to_owned(),
        message: status.message().to_owned(),
    };
    Ok(grpc(uri).await?.get_orchestrator(request).await.map_err(refused)?.into_inner())
}
