//! From files to the published state: all of them are taken over, or nothing is.

use std::{io, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use waymark_tagging::{
    Problems, Tag,
    class::{Authoring, ClassSet, Moment},
    document::{Change, Revisions},
};

use super::{
    Advertiser, LoadReport, Published, Unpublishable,
    files::{self, Stamps},
    published, state,
};

/// What is remembered between two looks at the files.
#[derive(Debug)]
pub(super) struct Loading {
    /// How the files looked last time.
    pub(super) seen: Stamps,
    /// How they looked when they were read last.
    pub(super) tried: Stamps,
    pub(super) report: LoadReport,
}

impl Loading {
    pub(super) fn first(stamps: Stamps, now: Timestamp) -> Self {
        Self { seen: stamps.clone(), tried: stamps, report: LoadReport::first(now) }
    }
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

impl Advertiser {
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
    pub(super) fn reload(&self, loading: &mut Loading, now: Timestamp) -> Result<(), Refused> {
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
    pub(super) fn withdraw_expired(&self, now: Timestamp) {
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
