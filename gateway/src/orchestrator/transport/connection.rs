//! One HTTP/1.1 connection: a request, then its response, one after the other.
//!
//! Whoever sends drives the connection itself: no task of its own stands between it and the socket,
//! so that nobody has to be woken for every piece of a body. A connection is owned by whoever uses
//! it and given back only behind a whole response: whoever stops half-way closes it.

use std::io::{self, Write as _};

use bytes::Bytes;
use http::{Method, Request, StatusCode};

use super::{
    response::{self, Collecting, Framing, Head, Wrong},
    wire::{Sent, Wire},
};
use crate::{buffers::Buffers, orchestrator::error::TransportError};

/// Most bytes of a response that are read before the request was sent.
const MOST_EARLY: usize = 64 * 1024;
/// Bytes read at once while the head is awaited: what comes behind it is copied once more.
const HEAD_READ: usize = 16 * 1024;
/// Bytes read at once of a body.
const BODY_READ: usize = 256 * 1024;

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
                let ahead = heard.split_off(head.len.min(heard.len()));
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
    let failed = loop {
        match wire.write(&mut pieces, heard).await {
            Ok(Sent::All) => break None,
            // An orchestrator that takes the segment may say so before it has all of it; one that
            // does not take it wants no more of it.
            Ok(Sent::Interrupted) => match response::head(heard)? {
                Some(head) if !head.status.is_success() => return Ok((head, false)),
                _ if heard.len() > MOST_EARLY => {
                    return Err(Wrong::Meaning("an answer to half a request").into());
                }
                _ => {}
            },
            // The answer that came before it may say why.
            Err(error) => break Some(error),
        }
    };
    loop {
        if let Some(head) = response::head(heard)? {
            return Ok((head, failed.is_none()));
        }
        match wire.read(HEAD_READ, |bytes| heard.extend_from_slice(bytes)).await {
            Ok(true) => {}
            Ok(false) => return Err(failed.unwrap_or_else(|| wire.end())),
            Err(error) => return Err(failed.unwrap_or(error)),
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
        let Self { mut wire, framing, ahead, keep, .. } = self;
        let mut body = Collecting::new(framing, limit, buffers)?;
        let mut done = body.accept(&ahead);
        while !done? {
            done = Ok(false);
            let accept = |bytes: &[u8]| {
                if done.is_ok() {
                    done = body.accept(bytes);
                }
            };
            match wire.read(BODY_READ, accept).await {
                Ok(true) => {}
                Ok(false) => {
                    let told = wire.is_closed();
                    return Ok((body.ended(told, io::ErrorKind::UnexpectedEof.into())?, None));
                }
                Err(error) => return Ok((body.ended(false, error)?, None)),
            }
        }
        let again = keep && body.is_exact();
        Ok((body.whole(), again.then(|| Connection(wire.at_rest()))))
    }
}

/// The head of a request as it is sent.
fn head_of(request: &Request<Bytes>) -> io::Result<Vec<u8>> {
    // A response to anything else may have no body where the head says that it has one.
    debug_assert!(matches!(*request.method(), Method::GET | Method::POST));
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

#[cfg(test)]
mod tests;
