//! Plain pushes, read straight from the socket into the segment's buffer.
//!
//! hyper reads into a buffer of each connection, from where the bytes are copied. A connection that
//! pushes a segment every few seconds finds that buffer cold every time, and a body costs twice the
//! memory traffic. So what is no more than a `POST` or `PUT` under `/live/` with a `Content-Length`
//! is served here. Anything else, from the first such request on, is hyper's: the bytes read so far
//! go along.

use std::{collections::VecDeque, io, io::IoSlice, sync::Arc, time::Duration};

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Uri, header, request::Parts};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

use super::{
    body::{Body, Direct},
    media::{HEAD_TIMEOUT, Reply, draining, live},
};
use crate::{context::Context, lifecycle::Phase};

/// Bytes read at once while a head is awaited: what comes behind it is copied once more.
const HEAD_READ: usize = 4 * 1024;
/// A longer head is hyper's.
const LONGEST_HEAD: usize = 16 * 1024;
/// More headers are hyper's.
const MOST_HEADERS: usize = 64;
/// Pieces of a reply handed to the socket at once.
const MOST_PIECES: usize = 64;
/// Longest wait for a client to take an answer that came before the end of its body.
const LINGER: Duration = Duration::from_secs(1);

/// What stands at the front of the bytes read.
enum Front {
    /// A plain push with a body of this many bytes.
    Push(Box<Parts>, u64),
    /// Something else.
    Other,
    /// Not the whole head.
    Incomplete,
}

/// Serves plain pushes until the connection ends. What is to be served by hyper comes back: what was
/// read of it.
pub(super) async fn serve(
    context: &Arc<Context>,
    stream: &mut TcpStream,
    phase: &mut watch::Receiver<Phase>,
) -> io::Result<Option<Bytes>> {
    let mut read = BytesMut::new();
    loop {
        let front = tokio::select! {
            front = timeout(HEAD_TIMEOUT, front(stream, &mut read)) => front,
            () = draining(phase) => return Ok(None),
        };
        let (parts, length) = match front.unwrap_or(Ok(None))? {
            Some(Front::Push(parts, length)) => (parts, length),
            Some(Front::Other) => return Ok(Some(read.freeze())),
            _ => return Ok(None),
        };
        let here = usize::try_from(length).unwrap_or(usize::MAX).min(read.len());
        let mut left = length;
        let body = Direct::new(stream, read.split_to(here), &mut left);
        let reply = live(Arc::clone(context), *parts, Body::Direct(body)).await;
        let close = left > 0 || *phase.borrow() != Phase::Running;
        write(stream, reply, close).await?;
        if left > 0 {
            linger(stream).await;
        }
        if close {
            return Ok(None);
        }
    }
}

/// Reads until it is clear what comes; `None` at the end of the connection.
async fn front(stream: &mut TcpStream, read: &mut BytesMut) -> io::Result<Option<Front>> {
    loop {
        match parse(read) {
            Front::Incomplete if read.len() >= LONGEST_HEAD => return Ok(Some(Front::Other)),
            Front::Incomplete => {}
            front => return Ok(Some(front)),
        }
        read.reserve(HEAD_READ);
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Looks at the head, and takes it from the bytes if it is one of a plain push.
fn parse(read: &mut BytesMut) -> Front {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(read) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Front::Incomplete,
        // hyper has the words for it.
        Err(_) => return Front::Other,
    };
    let Some((parts, length)) = plain(&request) else { return Front::Other };
    read.advance(len);
    Front::Push(Box::new(parts), length)
}

/// The head of a plain push, and the length of its body.
fn plain(request: &httparse::Request<'_, '_>) -> Option<(Parts, u64)> {
    let method = request.method.filter(|method| matches!(*method, "POST" | "PUT"))?;
    let path = request.path.filter(|path| path.starts_with("/live/"))?;
    if request.version != Some(1) {
        return None;
    }
    let mut head = Request::builder().method(method).uri(Uri::try_from(path).ok()?);
    let mut length = None;
    for line in request.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        match name {
            header::CONTENT_LENGTH if length.is_none() => length = Some(number(line.value)?),
            header::CONTENT_LENGTH
            | header::TRANSFER_ENCODING
            | header::EXPECT
            | header::UPGRADE => return None,
            header::CONNECTION if !line.value.eq_ignore_ascii_case(b"keep-alive") => return None,
            _ => {}
        }
        head = head.header(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    Some((head.body(()).ok()?.into_parts().0, length?))
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// Sends a reply whose body is there.
async fn write(stream: &mut TcpStream, reply: Reply, close: bool) -> io::Result<()> {
    let (mut parts, mut body) = reply.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now())
        && let Ok(date) = HeaderValue::try_from(date)
    {
        parts.headers.insert(header::DATE, date);
    }
    if close {
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let mut pieces = VecDeque::from([head_of(&parts)]);
    while let Some(Ok(frame)) = body.frame().await {
        pieces.extend(frame.into_data());
    }
    while !pieces.is_empty() {
        let slices: Vec<_> = pieces.iter().take(MOST_PIECES).map(|p| IoSlice::new(p)).collect();
        let mut sent = stream.write_vectored(&slices).await?;
        if sent == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            return Err(io::ErrorKind::WriteZero.into());
        }
        while let Some(piece) = pieces.front_mut() {
            if piece.len() > sent {
                piece.advance(sent);
                break;
            }
            sent -= piece.len();
            pieces.pop_front();
        }
    }
    Ok(())
}

fn head_of(parts: &http::response::Parts) -> Bytes {
    let mut head = BytesMut::with_capacity(512);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(parts.status.as_str().as_bytes());
    head.extend_from_slice(b" ");
    head.extend_from_slice(parts.status.canonical_reason().unwrap_or_default().as_bytes());
    head.extend_from_slice(b"\r\n");
    for (name, value) in &parts.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head.freeze()
}

/// Takes what the client still sends, so that it gets to read the answer: closing on unread bytes
/// would tear the connection down.
async fn linger(stream: &mut TcpStream) {
    let drained = async {
        stream.shutdown().await?;
        let mut sink = [0; HEAD_READ];
        while stream.read(&mut sink).await? > 0 {}
        io::Result::Ok(())
    };
    if let Ok(Err(error)) = timeout(LINGER, drained).await {
        tracing::trace!(%error, "the client left with its answer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(text: &str) -> (Front, usize) {
        let mut read = BytesMut::from(text);
        (parse(&mut read), read.len())
    }

    #[test]
    fn a_plain_push_is_taken_and_its_body_left() {
        let text = "POST /live/a/1.ts?tag=x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\n\
                    Connection: Keep-Alive\r\nContent-Duration: 2000\r\n\r\nabc";
        let (Front::Push(parts, 3), 3) = front(text) else { panic!("not taken") };
        assert_eq!(parts.uri, "/live/a/1.ts?tag=x");
        assert_eq!(parts.headers["content-duration"], "2000");
    }

    #[test]
    fn whatever_is_not_plain_is_left_whole() {
        for text in [
            "GET /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
            "POST /stream/a.m3u8 HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
            "POST http://g/live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.0\r\nContent-Length: 3\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: +3\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
            "POST /live/a/1.ts HTTP/1.1\r\nContent-Length : 3\r\n\r\n",
            "\u{1}",
        ] {
            let (front, left) = front(text);
            assert!(matches!(front, Front::Other), "{text}");
            assert_eq!(left, text.len());
        }
    }

    #[test]
    fn half_a_head_is_waited_for() {
        for text in ["", "PO", "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\n"] {
            assert!(matches!(front(text), (Front::Incomplete, left) if left == text.len()));
        }
    }
}
