//! What a book adds up to.

use std::collections::BTreeMap;

use alloy_primitives::U256;

use super::Leaf;
use crate::TagId;

/// A sum over payment sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Payment sessions.
    pub sessions: u64,
    /// Tickets, winning or not.
    pub tickets: u64,
    /// Expected value of these tickets in wei.
    pub ev_wei: U256,
}

impl Total {
    fn add(&mut self, leaf: &Leaf) {
        self.sessions = self.sessions.saturating_add(1);
        self.tickets = self.tickets.saturating_add(u64::from(leaf.ticket_count));
        // At most 2^20 leaves of 160 bits each.
        self.ev_wei = self.ev_wei.saturating_add(leaf.total_ev());
    }
}

/// Sums of a book. These are exact and say what the gateway declares, where redeemed tickets are a
/// sample and say what was paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Of the whole book.
    pub all: Total,
    /// Of each tag, not of those below it; 0 is untagged.
    pub by_tag: BTreeMap<TagId, Total>,
}

impl Totals {
    pub(super) fn of(leaves: &[Leaf]) -> Self {
        let mut totals = Self::default();
        for leaf in leaves {
            totals.all.add(leaf);
            totals.by_tag.entry(leaf.tag_id).or_default().add(leaf);
        }
        totals
    }
}
