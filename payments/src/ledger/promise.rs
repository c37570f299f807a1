//! What is put on record: a promise before its tickets are signed, and what became of it.

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use waymark_tagging::TagId;

use super::PromiseError;

/// One payment, before it is signed. A payment from credit alone has no tickets and promises
/// nothing; putting it on record as well keeps fees complete.
#[derive(Debug, Clone, Copy)]
pub struct Promise<'a> {
    /// When it is made; decides the day it counts for.
    pub at: Timestamp,
    /// Whom the tickets pay.
    pub recipient: Address,
    /// The session id of the auth token.
    pub session: &'a str,
    /// The job that is paid for.
    pub job: [u8; 16],
    /// Which attempt of the job.
    pub attempt: u32,
    /// The tag's number on chain, as the nonces carry it.
    pub tag: TagId,
    /// The tag's name; empty for none.
    pub tag_name: &'a str,
    /// What kind of work, for reports.
    pub capability: &'a str,
    /// The round that its tickets name: the book that they belong to.
    pub round: u64,
    /// The ticket parameters, by the hash of the recipient's random number.
    pub params: B256,
    /// The nonce of the first ticket; the others follow without gaps.
    pub first_nonce: u32,
    /// How many tickets.
    pub tickets: u16,
    /// Face value of each, in wei.
    pub face_value: U256,
    /// Chance of each to win, of 2^256 - 1.
    pub win_prob: U256,
    /// Expected value of all of them, in wei, rounded up. This is what limits count.
    pub value: U256,
    /// What the job is expected to cost, in wei, rounded up.
    pub fee: U256,
    /// The price: so many wei …
    pub price_per_unit: i64,
    /// … for so many pixels.
    pub pixels_per_unit: i64,
}

impl Promise<'_> {
    /// The first and the last nonce, where there are tickets.
    pub(super) fn nonces(&self) -> Option<(u32, u32)> {
        let more = u32::from(self.tickets).checked_sub(1)?;
        Some((self.first_nonce, self.first_nonce.saturating_add(more)))
    }

    /// Whether it can be at all.
    pub(super) fn check(&self) -> Result<(), PromiseError> {
        let problem = if self.tickets == 0 {
            (!self.value.is_zero()).then_some("it has a value without tickets")
        } else if self.first_nonce.checked_add(u32::from(self.tickets) - 1).is_none() {
            Some("its nonces pass 2^32 - 1")
        } else if self.value.is_zero() && !self.face_value.is_zero() && !self.win_prob.is_zero() {
            Some("tickets that can win have no value")
        } else {
            None
        };
        let (tickets, first_nonce) = (self.tickets, self.first_nonce);
        match problem {
            Some(problem) => Err(PromiseError::Invalid { tickets, first_nonce, problem }),
            None => Ok(()),
        }
    }
}

/// The number of a promise on record. Never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromiseId(pub(super) i64);

impl PromiseId {
    /// The number itself.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// For other keepers of promises than the ledger, as tests have them.
impl From<i64> for PromiseId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// How a payment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing left this process.
    NotSent = 0,
    /// The orchestrator did the work and said what it takes for it.
    Accepted = 1,
    /// The orchestrator refused the payment.
    Refused = 2,
    /// Sent, and nobody knows what the orchestrator made of it.
    Unknown = 3,
}

impl Outcome {
    /// Every outcome, in the order of their numbers on record.
    pub const ALL: [Self; 4] = [Self::NotSent, Self::Accepted, Self::Refused, Self::Unknown];

    /// The label of a metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied())
    }
}

/// What became of a promise. It never lowers what counts as promised: a ticket that was refused, or
/// perhaps never arrived, may win all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Units of work the orchestrator claims.
    pub units: u64,
    /// What they cost at the session's price, in wei, rounded up.
    pub debit: U256,
}
