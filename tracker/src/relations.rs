//! Who pays whom, and which of these pairs may be one owner paying himself.
//!
//! A gateway that pays an orchestrator of its own gets the money back and inflates demand at the cost
//! of gas (payments-contracts 6.6). The chain does not tell owners, so this is suspicion, not proof:
//!
//! | reason | what the logs show |
//! |---|---|
//! | `same_address` | sender and recipient are one account |
//! | `operator` | the recipient writes, or wrote, for the gateway in the registry |
//! | `delegation` | the gateway, or an operator of it, delegates to the recipient (needs the BondingManager's logs) |
//! | `exclusive_pair` | 10 winners or more, and each has at least 90 % of what it paid or earned from the other |
//!
//! The last one also meets a small honest gateway whose only orchestrator serves nobody else.

use std::collections::{HashMap, HashSet};

use alloy_primitives::Address;
use serde::{Serialize, Serializer};

use crate::amount::Wei;
use crate::redemption::Redemption;
use crate::registry::Registry;

/// Winners from which a pair is judged by its shares.
pub const EXCLUSIVE_WINNERS: u64 = 10;
/// Share of what either side paid or earned that makes a pair exclusive, in hundredths.
pub const EXCLUSIVE_PERCENT: u64 = 90;

/// Why a pair may be one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// Sender and recipient are one account.
    SameAddress,
    /// The recipient writes for the gateway.
    Operator,
    /// The gateway delegates to the recipient.
    Delegation,
    /// Nearly all of what either side pays or earns.
    ExclusivePair,
}

const ALL: [Reason; 4] =
    [Reason::SameAddress, Reason::Operator, Reason::Delegation, Reason::ExclusivePair];

impl Reason {
    /// As it stands in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameAddress => "same_address",
            Self::Operator => "operator",
            Self::Delegation => "delegation",
            Self::ExclusivePair => "exclusive_pair",
        }
    }
}

/// A set of reasons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(u8);

impl Reasons {
    fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u8;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        ALL.into_iter().filter(move |reason| self.0 & (1 << *reason as u8) != 0)
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Reason::name))
    }
}

#[derive(Debug, Default)]
struct Pair {
    winners: u64,
    paid: Wei,
}

/// All payments by pair, over everything that was read.
#[derive(Debug, Default)]
pub struct Relations {
    pairs: HashMap<(Address, Address), Pair>,
    spent: HashMap<Address, Wei>,
    earned: HashMap<Address, Wei>,
    /// Delegator and delegate.
    bonds: HashSet<(Address, Address)>,
    operators: HashMap<Address, Vec<Address>>,
}

impl Relations {
    /// Relations that the registry and the delegations tell, without payments yet.
    pub fn new(registry: &Registry, bonds: impl IntoIterator<Item = (Address, Address)>) -> Self {
        let mut operators: HashMap<Address, Vec<Address>> = HashMap::new();
        for (gateway, operator) in registry.operators() {
            operators.entry(gateway).or_default().push(operator);
        }
        Self { bonds: bonds.into_iter().collect(), operators, ..Self::default() }
    }

    /// Counts a payment.
    pub fn add(&mut self, redemption: &Redemption) {
        let Redemption { sender, recipient, .. } = *redemption;
        let paid = redemption.paid.unwrap_or_default();
        let pair = self.pairs.entry((sender, recipient)).or_default();
        pair.winners = pair.winners.saturating_add(1);
        pair.paid.add(paid);
        self.spent.entry(sender).or_default().add(paid);
        self.earned.entry(recipient).or_default().add(paid);
    }

    /// Why this gateway may be paying itself when it pays this orchestrator.
    pub fn reasons(&self, gateway: Address, recipient: Address) -> Reasons {
        let mut reasons = Reasons::default();
        if gateway == recipient {
            reasons.insert(Reason::SameAddress);
        }
        let operators = self.operators.get(&gateway).map_or(&[][..], Vec::as_slice);
        if operators.contains(&recipient) {
            reasons.insert(Reason::Operator);
        }
        let delegators = std::iter::once(&gateway).chain(operators);
        if delegators.into_iter().any(|who| self.bonds.contains(&(*who, recipient))) {
            reasons.insert(Reason::Delegation);
        }
        if self.is_exclusive(gateway, recipient) {
            reasons.insert(Reason::ExclusivePair);
        }
        reasons
    }

    fn is_exclusive(&self, gateway: Address, recipient: Address) -> bool {
        let Some(pair) = self.pairs.get(&(gateway, recipient)) else { return false };
        let whole = |sums: &HashMap<Address, Wei>, who| sums.get(&who).copied().unwrap_or_default();
        pair.winners >= EXCLUSIVE_WINNERS
            && !pair.paid.is_zero()
            && pair.paid.is_share_of(whole(&self.spent, gateway), EXCLUSIVE_PERCENT)
            && pair.paid.is_share_of(whole(&self.earned, recipient), EXCLUSIVE_PERCENT)
    }
}

#[cfg(test)]
mod tests;
