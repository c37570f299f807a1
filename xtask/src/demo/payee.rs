//! What an orchestrator says of its payments, on its port for reports.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Its report, as far as the demo needs it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Report {
    pub(super) payments: Payments,
}

/// Payments since it was started.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payments {
    /// Tickets it would not take, by reason.
    pub(super) tickets_rejected: BTreeMap<String, u64>,
    /// Winners that are not redeemed yet.
    pub(super) winners_waiting: u64,
    /// Winners given up, by reason.
    pub(super) winners_dropped: BTreeMap<String, u64>,
    /// By number of the tag.
    pub(super) tags: BTreeMap<u32, OfTag>,
}

/// Payments under one tag.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct OfTag {
    /// Winning tickets.
    pub(super) winners: u64,
}
