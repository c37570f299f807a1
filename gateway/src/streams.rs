//! All streams: those that take segments, bounded in number, and those that ended and can still be
//! played for a while.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use waymark_selection::Moment;

use crate::{
    errors::{Problem, Reason},
    ingest::http_push::ManifestId,
    stream::Stream,
};

/// How often idle streams are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Ended streams kept for players; beyond it the ones that ended first go.
const MOST_ENDED: usize = 1024;

/// The table of streams.
#[derive(Debug)]
pub struct Streams {
    live: Mutex<HashMap<ManifestId, Arc<Stream>>>,
    ended: Mutex<HashMap<ManifestId, (Moment, Arc<Stream>)>>,
    latest: Mutex<Option<ManifestId>>,
    most: AtomicUsize,
    serial: AtomicU64,
    idle: Duration,
    grace: Duration,
}

impl Streams {
    /// At most `most` live streams; idle ones end after `idle`, ended ones go after `grace`.
    pub fn new(most: usize, idle: Duration, grace: Duration) -> Self {
        Self {
            live: Mutex::default(),
            ended: Mutex::default(),
            latest: Mutex::default(),
            most: AtomicUsize::new(most),
            serial: AtomicU64::new(0),
            idle,
            grace,
        }
    }

    /// The live stream of that name.
    pub fn live(&self, manifest: &ManifestId) -> Option<Arc<Stream>> {
        self.live.lock().get(manifest).map(Arc::clone)
    }

    /// The live stream of that name, or the one that `make` makes from a fresh serial number.
    /// Refused when there are too many.
    pub fn live_or(
        &self,
        manifest: &ManifestId,
        make: impl FnOnce(u64) -> Result<Stream, Problem>,
    ) -> Result<Arc<Stream>, Problem> {
        let mut live = self.live.lock();
        if let Some(stream) = live.get(manifest) {
            return Ok(Arc::clone(stream));
        }
        self.room(live.len())?;
        let stream = Arc::new(make(self.serial.fetch_add(1, Ordering::Relaxed))?);
        live.insert(manifest.clone(), Arc::clone(&stream));
        drop(live);
        drop(self.ended.lock().remove(manifest));
        *self.latest.lock() = Some(manifest.clone());
        tracing::info!(%manifest, tag = %stream.tag, "stream started");
        Ok(stream)
    }

    /// Whether one more stream of this name would be taken; asked before its body is read.
    pub fn would_take(&self, manifest: &ManifestId) -> Result<(), Problem> {
        let live = self.live.lock();
        if live.contains_key(manifest) { Ok(()) } else { self.room(live.len()) }
    }

    fn room(&self, live: usize) -> Result<(), Problem> {
        let most = self.most.load(Ordering::Relaxed);
        if live < most {
            return Ok(());
        }
        Err(Problem::new(
            Reason::TooManyStreams,
            format!(
                "{live} streams are running and -maxSessions allows {most}; a stream ends by \
                 DELETE /live/{{manifest}} or after {} s without a push",
                self.idle.as_secs()
            ),
        ))
    }

    /// For players: live or recently ended.
    pub fn playable(&self, manifest: &ManifestId) -> Option<Arc<Stream>> {
        self.live(manifest).or_else(|| self.ended.lock().get(manifest).map(|(_, s)| Arc::clone(s)))
    }

    /// The stream that started last.
    pub fn latest(&self) -> Option<ManifestId> {
        self.latest.lock().clone()
    }

    /// Live streams, for people to read.
    pub fn all(&self) -> Vec<Arc<Stream>> {
        self.live.lock().values().map(Arc::clone).collect()
    }

    /// How many are live.
    pub fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// The limit on live streams.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Changes the limit on live streams; those running go on.
    pub fn set_most(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Ends a stream: its slot is free at once, its sessions end, players see the end.
    pub fn end(&self, manifest: &ManifestId, now: Moment) -> bool {
        let Some(stream) = self.live.lock().remove(manifest) else { return false };
        stream.sessions.end();
        stream.window.lock().end();
        tracing::info!(%manifest, "stream ended");
        let mut ended = self.ended.lock();
        if ended.len() >= MOST_ENDED {
            let first = ended.iter().min_by_key(|(_, (at, _))| *at).map(|(m, _)| m.clone());
            first.and_then(|m| ended.remove(&m));
        }
        ended.insert(manifest.clone(), (now, stream));
        true
    }

    /// Ends all streams.
    pub fn end_all(&self, now: Moment) {
        let all: Vec<_> = self.live.lock().keys().cloned().collect();
        for manifest in all {
            self.end(&manifest, now);
        }
    }

    /// Ends idle streams, forgets those whose grace is over, and lets waiting playlists move on.
    pub fn tick(&self, now: Moment) {
        let idle: Vec<_> = {
            let live = self.live.lock();
            let idle = live.iter().filter(|(_, s)| s.idle(now) >= self.idle);
            idle.map(|(m, _)| m.clone()).collect()
        };
        for manifest in idle {
            self.end(&manifest, now);
        }
        for stream in self.all() {
            stream.window.lock().tick(now);
        }
        self.ended.lock().retain(|_, (at, _)| now.saturating_sub(*at) < self.grace);
    }

    /// Calls [`Self::tick`] for ever.
    pub async fn watch(self: Arc<Self>, clock: crate::clock::Clock) {
        let mut interval = tokio::time::interval(LOOK_EVERY);
        loop {
            interval.tick().await;
            self.tick(clock.now());
        }
    }
}
