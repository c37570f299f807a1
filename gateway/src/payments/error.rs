//! A job or a session that cannot be paid: why, and what is left to try.

use waymark_opendata::ErrorType;
use waymark_payments::{
    check::ParamsError,
    payer::{Advice, PayError},
    price::{MaxPrice, Price},
    session::OpenError,
    wire::WireError,
};

use super::caps::CapError;
use crate::{errors::Reason, orchestrator::refresh::RefreshError};

/// Why nothing is paid. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unpaid {
    /// What the orchestrator says of price and tickets cannot be read.
    #[error("the orchestrator's terms cannot be read")]
    Terms(#[from] WireError),
    /// No session can be opened on its terms.
    #[error("the orchestrator's terms cannot be accepted")]
    Open(#[from] OpenError),
    /// Its tickets cannot be used.
    #[error("no ticket can be made of the orchestrator's parameters")]
    Params(#[from] ParamsError),
    /// It asks too much.
    #[error("the orchestrator asks {price} wei a pixel, the maximum is {max}")]
    TooExpensive {
        /// The price.
        price: Price,
        /// The maximum.
        max: MaxPrice,
    },
    /// The operator's maximum cannot be compared with a price.
    #[error(transparent)]
    Cap(#[from] CapError),
    /// A payment could not be made.
    #[error("the segment cannot be paid")]
    Pay(#[from] PayError),
    /// New parameters were needed and could not be had; a new session brings some.
    #[error("the session's ticket parameters could not be renewed")]
    Refresh(#[from] RefreshError),
    /// The payment step ended without a word.
    #[error("the payment step failed inside the gateway")]
    Internal,
}

impl Unpaid {
    /// What may help.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Params(error) if error.is_about_funds() => Advice::GiveUp,
            Self::Terms(_) | Self::Open(_) | Self::TooExpensive { .. } | Self::Params(_) => {
                Advice::OtherOrchestrator
            }
            Self::Refresh(_) => Advice::Reopen,
            Self::Cap(_) | Self::Internal => Advice::GiveUp,
            Self::Pay(error) => match error.advice() {
                // Renewing was tried before the error came here.
                Advice::Renew => Advice::Reopen,
                advice => advice,
            },
        }
    }

    /// Whether the orchestrator broke what was agreed; otherwise it did nothing wrong.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Terms(_) | Self::Open(_) => true,
            Self::Pay(error) => {
                matches!(error, PayError::PriceDoubled { .. } | PayError::Ended(_))
            }
            _ => false,
        }
    }

    /// `error_type` of a record.
    pub fn kind(&self) -> ErrorType {
        match self {
            Self::Terms(_) | Self::Open(_) => ErrorType::BadResponse,
            Self::TooExpensive { .. } => ErrorType::PriceChanged,
            Self::Params(error) if error.is_mended_by_renewal() => ErrorType::TicketParamsExpired,
            Self::Pay(PayError::PriceDoubled { .. } | PayError::PriceAboveMax { .. }) => {
                ErrorType::PriceChanged
            }
            Self::Pay(PayError::Ended(_)) => ErrorType::PaymentRejected,
            Self::Pay(PayError::NoncesUsedUp { .. } | PayError::NonceOnRecord { .. })
            | Self::Refresh(_) => ErrorType::TicketParamsExpired,
            Self::Params(_) | Self::Cap(_) | Self::Pay(_) | Self::Internal => ErrorType::Internal,
        }
    }

    /// What a client is told when nothing else is left to try.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Pay(PayError::Limit(_)) => Reason::SpendLimit,
            Self::Pay(PayError::Funds(_)) => Reason::NoFunds,
            Self::Params(error) if error.is_about_funds() => Reason::NoFunds,
            _ => Reason::PaymentUnavailable,
        }
    }

    /// Asked too much: counted by itself when nobody is left.
    pub fn is_too_expensive(&self) -> bool {
        matches!(
            self,
            Self::TooExpensive { .. }
                | Self::Pay(PayError::PriceAboveMax { .. } | PayError::PriceDoubled { .. })
        )
    }
}
