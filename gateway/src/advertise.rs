//! What this gateway asks of orchestrators: read from the operator's files, published, told in the
//! protocol, and applied when an orchestrator is chosen.
//!
//! ```text
//!   class files ── look: every 2 s, SIGHUP ──► ClassSet ──► Revisions ──► state file
//!                    │ one bad file: the old set stays            │
//!                    ▼                                            ▼
//!                 report (admin, metrics, log)                Published ──► HTTP: documents, events, feed
//!                                                              │    └────► JobTag, header
//!   OrchestratorInfo ──► facts of each node ──► the one matcher ┴─► who is asked for a session
//! ```
//!
//! Numbers of states rise only when the content of a class changes, and never fall: they are kept
//! over restarts. Without `requirements.files` nothing here exists.

mod atom;
mod describe;
mod events;
mod files;
mod identity;
mod known;
mod metrics;
mod published;
mod qualify;
mod report;
mod state;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};
use waymark_tagging::{
    Problems, Registry, Tag,
    class::{Authoring, ClassSet, Moment},
    document::{Change, Revisions},
};

pub use self::{
    events::{Events, MOST_READERS, TooManyReaders},
    identity::Identity,
    known::NodeMatch,
    metrics::AdvertiseMetrics,
    published::{Carried, Published, Served, Unpublishable},
    qualify::{Draw, Qualification},
    report::{ClassReport, LoadReport, RequirementsReport},
};
use self::{files::Stamps, known::Known, published::Frame};
use crate::{clock::Clock, config::Config};

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The requirements of a running gateway.
#[derive(Debug)]
pub struct Advertiser {
    frame: Frame,
    clock: Clock,
    tags: &'static Registry,
    state_file: PathBuf,
    loading: Mutex<Loading>,
    published: watch::Sender<Arc<Published>>,
    metrics: AdvertiseMetrics,
    readers: Arc<Semaphore>,
    known: Known,
    draw: Draw,
}

#[derive(Debug)]
struct Loading {
    /// How the files looked last time.
    seen: Stamps,
    /// How they looked when they were read last.
    tried: Stamps,
    report: LoadReport,
}

/// A set of classes that is not taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Something is wrong with the files.
    #[error("{0}")]
    Problems(Problems),
    /// The documents cannot be made.
    #[error(transparent)]
    Unpublishable(#[from] Unpublishable),
    /// What was published could not be kept, and so is not published.
    #[error("{} cannot be written", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The requirements cannot be served from the start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertiseError {
    /// There is no set that could be used instead.
    #[error("the job classes cannot be used; check requirements.files")]
    Refused(#[from] Refused),
    /// The state of the process before this one cannot be looked at.
    #[error("cannot read {}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Metrics collide.
    #[error("the metrics of requirements cannot be set up")]
    Metrics(#[from] prometheus::Error),
}

impl Advertiser {
    /// Reads the files for the first time. A set that is refused is replaced by the one that was
    /// published before the restart, if there was one. `None` where no files are named.
    pub fn start(
        config: &Config,
        identity: Identity,
        clock: Clock,
        tags: &'static Registry,
        registry: &prometheus::Registry,
        draw: Draw,
    ) -> Result<Option<Arc<Self>>, AdvertiseError> {
        if config.requirements.files.is_empty() {
            return Ok(None);
        }
        let now = clock.wall();
        let state_file = state::path(&config.data_dir, identity.gateway);
        let frame = Frame { identity, settings: config.requirements.clone() };
        let before = state::load(&state_file, frame.identity.gateway, now)
            .map_err(|source| AdvertiseError::State { path: state_file.clone(), source })?;
        let empty = Published::new(&frame, before.clone(), now).map_err(Refused::from)?;
        let stamps = files::stamps(&frame.settings.files);
        let advertiser = Self {
            clock,
            tags,
            state_file,
            loading: Mutex::new(Loading {
                seen: stamps.clone(),
                tried: stamps,
                report: LoadReport::first(now),
            }),
            published: watch::Sender::new(Arc::new(empty)),
            metrics: AdvertiseMetrics::register(registry)?,
            readers: Arc::new(Semaphore::new(MOST_READERS)),
            known: Known::default(),
            draw,
            frame,
        };
        let known_before = before.current().next().is_some();
        let mut loading = advertiser.loading.lock();
        if let Err(refused) = advertiser.reload(&mut loading, now)
            && !known_before
        {
            return Err(refused.into());
        }
        advertiser.withdraw_expired(now);
        drop(loading);
        if !advertiser.frame.identity.signs() {
            tracing::info!("requirements are published without a signature: there is no key");
        }
        Ok(Some(Arc::new(advertiser)))
    }

    /// The state of now.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// Looks at the files until the process stops, and at once on SIGHUP.
    pub async fn watch(self: Arc<Self>) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => {
                tracing::error!(%error, "no SIGHUP; changes of class files are still seen");
                // A stream of signals that none of this process's users sends.
                return self.watch_files().await;
            }
        };
        tokio::select! {
            () = Arc::clone(&self).watch_files() => {}
            () = async {
                while hangup.recv().await.is_some() {
                    Arc::clone(&self).look_aside(true).await;
                }
            } => {}
        }
    }

    async fn watch_files(self: Arc<Self>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            Arc::clone(&self).look_aside(false).await;
        }
    }

    /// Files are read on a thread that may wait for them.
    async fn look_aside(self: Arc<Self>, at_once: bool) {
        let looked = tokio::task::spawn_blocking(move || self.look(at_once)).await;
        if let Err(error) = looked {
            tracing::error!(%error, "the class files could not be looked at");
        }
    }

    /// One look: reads the files if they changed and are not being written any more, withdraws
    /// classes that ended, and renews documents before they expire. `at_once` reads them as they are.
    pub fn look(&self, at_once: bool) {
        let now = self.clock.wall();
        let stamps = files::stamps(&self.frame.settings.files);
        let mut loading = self.loading.lock();
        // A file that looks as it did two seconds ago is written whole.
        let settled = stamps == loading.seen;
        loading.seen = stamps;
        if at_once || (settled && loading.seen != loading.tried) {
            loading.tried = loading.seen.clone();
            // What is wrong is told where operators look.
            self.reload(&mut loading, now).ok();
        }
        self.withdraw_expired(now);
        self.renew(now);
    }

    /// Reads the files and takes them over, all of them or none.
    fn reload(&self, loading: &mut Loading, now: Timestamp) -> Result<(), Refused> {
        let result = self.read(now).and_then(|set| {
            let changes = self.adopt(&set, now)?;
            Ok((set, changes))
        });
        let report = &mut loading.report;
        report.tried_at = now;
        match result {
            Ok((set, changes)) => {
                report.accepted(&set, now);
                self.metrics.loaded(&changes, &self.published());
                let seq = self.published().seq();
                tracing::info!(
                    classes = set.classes().len(),
                    changes = changes.len(),
                    seq,
                    "job classes loaded"
                );
                for notice in &report.notices {
                    tracing::warn!(notice, "job classes");
                }
                Ok(())
            }
            Err(refused) => {
                report.refused(&refused);
                self.metrics.refused();
                for problem in &report.problems {
                    tracing::error!(problem, "job classes refused; the set before stays");
                }
                Err(refused)
            }
        }
    }

    fn read(&self, now: Timestamp) -> Result<ClassSet, Refused> {
        let texts = files::read(&self.frame.settings.files).map_err(Refused::Problems)?;
        let files: Vec<_> = texts.iter().map(files::Text::as_class_file).collect();
        let gateway = Some(self.frame.identity.gateway);
        let rules = Authoring { registry: self.tags, now, gateway };
        ClassSet::from_yaml(&files, &rules).map_err(Refused::Problems)
    }

    /// Makes a set the published one. Nothing happens when it is that already.
    fn adopt(&self, set: &ClassSet, now: Timestamp) -> Result<Vec<Change>, Refused> {
        let mut revisions = self.published().revisions.clone();
        let before = revisions.clone();
        let moment = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let changes = revisions.update(set, &Moment::from(moment));
        if changes.is_empty() {
            return Ok(changes);
        }
        same_rev(&before, &changes);
        let published = Published::new(&self.frame, revisions, now)?;
        // Kept before it is told: a number that somebody saw is never given out twice.
        self.keep(&published, now)?;
        self.publish(published);
        self.known.forget();
        Ok(changes)
    }

    fn keep(&self, published: &Published, now: Timestamp) -> Result<(), Refused> {
        let head = published::head(&self.frame, published.seq(), now);
        let kept = state::save(&self.state_file, &published.revisions.whole(head));
        kept.map_err(|source| Refused::State { path: self.state_file.clone(), source })
    }

    fn publish(&self, published: Published) {
        self.metrics.published(&published);
        self.published.send_replace(Arc::new(published));
    }

    /// Takes out classes that have ended, as if their files were gone.
    fn withdraw_expired(&self, now: Timestamp) {
        let published = self.published();
        let mut classes = published.classes().filter_map(|change| change.class.clone());
        if !classes.any(|class| class.is_expired(now)) {
            return;
        }
        let classes = published.classes().filter_map(|change| change.class.clone());
        let left: ClassSet = classes.filter(|class| !class.is_expired(now)).collect();
        match self.adopt(&left, now) {
            Ok(changes) => {
                let tags: Vec<&Tag> = changes.iter().map(|change| &change.tag).collect();
                tracing::warn!(?tags, "job classes expired and are withdrawn; write new ones");
            }
            Err(error) => tracing::error!(%error, "expired job classes cannot be withdrawn"),
        }
    }

    /// Makes the documents anew when half of their life is over.
    fn renew(&self, now: Timestamp) {
        let published = self.published();
        let life = published.expires_at().duration_since(published.issued_at);
        if now.duration_since(published.issued_at) < life / 2 {
            return;
        }
        match Published::new(&self.frame, published.revisions.clone(), now) {
            Ok(renewed) => self.publish(renewed),
            Err(error) => tracing::error!(%error, "documents cannot be renewed"),
        }
    }
}

/// Orchestrators tell revisions of a class apart by its `rev` as well.
fn same_rev(before: &Revisions, changes: &[Change]) {
    for change in changes {
        let old = before.of(&change.tag).and_then(|change| change.class.as_ref());
        if let (Some(old), Some(new)) = (old, &change.class)
            && new.rev <= old.rev
        {
            let (tag, rev, was) = (&change.tag, new.rev, old.rev);
            tracing::warn!(%tag, rev, was, "the class changed and its rev did not rise; raise it");
        }
    }
}
