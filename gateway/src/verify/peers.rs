//! Fast verification as clients of stock gateways switch it on for a stream: who is compared with whom,
//! and what one stream remembers of it.

use std::{collections::HashSet, sync::Arc};

use parking_lot::Mutex;
use waymark_selection::NodeId;
use waymark_verification::{
    stock::pools::{self, Choice, Pool},
    trust::State,
};

use super::trust::Trust;
use crate::orchestrator::node::Node;

/// Orchestrators a stream remembers as suspended; past that the stream has other problems.
const REMEMBERED: usize = 64;

/// Fast verification of one stream.
#[derive(Debug, Default)]
pub struct Peers {
    frequency: u32,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// The untrusted one that may do segments alone.
    verified: Option<NodeId>,
    /// Those whose results differed.
    suspended: HashSet<NodeId>,
}

/// Orchestrators by how far they are vouched for, each pool in the order of selection.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    trusted: Vec<Arc<Node>>,
    untrusted: Vec<Arc<Node>>,
}

/// Who does one segment.
#[derive(Debug, Clone)]
pub enum Way {
    /// Whoever is selected.
    Usual,
    /// Only the one that was verified before.
    Verified(Arc<Node>),
    /// All of them, and their results are compared.
    Compare(Vec<(Pool, Arc<Node>)>),
}

impl Offered {
    /// Sorts orchestrators into pools. Whoever discovery gives a score of 1 is trusted. Where it gives
    /// nobody one, as a chain does, those are whom this gateway's own audits trust. Who is suspected
    /// is no measure of others, whoever vouches for it.
    pub fn of(
        nodes: Vec<Arc<Node>>,
        score: impl Fn(&NodeId) -> f64,
        state: impl Fn(&Node) -> State,
    ) -> Self {
        let vouched = |node: &Arc<Node>| Pool::of(score(node.id())) == Pool::Trusted;
        let anybody = nodes.iter().any(vouched);
        let mut offered = Self::default();
        for node in nodes {
            let trusted = match state(&node) {
                State::Out => continue,
                State::Suspected => false,
                State::Trusted if !anybody => true,
                _ => vouched(&node),
            };
            if trusted { offered.trusted.push(node) } else { offered.untrusted.push(node) }
        }
        offered
    }
}

impl Peers {
    /// `frequency` is `verificationFreq`: 0 is off, N compares one segment in N.
    pub fn new(frequency: u32) -> Self {
        Self { frequency, memory: Mutex::default() }
    }

    /// Whether the stream asks for it.
    pub const fn is_on(&self) -> bool {
        self.frequency > 0
    }

    /// Whether an untrusted orchestrator is verified now.
    pub fn has_verified(&self) -> bool {
        self.memory.lock().verified.is_some()
    }

    /// Who does the next segment. Nobody can foresee when results are compared: it is drawn each time.
    pub fn way(&self, mut offered: Offered) -> Way {
        let memory = self.memory.lock();
        for pool in [&mut offered.trusted, &mut offered.untrusted] {
            pool.retain(|node| !memory.suspended.contains(node.id()));
        }
        let ids = |nodes: &[Arc<Node>]| nodes.iter().map(|n| n.id().clone()).collect::<Vec<_>>();
        let (trusted, untrusted) = (ids(&offered.trusted), ids(&offered.untrusted));
        let all = || offered.trusted.iter().chain(&offered.untrusted);
        let node = |id: &NodeId| all().find(|node| node.id() == id).map(Arc::clone);
        let related = |a: &NodeId, b: &NodeId| match (node(a), node(b)) {
            (Some(a), Some(b)) => {
                Trust::identity(&a, None).same_operator(&Trust::identity(&b, None))
            }
            _ => false,
        };
        let pools = (trusted.as_slice(), untrusted.as_slice());
        let drawn = rand::random();
        match pools::choose(self.frequency, pools, memory.verified.as_ref(), drawn, related) {
            Choice::Usual => Way::Usual,
            Choice::Verified(id) => node(&id).map_or(Way::Usual, Way::Verified),
            Choice::Compare { trusted, untrusted } => {
                let trusted = node(&trusted).map(|node| (Pool::Trusted, node));
                let untrusted = untrusted.iter().filter_map(node).map(|n| (Pool::Untrusted, n));
                Way::Compare(trusted.into_iter().chain(untrusted).collect())
            }
        }
    }

    /// What a comparison came to.
    pub fn learn(&self, verified: Option<NodeId>, suspended: impl IntoIterator<Item = NodeId>) {
        let mut memory = self.memory.lock();
        for node in suspended {
            if memory.verified.as_ref() == Some(&node) {
                memory.verified = None;
            }
            if memory.suspended.len() < REMEMBERED {
                memory.suspended.insert(node);
            }
        }
        if verified.is_some() {
            memory.verified = verified;
        }
    }

    /// This one failed, so it does nothing alone until it was compared again.
    pub fn forget(&self, node: &NodeId) {
        let mut memory = self.memory.lock();
        memory.verified.take_if(|verified| verified == node);
    }

    /// Who does no more segments of this stream while there is anybody else.
    pub fn suspended(&self) -> HashSet<NodeId> {
        self.memory.lock().suspended.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str) -> Arc<Node> {
        Arc::new(Node::new(format!("https://{host}").parse().unwrap()).unwrap())
    }

    fn hosts(nodes: &[Arc<Node>]) -> Vec<&str> {
        nodes.iter().map(|node| node.url().host_str().unwrap()).collect()
    }

    fn offered(list: &[(&str, f64, State)]) -> Offered {
        let nodes = list.iter().map(|(host, ..)| node(host)).collect();
        let find = |id: &NodeId| list.iter().find(|(host, ..)| id.to_string().contains(host));
        Offered::of(nodes, |id| find(id).unwrap().1, |node| find(node.id()).unwrap().2)
    }

    #[tokio::test]
    async fn who_is_vouched_for_is_the_measure_unless_it_is_suspected() {
        let pools = offered(&[
            ("a.org", 1.0, State::New),
            ("b.org", 0.0, State::Trusted),
            ("c.org", 1.0, State::Suspected),
            ("d.org", 0.5, State::New),
            ("e.org", 1.0, State::Out),
        ]);
        assert_eq!(hosts(&pools.trusted), ["a.org"]);
        assert_eq!(hosts(&pools.untrusted), ["b.org", "c.org", "d.org"]);
    }

    #[tokio::test]
    async fn where_nobody_is_vouched_for_own_audits_are_the_measure() {
        let pools = offered(&[("a.org", 0.0, State::Trusted), ("b.org", 0.0, State::Probation)]);
        assert_eq!(
            (hosts(&pools.trusted), hosts(&pools.untrusted)),
            (vec!["a.org"], vec!["b.org"])
        );
    }

    #[tokio::test]
    async fn who_was_verified_works_alone_until_its_result_differs() {
        let list =
            [("a.org", 1.0, State::New), ("b.org", 0.0, State::New), ("c.org", 0.0, State::New)];
        let peers = Peers::new(u32::MAX);
        let Way::Compare(all) = peers.way(offered(&list)) else { panic!("nobody is verified") };
        assert_eq!(all.len(), 3);
        let b = all[1].1.id().clone();
        peers.learn(Some(b.clone()), []);
        // One chance in four billion of a comparison.
        let Way::Verified(alone) = peers.way(offered(&list)) else { panic!("b.org is verified") };
        assert_eq!(*alone.id(), b);
        peers.forget(all[2].1.id());
        assert!(peers.has_verified(), "another one failed");
        peers.learn(None, [b.clone()]);
        let Way::Compare(rest) = peers.way(offered(&list)) else { panic!("b.org is suspended") };
        let rest: Vec<_> = rest.into_iter().map(|(_, node)| node).collect();
        assert_eq!(hosts(&rest), ["a.org", "c.org"]);
        assert!(peers.suspended().contains(&b) && !peers.has_verified());
    }

    #[tokio::test]
    async fn a_stream_that_does_not_ask_is_served_as_usual() {
        let list = [("a.org", 1.0, State::New), ("b.org", 0.0, State::New)];
        assert!(matches!(Peers::new(0).way(offered(&list)), Way::Usual));
        assert!(matches!(Peers::new(1).way(offered(&list[..1])), Way::Usual));
    }
}
