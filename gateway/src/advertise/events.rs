//! Server-sent events: each is the signed answer that `/v1/requirements` gives for the state of the
//! event before, so that a reader applies and checks both alike.
//!
//! Nothing queues up for a reader: what it gets next is made from the newest state when there is room
//! for it. One that takes nothing for a while loses its connection; it comes back with
//! `Last-Event-ID` and misses nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::Advertiser;
use crate::lifecycle::Phase;

/// Readers at the same time; more are refused.
pub const MOST_READERS: usize = 256;
/// Between two signs of life, so that neither end and nobody between takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// When a reader comes back after the connection broke, in milliseconds.
const RETRY_MS: u32 = 3000;

/// There are [`MOST_READERS`] already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_READERS} readers follow the requirements already")]
pub struct TooManyReaders;

/// Feeds one reader.
#[derive(Debug)]
pub struct Events {
    advertiser: Arc<Advertiser>,
    /// The state that the reader has.
    seen: Option<u64>,
    room: mpsc::Sender<Bytes>,
    phase: watch::Receiver<Phase>,
    /// Ends the reader's connection.
    cut: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Advertiser {
    /// Takes a reader who has the state `seen`; what it is to be sent comes out of the receiver while
    /// [`Events::run`] runs. `cut` ends its connection if it does not keep up.
    pub fn events(
        self: &Arc<Self>,
        seen: Option<u64>,
        phase: watch::Receiver<Phase>,
        cut: CancellationToken,
    ) -> Result<(Events, mpsc::Receiver<Bytes>), TooManyReaders> {
        let place = Arc::clone(&self.readers).try_acquire_owned().map_err(|_| TooManyReaders)?;
        let (room, taken) = mpsc::channel(1);
        self.metrics.readers.inc();
        let advertiser = Arc::clone(self);
        let events = Events { advertiser, seen, room, phase, cut, _place: place };
        Ok((events, taken))
    }
}

impl Events {
    /// Runs until the reader leaves, does not keep up, or the gateway drains.
    pub async fn run(mut self) {
        let mut states = self.advertiser.published.subscribe();
        let mut phase = self.phase.clone();
        let first = format!("retry: {RETRY_MS}\n\n");
        let mut next = Some(Bytes::from(first));
        // What is published already is told at once, unless the reader has it.
        let newest = states.borrow_and_update().seq();
        let mut news = self.seen != Some(newest);
        loop {
            if let Some(bytes) = next.take()
                && !self.give(bytes).await
            {
                return;
            }
            if std::mem::take(&mut news) {
                next = self.event();
                continue;
            }
            tokio::select! {
                changed = states.changed() => match changed {
                    Ok(()) => {
                        states.borrow_and_update();
                        news = true;
                    }
                    Err(_) => return,
                },
                () = sleep(KEEP_ALIVE) => next = Some(Bytes::from_static(b": still here\n\n")),
                () = self.room.closed() => return,
                _ = phase.wait_for(|phase| *phase != Phase::Running) => return,
            }
        }
    }

    /// Whether the reader took it.
    async fn give(&mut self, bytes: Bytes) -> bool {
        let given = tokio::select! {
            given = timeout(PATIENCE, self.room.send(bytes)) => given,
            _ = self.phase.wait_for(|phase| *phase != Phase::Running) => return false,
        };
        if given.is_err() {
            self.advertiser.metrics.dropped.inc();
            tracing::info!("a reader of requirements took nothing for {PATIENCE:?}; it is cut off");
            self.cut.cancel();
        }
        given.is_ok_and(|sent| sent.is_ok())
    }

    /// The answer for what the reader has, as one event.
    fn event(&mut self) -> Option<Bytes> {
        let published = self.advertiser.published();
        let answer = published.since(self.seen.unwrap_or(0));
        let answer =
            answer.inspect_err(|error| tracing::error!(%error, "no event can be made")).ok()?;
        let seq = published.seq();
        self.seen = Some(seq);
        // Canonical JSON is one line.
        let head = format!("id: {seq}\nevent: requirements\ndata: ");
        Some([head.as_bytes(), &answer.bytes, b"\n\n"].concat().into())
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.advertiser.metrics.readers.dec();
    }
}
