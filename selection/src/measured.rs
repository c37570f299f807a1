//! What this gateway measured of each orchestrator, as facts that classes can ask for.
//!
//! ```text
//!   finished attempts, pings ──► Measured: the last few hundred of each node
//!                                   │
//!                                   ▼ facts(now)
//!                  slo.success_rate, slo.total_s.p95, net.rtt_ms.p50, … `evidence: observed`
//!                  once for each window that holds samples: 1 h, 24 h, 7 d
//! ```
//!
//! A statement about a window covers the newest samples within it. Of a node that does very much
//! they reach less far back than the window, which the matcher accepts: what happened lately
//! happened within it.

mod facts;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use waymark_tagging::Facts;

use crate::{Moment, NodeId};

/// Attempts remembered of one node.
const MOST_ATTEMPTS: usize = 512;
/// Round trips remembered of one node.
const MOST_PINGS: usize = 128;
/// Nodes remembered; beyond them the one heard of least recently is forgotten.
const MOST_NODES: usize = 4096;
/// Nothing older than this is remembered.
const OLDEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// One attempt at a segment, as far as it says something about the orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// It ended well. Attempts that failed for reasons of the gateway or the client are no samples.
    pub ok: bool,
    /// From its start to its end.
    pub total: Duration,
    /// Playing time of the segment; zero where unknown.
    pub media: Duration,
    /// Until the result, where it came.
    pub first_output: Option<Duration>,
    /// Bytes sent and the time it took until the orchestrator had taken the job.
    pub upload: Option<(u64, Duration)>,
    /// The stream had to leave the orchestrator after it.
    pub swapped: bool,
    /// Whether the result passed verification; `None` where nothing was verified.
    pub verified: Option<bool>,
}

/// Everything measured, by node.
#[derive(Debug, Default)]
pub struct Measured {
    nodes: HashMap<NodeId, Node>,
}

#[derive(Debug, Default)]
struct Node {
    attempts: VecDeque<(Moment, Sample)>,
    pings: VecDeque<(Moment, Duration)>,
    last: Moment,
}

impl Measured {
    /// An attempt ended.
    pub fn attempted(&mut self, node: &NodeId, sample: Sample, now: Moment) {
        let attempts = &mut self.node(node, now).attempts;
        push(attempts, (now, sample), MOST_ATTEMPTS);
        forget_before(attempts, now.saturating_sub(OLDEST));
    }

    /// A call without work came back after `round_trip`.
    pub fn pinged(&mut self, node: &NodeId, round_trip: Duration, now: Moment) {
        let pings = &mut self.node(node, now).pings;
        push(pings, (now, round_trip), MOST_PINGS);
        forget_before(pings, now.saturating_sub(OLDEST));
    }

    /// When something was measured of the node last.
    pub fn last(&self, node: &NodeId) -> Option<Moment> {
        self.nodes.get(node).map(|node| node.last)
    }

    /// What the measurements say: `evidence: observed`, with samples and window.
    pub fn facts(&self, node: &NodeId, now: Moment) -> Facts {
        self.nodes.get(node).map(|node| facts::of(node, now)).unwrap_or_default()
    }

    fn node(&mut self, id: &NodeId, now: Moment) -> &mut Node {
        if self.nodes.len() >= MOST_NODES && !self.nodes.contains_key(id) {
            let oldest = self.nodes.iter().min_by_key(|(_, node)| node.last);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.nodes.remove(&oldest);
            }
        }
        let node = self.nodes.entry(id.clone()).or_default();
        node.last = now;
        node
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}

fn forget_before<T>(list: &mut VecDeque<(Moment, T)>, oldest: Moment) {
    while list.front().is_some_and(|(at, _)| *at < oldest) {
        list.pop_front();
    }
}
