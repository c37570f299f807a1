//! One side of the comparison: an orchestrator's file of facts, or its node.

use std::borrow::Cow;

use waymark_proto::net::OrchestratorInfo;
use waymark_tagging::{Facts, JobClass, Problems, Registry, UnitPrice, facts::MAX_FACTS_BYTES};

use super::{MatchError, address, read};
use crate::{orchestrator::node::Node, signer::Signer, wire};

/// What is known of an orchestrator.
#[derive(Debug)]
pub(super) enum Orchestrator {
    /// From a file.
    File { label: String, facts: Facts },
    /// As the node describes itself.
    Node { host: String, info: Box<OrchestratorInfo> },
}

impl Orchestrator {
    pub(super) async fn load(source: &str, signer: &dyn Signer) -> Result<Self, MatchError> {
        let Some(url) = address(source) else { return Self::file(source) };
        let node = Node::new(url)?;
        let host = node.host().to_owned();
        let failed = |source| MatchError::Node { host: host.clone(), source };
        // Everything is asked for, whether there is room or not.
        let request = wire::orchestrator_request(signer, None, true, None)?;
        let info = node.get_orchestrator(request).await.map_err(failed)?;
        Ok(Self::Node { host, info: Box::new(info) })
    }

    fn file(path: &str) -> Result<Self, MatchError> {
        let bytes = read(path, MAX_FACTS_BYTES)?;
        let facts = match str::from_utf8(&bytes) {
            // JSON is told apart for its messages; the YAML reader would read most of it, too.
            Ok(text) if !text.trim_start().starts_with('{') => Facts::from_yaml(path, text),
            Ok(_) => Facts::from_json(path, &bytes),
            Err(_) => Err(not_text(path)),
        };
        let facts = facts.map_err(MatchError::Malformed)?;
        Ok(Self::File { label: path.to_owned(), facts })
    }

    /// What it is called in reports.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::File { label, .. } => label,
            Self::Node { host, .. } => host,
        }
    }

    /// What is known of it, as far as `class` is concerned.
    pub(super) fn facts(&self, class: &JobClass) -> Cow<'_, Facts> {
        match self {
            Self::File { facts, .. } => Cow::Borrowed(facts),
            Self::Node { info, .. } => Cow::Owned(wire::facts(info, class)),
        }
    }

    /// What it asks for the work of `class`.
    pub(super) fn price(&self, class: &JobClass) -> Option<UnitPrice> {
        match self {
            Self::File { .. } => None,
            Self::Node { info, .. } => wire::offered_price(info, class),
        }
    }

    /// What its operator may want to look at.
    pub(super) fn notices(&self, tags: &Registry) -> Vec<String> {
        match self {
            Self::File { facts, .. } => facts.notices(tags.vocabulary()),
            Self::Node { .. } => Vec::new(),
        }
    }
}

pub(super) fn not_text(label: &str) -> Problems {
    let mut problems = Problems::default();
    problems.refuse(&label.into(), "is not UTF-8 text");
    problems
}
