//! Why there is no payment, and what to do about it.

use std::fmt;

use crate::check::ParamsError;
use crate::ledger::PromiseError;
use crate::limits::LimitHit;
use crate::price::{MaxPrice, Price};
use crate::session::SessionEnd;
use crate::signer::SignError;

/// What keeps tickets of one payment few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketBound {
    /// The header they travel in.
    Header {
        /// Bytes it may have.
        bytes: usize,
    },
    /// The nonces of one set of parameters.
    Nonces,
}

impl fmt::Display for TicketBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { bytes } => write!(f, "a header of {bytes} bytes"),
            Self::Nonces => f.write_str("one set of ticket parameters"),
        }
    }
}

/// Why there is no payment. Nothing was sent and no credit is lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayError {
    /// The session is over.
    #[error("the payment session is over")]
    Ended(#[from] SessionEnd),
    /// More is asked than the job may cost.
    #[error(
        "the orchestrator asks {price} wei a pixel, the maximum is {max}; use another or raise \
         -maxPricePerUnit"
    )]
    PriceAboveMax {
        /// The price.
        price: Price,
        /// The most that may be asked.
        max: Box<MaxPrice>,
    },
    /// More than twice the price that was agreed.
    #[error(
        "Orchestrator price has more than doubled, Orchestrator price: {price}, Orchestrator initial \
         price: {initial}; use another orchestrator"
    )]
    PriceDoubled {
        /// The price.
        price: Price,
        /// The price when the session was opened.
        initial: Price,
    },
    /// The ticket parameters cannot be used.
    #[error("no ticket can be made of the orchestrator's parameters")]
    Params(#[source] ParamsError),
    /// The gateway's own funds cannot back a ticket.
    #[error("the gateway's funds cannot back a ticket")]
    Funds(#[source] ParamsError),
    /// The nonces of these parameters do not suffice.
    #[error(
        "{count} tickets are due and {used} nonces of the ticket parameters are used of {}; renew them",
        waymark_tagging::nonce::MAX_COUNTER
    )]
    NoncesUsedUp {
        /// Tickets of this payment.
        count: u16,
        /// Nonces used before.
        used: u16,
    },
    /// These parameters were used before, in another session or another life of this process.
    #[error("the ticket parameters were used before; renew them")]
    NonceOnRecord {
        /// What the ledger says.
        #[source]
        source: PromiseError,
    },
    /// More tickets than one payment can carry.
    #[error(
        "{tickets} tickets are due and {bound} carries {limit}; use shorter segments, or an \
         orchestrator with a higher ticket value"
    )]
    TooManyTickets {
        /// How many are due.
        tickets: u64,
        /// How many can be carried.
        limit: usize,
        /// By what.
        bound: TicketBound,
    },
    /// What is known of the chain contradicts itself.
    #[error(
        "the chain's endpoints contradict each other; check -ethUrl, nothing is promised meanwhile"
    )]
    ChainSuspect,
    /// A limit forbids it.
    #[error("a spending limit is reached")]
    Limit(#[source] Box<LimitHit>),
    /// It cannot be put on record.
    #[error("the promise cannot be put on record; nothing is paid until it can")]
    Store {
        /// What the ledger says.
        #[source]
        source: PromiseError,
    },
    /// The signer failed.
    #[error("a ticket could not be signed")]
    Signer(#[from] SignError),
    /// The signer is one for off-chain work.
    #[error(
        "the signer gives no signatures for tickets; on chain a key is needed (-ethKeystorePath)"
    )]
    NoSignature,
}

impl From<ParamsError> for PayError {
    fn from(error: ParamsError) -> Self {
        if error.is_about_funds() { Self::Funds(error) } else { Self::Params(error) }
    }
}

/// What may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// New terms for this session, then the same again.
    Renew,
    /// A new session with the same orchestrator.
    Reopen,
    /// Another orchestrator.
    OtherOrchestrator,
    /// Nothing but the operator, or time: the job cannot be paid now.
    GiveUp,
}

impl PayError {
    /// What may help.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Ended(_) => Advice::Reopen,
            Self::NoncesUsedUp { .. } | Self::NonceOnRecord { .. } => Advice::Renew,
            Self::Params(error) if error.is_mended_by_renewal() => Advice::Renew,
            Self::Params(_)
            | Self::PriceAboveMax { .. }
            | Self::PriceDoubled { .. }
            | Self::TooManyTickets { .. } => Advice::OtherOrchestrator,
            Self::Limit(hit) if hit.kind.allows_another_orchestrator() => Advice::OtherOrchestrator,
            Self::Funds(_)
            | Self::ChainSuspect
            | Self::Limit(_)
            | Self::Store { .. }
            | Self::Signer(_)
            | Self::NoSignature => Advice::GiveUp,
        }
    }

    /// Label of a metric.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Ended(_) => "session_ended",
            Self::PriceAboveMax { .. } => "price_above_max",
            Self::PriceDoubled { .. } => "price_doubled",
            Self::Params(_) => "params",
            Self::Funds(_) => "funds",
            Self::NoncesUsedUp { .. } => "nonces_used_up",
            Self::NonceOnRecord { .. } => "nonce_on_record",
            Self::TooManyTickets { .. } => "too_many_tickets",
            Self::ChainSuspect => "chain_suspect",
            Self::Limit(_) => "limit",
            Self::Store { .. } => "store",
            Self::Signer(_) | Self::NoSignature => "signer",
        }
    }
}
