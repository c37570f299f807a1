//! Paying under one session of an orchestrator: current terms, nonces, the account, and when it ends.
//!
//! ```text
//!   Offer (GetOrchestrator, refresh, reply) ──► renew ──► Terms: price + parameters, replaced as a whole
//!                                                            │
//!   Payer::pay ──► reserve: price guard ─► fee ─► credit ─► checks ─► nonces      (one critical section)
//!   Payment::settle ──► account, end of the session                             (any order, any number)
//! ```
//!
//! Parameters work only with the price they came with, so both change together. A nonce is used once:
//! it counts as used when it is handed out, whatever happens afterwards, and returning to parameters
//! used before goes on counting. A session that was agreed as paid never becomes a free one: a price
//! or a face value that falls to zero ends it. All methods take `&self`; several segments may be in
//! flight.

mod nonces;
mod offer;
mod reserve;
mod settle;
mod terms;

use std::sync::Arc;

use alloy_primitives::Address;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use waymark_tagging::TagId;
use waymark_tagging::nonce::MAX_COUNTER;

use crate::check::blocks_left;
use crate::credit::Credit;
use crate::money::Wei;
use crate::price::Price;

pub use nonces::Scheme;
pub use offer::{Offer, Renewed, Source};
pub use settle::{Outcome, Refusal, Settled};

pub(crate) use reserve::{Ask, Reserved};
pub(crate) use terms::Terms;

use self::nonces::Series;

/// New parameters are wanted from this nonce on.
pub const RENEW_AT: u16 = 500;
/// New parameters are wanted when so few blocks of L1 are left.
const RENEW_BLOCKS: i64 = 5;
/// A new token is wanted in the last 10 % of its life (server/broadcast.go:1629-1659).
const RENEW_TOKEN: SignedDuration = SignedDuration::from_mins(3);

/// Why a session is over. What it needs is a new one, if the orchestrator still deserves it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The orchestrator offers to work for nothing; it was agreed otherwise.
    #[error(
        "the price fell from {initial} to 0 wei a pixel; the work would be unpaid, open a new session"
    )]
    PriceFellToZero {
        /// The price that was agreed.
        initial: Price,
    },
    /// Tickets became worthless at a price that is not.
    #[error("tickets became worthless at a price of {price} wei a pixel; open a new session")]
    WorthlessTickets {
        /// The price asked.
        price: Price,
    },
    /// Somebody else is to be paid.
    #[error("the recipient of tickets changed from {agreed} to {offered}; open a new session")]
    RecipientChanged {
        /// Who was to be paid.
        agreed: Address,
        /// Who is now.
        offered: Address,
    },
    /// The first payment was refused. The orchestrator keeps the price of a payment it refused, so
    /// the session is of no more use (specification of payments, 9, 17).
    #[error("the first payment was refused ({refusal}); open a new session")]
    FirstPaymentRefused {
        /// What was said.
        refusal: Refusal,
    },
    /// A payment of several tickets was refused: how many of them count is unknown.
    #[error("a payment of {tickets} tickets was refused ({refusal}); open a new session")]
    PaymentRefused {
        /// How many tickets.
        tickets: u16,
        /// What was said.
        refusal: Refusal,
    },
    /// The orchestrator does not know the session any more: it was restarted, or the token is old.
    #[error("the orchestrator does not know the session any more; open a new session")]
    Forgotten,
}

/// Why no session can be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No price. Off-chain orchestrators have none.
    #[error("missing orchestrator price: the orchestrator is off-chain; use one that is on chain")]
    NoPrice,
    /// A price and no tickets to pay it with.
    #[error(
        "the orchestrator asks {price} wei a pixel and sent no ticket parameters; ask it again"
    )]
    NoParams {
        /// The price asked.
        price: Price,
    },
    /// A price and tickets that are worth nothing.
    #[error(
        "the orchestrator asks {price} wei a pixel and its tickets are worth nothing; use another"
    )]
    WorthlessTickets {
        /// The price asked.
        price: Price,
    },
    /// Tickets for nobody.
    #[error("the recipient of the orchestrator's tickets is the zero address; use another")]
    NoRecipient,
}

/// Whether the terms should be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renewal {
    /// No.
    NotNeeded,
    /// Soon: in the background.
    Wanted,
    /// Before the next payment.
    Needed,
}

/// Paying under one session of an orchestrator. A clone is the same session.
#[derive(Debug, Clone)]
pub struct PaymentSession(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tag: TagId,
    recipient: Address,
    initial: Price,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    terms: Arc<Terms>,
    token_expires_at: Timestamp,
    series: Series,
    scheme: Scheme,
    credit: Credit,
    /// Counts session ids of the orchestrator: an account belongs to one of them.
    generation: u32,
    /// Some payment brought work.
    accepted: bool,
    ended: Option<SessionEnd>,
}

impl PaymentSession {
    /// Opens a session on what the orchestrator offers. Its price is what later ones are compared
    /// with.
    pub fn open(
        offer: &Offer,
        tag: TagId,
        scheme: Scheme,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let price = offer.price.ok_or(OpenError::NoPrice)?;
        if !price.is_free() {
            let params = offer.params.ok_or(OpenError::NoParams { price })?;
            if params.recipient.is_zero() {
                return Err(OpenError::NoRecipient);
            }
            if terms::is_worthless(&params) {
                return Err(OpenError::WorthlessTickets { price });
            }
        }
        let terms = Terms::new(&offer.session_id, price, offer.params);
        let state = State {
            series: Series::new(terms.hash()),
            terms: Arc::new(terms),
            token_expires_at: offer.token_expires_at,
            scheme,
            credit: Credit::new(now),
            generation: 0,
            accepted: false,
            ended: None,
        };
        let recipient = offer.params.map(|params| params.recipient).unwrap_or_default();
        Ok(Self(Arc::new(Shared { tag, recipient, initial: price, state: Mutex::new(state) })))
    }

    /// Whether the other one is the same session.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The tag that nonces carry.
    pub fn tag(&self) -> TagId {
        self.0.tag
    }

    /// Who is paid; zero if nobody is.
    pub fn recipient(&self) -> Address {
        self.0.recipient
    }

    /// The price that was agreed when it was opened.
    pub fn initial_price(&self) -> Price {
        self.0.initial
    }

    /// The price now.
    pub fn price(&self) -> Price {
        self.0.state.lock().terms.price
    }

    /// The orchestrator's name of the session.
    pub fn session_id(&self) -> Arc<str> {
        Arc::clone(&self.0.state.lock().terms.session_id)
    }

    /// How nonces are made.
    pub fn scheme(&self) -> Scheme {
        self.0.state.lock().scheme
    }

    /// What the orchestrator still owes in work, as far as the gateway knows.
    pub fn credit(&self, now: Timestamp) -> Wei {
        self.0.state.lock().credit.balance(now)
    }

    /// Why it is over, if it is.
    pub fn ended(&self) -> Option<SessionEnd> {
        self.0.state.lock().ended.clone()
    }

    /// Whether the terms should be renewed, with `/refresh-payment` first, which keeps the
    /// account, and with GetOrchestrator if that is not served.
    pub fn renewal(&self, l1_block: u64, now: Timestamp) -> Renewal {
        let state = self.0.state.lock();
        let left = state.token_expires_at.duration_since(now);
        let token = if left <= SignedDuration::ZERO {
            Renewal::Needed
        } else if left <= RENEW_TOKEN {
            Renewal::Wanted
        } else {
            Renewal::NotNeeded
        };
        token.max(state.params_renewal(l1_block))
    }
}

impl State {
    fn params_renewal(&self, l1_block: u64) -> Renewal {
        if self.terms.price.is_free() {
            return Renewal::NotNeeded;
        }
        let Some(params) = self.terms.params else { return Renewal::Needed };
        let (blocks, used) = (blocks_left(&params, l1_block), self.series.used());
        if blocks <= 1 || used >= MAX_COUNTER {
            Renewal::Needed
        } else if blocks <= RENEW_BLOCKS || used >= RENEW_AT {
            Renewal::Wanted
        } else {
            Renewal::NotNeeded
        }
    }

    /// The first reason stays.
    fn end(&mut self, end: SessionEnd) -> SessionEnd {
        self.ended.get_or_insert(end).clone()
    }
}

#[cfg(test)]
pub(crate) mod tests;
