//! Keccak-256 of segments on a thread of its own.
//!
//! A segment that waits alone is hashed alone; those that come while the thread is at work join it
//! at the next step and are hashed side by side, which costs hardly more than one (crate `media`,
//! `keccak`). So the work for each segment becomes less exactly when the machine is full, and no
//! timer is needed. A long message delays nobody: others run beside it.

use std::{io, thread};

use alloy_primitives::B256;
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use waymark_media::keccak::{Hashing, Keccak, LANES};

/// Messages waiting for the thread; further ones wait in their own tasks.
const QUEUE: usize = 64;
/// Bytes of each message between two looks at the queue: a tenth of a millisecond.
const STEP: usize = 64 * 1024;
/// A message as short as this costs less than two wake-ups.
const SHORT: usize = 4 * 1024;

/// Hashes segments. Cloning is cheap; the thread ends with the last clone.
#[derive(Debug, Clone)]
pub struct SegmentHasher {
    queue: mpsc::Sender<Request>,
}

#[derive(Debug)]
struct Request {
    bytes: Bytes,
    done: oneshot::Sender<B256>,
}

impl AsRef<[u8]> for Request {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A digest on its way.
#[derive(Debug)]
pub struct Digest {
    bytes: Bytes,
    done: oneshot::Receiver<B256>,
}

impl SegmentHasher {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let (queue, requests) = mpsc::channel(QUEUE);
        thread::Builder::new().name("hasher".into()).spawn(move || serve(requests))?;
        Ok(Self { queue })
    }

    /// Queues a message; the caller can do something else before it asks for the digest.
    pub async fn begin(&self, bytes: Bytes) -> Digest {
        let (done, digest) = oneshot::channel();
        if bytes.len() > SHORT {
            let request = Request { bytes: bytes.clone(), done };
            // Without the thread, which only its panic can end, whoever wants a digest makes it.
            self.queue.send(request).await.ok();
        }
        Digest { bytes, done: digest }
    }

    /// The digests of several messages, in their order.
    pub async fn all(&self, messages: &[Bytes]) -> Vec<B256> {
        join_all(messages.iter().map(async |m| self.begin(m.clone()).await.digest().await)).await
    }
}

impl Digest {
    /// Waits for it.
    pub async fn digest(self) -> B256 {
        match self.done.await {
            Ok(digest) => digest,
            Err(_) => B256::new(Keccak::fastest().hash(&self.bytes)),
        }
    }
}

fn serve(mut requests: mpsc::Receiver<Request>) {
    let keccak = Keccak::fastest();
    let [one, four, eight] = keccak.names();
    tracing::debug!(one, four, eight, "hashing");
    let mut lanes: Vec<Hashing<Request>> = Vec::with_capacity(LANES);
    loop {
        if lanes.is_empty() {
            let Some(request) = requests.blocking_recv() else { return };
            lanes.push(Hashing::new(request));
        }
        while lanes.len() < LANES {
            let Ok(request) = requests.try_recv() else { break };
            lanes.push(Hashing::new(request));
        }
        keccak.advance(&mut lanes, STEP);
        for ready in lanes.extract_if(.., |lane| lane.is_ready()) {
            let (request, digest) = ready.finish();
            // Whoever asked may be gone.
            request.done.send(B256::new(digest)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    fn message(len: usize) -> Bytes {
        (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect::<Vec<_>>().into()
    }

    #[tokio::test]
    async fn messages_of_all_lengths_at_once_have_their_own_digests() {
        let hasher = SegmentHasher::start().unwrap();
        let messages: Vec<_> = (0..40).map(|n| message(n * n * 700)).collect();
        let expected: Vec<_> = messages.iter().map(keccak256).collect();
        assert_eq!(hasher.all(&messages).await, expected);
    }

    #[tokio::test]
    async fn a_digest_nobody_waits_for_holds_nothing_up() {
        let hasher = SegmentHasher::start().unwrap();
        for _ in 0..200 {
            drop(hasher.begin(message(10_000)).await);
        }
        let wanted = message(300_000);
        assert_eq!(hasher.begin(wanted.clone()).await.digest().await, keccak256(&wanted));
    }

    #[tokio::test]
    async fn without_its_thread_digests_are_made_all_the_same() {
        let (queue, requests) = mpsc::channel(1);
        drop(requests);
        let hasher = SegmentHasher { queue };
        let message = message(100_000);
        assert_eq!(hasher.begin(message.clone()).await.digest().await, keccak256(&message));
    }
}
