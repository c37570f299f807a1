//! Making payments: the one place where session, ledger and signer meet.
//!
//! The order is binding. Credit and nonces are taken, then the promise is put on record (where every
//! limit is checked), then every ticket is signed, then the payment is handed out. So nothing is
//! signed that is not on record, and nothing leaves before it is signed. When a step fails, credit
//! goes back and nonces stay used. A payment that is dropped without being settled counts as
//! unknown: it may have been sent.

mod ahead;
mod book;
mod error;
mod payment;

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::time::Instant;
use waymark_tagging::TagId;

use crate::chain::ChainState;
use crate::check::TicketLimits;
use crate::fee::Work;
use crate::ledger::{Promise, PromiseError, PromiseId};
use crate::metrics::Metrics;
use crate::money;
use crate::price::MaxPrice;
use crate::session::{Ask, Offer, OpenError, PaymentSession, Reserved, Scheme};
use crate::signer::Signer;
use crate::ticket::Creation;
use crate::wire::{PaymentMessage, TicketBatch};

pub use ahead::Ahead;
pub use book::Book;
pub use error::{Advice, PayError, TicketBound};
pub use payment::Payment;

use self::payment::Guard;

/// Bytes of the payment header that every proxy in front of an orchestrator lets through.
pub const HEADER_BYTES: usize = 8192;
/// Orchestrators that are remembered as refusing tagged nonces.
const MOST_PLAIN: usize = 4096;

/// How payments are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Limits on tickets.
    pub limits: TicketLimits,
    /// Most bytes of the payment header; about 100 for each ticket.
    pub header_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: TicketLimits::default(), header_bytes: HEADER_BYTES }
    }
}

/// What is paid for.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Which job.
    pub id: [u8; 16],
    /// Which attempt of the job.
    pub attempt: u32,
    /// Name of its tag; empty for none. Must belong to the tag of the session.
    pub tag_name: &'a str,
    /// What kind of work it is, for reports.
    pub capability: &'a str,
    /// The work.
    pub work: Work<'a>,
    /// The most that may be asked for it.
    pub max_price: Option<&'a MaxPrice>,
}

/// Makes payments for one gateway.
#[derive(Debug)]
pub struct Payer {
    signer: Arc<dyn Signer>,
    book: Arc<dyn Book>,
    settings: Settings,
    plain: Arc<PlainNonces>,
    metrics: Option<Metrics>,
}

impl Payer {
    /// Pays as `signer` and puts every promise into `book`.
    pub fn new(signer: Arc<dyn Signer>, book: Arc<dyn Book>, settings: Settings) -> Self {
        Self { signer, book, settings, plain: Arc::default(), metrics: None }
    }

    /// Counts what it does.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Pays these orchestrators with nonces that carry no tag, as if they had refused others.
    #[must_use]
    pub fn with_plain_nonces(self, recipients: impl IntoIterator<Item = Address>) -> Self {
        for recipient in recipients {
            self.plain.insert(recipient);
        }
        self
    }

    /// Limits on tickets.
    pub fn limits(&self) -> &TicketLimits {
        &self.settings.limits
    }

    /// Who pays.
    pub fn sender(&self) -> Address {
        self.signer.address()
    }

    /// Opens a session on what an orchestrator offers, with the nonces it is known to accept.
    pub fn open(
        &self,
        offer: &Offer,
        tag: TagId,
        now: Timestamp,
    ) -> Result<PaymentSession, OpenError> {
        let recipient = offer.params.map(|params| params.recipient);
        let plain = recipient.is_some_and(|recipient| self.plain.contains(&recipient));
        let scheme = if plain { Scheme::Plain } else { Scheme::Tagged };
        PaymentSession::open(offer, tag, scheme, now)
    }

    /// Makes the payment for a job. Blocks for as long as the ledger and the signer do.
    pub fn pay(
        &self,
        session: &PaymentSession,
        job: &Job<'_>,
        chain: &ChainState,
        now: Timestamp,
    ) -> Result<Payment, PayError> {
        let result = self.pay_uncounted(session, job, chain, now);
        if let (Some(metrics), Err(error)) = (&self.metrics, &result) {
            metrics.failed(error);
        }
        result
    }

    /// The same, but a failure does not count as one.
    fn pay_uncounted(
        &self,
        session: &PaymentSession,
        job: &Job<'_>,
        chain: &ChainState,
        now: Timestamp,
    ) -> Result<Payment, PayError> {
        let started = Instant::now();
        let payment = self.make(session, job, chain, now)?;
        if let Some(metrics) = &self.metrics {
            metrics.paid(&payment, job, started.elapsed());
        }
        Ok(payment)
    }

    fn ask<'a>(&'a self, job: &Job<'a>, chain: &'a ChainState, now: Timestamp) -> Ask<'a> {
        Ask {
            work: job.work,
            max_price: job.max_price,
            limits: &self.settings.limits,
            header_bytes: self.settings.header_bytes,
            chain,
            now,
        }
    }

    fn make(
        &self,
        session: &PaymentSession,
        job: &Job<'_>,
        chain: &ChainState,
        now: Timestamp,
    ) -> Result<Payment, PayError> {
        let reserved = session.reserve(&self.ask(job, chain, now))?;
        let promised = self.promise(session, job, &reserved, now).inspect_err(|error| {
            session.undo(&reserved, now);
            if matches!(error, PayError::NonceOnRecord { .. }) {
                session.burn(&reserved);
            }
        })?;
        let guard = Guard {
            session: session.clone(),
            reserved,
            promised,
            book: Arc::clone(&self.book),
            plain: Arc::clone(&self.plain),
            metrics: self.metrics.clone(),
            made_at: now,
        };
        // From here on the guard settles what is not settled.
        match self.header(&guard.reserved, chain) {
            Ok(header) => Ok(Payment::new(header, guard)),
            Err(error) => {
                guard.cancel(now);
                Err(error)
            }
        }
    }

    /// Puts it on record, with its limits checked. Work for nothing is not money.
    fn promise(
        &self,
        session: &PaymentSession,
        job: &Job<'_>,
        reserved: &Reserved,
        now: Timestamp,
    ) -> Result<Option<PromiseId>, PayError> {
        let (terms, tickets) = (&reserved.terms, reserved.tickets());
        let Some(params) = terms.params.filter(|_| !terms.price.is_free()) else {
            return Ok(None);
        };
        let price = terms.price.to_wire();
        let promise = Promise {
            at: now,
            recipient: params.recipient,
            session: &terms.session_id,
            job: job.id,
            attempt: job.attempt,
            tag: session.tag(),
            tag_name: job.tag_name,
            capability: job.capability,
            round: reserved.round,
            params: params.recipient_rand_hash,
            first_nonce: reserved.nonces.map_or(0, |nonces| nonces.first),
            tickets,
            face_value: params.face_value,
            win_prob: params.win_prob,
            value: if tickets == 0 { U256::ZERO } else { money::round_up(&reserved.staged.new) },
            fee: money::round_up(&reserved.fee),
            price_per_unit: price.price_per_unit,
            pixels_per_unit: price.pixels_per_unit,
        };
        self.book.promise(&promise).map(Some).map_err(|error| match error {
            PromiseError::Limit(hit) => PayError::Limit(hit),
            source @ PromiseError::NonceReused { .. } => PayError::NonceOnRecord { source },
            source => PayError::Store { source },
        })
    }

    fn header(&self, reserved: &Reserved, chain: &ChainState) -> Result<HeaderValue, PayError> {
        let (terms, sender) = (&reserved.terms, self.signer.address());
        let tickets = match (reserved.nonces, terms.params) {
            (Some(nonces), Some(params)) => {
                let round = &chain.round;
                let own = Creation { round: round.number, block_hash: round.block_hash };
                let mut ticket = params.ticket(sender, nonces.first, own);
                let mut signed = Vec::with_capacity(nonces.count.into());
                for nonce in nonces.iter() {
                    ticket.nonce = nonce;
                    let signature = self.signer.sign(&ticket.hash())?;
                    signed.push((nonce, checked(signature)?));
                }
                Some(TicketBatch { params, creation: ticket.creation, signed })
            }
            _ => None,
        };
        Ok(PaymentMessage { sender, price: terms.price, tickets }.to_header())
    }
}

fn checked(signature: Bytes) -> Result<Bytes, PayError> {
    if signature.len() == 65 { Ok(signature) } else { Err(PayError::NoSignature) }
}

/// Orchestrators that refuse nonces with a tag in them.
#[derive(Debug, Default)]
struct PlainNonces(Mutex<BTreeSet<Address>>);

impl PlainNonces {
    fn contains(&self, recipient: &Address) -> bool {
        self.0.lock().contains(recipient)
    }

    fn insert(&self, recipient: Address) {
        let mut known = self.0.lock();
        // Forgetting one costs one refused payment.
        if known.len() >= MOST_PLAIN {
            known.pop_first();
        }
        known.insert(recipient);
    }
}

#[cfg(test)]
mod tests;
