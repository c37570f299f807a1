//! The media listener: segment push, HLS playback, requirements, `/healthz`. HTTP/1.1, one task a
//! connection.

use std::{convert::Infallible, io::Cursor, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_util::sync::CancellationToken;

use super::{body::Body as Pushed, books, direct, play, push, requirements};
use crate::{
    context::Context,
    errors::{Problem, Reason},
    ingest::http_push::{METHODS, parse_end},
    lifecycle::Phase,
};

/// A reply of the media listener.
pub(super) type Reply = Response<BoxBody<Bytes, Infallible>>;

/// A client that does not finish its request's head is dropped.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Open connections; more wait in the listener's backlog.
const MOST_CONNECTIONS: usize = 8192;

/// Accepts until the gateway drains, then lets open requests finish.
pub async fn serve(context: Arc<Context>, listener: TcpListener) {
    let slots = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut phase = context.phase.subscribe();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = draining(&mut phase) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(Arc::clone(&context), stream);
                drop(context.tasks.job("connection", async move {
                    connection.await;
                    drop(slot);
                }));
            }
            Err(error) => {
                // Out of file descriptors, most likely: let some close.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(context: Arc<Context>, mut stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut phase = context.phase.subscribe();
    let read = match direct::serve(&context, &mut stream, &mut phase).await {
        Ok(Some(read)) => read,
        Ok(None) => return,
        Err(error) => return tracing::debug!(%error, "connection ended"),
    };
    let (reader, writer) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(read).chain(reader), writer);
    // Whoever is sent something without end and does not take it is cut off.
    let cut = CancellationToken::new();
    let cutting = cut.clone();
    let service = service_fn(move |request| {
        let (context, cut) = (Arc::clone(&context), cut.clone());
        async move { Ok::<_, Infallible>(route(context, request, &cut).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let served = async {
        tokio::select! {
            result = served.as_mut() => result,
            () = draining(&mut phase) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    let result = tokio::select! {
        result = served => result,
        () = cutting.cancelled() => return,
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
    }
}

pub(super) async fn draining(phase: &mut watch::Receiver<Phase>) {
    // An error means that the gateway is gone, which is the end of draining too.
    drop(phase.wait_for(|p| *p != Phase::Running).await);
}

async fn route(
    context: Arc<Context>,
    request: Request<Incoming>,
    cut: &CancellationToken,
) -> Reply {
    let path = request.uri().path();
    if path == "/live" || path.starts_with("/live/") {
        let (parts, body) = request.into_parts();
        return live(context, parts, Pushed::Framed(body)).await;
    }
    if path.starts_with("/stream/") {
        return boxed(play::play(&context, &request.into_parts().0).await.map(Full::new));
    }
    if path == "/healthz" {
        return Response::new(full(Bytes::new()));
    }
    let (parts, _) = request.into_parts();
    if let Some(reply) = books::answer(&context, &parts).await {
        return reply;
    }
    if let Some(reply) = requirements::answer(&context, &parts, cut) {
        return reply;
    }
    problem(&Problem::new(
        Reason::NotFound,
        "nothing is served there; segments go to /live/{manifest}/{seq}.ts, playlists are at \
         /stream/{manifest}.m3u8",
    ))
}

/// Answers a request under `/live`.
pub(super) async fn live(context: Arc<Context>, parts: Parts, body: Pushed<'_>) -> Reply {
    if !context.config.http_ingest {
        return problem(&Problem::new(
            Reason::NotFound,
            "HTTP ingest is off; it is on with -httpIngest, and by default only on a loopback address",
        ));
    }
    let limit = context.config.limits.header_bytes;
    let headers: usize =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > limit {
        let detail = format!("the headers have {headers} bytes, at most {limit} are read");
        return problem(&Problem::new(Reason::HeadersTooLarge, detail));
    }
    match parts.method {
        Method::POST | Method::PUT => push::push(context, parts, body).await,
        Method::DELETE => match parse_end(&parts.uri) {
            Ok(manifest) => push::end(&context, &manifest),
            Err(error) => problem(&error.into()),
        },
        _ => problem(&Problem::method_not_allowed(&parts.method, METHODS)),
    }
}

/// A problem as a reply.
pub(super) fn problem(problem: &Problem) -> Reply {
    boxed(problem.response().map(Full::new))
}

/// A reply of the kind the listener sends.
pub(super) fn boxed<B>(response: Response<B>) -> Reply
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static,
{
    response.map(BodyExt::boxed)
}

/// A body in one piece.
pub(super) fn full(bytes: Bytes) -> BoxBody<Bytes, Infallible> {
    Full::new(bytes).boxed()
}

/// An empty reply with a status.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(full(Bytes::new()));
    *reply.status_mut() = status;
    reply
}
