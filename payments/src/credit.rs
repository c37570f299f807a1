//! What an orchestrator still owes in work: the gateway's side of the account that both keep.
//!
//! Both sides count in exact rationals by the same rules, so that a gateway knows without asking how
//! many tickets the next segment needs (server/segment_rpc.go:762-815, core/accounting.go:41-66).
//! Credit is taken out whole when a payment is made and what is left comes back when its outcome is
//! known; of several payments in flight the first takes all. Nothing here rounds, and nothing is
//! ever credited that was not taken out or paid.

use jiff::{SignedDuration, Timestamp};
use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::{ToPrimitive as _, Zero as _};

use crate::money::{self, Wei};

/// Both sides forget an account that rests this long (cmd/livepeer/starter/starter.go:64, 995). A
/// stock orchestrator looks once in that time, so it may keep one up to twice as long; believing in
/// credit that is gone would be refused, the reverse costs a ticket.
pub const IDLE_LIMIT: SignedDuration = SignedDuration::from_mins(10);

/// The account with one orchestrator under one of its session ids.
#[derive(Debug, Clone)]
pub struct Credit {
    balance: Wei,
    touched: Timestamp,
}

/// Credit that was taken out for a payment, and what the payment must add.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "credit that is taken out must be settled"]
pub struct Staged {
    /// What was taken out.
    pub existing: Wei,
    /// What the tickets add.
    pub new: Wei,
    /// How many tickets are due; more than fit 64 bits count as the most.
    pub tickets: u64,
}

/// What came of a payment, as far as the account is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// No answer began: what was taken out comes back. The tickets do not count, even if they
    /// arrived.
    NotSent,
    /// An answer began and had no usable result: everything counts as lost.
    Spent,
    /// Work was done, for so much.
    Received {
        /// What it cost.
        debit: Wei,
    },
}

impl Credit {
    /// An account with nothing in it.
    pub fn new(now: Timestamp) -> Self {
        Self { balance: Wei::zero(), touched: now }
    }

    /// What is in it; 0 once it rested too long. May be negative.
    pub fn balance(&self, now: Timestamp) -> Wei {
        if self.is_idle(now) { Wei::zero() } else { self.balance.clone() }
    }

    /// Takes everything out for work that costs `fee`, and says how many tickets worth `value` each
    /// are due. At least the worth of one ticket must be there, because orchestrators insist on it.
    pub fn stage(&mut self, fee: &Wei, value: &Wei, now: Timestamp) -> Staged {
        let staged = self.quote(fee, value, now);
        self.take();
        staged
    }

    /// Empties the account, after [`quote`](Self::quote).
    pub(crate) fn take(&mut self) {
        self.balance = Wei::zero();
    }

    /// What [`stage`](Self::stage) would do.
    pub fn quote(&self, fee: &Wei, value: &Wei, now: Timestamp) -> Staged {
        let existing = self.balance(now);
        let needed = money::larger(fee, value);
        if money::compare(&existing, needed).is_ge() || value.is_zero() {
            return Staged { existing, new: Wei::zero(), tickets: 0 };
        }
        let count = money::parts(&money::difference(needed, &existing), value);
        let tickets = count.to_u64().unwrap_or(u64::MAX);
        let new = Ratio::new_raw(value.numer() * BigInt::from(tickets), value.denom().clone());
        Staged { existing, new, tickets }
    }

    /// Puts back what the outcome leaves. In any order, any number of payments.
    pub fn settle(&mut self, staged: &Staged, change: &Change, now: Timestamp) {
        match change {
            // The orchestrator has not heard of it, so the account goes on resting.
            Change::NotSent => self.balance = money::sum(&self.balance(now), &staged.existing),
            Change::Spent => {
                self.balance = self.balance(now);
                self.touched = now;
            }
            Change::Received { debit } => {
                let back = money::difference(&money::sum(&staged.existing, &staged.new), debit);
                self.balance = money::sum(&self.balance(now), &back);
                self.touched = now;
            }
        }
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        now.duration_since(self.touched) > IDLE_LIMIT
    }
}

#[cfg(test)]
mod tests;
