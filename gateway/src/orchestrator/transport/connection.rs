//! One HTTP/1.1 connection: a request, then its response, one after the other.
//!
//! Whoever sends drives the connection itself: no task of its own stands between it and the socket,
//! so that nobody has to be woken for every piece of a body.

use std::io::{self, Write as _};

use bytes::Bytes;
use http::{Method, Request, StatusCode};

use super::{
    framing::{Framing, wrong},
    wire::{Sent, Wire},
};
use crate::{buffers::Buffers, orchestrator::error::TransportError};

/// Longest head of a response; no honest one comes near it.
const LONGEST_HEAD: usize = 64 * 1024;
/// Most headers of a response.
const MOST_HEADERS: usize = 64;
/// Bytes read at once while the head is awaited: what comes behind it is copied once more.
const HEAD_READ: usize = 16 * 1024;
/// Bytes read at once of a body.
const BODY_READ: usize = 256 * 1024;
/// A Content-Length is a claim: no more than this is set aside on its word.
const FIRST_ALLOCATION: usize = 4 * 1024 * 1024;

/// A connection nobody uses.
pub(super) struct Connection(Wire);

/// A response whose body was not read yet.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    wire: Wire,
    framing: Framing,
    /// What of the body came with the head.
    ahead: Vec<u8>,
    /// Whether another request may follow.
    keep: bool,
}

/// No response.
pub(super) struct Failed {
    pub(super) source: io::Error,
    /// Not a byte came back.
    pub(super) unheard: bool,
}

/// What the head of a response says.
struct Head {
    status: StatusCode,
    framing: Framing,
    keep: bool,
    /// Its own length.
    len: usize,
}

impl Connection {
    pub(super) const fn new(wire: Wire) -> Self {
        Self(wire)
    }

    /// Whether it can be used again.
    pub(super) fn is_open(&mut self) -> bool {
        self.0.is_quiet()
    }

    /// Sends a request and waits for the head of its response.
    pub(super) async fn send(self, request: &Request<Bytes>) -> Result<Answer, Failed> {
        let mut wire = self.0;
        let mut heard = Vec::new();
        match exchange(&mut wire, request, &mut heard).await {
            Ok((head, complete)) => {
                let ahead = heard.split_off(head.len);
                let Head { status, framing, keep, .. } = head;
                Ok(Answer { status, wire, framing, ahead, keep: keep && complete })
            }
            Err(source) => Err(Failed { source, unheard: heard.is_empty() }),
        }
    }
}

/// The head of the response, and whether the whole request was sent.
async fn exchange(
    wire: &mut Wire,
    request: &Request<Bytes>,
    heard: &mut Vec<u8>,
) -> io::Result<(Head, bool)> {
    let written = head_of(request)?;
    let mut pieces = [written.as_slice(), request.body().as_ref()];
    let mut failed = loop {
        match wire.write(&mut pieces, heard).await {
            Ok(Sent::All) => break None,
            // An orchestrator that takes the segment may say so before it has all of it; one that
            // does not take it wants no more of it.
            Ok(Sent::Interrupted) => match head(heard)? {
                Some(head) if !head.status.is_success() => return Ok((head, false)),
                _ if heard.len() > LONGEST_HEAD => return Err(wrong("an answer too early")),
                _ => {}
            },
            // The answer that came before it may say why.
            Err(error) => break Some(error),
        }
    };
    let complete = failed.is_none();
    loop {
        if let Some(head) = head(heard)? {
            return Ok((head, complete));
        }
        if heard.len() > LONGEST_HEAD {
            return Err(wrong("the head of the response is too long"));
        }
        let more = wire.read(HEAD_READ, |bytes| heard.extend_from_slice(bytes)).await;
        match (more, failed) {
            (Ok(true), still) => failed = still,
            (_, Some(first)) => return Err(first),
            (Ok(false), None) => return Err(wire.end()),
            (Err(error), None) => return Err(error),
        }
    }
}

impl Answer {
    /// Reads the body into one buffer of at most `limit` bytes. The connection comes back if another
    /// request may follow.
    pub(super) async fn collect(
        self,
        limit: usize,
        buffers: &Buffers,
    ) -> Result<(Bytes, Option<Connection>), TransportError> {
        let Self { mut wire, mut framing, ahead, keep, .. } = self;
        let announced = framing.announced();
        let expected = usize::try_from(announced.unwrap_or(0)).unwrap_or(usize::MAX);
        if expected > limit {
            return Err(TransportError::TooLarge { limit });
        }
        let mut buffer = buffers.take(expected.min(FIRST_ALLOCATION));
        let (mut fits, mut surplus, mut bad) = (true, false, None);
        let mut accept = |mut bytes: &[u8]| {
            let taken = framing.take(&mut bytes, |piece| {
                fits &= buffer.len() + piece.len() <= limit;
                if fits {
                    buffer.extend(piece);
                }
            });
            surplus |= !bytes.is_empty();
            bad = taken.err().or(bad.take());
            Progress { fits, broken: bad.is_some(), done: framing.is_done() }
        };
        let mut progress = accept(&ahead);
        let ended = loop {
            if !progress.fits {
                return Err(TransportError::TooLarge { limit });
            }
            if progress.broken || progress.done {
                break Ok(());
            }
            match wire.read(BODY_READ, |bytes| progress = accept(bytes)).await {
                Ok(true) => {}
                Ok(false) => break Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) => break Err(error),
            }
        };
        let until_close = framing == Framing::UntilClose;
        let dropped = |source| TransportError::Dropped { source };
        match (bad, ended, announced) {
            (None, Ok(()), _) => {
                let again = (keep && !surplus && !until_close).then_some(Connection(wire));
                Ok((buffer.freeze(), again))
            }
            (None, Err(_), None) if until_close && wire.is_closed() => Ok((buffer.freeze(), None)),
            (None, Err(_), Some(announced)) => {
                Err(TransportError::Truncated { got: buffer.len() as u64, announced })
            }
            (Some(source), ..) | (None, Err(source), None) => Err(dropped(source)),
        }
    }
}

/// Where a body is.
#[derive(Clone, Copy)]
struct Progress {
    fits: bool,
    broken: bool,
    done: bool,
}

/// The head of a request as it is sent.
fn head_of(request: &Request<Bytes>) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(4096);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    write!(head, "{} {target} HTTP/1.1\r\n", request.method())?;
    for (name, value) in request.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if request.method() != Method::GET || !request.body().is_empty() {
        write!(head, "content-length: {}\r\n", request.body().len())?;
    }
    head.extend_from_slice(b"\r\n");
    Ok(head)
}

/// The head at the front of what was heard, if it is whole. What only says that there is more to
/// come is taken away.
fn head(heard: &mut Vec<u8>) -> io::Result<Option<Head>> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed =
            response.parse(heard).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let httparse::Status::Complete(len) = parsed else { return Ok(None) };
        let code = response.code.unwrap_or_default();
        let status = StatusCode::from_u16(code).map_err(|_| wrong("no status"))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(wrong("another protocol, which nobody asked for"));
        }
        if status.is_informational() {
            heard.drain(..len);
            continue;
        }
        let framing = Framing::of(code, response.headers)?;
        let says_close = response.headers.iter().any(|h| {
            h.name.eq_ignore_ascii_case("connection")
                && h.value
                    .split(|b| *b == b',')
                    .any(|v| v.trim_ascii().eq_ignore_ascii_case(b"close"))
        });
        let keep = response.version == Some(1) && !says_close;
        return Ok(Some(Head { status, framing, keep, len }));
    }
}

#[cfg(test)]
mod tests;
