//! Reading a pushed body: bounded, hashed while it arrives, one buffer.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{
    io::AsyncReadExt as _,
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

use crate::{
    buffers::Buffer,
    context::{Context, MEMORY_UNIT},
    errors::{Problem, Reason},
    hasher::Digest,
};

/// A Content-Length is a claim: no more than this is set aside on its word.
const FIRST_ALLOCATION: u64 = 4 * 1024 * 1024;
/// Longest silence of a client in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest wait for room in the memory for bodies in flight.
const WAIT_FOR_MEMORY: Duration = Duration::from_secs(5);

/// Bytes taken from a socket at once: they are hashed before the next ones push them out of the cache.
const READ: usize = 256 * 1024;

/// A body that arrives.
pub(super) enum Body<'a> {
    /// By way of hyper.
    Framed(Incoming),
    /// Straight from the socket.
    Direct(Direct<'a>),
}

/// A body of known length on a socket.
pub(super) struct Direct<'a> {
    stream: &'a mut TcpStream,
    /// What came with the head.
    ahead: BytesMut,
    /// Bytes nobody took yet, those included.
    left: &'a mut u64,
}

impl<'a> Direct<'a> {
    pub(super) fn new(stream: &'a mut TcpStream, ahead: BytesMut, left: &'a mut u64) -> Self {
        Self { stream, ahead, left }
    }

    /// Adds the next piece to `buffer`; nothing at the end.
    async fn next(&mut self, buffer: &mut Buffer) -> io::Result<usize> {
        let most = usize::try_from(*self.left).unwrap_or(usize::MAX);
        let got = if most == 0 {
            0
        } else if !self.ahead.is_empty() {
            let ahead = std::mem::take(&mut self.ahead);
            buffer.extend(&ahead);
            ahead.len()
        } else {
            match self.stream.read(buffer.room(most.min(READ))).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                got => {
                    buffer.advance(got);
                    got
                }
            }
        };
        *self.left -= got as u64;
        Ok(got)
    }
}

impl Body<'_> {
    /// Whether the task that serves it goes on when the client leaves. hyper drops its own.
    pub(super) const fn outlives_client(&self) -> bool {
        matches!(self, Self::Direct(_))
    }

    /// Its length, if the head says so.
    fn announced(&self) -> Option<u64> {
        match self {
            Self::Framed(body) => body.size_hint().exact(),
            Self::Direct(body) => Some(*body.left),
        }
    }

    /// The next piece; one from the socket is in `buffer` already.
    async fn next(&mut self, buffer: &mut Buffer) -> io::Result<Piece> {
        match self {
            Self::Framed(body) => match body.frame().await {
                Some(Ok(frame)) => Ok(frame.into_data().map_or(Piece::None, Piece::Frame)),
                Some(Err(error)) => Err(io::Error::other(error)),
                None => Ok(Piece::End),
            },
            Self::Direct(body) => match body.next(buffer).await? {
                0 => Ok(Piece::End),
                got => Ok(Piece::Here(got)),
            },
        }
    }
}

/// A piece of a body.
enum Piece {
    Frame(Bytes),
    /// So many bytes at the end of the buffer.
    Here(usize),
    /// None of its bytes.
    None,
    End,
}

/// A whole body.
#[derive(Debug)]
pub struct Received {
    /// The bytes.
    pub bytes: Bytes,
    /// Keccak-256 of them, soon.
    pub hash: Digest,
    /// Their share of the memory for bodies in flight.
    pub memory: OwnedSemaphorePermit,
}

/// Reads a body of at most the configured size.
///
/// # Errors
/// A problem to answer with: too large, no memory, too slow. `None` when the client went away, for
/// then nobody is there to read an answer.
pub(super) async fn receive(
    context: &Context,
    mut body: Body<'_>,
) -> Result<Received, Option<Problem>> {
    let limit = context.config.limits.segment_bytes;
    let announced = body.announced();
    if announced.is_some_and(|length| length > limit) {
        return Err(Some(too_large(limit)));
    }
    let mut memory = reserve(&context.memory, announced.unwrap_or(MEMORY_UNIT)).await?;
    let mut reserved = announced.unwrap_or(MEMORY_UNIT);
    let capacity = announced.unwrap_or(0).min(FIRST_ALLOCATION);
    let mut buffer = context.buffers.take(usize::try_from(capacity).unwrap_or_default());
    let mut hash = context.hasher.arriving();
    let mut last = Instant::now();
    // One timer for the whole body: it looks when the last byte came only after it has run out.
    let mut silence = std::pin::pin!(sleep(SILENCE));
    loop {
        let piece = tokio::select! {
            biased;
            piece = body.next(&mut buffer) => piece,
            () = silence.as_mut() => {
                if last.elapsed() < SILENCE {
                    silence.as_mut().reset(last + SILENCE);
                    continue;
                }
                let detail = format!("nothing came for {} s", SILENCE.as_secs());
                return Err(Some(Problem::new(Reason::BodyTimeout, detail)));
            }
        };
        last = Instant::now();
        let data = match piece {
            Ok(Piece::Frame(data)) => data,
            Ok(Piece::Here(got)) => {
                // No more than was announced, and reserved, comes this way.
                let start = buffer.len() - got;
                hash.piece(buffer.bytes().get(start..).unwrap_or_default()).await;
                continue;
            }
            Ok(Piece::None) => continue,
            Ok(Piece::End) => break,
            Err(error) => {
                tracing::debug!(%error, got = buffer.len(), "the client left in the middle of a body");
                return Err(None);
            }
        };
        let total = (buffer.len() + data.len()) as u64;
        if total > limit {
            return Err(Some(too_large(limit)));
        }
        if total > reserved {
            // Chunked bodies announce nothing: their share grows with them, doubling.
            let more = reserved.max(total - reserved).min(limit);
            memory.merge(reserve(&context.memory, more).await?);
            reserved += more;
        }
        hash.piece(&data).await;
        buffer.extend(&data);
    }
    let bytes = buffer.freeze();
    let hash = hash.whole(&bytes).await;
    Ok(Received { bytes, hash, memory })
}

async fn reserve(
    memory: &std::sync::Arc<Semaphore>,
    bytes: u64,
) -> Result<OwnedSemaphorePermit, Option<Problem>> {
    let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX);
    let acquired =
        timeout(WAIT_FOR_MEMORY, std::sync::Arc::clone(memory).acquire_many_owned(units));
    match acquired.await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Some(Problem::new(
            Reason::MemoryFull,
            "the memory for segments in flight is full; push slower, or raise limits.in_flight_bytes",
        ))),
    }
}

fn too_large(limit: u64) -> Problem {
    Problem::new(Reason::BodyTooLarge, format!("a segment has at most {limit} bytes"))
}
