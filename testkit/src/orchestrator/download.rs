//! `/stream/{session}/{profile}/{file}`: renditions of open sessions, to anyone who knows the session id.
//!
//! As on a stock node the path loses `stream/` in front and every `live/` before it is looked up, so a
//! profile whose name ends in `live` cannot be fetched (go-livepeer `server/mediaserver.go:1556`).

use bytes::Bytes;
use futures_util::stream::StreamExt as _;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_LENGTH,
    CONTENT_TYPE, HeaderValue,
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::node::Context;
use super::reply::{self, Reply, ReplyBody};
use super::result::corrupted;
use crate::fault::{DownloadFault, Fault};

pub(crate) async fn handle(ctx: Context, request: Request<Incoming>) -> Reply {
    ctx.node.stats.update(|stats| stats.downloads += 1);
    let found = lookup(&ctx, request.uri().path());
    let Some((name, bytes)) = found else { return missing(&ctx) };
    let Some(fault) = ctx.node.faults.download() else {
        return found_as(&name, bytes.len() as u64, reply::whole(bytes));
    };
    ctx.node.stats.fault(&Fault::from(fault.clone()).name());
    let len = bytes.len() as u64;
    match fault {
        DownloadFault::NotFound => missing(&ctx),
        DownloadFault::Hang => std::future::pending().await,
        DownloadFault::Slow(by) => {
            tokio::time::sleep(by).await;
            found_as(&name, len, reply::whole(bytes))
        }
        DownloadFault::Truncated => {
            let half = bytes.slice(..bytes.len() / 2);
            found_as(&name, len, reply::streamed(reply::cut(half, ctx).boxed()))
        }
        DownloadFault::Corrupt => found_as(&name, len, reply::whole(corrupted(&bytes))),
        DownloadFault::Oversized(size) => {
            found_as(&name, size, reply::streamed(reply::zeros(size)))
        }
        DownloadFault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            reply::text(status, status.canonical_reason().unwrap_or("fault"))
        }
    }
}

fn lookup(ctx: &Context, path: &str) -> Option<(String, Bytes)> {
    let path = clean(&unescaped(path)?);
    let (session, rest) = path.split_once('/')?;
    let (profile, file) = rest.rsplit_once('/')?;
    let bytes = ctx.life.sessions.file(session, profile, file, Instant::now())?;
    Some((file.to_owned(), bytes))
}

fn clean(path: &str) -> String {
    let path = path.trim_start_matches(['/', ' ']);
    path.strip_prefix("stream/").unwrap_or(path).replace("live/", "")
}

/// Undoes percent-encoding; `None` for a broken one or bytes that are no UTF-8.
fn unescaped(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.extend(hex::decode(digits).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn missing(ctx: &Context) -> Reply {
    ctx.node.stats.update(|stats| stats.downloads_missing += 1);
    let mut reply = reply::text(StatusCode::NOT_FOUND, "ErrNotFound");
    open_to_all(&mut reply);
    reply
}

fn found_as(name: &str, len: u64, body: ReplyBody) -> Reply {
    let mut reply = Response::new(body);
    open_to_all(&mut reply);
    let media_type = match name.rsplit_once('.') {
        // What Debian's table of media types says of this extension.
        Some((_, "ts")) => "text/vnd.trolltech.linguist; charset=utf-8",
        Some((_, "mp4")) => "video/mp4",
        _ => "application/octet-stream",
    };
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=5"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

fn open_to_all(reply: &mut Reply) {
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Content-Length"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_as_on_a_stock_node() {
        assert_eq!(clean("/stream/x/P240/1.ts"), "x/P240/1.ts");
        assert_eq!(clean("/stream/0a1b2c3d/mylive/12.ts"), "0a1b2c3d/my12.ts");
        assert_eq!(clean(" /live/abc/12.ts"), "abc/12.ts");
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_find_nothing() {
        assert_eq!(unescaped("/a%20b").as_deref(), Some("/a b"));
        assert_eq!(unescaped("/%"), None);
        assert_eq!(unescaped("/%ff"), None);
        assert_eq!(unescaped("/%zz"), None);
    }
}
