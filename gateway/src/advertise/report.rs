//! What operators are told: which classes are in force, and why new ones are not.

use jiff::Timestamp;
use serde::Serialize;
use waymark_tagging::class::ClassSet;

use super::{Advertiser, Refused};

/// What came of reading the class files.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// When they were read last.
    pub tried_at: Timestamp,
    /// When they were accepted last; `None` if what is in force is from before the restart.
    pub accepted_at: Option<Timestamp>,
    /// Why they are refused; empty when they are in force. At most 100.
    pub problems: Vec<String>,
    /// What is unusual about them.
    pub notices: Vec<String>,
}

/// A class in force.
#[derive(Debug, Clone, Serialize)]
pub struct ClassReport {
    /// Its tag.
    pub tag: String,
    /// Its revision.
    pub rev: u32,
    /// The state that it came with.
    pub seq: u64,
    /// Keccak-256 of its canonical bytes.
    pub hash: String,
    /// When it ends.
    pub expires_at: String,
}

/// Everything about the requirements.
#[derive(Debug, Clone, Serialize)]
pub struct RequirementsReport {
    /// Number of the published state.
    pub seq: u64,
    /// Whose documents these are.
    pub gateway: String,
    /// Whether they are signed.
    pub signed: bool,
    /// Until when the published documents are valid.
    pub expires_at: Timestamp,
    /// The classes in force.
    pub classes: Vec<ClassReport>,
    /// What came of reading the files.
    pub files: LoadReport,
}

impl LoadReport {
    pub(super) const fn first(now: Timestamp) -> Self {
        Self { tried_at: now, accepted_at: None, problems: Vec::new(), notices: Vec::new() }
    }

    pub(super) fn accepted(&mut self, set: &ClassSet, now: Timestamp) {
        self.accepted_at = Some(now);
        self.problems.clear();
        self.notices = set.notices().iter().map(ToString::to_string).collect();
    }

    pub(super) fn refused(&mut self, refused: &Refused) {
        self.problems = match refused {
            Refused::Problems(problems) => problems.iter().map(ToString::to_string).collect(),
            other => vec![crate::orchestrator::error::chain(other)],
        };
    }
}

impl Advertiser {
    /// Everything about the requirements, for people.
    pub fn report(&self) -> RequirementsReport {
        let published = self.published();
        let class = |change: &waymark_tagging::document::Change| {
            let class = change.class.as_ref()?;
            Some(ClassReport {
                tag: change.tag.to_string(),
                rev: class.rev,
                seq: change.seq,
                hash: published.carried(&change.tag)?.hash.to_string(),
                expires_at: class.expires_at.to_string(),
            })
        };
        RequirementsReport {
            seq: published.seq(),
            gateway: format!("{:#x}", self.frame.identity.gateway),
            signed: self.frame.identity.signs(),
            expires_at: published.expires_at(),
            classes: published.classes().filter_map(class).collect(),
            files: self.loading.lock().report.clone(),
        }
    }
}
