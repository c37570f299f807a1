//! What is known of every orchestrator, and the order in which to try them.
//!
//! A node is *up*, *down* or not yet *known*; a node that failed is set aside for a time that grows
//! with repeated failures, a full one for a short fixed time. Nobody is dropped for good: nodes set
//! aside come last in the order, so that a stream is refused only when nobody at all is left.

use std::{collections::BTreeMap, time::Duration};

use crate::{Moment, NodeId};

/// First time a failed node is set aside; doubles with each failure in a row.
const SET_ASIDE_FIRST: Duration = Duration::from_secs(5);
/// Longest time a failed node is set aside.
const SET_ASIDE_MAX: Duration = Duration::from_secs(120);
/// How long a full node is left alone. A slot is free again after EndTranscodingSession.
const FULL_FOR: Duration = Duration::from_secs(3);
/// Weight of the newest attempt in the running real-time ratio.
const NEWEST: f64 = 0.3;

/// What the background knows of a node's reachability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No probe has come back yet.
    Unknown,
    /// The last probe or attempt reached it.
    Up,
    /// The last probe failed.
    Down,
}

/// Why a node is being set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It failed a job or broke the protocol.
    Fault,
    /// It has no free session: not a fault, and over soon.
    Full,
    /// It cannot do this kind of job; other jobs are not affected.
    Incapable,
}

#[derive(Debug, Clone)]
struct Node {
    standing: Standing,
    rpc_latency: Option<Duration>,
    /// Attempt time divided by media time: below 1 is faster than real time.
    ratio: Option<f64>,
    failures: u32,
    set_aside_until: Moment,
    full_until: Moment,
    sessions: u32,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            standing: Standing::Unknown,
            rpc_latency: None,
            ratio: None,
            failures: 0,
            set_aside_until: Moment::ZERO,
            full_until: Moment::ZERO,
            sessions: 0,
        }
    }
}

/// The orchestrators known, and what was seen of each.
#[derive(Debug, Default)]
pub struct Pool {
    nodes: BTreeMap<NodeId, Node>,
}

/// How many nodes stand where: what an operator sees, and the histogram of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Configured or discovered.
    pub known: usize,
    /// Ready to take work now.
    pub ready: usize,
    /// Did not answer the last probe.
    pub down: usize,
    /// Set aside after failures.
    pub set_aside: usize,
    /// Had no free session a moment ago.
    pub full: usize,
    /// Not probed yet.
    pub unknown: usize,
}

impl Pool {
    /// Replaces the set of nodes; what is known of those that stay is kept.
    pub fn set_nodes(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        let mut previous = std::mem::take(&mut self.nodes);
        self.nodes = nodes
            .into_iter()
            .map(|id| {
                let node = previous.remove(&id).unwrap_or_default();
                (id, node)
            })
            .collect();
    }

    /// A probe or call reached the node, and took this long.
    pub fn reached(&mut self, id: &NodeId, latency: Duration) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.standing = Standing::Up;
            node.rpc_latency = Some(latency);
        }
    }

    /// A probe did not reach the node.
    pub fn unreachable(&mut self, id: &NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.standing = Standing::Down;
        }
    }

    /// An attempt ended well: `took` for `media` of video.
    pub fn succeeded(&mut self, id: &NodeId, took: Duration, media: Duration) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        // Very short segments say more about round trips than about speed (go-livepeer's floor).
        let sample = took.as_secs_f64() / media.as_secs_f64().max(1.5);
        node.ratio = Some(node.ratio.map_or(sample, |old| old + NEWEST * (sample - old)));
        node.standing = Standing::Up;
        node.failures = 0;
        node.set_aside_until = Moment::ZERO;
    }

    /// An attempt failed.
    pub fn failed(&mut self, id: &NodeId, failure: Failure, now: Moment) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        match failure {
            Failure::Fault => {
                let time = SET_ASIDE_FIRST
                    .saturating_mul(2_u32.saturating_pow(node.failures.min(16)))
                    .min(SET_ASIDE_MAX);
                node.failures = node.failures.saturating_add(1);
                node.set_aside_until = now + time;
            }
            Failure::Full => node.full_until = now + FULL_FOR,
            Failure::Incapable => {}
        }
    }

    /// A session was opened on the node.
    pub fn opened(&mut self, id: &NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.sessions = node.sessions.saturating_add(1);
        }
    }

    /// A session of the node ended.
    pub fn closed(&mut self, id: &NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.sessions = node.sessions.saturating_sub(1);
        }
    }

    /// Nodes in the order they should be tried: ready ones by load, speed and distance; then those
    /// set aside, as a last resort. Nodes that are down or full are left out.
    pub fn rank(&self, now: Moment) -> Vec<NodeId> {
        self.rank_preferring(now, |_| 0.0)
    }

    /// The same with a preference for each node, from 0 (none of what is preferred holds) to 1 (all
    /// of it). Preferences weigh load, as the weights of a least-connections balancer do: a node that
    /// earns all of them is given up to twice the sessions of one that earns none. Between nodes that
    /// are equally loaded by that measure the more preferred goes first. They make up for no fault
    /// and for no slowness.
    pub fn rank_preferring(&self, now: Moment, preference: impl Fn(&NodeId) -> f64) -> Vec<NodeId> {
        struct Ranked<'a> {
            id: &'a NodeId,
            node: &'a Node,
            preference: f64,
            load: f64,
        }
        let eligible = self.nodes.iter();
        let eligible =
            eligible.filter(|(_, n)| n.standing != Standing::Down && n.full_until <= now);
        let mut order: Vec<Ranked<'_>> = eligible
            .map(|(id, node)| {
                let preference = preference(id).clamp(0.0, 1.0);
                let load = (f64::from(node.sessions) + 1.0) / (1.0 + preference);
                Ranked { id, node, preference, load }
            })
            .collect();
        order.sort_by(|a, b| {
            let aside = |n: &Node| n.set_aside_until > now;
            let slow = |n: &Node| n.ratio.is_some_and(|r| r > 1.0);
            let unseen = |n: &Node| n.standing == Standing::Unknown;
            let group = |n: &Node| (aside(n), slow(n), unseen(n));
            group(a.node)
                .cmp(&group(b.node))
                .then_with(|| a.load.total_cmp(&b.load))
                .then_with(|| b.preference.total_cmp(&a.preference))
                .then_with(|| score(a.node).total_cmp(&score(b.node)))
        });
        order.into_iter().map(|ranked| ranked.id.clone()).collect()
    }

    /// How the nodes stand now.
    pub fn census(&self, now: Moment) -> Census {
        let mut census = Census { known: self.nodes.len(), ..Census::default() };
        for node in self.nodes.values() {
            let slot = if node.standing == Standing::Down {
                &mut census.down
            } else if node.set_aside_until > now {
                &mut census.set_aside
            } else if node.full_until > now {
                &mut census.full
            } else if node.standing == Standing::Unknown {
                &mut census.unknown
            } else {
                &mut census.ready
            };
            *slot += 1;
        }
        census
    }

    /// Every node with its standing and last latency, for people to read.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeId, Standing, Option<Duration>)> {
        self.nodes.iter().map(|(id, n)| (id, n.standing, n.rpc_latency))
    }
}

/// Lower is better: the real-time ratio where known, else a figure that puts near nodes first.
fn score(node: &Node) -> f64 {
    let distance = node.rpc_latency.map_or(1.0, |d| d.as_secs_f64());
    node.ratio.unwrap_or(0.0) + distance
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_secs(seconds)
    }

    fn pool(names: &[&str]) -> (Pool, Vec<NodeId>) {
        let ids: Vec<_> = names.iter().map(|n| NodeId::new(n)).collect();
        let mut pool = Pool::default();
        pool.set_nodes(ids.clone());
        for id in &ids {
            pool.reached(id, Duration::from_millis(10));
        }
        (pool, ids)
    }

    #[test]
    fn load_spreads_streams_over_equal_nodes() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.opened(&ids[0]);
        assert_eq!(pool.rank(at(0)), [ids[1].clone(), ids[0].clone()]);
    }

    #[test]
    fn a_node_that_earns_all_preferences_takes_twice_the_sessions() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        let wanted = ids[1].clone();
        let mut taken = [0, 0];
        for _ in 0..30 {
            let first = pool.rank_preferring(at(0), |id| f64::from(*id == wanted))[0].clone();
            taken[usize::from(first == wanted)] += 1;
            pool.opened(&first);
        }
        assert_eq!(taken, [10, 20]);
    }

    #[test]
    fn a_preference_makes_up_for_no_failure_and_no_number_is_none() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.failed(&ids[0], Failure::Fault, at(0));
        assert_eq!(pool.rank_preferring(at(1), |id| f64::from(*id == ids[0]))[0], ids[1]);
        assert_eq!(pool.rank_preferring(at(9), |_| f64::NAN).len(), 2);
    }

    #[test]
    fn a_near_node_goes_before_a_far_one() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.reached(&ids[0], Duration::from_millis(200));
        assert_eq!(pool.rank(at(0))[0], ids[1]);
    }

    #[test]
    fn a_node_slower_than_real_time_is_tried_after_others() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.succeeded(&ids[0], at(4), at(2));
        pool.opened(&ids[1]);
        assert_eq!(pool.rank(at(0))[0], ids[1]);
    }

    #[test]
    fn a_failed_node_comes_last_but_comes() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.failed(&ids[0], Failure::Fault, at(0));
        assert_eq!(pool.rank(at(1)), [ids[1].clone(), ids[0].clone()]);
        assert_eq!(pool.census(at(1)).set_aside, 1);
        assert_eq!(pool.census(at(6)).set_aside, 0);
    }

    #[test]
    fn repeated_failures_set_aside_for_longer_up_to_a_bound() {
        let (mut pool, ids) = pool(&["https://a:1"]);
        for _ in 0..40 {
            pool.failed(&ids[0], Failure::Fault, at(0));
        }
        assert_eq!(pool.census(at(119)).set_aside, 1);
        assert_eq!(pool.census(at(121)).set_aside, 0);
    }

    #[test]
    fn a_full_node_is_left_alone_for_a_moment() {
        let (mut pool, ids) = pool(&["https://a:1"]);
        pool.failed(&ids[0], Failure::Full, at(0));
        assert!(pool.rank(at(1)).is_empty());
        assert_eq!(pool.census(at(1)).full, 1);
        assert_eq!(pool.rank(at(4)), ids);
    }

    #[test]
    fn a_node_that_is_down_is_not_tried_until_it_is_seen_again() {
        let (mut pool, ids) = pool(&["https://a:1"]);
        pool.unreachable(&ids[0]);
        assert!(pool.rank(at(0)).is_empty());
        pool.reached(&ids[0], Duration::from_millis(1));
        assert_eq!(pool.rank(at(0)), ids);
    }

    #[test]
    fn a_new_list_keeps_what_is_known_of_nodes_that_stay() {
        let (mut pool, ids) = pool(&["https://a:1", "https://b:1"]);
        pool.unreachable(&ids[0]);
        pool.set_nodes([ids[0].clone(), NodeId::new("https://c:1/")]);
        assert_eq!(pool.rank(at(0)), [NodeId::new("https://c:1")]);
    }
}
