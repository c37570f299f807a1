//! Keccak-256 of segments: while they arrive, or many side by side.
//!
//! As long as no more bodies arrive than the machine has cores, each is hashed piece by piece where
//! it is received: at its last byte nothing is left to do, and nobody has to be woken for it. When
//! there are more, whole bodies go to a thread of their own. Those that come while it is at work join
//! it at the next step and are hashed side by side, which costs hardly more than one (crate `media`,
//! `keccak`). So the work for each segment becomes less exactly when the machine is full, and no
//! timer is needed. A long message delays nobody: others run beside it.

use std::{
    io,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use alloy_primitives::B256;
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};
use waymark_media::keccak::{Hashing, Keccak, LANES, Running};

/// Messages waiting for the thread; further ones wait in their own tasks.
const QUEUE: usize = 64;
/// Bytes of each message between two looks at the queue: a tenth of a millisecond.
const STEP: usize = 64 * 1024;
/// Hashing holds its worker; after this many bytes others get a turn.
const TURN: usize = 256 * 1024;
/// A message as short as this costs less than two wake-ups.
const SHORT: usize = 4 * 1024;

/// Hashes segments. Cloning is cheap; the thread ends with the last clone.
#[derive(Debug, Clone)]
pub struct SegmentHasher {
    queue: mpsc::Sender<Request>,
    /// Bodies that arrive now.
    arriving: Arc<AtomicUsize>,
    /// More of them than this are hashed side by side.
    cores: usize,
}

/// A body that arrives.
#[derive(Debug)]
pub struct Arriving {
    /// Absent where the whole body is hashed at its end.
    running: Option<Running>,
    hasher: SegmentHasher,
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
pub struct Digest(Coming);

#[derive(Debug)]
enum Coming {
    Here(B256),
    Later { bytes: Bytes, done: oneshot::Receiver<B256> },
}

impl SegmentHasher {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let (queue, requests) = mpsc::channel(QUEUE);
        thread::Builder::new().name("hasher".into()).spawn(move || serve(requests))?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self { queue, arriving: Arc::default(), cores })
    }

    /// A body is about to arrive.
    pub fn arriving(&self) -> Arriving {
        let others = self.arriving.fetch_add(1, Ordering::Relaxed);
        let running = (others < self.cores).then(|| Keccak::fastest().start());
        Arriving { running, hasher: self.clone() }
    }

    /// Queues a message; the caller can do something else before it asks for the digest.
    pub async fn begin(&self, bytes: Bytes) -> Digest {
        let (done, digest) = oneshot::channel();
        if bytes.len() > SHORT {
            let request = Request { bytes: bytes.clone(), done };
            // Without the thread, which only its panic can end, whoever wants a digest makes it.
            self.queue.send(request).await.ok();
        }
        Digest(Coming::Later { bytes, done: digest })
    }

    /// The digests of several messages, in their order.
    pub async fn all(&self, messages: &[Bytes]) -> Vec<B256> {
        join_all(messages.iter().map(async |m| self.begin(m.clone()).await.digest().await)).await
    }
}

impl Digest {
    /// Waits for it.
    pub async fn digest(self) -> B256 {
        match self.0 {
            Coming::Here(digest) => digest,
            Coming::Later { bytes, done } => {
                done.await.unwrap_or_else(|_| B256::new(Keccak::fastest().hash(&bytes)))
            }
        }
    }
}

impl Arriving {
    /// The next piece of the body is here.
    pub async fn piece(&mut self, piece: &[u8]) {
        let Some(running) = &mut self.running else { return };
        for (step, part) in piece.chunks(TURN).enumerate() {
            if step > 0 {
                yield_now().await;
            }
            running.update(part);
        }
    }

    /// All of it is here: its digest, or a promise of it.
    pub async fn whole(mut self, body: &Bytes) -> Digest {
        match self.running.take() {
            Some(running) => Digest(Coming::Here(B256::new(running.finish()))),
            None => self.hasher.begin(body.clone()).await,
        }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.hasher.arriving.fetch_sub(1, Ordering::Relaxed);
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
    async fn few_bodies_are_hashed_as_they_arrive_and_many_at_their_end() {
        let hasher = SegmentHasher { cores: 2, ..SegmentHasher::start().unwrap() };
        let body = message(700_001);
        let mut arriving: Vec<_> = (0..4).map(|_| hasher.arriving()).collect();
        let at_once: Vec<_> = arriving.iter().map(|a| a.running.is_some()).collect();
        assert_eq!(at_once, [true, true, false, false]);
        for arriving in &mut arriving {
            arriving.piece(&body[..300_000]).await;
            arriving.piece(&body[300_000..]).await;
        }
        for arriving in arriving {
            assert_eq!(arriving.whole(&body).await.digest().await, keccak256(&body));
        }
        assert!(hasher.arriving().running.is_some(), "all are gone");
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
        let hasher = SegmentHasher { queue, arriving: Arc::default(), cores: 1 };
        let message = message(100_000);
        assert_eq!(hasher.begin(message.clone()).await.digest().await, keccak256(&message));
    }
}
