//! The requirements of one job's tag, where an orchestrator is chosen for it.

use std::{fmt, sync::Arc};

use waymark_proto::net::OrchestratorInfo;
use waymark_selection::NodeId;
use waymark_tagging::{Admission, Tag};

use super::Advertiser;
use crate::{orchestrator::node::Node, wire::InfoError};

/// Chance: a number from 0 up to 1, each as likely as any other.
#[derive(Clone)]
pub struct Draw(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Draw {
    /// Numbers from this source.
    pub fn new(source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Numbers nobody knows beforehand.
    pub fn random() -> Self {
        Self::new(rand::random::<f64>)
    }

    pub(crate) fn next(&self) -> f64 {
        (self.0)()
    }
}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draw")
    }
}

/// What the class of a tag asks of orchestrators. The class is looked up each time, so a stream
/// follows changes of the classes with its next session.
#[derive(Debug, Clone)]
pub struct Qualification {
    advertiser: Arc<Advertiser>,
    tag: Tag,
}

impl Qualification {
    /// For jobs of a tag.
    pub fn new(advertiser: Arc<Advertiser>, tag: Tag) -> Self {
        Self { advertiser, tag }
    }

    /// How much of what the class prefers the node earns, 0 to 1; 0 for whoever was never heard.
    pub fn preference(&self, node: &NodeId) -> f64 {
        self.advertiser.standing(node, &self.tag).map_or(0.0, |standing| standing.preference)
    }

    /// Orchestrators that may be asked, in the order they should be. Those that fail the class are
    /// left out. Those of whom too little is known come first for the share of sessions that the
    /// settings name, and after everybody else otherwise: they take work from nobody who is proven,
    /// and nobody is refused while only they are there. Whoever was never heard is asked.
    pub fn admitted(&self, ranked: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
        let percent = f64::from(self.advertiser.frame.settings.probe_percent);
        let mut proven = Vec::with_capacity(ranked.len());
        let mut newcomers = Vec::new();
        for node in ranked {
            match self.advertiser.standing(node.id(), &self.tag) {
                None => proven.push(node),
                Some(standing) => match standing.decision.admission {
                    Admission::Yes => proven.push(node),
                    Admission::Probe => newcomers.push(node),
                    Admission::No => tracing::debug!(
                        orchestrator = node.host(),
                        tag = %self.tag,
                        missing = standing.missing.join("; "),
                        "left out"
                    ),
                },
            }
        }
        if newcomers.is_empty() {
            return proven;
        }
        if self.advertiser.draw.next() * 100.0 < percent {
            newcomers.append(&mut proven);
            newcomers
        } else {
            proven.append(&mut newcomers);
            proven
        }
    }

    /// Remembers what the orchestrator said and refuses it if it fails the class.
    pub fn check(&self, node: &Node, said: &OrchestratorInfo) -> Result<(), InfoError> {
        self.advertiser.learn(node, said);
        match self.advertiser.standing(node.id(), &self.tag) {
            Some(standing) if standing.decision.admission == Admission::No => {
                Err(InfoError::Unqualified {
                    tag: self.tag.to_string(),
                    missing: standing.missing.join("; "),
                })
            }
            _ => Ok(()),
        }
    }
}
