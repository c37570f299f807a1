//! How far each orchestrator is trusted: shared by all streams, kept over restarts, consulted before
//! anybody is asked.
//!
//! ```text
//!   audits, fast checks ─► observe ─► book (memory) ─► every two seconds: trust.sqlite3
//!                                      │
//!   sessions, audits, admin API ◄──────┘ standing
//! ```
//!
//! What follows from what is decided in `waymark_verification::trust`; this is its place in the
//! gateway. Nothing here waits for a disk, but opening and closing.

mod file;
mod known;
mod metrics;
mod order;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use alloy_primitives::Address;
use jiff::{Timestamp, civil::Date};
use parking_lot::Mutex;
use waymark_verification::{
    sampling::{DayKey, Draw, Rate, Secret, Subject},
    trust::{Book, Change, Finding, Full, Identity, Key, Report, Rules, Standing, State},
};

use self::{file::Store, metrics::TrustMetrics};
use crate::{
    clock::Clock,
    orchestrator::{node::Node, session::Session},
};

pub use file::TrustError;
pub use known::kind_of;
pub use order::Trusting;

/// Between two writes.
const WRITE_EVERY: Duration = Duration::from_secs(2);
/// Days whose keys are told once they may be.
const REVEALED_DAYS: i8 = 30;

/// What the operator declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustSettings {
    /// Least share of results that are audited in full, in percent, 1 to 100.
    pub floor_percent: u8,
    /// Bad results of a trusted orchestrator that may pass before the first catch, on average.
    pub max_bad_segments: u32,
    /// Share of new sessions that begin with suspected orchestrators, in percent.
    pub look_percent: u8,
    /// Orchestrators remembered.
    pub remembered: usize,
}

impl Default for TrustSettings {
    fn default() -> Self {
        Self { floor_percent: 1, max_bad_segments: 20, look_percent: 10, remembered: 10_000 }
    }
}

impl TrustSettings {
    fn rules(&self) -> Rules {
        Rules {
            floor: f64::from(self.floor_percent) / 100.0,
            max_bad: f64::from(self.max_bad_segments),
            ..Rules::default()
        }
    }
}

/// The trust of one gateway.
#[derive(Debug)]
pub struct Trust {
    settings: TrustSettings,
    clock: Clock,
    book: Mutex<Book>,
    store: Mutex<Store>,
    secret: Secret,
    metrics: TrustMetrics,
}

impl Trust {
    /// Reads what is kept in `folder`, or begins there.
    pub fn open(
        settings: TrustSettings,
        folder: &Path,
        clock: Clock,
        registry: &prometheus::Registry,
    ) -> Result<Arc<Self>, TrustError> {
        let mut store = Store::open(folder)?;
        let secret = Secret::new(store.secret(rand::random)?);
        let mut book = Book::new(settings.rules(), settings.remembered);
        for (key, text) in store.entries()? {
            if let Err(error) = book.load(&key, &text) {
                let error = crate::orchestrator::error::chain(&error);
                tracing::warn!(orchestrator = key, error, "what was known of it is left out");
            }
        }
        let metrics = TrustMetrics::register(registry)?;
        let (book, store) = (Mutex::new(book), Mutex::new(store));
        Ok(Arc::new(Self { settings, clock, book, store, secret, metrics }))
    }

    /// An orchestrator; with the recipient it is paid at only where that is vouched for: it signed
    /// the result, or the chain names this service for it.
    pub fn identity(node: &Node, recipient: Option<Address>) -> Identity {
        let url = node.url();
        let host = url.host_str().unwrap_or_default();
        Identity::new(host, url.port_or_known_default(), None).vouched(recipient)
    }

    /// Whoever made a result. An address that nothing is signed with is only claimed, and anybody can
    /// claim anybody's.
    pub fn of_result(session: &Session, signed: Option<bool>) -> Identity {
        let recipient = session.info.result_signer().filter(|_| signed == Some(true));
        Self::identity(&session.node, recipient)
    }

    /// How it stands for jobs of a tag and all of these kinds of renditions.
    pub fn standing<'a>(
        &self,
        identity: &Identity,
        tag: &str,
        kinds: impl IntoIterator<Item = &'a str>,
    ) -> Standing {
        self.book.lock().standing(identity, tag, kinds, self.clock.wall())
    }

    /// How it stands if it is out; `None` otherwise.
    pub fn out(&self, node: &Node) -> Option<Standing> {
        self.book.lock().out(&Self::identity(node, None), self.clock.wall())
    }

    /// Of these, who is out, and why.
    pub fn out_of(&self, nodes: &[Arc<Node>]) -> Vec<(String, Standing)> {
        let out = nodes.iter().filter_map(|node| Some((node.host().to_owned(), self.out(node)?)));
        let mut out: Vec<_> = out.collect();
        out.sort_by(|a, b| a.0.cmp(&b.0));
        out
    }

    /// The worst of how each stands for all its work, by address.
    pub fn of_nodes(&self, nodes: &[Arc<Node>]) -> HashMap<String, Standing> {
        let (book, now) = (self.book.lock(), self.clock.wall());
        let of = |node: &Arc<Node>| {
            (node.id().to_string(), book.overall(&Self::identity(node, None), now))
        };
        nodes.iter().map(of).collect()
    }

    /// Takes what was found of one result.
    pub fn observe(
        &self,
        identity: &Identity,
        tag: &str,
        kind: &str,
        finding: &Finding<'_>,
    ) -> Change {
        let change = self.book.lock().observe(identity, (tag, kind), finding, self.clock.wall());
        self.metrics.found(finding.sign);
        let Change { key, before, after } = &change;
        if *before != after.state {
            let (before, state) = (before.as_str(), after.state.as_str());
            self.metrics.changed(after.state);
            match after.state {
                State::Out | State::Suspected => {
                    tracing::warn!(orchestrator = %key, tag, before, state, why = after.why, "trust lost");
                }
                _ => tracing::info!(orchestrator = %key, tag, before, state, "trust changed"),
            }
        }
        change
    }

    /// The key of today's draws.
    pub fn day_key(&self) -> DayKey {
        self.secret.day_key(self.clock.wall())
    }

    /// Whether the secret draw hits a result, at this rate. Ask once the bytes are here: `output` is the
    /// hash of what is drawn for, all renditions or one.
    pub fn is_drawn(
        &self,
        identity: &Identity,
        rate: Rate,
        (job, seq): (&[u8], u64),
        output: &[u8; 32],
    ) -> bool {
        let orchestrator = identity.key().as_str();
        self.day_key().draw(&Subject { orchestrator, job, seq, output }).hits(rate)
    }

    /// Secret bits of a span of time of a stream's work by one orchestrator.
    pub fn span(&self, identity: &Identity, stream: &[u8], span: u64) -> Draw {
        let orchestrator = identity.key().as_str();
        let subject = Subject { orchestrator, job: stream, seq: span, output: &[0; 32] };
        self.day_key().derive("span", &subject)
    }

    /// Keys of past days, newest first, as far as nothing is drawn with them any more: whoever has a
    /// day's records can repeat its draws.
    pub fn revealed_keys(&self) -> Vec<(Date, [u8; 32])> {
        let now = self.clock.wall();
        let mut day = self.day_key().day();
        let mut keys = Vec::new();
        for _ in 0..REVEALED_DAYS {
            keys.extend(self.secret.key_of(day).reveal(now).map(|key| (day, key)));
            let Ok(before) = day.yesterday() else { break };
            day = before;
        }
        keys
    }

    /// Everybody, worst first.
    pub fn report(&self) -> Vec<Report> {
        self.book.lock().report(self.clock.wall())
    }

    /// How full the book is.
    pub fn full(&self) -> Full {
        self.book.lock().full()
    }

    /// Who would be released by [`pardon`](Self::pardon).
    pub fn penalised_with(&self, key: &Key) -> Vec<Report> {
        let report = self.report();
        let linked: Vec<Key> = report
            .iter()
            .find(|one| one.key == *key)
            .map(|one| one.linked.iter().cloned().chain([key.clone()]).collect())
            .unwrap_or_default();
        let out = report.into_iter().filter(|one| one.state == State::Out);
        out.filter(|one| linked.contains(&one.key)).collect()
    }

    /// Releases somebody who is out, by hand, with everything that was penalised with it; tells who.
    pub fn pardon(&self, key: &Key) -> Vec<Key> {
        let released = self.book.lock().pardon(key, self.clock.wall());
        for key in &released {
            tracing::warn!(orchestrator = %key, "pardoned by hand");
        }
        released
    }

    /// Writes what changed, again and again.
    pub async fn keep(self: Arc<Self>) {
        let mut interval = tokio::time::interval(WRITE_EVERY);
        loop {
            interval.tick().await;
            let trust = Arc::clone(&self);
            // A disk may be slow; nobody waits for it.
            if tokio::task::spawn_blocking(move || trust.write()).await.is_err() {
                tracing::error!("writing down trust ended");
            }
        }
    }

    /// Writes what changed, now. What cannot be written is tried again the next time.
    pub fn write(&self) {
        let mut store = self.store.lock();
        let changes = self.book.lock().changes();
        if changes.is_empty() {
            return;
        }
        if let Err(error) = store.write(&changes) {
            let error = crate::orchestrator::error::chain(&error);
            tracing::error!(error, "trust cannot be written down; what is in memory goes on");
            self.metrics.unwritten();
            self.book.lock().unwritten(changes.into_iter().map(|(key, _)| key));
        }
    }

    /// Brings the gauges up to date.
    pub fn refresh_metrics(&self) {
        self.metrics.refresh(&self.report());
    }

    /// Wall time as trust counts it.
    pub fn now(&self) -> Timestamp {
        self.clock.wall()
    }
}
