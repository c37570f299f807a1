//! How much may be promised: the limits an operator sets, and what is said when one is hit.
//!
//! Every limit is an [`Amount`], in wei or in a currency. What counts is the *expected value* of the
//! tickets that were promised (face value × chance to win), because that is what they cost in the
//! long run and all that an orchestrator can claim as paid; one limit alone looks at the face value,
//! because that is what a single unlucky ticket takes from the deposit.
//!
//! | limit | compared with | counted over |
//! |---|---|---|
//! | ticket, face value | face value of one ticket | nothing |
//! | ticket, expected value | expected value of one ticket | nothing |
//! | payment | expected value of all tickets of a payment | nothing |
//! | session | the same | an orchestrator's payment session |
//! | tag | the same | every tag the pattern covers, together, in a day |
//! | orchestrator | the same | one orchestrator in a day |
//! | day | the same | everything in a day |
//!
//! A day is a UTC calendar day. A limit in a currency for which there is no rate, or only an old
//! one, refuses: a broken price feed must not turn a limit off. Nothing here counts or stores
//! anything: the ledger does, in one critical section with writing the promise down.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use jiff::SignedDuration;
pub use waymark_tagging::{PatternError, TagPattern};

mod amount;
mod hit;
mod rate;
#[cfg(test)]
mod tests;

pub use amount::{Amount, AmountError, Currency, wei_text};
pub use hit::{LimitCause, LimitHit, LimitKind};
pub use rate::{Rate, RateError, RateProblem, Rates};

/// A rate older than this is not used, unless configured otherwise.
pub const MAX_RATE_AGE: SignedDuration = SignedDuration::from_hours(1);

/// Every limit of a gateway. What is `None` or absent is not limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Face value of one ticket.
    pub ticket_face_value: Option<Amount>,
    /// Expected value of one ticket.
    pub ticket_expected_value: Option<Amount>,
    /// Expected value of one payment.
    pub payment: Option<Amount>,
    /// Expected value of everything promised in one payment session.
    pub session: Option<Amount>,
    /// Expected value a day of all tags that a pattern covers, together. Every pattern that covers
    /// a job's tag must have room for it.
    pub tags: Vec<(TagPattern, Amount)>,
    /// Expected value a day of each orchestrator that [`orchestrators`](Self::orchestrators) does
    /// not name.
    pub orchestrator: Option<Amount>,
    /// Expected value a day of these orchestrators.
    pub orchestrators: BTreeMap<Address, Amount>,
    /// Expected value a day of everything.
    pub day: Option<Amount>,
    /// How old a rate may be.
    pub max_rate_age: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ticket_face_value: None,
            ticket_expected_value: None,
            payment: None,
            session: None,
            tags: Vec::new(),
            orchestrator: None,
            orchestrators: BTreeMap::new(),
            day: None,
            max_rate_age: MAX_RATE_AGE,
        }
    }
}

impl Limits {
    /// What `recipient` may be promised a day.
    pub fn of_orchestrator(&self, recipient: &Address) -> Option<&Amount> {
        self.orchestrators.get(recipient).or(self.orchestrator.as_ref())
    }

    /// Every amount that is counted over a day.
    pub(crate) fn daily(&self) -> impl Iterator<Item = &Amount> {
        self.day
            .iter()
            .chain(&self.orchestrator)
            .chain(self.orchestrators.values())
            .chain(self.tags.iter().map(|(_, amount)| amount))
    }
}
