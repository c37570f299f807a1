//! Reading a pushed body: bounded, hashed while it arrives, one buffer.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

use crate::{
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
pub async fn receive(context: &Context, mut body: Incoming) -> Result<Received, Option<Problem>> {
    let limit = context.config.limits.segment_bytes;
    let announced = body.size_hint().exact();
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
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
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
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                tracing::debug!(%error, got = buffer.len(), "the client left in the middle of a body");
                return Err(None);
            }
            None => break,
        };
        let Ok(data) = frame.into_data() else { continue };
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
