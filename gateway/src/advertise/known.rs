//! What is known of each orchestrator, in the words of the classes, and what follows for each class.
//!
//! An answer to GetOrchestrator says everything that is known; a compact copy is kept for each class,
//! because facts are those about the models of a class. What is kept is forgotten when classes change.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use serde::Serialize;
use waymark_proto::net::OrchestratorInfo;
use waymark_selection::{Moment, NodeId};
use waymark_tagging::{Decision, Facts, Tag, UnitPrice, Verdict};

use super::{Advertiser, Published};
use crate::{orchestrator::node::Node, wire};

/// How long an answer is relied on. Orchestrators are asked again before.
pub(super) const FRESH: Duration = Duration::from_secs(15 * 60);
/// Most orchestrators remembered; beyond them the ones heard least recently are forgotten.
const MOST_NODES: usize = 20_000;

/// By orchestrator.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<NodeId, Heard>>);

#[derive(Debug)]
struct Heard {
    host: String,
    at: Moment,
    /// The state of the classes that it was compared with.
    seq: u64,
    by_tag: HashMap<Tag, About>,
}

#[derive(Debug, Clone)]
struct About {
    facts: Facts,
    offer: Option<UnitPrice>,
    decision: Decision,
    /// What stands between it and a pass, as people read it; empty if nothing does.
    missing: Vec<String>,
}

/// One orchestrator and one class, with every check.
#[derive(Debug, Clone, Serialize)]
pub struct NodeMatch {
    /// `host:port`.
    pub orchestrator: String,
    /// How long ago it described itself, in seconds.
    pub heard_seconds_ago: u64,
    /// What stands between it and a pass.
    pub missing: Vec<String>,
    /// As in `tagging/schemas/class-match.schema.json`.
    pub class: serde_json::Value,
}

impl Known {
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }

    /// What was decided about a node, if it was heard lately and the classes are still the same.
    pub(super) fn decision(
        &self,
        node: &NodeId,
        tag: &Tag,
        seq: u64,
        now: Moment,
    ) -> Option<(Decision, Vec<String>)> {
        let nodes = self.0.lock();
        let heard = nodes.get(node).filter(|heard| heard.is_fresh(seq, now))?;
        heard.by_tag.get(tag).map(|about| (about.decision, about.missing.clone()))
    }

    /// Whether the node should be asked to describe itself.
    pub(super) fn is_due(&self, node: &NodeId, seq: u64, now: Moment) -> bool {
        let nodes = self.0.lock();
        nodes
            .get(node)
            .is_none_or(|heard| heard.seq != seq || now.saturating_sub(heard.at) > FRESH / 3)
    }

    fn insert(&self, node: NodeId, heard: Heard) {
        let mut nodes = self.0.lock();
        if nodes.len() >= MOST_NODES && !nodes.contains_key(&node) {
            let oldest = nodes.iter().min_by_key(|(_, heard)| heard.at).map(|(id, _)| id.clone());
            oldest.and_then(|id| nodes.remove(&id));
        }
        nodes.insert(node, heard);
    }
}

impl Heard {
    fn is_fresh(&self, seq: u64, now: Moment) -> bool {
        self.seq == seq && now.saturating_sub(self.at) <= FRESH
    }
}

impl Advertiser {
    /// Remembers what an orchestrator says of itself, and says in the log what it is missing when that
    /// is news.
    pub fn learn(&self, node: &Node, info: &OrchestratorInfo) {
        let published = self.published();
        let now = self.clock.now();
        let by_tag: HashMap<_, _> = published
            .matcher
            .classes()
            .map(|class| (class.class().tag.clone(), about(&published, info, class)))
            .collect();
        for (tag, about) in &by_tag {
            let before = self.known.decision(node.id(), tag, published.seq(), now);
            let changed = before.is_none_or(|(decision, _)| decision != about.decision);
            if changed && about.decision.verdict != Verdict::Pass {
                tracing::info!(
                    orchestrator = node.host(),
                    %tag,
                    verdict = %about.decision.verdict,
                    admission = %about.decision.admission,
                    missing = about.missing.join("; "),
                    "does not meet a class"
                );
            }
        }
        let heard = Heard { host: node.host().to_owned(), at: now, seq: published.seq(), by_tag };
        self.known.insert(node.id().clone(), heard);
    }

    /// What was decided about a node and the class of a tag; `None` before it was heard.
    pub fn decision(&self, node: &Node, tag: &Tag) -> Option<(Decision, Vec<String>)> {
        self.known.decision(node.id(), tag, self.published().seq(), self.clock.now())
    }

    /// Whether the node should be asked to describe itself.
    pub fn is_due(&self, node: &Node) -> bool {
        self.known.is_due(node.id(), self.published().seq(), self.clock.now())
    }

    /// Known orchestrators that get no work of this class, and what one of them is missing.
    pub fn unqualified(&self, tag: &Tag) -> (usize, Option<String>) {
        let (seq, now) = (self.published().seq(), self.clock.now());
        let nodes = self.known.0.lock();
        let mut failing: Vec<_> = nodes
            .values()
            .filter(|heard| heard.is_fresh(seq, now))
            .filter_map(|heard| Some((heard, heard.by_tag.get(tag)?)))
            .filter(|(_, about)| about.decision.admission == waymark_tagging::Admission::No)
            .map(|(heard, about)| format!("{}: {}", heard.host, about.missing.join("; ")))
            .collect();
        failing.sort();
        (failing.len(), failing.into_iter().next())
    }

    /// Every known orchestrator against every class, by orchestrator and tag; of one orchestrator or
    /// one tag where they are given.
    pub fn matches(&self, orchestrator: Option<&str>, tag: Option<&str>) -> Vec<NodeMatch> {
        let published = self.published();
        let now = self.clock.now();
        let nodes = self.known.0.lock();
        let mut found = Vec::new();
        for heard in nodes.values().filter(|heard| heard.is_fresh(published.seq(), now)) {
            if orchestrator.is_some_and(|wanted| wanted != heard.host) {
                continue;
            }
            for class in published.matcher.classes() {
                let of = &class.class().tag;
                let Some(about) = heard.by_tag.get(of) else { continue };
                if tag.is_some_and(|wanted| wanted != of.as_str()) {
                    continue;
                }
                let candidate = published.matcher.candidate(&about.facts);
                let explained = class.explain(&candidate, about.offer);
                found.push(NodeMatch {
                    orchestrator: heard.host.clone(),
                    heard_seconds_ago: now.saturating_sub(heard.at).as_secs(),
                    missing: about.missing.clone(),
                    class: serde_json::to_value(&explained).unwrap_or_default(),
                });
            }
        }
        drop(nodes);
        let key = |one: &NodeMatch| (one.orchestrator.clone(), one.class["tag"].to_string());
        found.sort_by_cached_key(key);
        found
    }
}

fn about(
    published: &Published,
    info: &OrchestratorInfo,
    class: waymark_tagging::matching::ClassRef<'_>,
) -> About {
    let facts = wire::facts(info, class.class());
    let offer = wire::offered_price(info, class.class());
    let candidate = published.matcher.candidate(&facts);
    let explained = class.explain(&candidate, offer);
    let mut missing: Vec<_> = explained.gaps().map(ToString::to_string).collect();
    if explained.decision.price == waymark_tagging::class::PriceVerdict::Above {
        missing.push(explained.price.to_string());
    }
    let decision = explained.decision;
    About { facts, offer, decision, missing }
}
