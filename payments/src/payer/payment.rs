//! A payment that was made, until it is known what came of it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use http::HeaderValue;
use jiff::Timestamp;

use super::{Book, PlainNonces};
use crate::ledger::{self, PromiseId, Settlement};
use crate::metrics::Metrics;
use crate::money::{self, Wei};
use crate::price::Price;
use crate::session::{Ask, Outcome, PaymentSession, Reserved, Settled};

/// A payment that is ready to be sent, once. Dropping it without [`settle`](Self::settle) counts as
/// spent with an unknown outcome.
#[derive(Debug)]
#[must_use = "a payment that is not sent must be settled as such"]
pub struct Payment {
    header: HeaderValue,
    guard: Option<Guard>,
    tickets: u16,
    first_nonce: Option<u32>,
    face_value: U256,
    recipient: Address,
    params: B256,
    price: Price,
    value: Wei,
    fee: Wei,
}

impl Payment {
    pub(super) fn new(header: HeaderValue, guard: Guard) -> Self {
        let reserved = &guard.reserved;
        let params = reserved.terms.params;
        Self {
            tickets: reserved.tickets(),
            first_nonce: reserved.nonces.map(|nonces| nonces.first),
            face_value: params.map(|params| params.face_value).unwrap_or_default(),
            recipient: reserved.recipient(),
            params: params.map(|params| params.recipient_rand_hash).unwrap_or_default(),
            price: reserved.terms.price,
            value: reserved.staged.new.clone(),
            fee: reserved.fee.clone(),
            header,
            guard: Some(guard),
        }
    }

    /// Value of the header `Livepeer-Payment`.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// How many tickets it carries.
    pub fn tickets(&self) -> u16 {
        self.tickets
    }

    /// Nonce of the first ticket; the others follow.
    pub fn first_nonce(&self) -> Option<u32> {
        self.first_nonce
    }

    /// What each ticket pays when it wins, wei.
    pub fn face_value(&self) -> U256 {
        self.face_value
    }

    /// Who is paid; zero if nobody is.
    pub fn recipient(&self) -> Address {
        self.recipient
    }

    /// The ticket parameters, by the hash of the recipient's random number.
    pub fn params(&self) -> B256 {
        self.params
    }

    /// The price it is for.
    pub fn price(&self) -> Price {
        self.price
    }

    /// What all tickets are worth, wei.
    pub fn value(&self) -> &Wei {
        &self.value
    }

    /// What the work is estimated to cost, wei.
    pub fn fee(&self) -> &Wei {
        &self.fee
    }

    /// Whether it can be sent for this work, though it was made before it was asked for.
    pub(super) fn is_good_for(&self, session: &PaymentSession, ask: &Ask<'_>) -> bool {
        let made = self.guard.as_ref();
        made.is_some_and(|g| g.session.is(session) && session.still_covers(&g.reserved, ask))
    }

    /// Says what came of it.
    pub fn settle(mut self, outcome: Outcome, now: Timestamp) -> Settled {
        let guard = self.guard.take().expect("a payment is settled once: settling consumes it");
        guard.settle(outcome, now)
    }
}

impl Drop for Payment {
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.forget();
        }
    }
}

/// What must be settled.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) session: PaymentSession,
    pub(super) reserved: Reserved,
    pub(super) promised: Option<PromiseId>,
    pub(super) book: Arc<dyn Book>,
    pub(super) plain: Arc<PlainNonces>,
    pub(super) metrics: Option<Metrics>,
    pub(super) made_at: Timestamp,
}

impl Guard {
    fn settle(self, outcome: Outcome, now: Timestamp) -> Settled {
        let settled = self.session.settle(&self.reserved, outcome, now);
        if settled.plain_nonces {
            self.plain.insert(self.reserved.recipient());
        }
        let (on_record, units) = match outcome {
            Outcome::NotSent => (ledger::Outcome::NotSent, 0),
            Outcome::Unanswered | Outcome::Spent => (ledger::Outcome::Unknown, 0),
            Outcome::Refused(_) => (ledger::Outcome::Refused, 0),
            Outcome::Received { pixels } => (ledger::Outcome::Accepted, pixels),
        };
        self.note(now, on_record, units, money::round_up(&settled.debit));
        if let Some(metrics) = &self.metrics {
            metrics.settled(outcome);
        }
        settled
    }

    /// Nothing was sent because nothing could be signed.
    pub(super) fn cancel(self, now: Timestamp) {
        self.session.undo(&self.reserved, now);
        self.note(now, ledger::Outcome::NotSent, 0, U256::ZERO);
    }

    /// Nobody knows: credit that was taken out stays out.
    fn forget(self) {
        self.note(self.made_at, ledger::Outcome::Unknown, 0, U256::ZERO);
        if let Some(metrics) = &self.metrics {
            metrics.forgotten();
        }
    }

    fn note(&self, at: Timestamp, outcome: ledger::Outcome, units: u64, debit: U256) {
        if let Some(id) = self.promised {
            self.book.settle(id, Settlement { at, outcome, units, debit });
        }
    }
}
