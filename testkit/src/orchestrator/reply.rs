//! Bodies and heads of HTTP answers, as Go's server writes them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};

use super::node::Context;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;
pub(crate) type Reply = Response<ReplyBody>;

/// How long a connection stays open so that bytes just written are on their way before it is closed.
const LINGER: Duration = Duration::from_millis(50);
/// Size of a chunk of a made-up body.
const CHUNK: usize = 64 * 1024;

pub(crate) fn whole(bytes: Bytes) -> ReplyBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body of chunks that come when they come. The head goes out first.
pub(crate) fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> ReplyBody {
    StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk)))).boxed_unsync()
}

/// One line of plain text, as `http.Error` writes it.
pub(crate) fn text(status: StatusCode, line: &str) -> Reply {
    let mut reply = Response::new(whole(Bytes::from(format!("{line}\n"))));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    reply
}

/// 301 to another path of this server.
pub(crate) fn moved(path: &str) -> Reply {
    let mut reply = text(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
    if let Ok(path) = HeaderValue::from_str(path) {
        reply.headers_mut().insert(LOCATION, path);
    }
    reply
}

/// Announces that the connection closes after this answer.
pub(crate) fn closing(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// Sends a start, then closes the connection.
pub(crate) fn cut(start: Bytes, ctx: Context) -> impl Stream<Item = Bytes> + Send + 'static {
    let end = stream::once(async move {
        tokio::time::sleep(LINGER).await;
        match ctx.drop_connection().await {}
    });
    stream::iter([start]).chain(end)
}

/// Sends a start, then nothing, and never ends.
pub(crate) fn stuck(start: Bytes) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::iter([start]).chain(stream::pending())
}

/// So many zeros.
pub(crate) fn zeros(total: u64) -> impl Stream<Item = Bytes> + Send + 'static {
    static ZEROS: [u8; CHUNK] = [0; CHUNK];
    let full = Bytes::from_static(&ZEROS);
    stream::unfold(total, move |left| {
        let full = full.clone();
        async move {
            let size = usize::try_from(left.min(CHUNK as u64)).ok().filter(|size| *size > 0)?;
            Some((full.slice(..size), left - size as u64))
        }
    })
}
