//! What is known of each orchestrator, in the words of the classes, and what follows for each class.
//!
//! An answer to GetOrchestrator says what a node declares; a compact copy is kept for each class,
//! because facts are those about the models of a class. What this gateway measured of the node is
//! added when something is decided, so that decisions follow measurements. What is kept is forgotten
//! when classes change.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use serde::Serialize;
use waymark_proto::net::OrchestratorInfo;
use waymark_selection::{Measured, Moment, NodeId};
use waymark_tagging::{Decision, Facts, Tag, UnitPrice, Verdict, matching::ClassRef};

use super::{Advertiser, Published};
use crate::{orchestrator::node::Node, wire};

/// How long an answer is relied on. Orchestrators are asked again before.
pub(super) const FRESH: Duration = Duration::from_secs(15 * 60);
/// A decision is made anew this long after the last one at the earliest, if something was measured.
const DECIDED_FOR: Duration = Duration::from_secs(5);
/// And this long after it at the latest, because measurements leave their windows.
const DECIDED_AT_MOST: Duration = Duration::from_secs(60);
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
    /// What the orchestrator says of itself.
    declared: Facts,
    offer: Option<UnitPrice>,
    standing: Standing,
    /// When the decision was made.
    decided: Moment,
}

/// What follows for an orchestrator and a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Whether it gets work.
    pub decision: Decision,
    /// What stands between it and a pass, as people read it; empty if nothing does.
    pub missing: Vec<String>,
    /// The part of the class's preferences that it earns: 0 to 1.
    pub preference: f64,
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

    /// What is decided about a node, if it was heard lately and the classes are still the same.
    fn standing(
        &self,
        node: &NodeId,
        tag: &Tag,
        published: &Published,
        measured: &Mutex<Measured>,
        now: Moment,
    ) -> Option<Standing> {
        let mut nodes = self.0.lock();
        let heard = nodes.get_mut(node).filter(|heard| heard.is_fresh(published.seq(), now))?;
        let about = heard.by_tag.get_mut(tag)?;
        if let Some(known) = about.outdated(node, measured, now) {
            let class = published.matcher.of_tag(tag).next()?;
            about.standing = standing(published, class, &known, about.offer);
            about.decided = now;
        }
        Some(about.standing.clone())
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

impl About {
    /// Everything known now, if the decision was made with less.
    fn outdated(&self, node: &NodeId, measured: &Mutex<Measured>, now: Moment) -> Option<Facts> {
        let age = now.saturating_sub(self.decided);
        let measured = measured.lock();
        let last = measured.last(node)?;
        let news = last >= self.decided && age >= DECIDED_FOR;
        (news || age >= DECIDED_AT_MOST).then(|| self.known(&measured.facts(node, now)))
    }

    fn known(&self, measured: &Facts) -> Facts {
        let mut facts = self.declared.clone();
        facts.merge(measured);
        facts
    }
}

impl Advertiser {
    /// Remembers what an orchestrator says of itself, and says in the log what it is missing when that
    /// is news.
    pub fn learn(&self, node: &Node, info: &OrchestratorInfo) {
        let published = self.published();
        let now = self.clock.now();
        let measured = self.measured.lock().facts(node.id(), now);
        let about = |class: ClassRef<'_>| {
            let declared = wire::facts(info, class.class());
            let offer = wire::offered_price(info, class.class());
            let mut known = declared.clone();
            known.merge(&measured);
            let standing = standing(&published, class, &known, offer);
            About { declared, offer, standing, decided: now }
        };
        let classes = published.matcher.classes();
        let by_tag: HashMap<_, _> =
            classes.map(|class| (class.class().tag.clone(), about(class))).collect();
        for (tag, about) in &by_tag {
            let Standing { decision, missing, .. } = &about.standing;
            let before = self.standing(node.id(), tag);
            let changed = before.is_none_or(|before| before.decision != *decision);
            if changed && decision.verdict != Verdict::Pass {
                tracing::info!(
                    orchestrator = node.host(),
                    %tag,
                    verdict = %decision.verdict,
                    admission = %decision.admission,
                    missing = missing.join("; "),
                    "does not meet a class"
                );
            }
        }
        let heard = Heard { host: node.host().to_owned(), at: now, seq: published.seq(), by_tag };
        self.known.insert(node.id().clone(), heard);
    }

    /// What follows for a node and the class of a tag; `None` before it was heard, and without such
    /// a class.
    pub fn standing(&self, node: &NodeId, tag: &Tag) -> Option<Standing> {
        self.known.standing(node, tag, &self.published(), &self.measured, self.clock.now())
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
            .map(|(heard, about)| (heard, &about.standing))
            .filter(|(_, found)| found.decision.admission == waymark_tagging::Admission::No)
            .map(|(heard, found)| format!("{}: {}", heard.host, found.missing.join("; ")))
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
        let fresh = nodes.iter().filter(|(_, heard)| heard.is_fresh(published.seq(), now));
        for (node, heard) in fresh {
            if orchestrator.is_some_and(|wanted| wanted != heard.host) {
                continue;
            }
            for class in published.matcher.classes() {
                let of = &class.class().tag;
                let Some(about) = heard.by_tag.get(of) else { continue };
                if tag.is_some_and(|wanted| wanted != of.as_str()) {
                    continue;
                }
                let known = about.known(&self.measured.lock().facts(node, now));
                let candidate = published.matcher.candidate(&known);
                let explained = class.explain(&candidate, about.offer);
                found.push(NodeMatch {
                    orchestrator: heard.host.clone(),
                    heard_seconds_ago: now.saturating_sub(heard.at).as_secs(),
                    missing: missing(&explained),
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

fn standing(
    published: &Published,
    class: ClassRef<'_>,
    known: &Facts,
    offer: Option<UnitPrice>,
) -> Standing {
    let candidate = published.matcher.candidate(known);
    let explained = class.explain(&candidate, offer);
    let score = explained.score;
    let preference = match score.possible {
        0 => 0.0,
        possible => f64::from(score.earned) / f64::from(possible),
    };
    Standing { decision: explained.decision, missing: missing(&explained), preference }
}

fn missing(explained: &waymark_tagging::ClassMatch<'_>) -> Vec<String> {
    let mut missing: Vec<_> = explained.gaps().map(ToString::to_string).collect();
    if explained.decision.price == waymark_tagging::class::PriceVerdict::Above {
        missing.push(explained.price.to_string());
    }
    missing
}
