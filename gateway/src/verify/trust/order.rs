//! Trust where an orchestrator is chosen for a stream.

use std::{collections::BTreeSet, sync::Arc};

use waymark_verification::trust;

use super::{Trust, kind_of};
use crate::{advertise::Draw, orchestrator::node::Node, profile::Profile};

/// What trust says for the jobs of one stream.
#[derive(Debug, Clone)]
pub struct Trusting {
    pub(super) trust: Arc<Trust>,
    pub(super) tag: String,
    pub(super) kinds: Arc<[&'static str]>,
    pub(super) draw: Draw,
}

impl Trusting {
    /// For streams of a tag with these renditions.
    pub fn new(trust: Arc<Trust>, tag: String, profiles: &[Profile], draw: Draw) -> Self {
        let kinds: BTreeSet<_> = profiles.iter().map(kind_of).collect();
        Self { trust, tag, kinds: kinds.into_iter().collect(), draw }
    }

    /// Who may be asked, in the order they should be: nobody who is out; suspects after everybody
    /// else, but for the share of sessions in which they may show what they are.
    pub fn admitted(&self, ranked: &[Arc<Node>]) -> Vec<Arc<Node>> {
        let state = |node: &Arc<Node>| {
            let kinds = self.kinds.iter().copied();
            let standing = self.trust.standing(&Trust::identity(node, None), &self.tag, kinds);
            if standing.state == trust::State::Out {
                tracing::debug!(orchestrator = node.host(), why = standing.why, "left out");
            }
            standing.state
        };
        let states: Vec<_> = ranked.iter().map(state).collect();
        let suspects = states.contains(&trust::State::Suspected);
        let look =
            suspects && self.draw.next() * 100.0 < f64::from(self.trust.settings.look_percent);
        let order = trust::order(&states, look);
        order.into_iter().filter_map(|i| ranked.get(i).map(Arc::clone)).collect()
    }

    /// Whether it gets no more segments, not even in a session that is open.
    pub fn is_out(&self, node: &Node) -> bool {
        self.trust.out(node).is_some()
    }
}
