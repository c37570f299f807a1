//! Plain pushes, read straight from the socket into the segment's buffer.
//!
//! hyper reads into a buffer of each connection, from where the bytes are copied. A connection that
//! pushes a segment every few seconds finds that buffer cold every time, and a body costs twice the
//! memory traffic. So what is no more than a `POST` or `PUT` under `/live/` with a `Content-Length`
//! is served here. Anything else, from the first such request on, is hyper's: the bytes read so far
//! go along.

use std::{collections::VecDeque, io, io::IoSlice, sync::Arc, time::Duration};

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
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
use crate::{
    context::Context,
    ingest::plain_push::{self, Front, PlainPush},
    lifecycle::Phase,
};

/// Bytes read at once while a head is awaited: what comes behind it is copied once more.
const HEAD_READ: usize = 4 * 1024;
/// Pieces of a reply handed to the socket at once.
const MOST_PIECES: usize = 64;
/// Longest time in which a client takes nothing of its reply.
const STALLED: Duration = Duration::from_secs(30);
/// Longest wait for a client to take an answer that came before the end of its body.
const LINGER: Duration = Duration::from_secs(1);

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
        let PlainPush { parts, head, body } = match front.unwrap_or(Ok(None))? {
            Some(Front::Push(push)) => *push,
            Some(Front::Other) => return Ok(Some(read.freeze())),
            Some(Front::Incomplete) | None => return Ok(None),
        };
        read.advance(head);
        let ahead = usize::try_from(body).unwrap_or(usize::MAX).min(read.len());
        let mut left = body;
        let body = Direct::new(stream, read.split_to(ahead), &mut left);
        let reply = live(Arc::clone(context), parts, Body::Direct(body)).await;
        // Whatever is left of the body would be taken for the next request.
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
        match plain_push::front(read) {
            Front::Incomplete => {}
            front => return Ok(Some(front)),
        }
        read.reserve(HEAD_READ);
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Sends a reply whose body is there.
async fn write(stream: &mut TcpStream, reply: Reply, close: bool) -> io::Result<()> {
    let (mut parts, mut body) = reply.into_parts();
    let mut pieces = VecDeque::new();
    while let Some(Ok(frame)) = body.frame().await {
        pieces.extend(frame.into_data());
    }
    // All of it is there, so its length is what frames it, whatever the reply says of itself.
    parts.headers.remove(header::TRANSFER_ENCODING);
    if parts.status != StatusCode::NO_CONTENT && parts.status != StatusCode::NOT_MODIFIED {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now())
        && let Ok(date) = HeaderValue::try_from(date)
    {
        parts.headers.insert(header::DATE, date);
    }
    if close {
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    pieces.push_front(head_of(&parts));
    while !pieces.is_empty() {
        let slices: Vec<_> = pieces.iter().take(MOST_PIECES).map(|p| IoSlice::new(p)).collect();
        let mut sent = timeout(STALLED, stream.write_vectored(&slices)).await??;
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
