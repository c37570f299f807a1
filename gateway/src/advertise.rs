//! What this gateway asks of orchestrators: read from the operator's files, published, told in the
//! protocol, and applied when an orchestrator is chosen.
//!
//! ```text
//!   class files ── look: every 2 s, SIGHUP ──► ClassSet ──► Revisions ──► state file
//!                    │ one bad file: the old set stays            │
//!                    ▼                                            ▼
//!                 report (admin, metrics, log)                Published ──► HTTP: documents, events, feed
//!                                                              │    └────► JobTag, header
//!   OrchestratorInfo ─┐
//!   measurements ─────┴► facts of each node ──► the one matcher ┴─► who is asked for a session, in which order
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
mod load;
mod manifest;
mod metrics;
mod published;
mod qualify;
mod report;
mod state;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};
use waymark_selection::Measured;
use waymark_tagging::Registry;

pub use self::{
    events::{Events, MOST_READERS, TooManyReaders},
    identity::Identity,
    known::{NodeMatch, Standing},
    load::Refused,
    manifest::{Manifest, Unanchorable, is_due, meaning},
    metrics::AdvertiseMetrics,
    published::{Carried, Published, Served, Unpublishable},
    qualify::{Draw, Qualification},
    report::{ClassReport, LoadReport, RequirementsReport},
};
use self::{known::Known, load::Loading, published::Frame};
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
    measured: Arc<Mutex<Measured>>,
    draw: Draw,
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
    /// published before the restart, if there was one. `None` where no files are named. `measured` is
    /// what the directory measures of orchestrators.
    pub fn start(
        config: &Config,
        identity: Identity,
        clock: Clock,
        tags: &'static Registry,
        registry: &prometheus::Registry,
        measured: Arc<Mutex<Measured>>,
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
            loading: Mutex::new(Loading::first(stamps, now)),
            published: watch::Sender::new(Arc::new(empty)),
            metrics: AdvertiseMetrics::register(registry)?,
            readers: Arc::new(Semaphore::new(MOST_READERS)),
            known: Known::default(),
            measured,
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
}
