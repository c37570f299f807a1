//! The port: accepting, TLS, and the one handler behind gRPC and plain HTTP.
//!
//! A request is gRPC if it came over HTTP/2 with a content type that starts with `application/grpc`;
//! everything else goes to the HTTP routes (go-livepeer `server/rpc.go:221-257`). Both versions of HTTP
//! are spoken on the same port, with and without TLS.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use waymark_proto::net::orchestrator_server::OrchestratorServer;

use super::grpc::Service;
use super::io::GatedStream;
use super::life::Life;
use super::node::{Context, Node};
use super::reply::{self, Reply};
use super::{download, payee, segment};
use crate::fault::{ConnectionFault, Fault};

/// Connections held at the same time; more wait in the kernel.
const MAX_CONNECTIONS: usize = 8192;
/// Longest TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Room for a head, as Go's server gives (1 MiB and a little).
const MAX_HEAD: u32 = (1 << 20) + 4096;
/// Stream and connection windows and frames of HTTP/2, and streams at once, as Go's server announces.
const H2_WINDOW: u32 = 1 << 20;
const H2_STREAMS: u32 = 250;
/// Pause after a failed accept, which mostly means that files have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often idle sessions are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Serves one life of a node on a listener until the life drains or ends.
pub(crate) fn serve(listener: TcpListener, node: Arc<Node>, life: &Arc<Life>) {
    life.spawn(accept(listener, Arc::clone(&node), Arc::clone(life)));
    life.spawn(sweep(Arc::clone(&node), Arc::clone(life)));
    life.spawn(payee::redeem(node, Arc::clone(life)));
}

async fn accept(listener: TcpListener, node: Arc<Node>, life: Arc<Life>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            node.pause.opened().await;
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = life.draining.cancelled() => return,
            next = next => next,
        };
        let Ok(place) = place else { return };
        match accepted {
            Ok((stream, _)) => begin(&node, &life, stream, place),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn sweep(node: Arc<Node>, life: Arc<Life>) {
    loop {
        tokio::select! {
            () = life.draining.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        node.stats.open_sessions(life.sessions.count(tokio::time::Instant::now()));
    }
}

fn begin(node: &Arc<Node>, life: &Arc<Life>, stream: TcpStream, place: OwnedSemaphorePermit) {
    let fault = node.faults.connection();
    if let Some(fault) = fault {
        node.stats.fault(&Fault::from(fault).name());
    }
    match fault {
        Some(ConnectionFault::Refuse) => {
            if let Err(error) = stream.set_zero_linger() {
                tracing::debug!(%error, "a connection is closed, not reset");
            }
            return;
        }
        Some(ConnectionFault::NewCertificate) => match node.new_identity() {
            Ok(identity) => life.replace_identity(identity),
            Err(error) => tracing::error!(%error, "no new certificate"),
        },
        None => {}
    }
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection without TCP_NODELAY");
    }
    let connection = life.connection_token();
    let ctx = Context { node: Arc::clone(node), life: Arc::clone(life), connection };
    life.spawn(async move {
        let open = OpenConnection::new(&ctx.node);
        let closed = ctx.connection.clone();
        tokio::select! {
            biased;
            () = closed.cancelled() => {}
            () = connection_task(ctx, stream) => {}
        }
        drop(open);
        drop(place);
    });
}

/// Counts a connection for as long as it is open, also where its task is cut off.
struct OpenConnection(Arc<Node>);

impl OpenConnection {
    fn new(node: &Arc<Node>) -> Self {
        node.stats.update(|stats| {
            stats.connections += 1;
            stats.open_connections += 1;
        });
        Self(Arc::clone(node))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.stats.update(|stats| stats.open_connections -= 1);
    }
}

async fn connection_task(ctx: Context, stream: TcpStream) {
    let stream = GatedStream::new(stream, ctx.node.pause.clone());
    let Some(identity) = ctx.life.identity() else { return http(ctx, stream).await };
    let handshake = tokio::time::timeout(HANDSHAKE_TIME, identity.acceptor.accept(stream));
    match handshake.await {
        Ok(Ok(stream)) => http(ctx, stream).await,
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            ctx.node.stats.update(|stats| stats.handshakes_failed += 1);
        }
        Err(_) => ctx.node.stats.update(|stats| stats.handshakes_failed += 1),
    }
}

/// Runs tasks of HTTP/2 streams within the life.
#[derive(Clone)]
struct Streams {
    life: Arc<Life>,
    connection: CancellationToken,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let connection = self.connection.clone();
        self.life.spawn(async move {
            tokio::select! {
                biased;
                () = connection.cancelled() => {}
                () = stream => {}
            }
        });
    }
}

async fn http<S>(ctx: Context, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let streams = Streams { life: Arc::clone(&ctx.life), connection: ctx.connection.clone() };
    let mut builder = auto::Builder::new(streams);
    builder.http1().timer(TokioTimer::new()).max_buf_size(MAX_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(H2_WINDOW)
        .initial_connection_window_size(H2_WINDOW)
        .max_frame_size(H2_WINDOW)
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(MAX_HEAD);
    let grpc = OrchestratorServer::new(Service { ctx: ctx.clone() });
    let draining = ctx.life.draining.clone();
    let service = service_fn(move |request| {
        let (ctx, grpc) = (ctx.clone(), grpc.clone());
        async move { Ok::<_, Infallible>(route(ctx, grpc, request).await) }
    });
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = draining.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

async fn route(
    ctx: Context,
    grpc: OrchestratorServer<Service>,
    request: Request<Incoming>,
) -> Reply {
    let grpc_type = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if grpc_type && request.version() == Version::HTTP_2 {
        return match grpc.oneshot(request).await {
            Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
            Err(never) => match never {},
        };
    }
    let path = request.uri().path();
    if path.contains("//") {
        return reply::moved(&single_slashes(path));
    }
    match path {
        "/segment" => segment::handle(ctx, request).await,
        "/payment" => payee::payment(ctx, request).await,
        "/refresh-payment" => payee::refresh(ctx, request).await,
        path if path.starts_with("/stream/") => download::handle(ctx, request).await,
        _ => reply::text(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

fn single_slashes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        out.push('/');
        out.push_str(part);
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_slash_leads_to_the_path_without_it() {
        assert_eq!(single_slashes("//segment"), "/segment");
        assert_eq!(single_slashes("/stream//a/b"), "/stream/a/b");
        assert_eq!(single_slashes("//"), "/");
    }
}
