//! What a payee was paid: tickets, winners and wei, in all and under each tag.

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::U256;
use num_rational::BigRational;
use num_traits::Zero as _;
use serde::{Serialize, Serializer};

use super::winners::Winner;
use crate::ticket::{Ticket, big, floor};

/// Tags told apart; tickets under further ones count in the totals only.
const MAX_TAGS: usize = 4096;

/// An exact amount of wei. Written as its whole part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wei(BigRational);

impl Wei {
    /// The whole part.
    pub fn floor(&self) -> U256 {
        floor(&self.0)
    }

    pub(crate) fn add(&mut self, amount: &BigRational) {
        self.0 += amount;
    }

    fn add_whole(&mut self, amount: &U256) {
        self.0 += big(amount);
    }
}

impl Default for Wei {
    fn default() -> Self {
        Self(BigRational::zero())
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.floor().fmt(f)
    }
}

impl Serialize for Wei {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Payments of one orchestrator since it was started, restarts included.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PaymentStats {
    /// Payments taken, those without tickets included.
    pub payments: u64,
    /// Payments refused, by text without what varies; a short balance included.
    pub payments_refused: BTreeMap<String, u64>,
    /// Tickets looked at.
    pub tickets: u64,
    /// Tickets credited.
    pub tickets_credited: u64,
    /// Tickets not credited, by reason.
    pub tickets_rejected: BTreeMap<String, u64>,
    /// Expected value of the tickets credited.
    pub credited_wei: Wei,
    /// What the pixels made cost.
    pub debited_wei: Wei,
    /// Winning tickets, each once, whether it was credited or not.
    pub winners: u64,
    /// Winners not redeemed yet.
    pub winners_waiting: usize,
    /// Winners given up, by reason.
    pub winners_dropped: BTreeMap<String, u64>,
    /// Winners redeemed.
    pub redeemed: u64,
    /// Face value of the winners redeemed.
    pub redeemed_wei: Wei,
    /// Attempts to redeem that failed, by text.
    pub redeem_errors: BTreeMap<String, u64>,
    /// Parameters renewed at `/refresh-payment`.
    pub refreshes: u64,
    /// Refused there, by text.
    pub refreshes_refused: BTreeMap<String, u64>,
    /// The same by tag: the index above the low ten bits of a ticket's nonce.
    pub tags: BTreeMap<u32, TagEarnings>,
}

/// What was earned under one tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TagEarnings {
    /// Tickets credited.
    pub tickets: u64,
    /// Their expected value.
    pub credited_wei: Wei,
    /// Winners, credited or not.
    pub winners: u64,
    /// Their face value.
    pub won_wei: Wei,
    /// Winners redeemed.
    pub redeemed: u64,
    /// Their face value.
    pub redeemed_wei: Wei,
}

impl PaymentStats {
    /// Tickets not credited, for any reason.
    pub fn rejected(&self) -> u64 {
        self.tickets_rejected.values().sum()
    }

    pub(crate) fn credited(&mut self, ticket: &Ticket, value: &BigRational) {
        self.tickets_credited += 1;
        self.credited_wei.add(value);
        if let Some(tag) = self.tag(ticket.tag()) {
            tag.tickets += 1;
            tag.credited_wei.add(value);
        }
    }

    pub(crate) fn won(&mut self, winner: &Winner) {
        self.winners += 1;
        if let Some(tag) = self.tag(winner.ticket.tag()) {
            tag.winners += 1;
            tag.won_wei.add_whole(&winner.ticket.face_value);
        }
    }

    pub(crate) fn paid_out(&mut self, winner: &Winner) {
        self.redeemed += 1;
        self.redeemed_wei.add_whole(&winner.ticket.face_value);
        if let Some(tag) = self.tag(winner.ticket.tag()) {
            tag.redeemed += 1;
            tag.redeemed_wei.add_whole(&winner.ticket.face_value);
        }
    }

    fn tag(&mut self, index: u32) -> Option<&mut TagEarnings> {
        let room = self.tags.len() < MAX_TAGS || self.tags.contains_key(&index);
        room.then(|| self.tags.entry(index).or_default())
    }
}
