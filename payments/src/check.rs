//! Whether tickets may be made of an orchestrator's parameters: go-livepeer's own checks, in its
//! order (pm/sender.go:117-230).
//!
//! The order matters: what is said first decides what is done. Texts begin with the words of
//! go-livepeer, which operators know and search for. Limits protect the deposit against a single
//! greedy orchestrator; limits on what is spent in all are the ledger's.

use alloy_primitives::U256;
use num_traits::Signed as _;

use crate::chain::ChainState;
use crate::money::{self, Wei};
use crate::ticket::TicketParams;

/// Limits on tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketLimits {
    /// Most that a ticket may be worth, wei (`-maxTicketEV`).
    pub ticket_value: Wei,
    /// Most that the tickets of one payment may be worth together, wei (`-maxTotalEV`).
    pub payment_value: Wei,
    /// A face value may be the deposit divided by this (`-depositMultiplier`). 0 counts as 1.
    pub deposit_multiplier: u64,
}

impl Default for TicketLimits {
    /// Those of go-livepeer (cmd/livepeer/starter/starter.go:279-283).
    fn default() -> Self {
        let wei = |n: u64| money::whole(U256::from(n));
        Self {
            ticket_value: wei(3_000_000_000_000),
            payment_value: wei(20_000_000_000_000),
            deposit_multiplier: 1,
        }
    }
}

/// Why no ticket is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// None were given.
    #[error("ticketParams is nil: the orchestrator sent no ticket parameters; ask it again")]
    Missing,
    /// They never were valid.
    #[error("ticketParams expiration block is 0; ask the orchestrator again")]
    NoExpiration,
    /// They are too old: the one thing that new parameters mend.
    #[error(
        "TicketParams expired: valid below L1 block {expires}, the last one seen is {seen}; renew them"
    )]
    Expired {
        /// First block at which they are refused.
        expires: u64,
        /// Last block seen.
        seen: u64,
    },
    /// Every ticket would win.
    #[error(
        "ticket faceValue too low faceValue={face_value}: it is not above the ticket's expected value; \
         use another orchestrator"
    )]
    FaceValueTooLow {
        /// Wei.
        face_value: U256,
    },
    /// A ticket is worth too much.
    #[error(
        "ticket EV {} > max ticket EV {}; use another orchestrator or raise -maxTicketEV",
        money::show(value),
        money::show(max)
    )]
    TicketValue {
        /// What it is worth.
        value: Box<Wei>,
        /// What it may be.
        max: Box<Wei>,
    },
    /// The gateway's funds are being withdrawn.
    #[error(
        "unable to validate sender: deposit and reserve is set to unlock soon (round {withdraw_round}, \
         now {round}); cancel the unlock to go on paying"
    )]
    Unlocking {
        /// First round in which they can be withdrawn.
        withdraw_round: u64,
        /// The last initialised round.
        round: u64,
    },
    /// Nobody would accept a ticket.
    #[error("no sender reserve; fund the reserve of the gateway's address")]
    NoReserve,
    /// Nothing to pay winners from.
    #[error("no sender deposit; fund the deposit of the gateway's address")]
    NoDeposit,
    /// All tickets of the payment are worth too much.
    #[error(
        "total ticket EV {} for {tickets} tickets > max total ticket EV {}; use shorter segments or \
         another orchestrator, or raise -maxTotalEV",
        money::show(value),
        money::show(max)
    )]
    PaymentValue {
        /// What they are worth.
        value: Box<Wei>,
        /// How many they are.
        tickets: u64,
        /// What they may be worth.
        max: Box<Wei>,
    },
    /// One winner would take more than may be risked.
    #[error(
        "ticket faceValue {face_value} > max faceValue {max}; add to the deposit or use another \
         orchestrator"
    )]
    FaceValueTooHigh {
        /// Wei.
        face_value: U256,
        /// What it may be.
        max: U256,
    },
}

impl ParamsError {
    /// Whether new parameters from the same orchestrator may help (pm/sender.go: the only error that
    /// leads to a refresh; missing ones are treated alike).
    pub fn is_mended_by_renewal(&self) -> bool {
        matches!(self, Self::Missing | Self::NoExpiration | Self::Expired { .. })
    }

    /// Whether it is the gateway's own funds, so that no orchestrator can help.
    pub fn is_about_funds(&self) -> bool {
        matches!(self, Self::Unlocking { .. } | Self::NoReserve | Self::NoDeposit)
    }
}

/// Blocks until `params` expire; negative when they have. Wraps where go-livepeer wraps: it counts in
/// the low 64 bits.
pub(crate) fn blocks_left(params: &TicketParams, l1_block: u64) -> i64 {
    low(params).wrapping_sub(l1_block).cast_signed()
}

fn low(params: &TicketParams) -> u64 {
    params.expiration_block.as_limbs()[0]
}

/// Whether `tickets` tickets, worth `value` each, may be made of `params`.
pub fn check(
    params: &TicketParams,
    value: &Wei,
    tickets: u64,
    limits: &TicketLimits,
    chain: &ChainState,
) -> Result<(), ParamsError> {
    if low(params) == 0 {
        return Err(ParamsError::NoExpiration);
    }
    if blocks_left(params, chain.l1_block) <= 1 {
        return Err(ParamsError::Expired { expires: low(params), seen: chain.l1_block });
    }
    if !value.is_positive() {
        return Ok(());
    }
    let face_value = params.face_value;
    if money::compare(value, &money::whole(face_value)).is_ge() {
        return Err(ParamsError::FaceValueTooLow { face_value });
    }
    if money::compare(value, &limits.ticket_value).is_gt() {
        return Err(ParamsError::TicketValue {
            value: Box::new(value.clone()),
            max: Box::new(limits.ticket_value.clone()),
        });
    }
    check_sender(chain)?;
    let total = money::times(value, tickets);
    if money::compare(&total, &limits.payment_value).is_gt() {
        let (value, max) = (Box::new(total), Box::new(limits.payment_value.clone()));
        return Err(ParamsError::PaymentValue { value, tickets, max });
    }
    let max = chain.sender.deposit / U256::from(limits.deposit_multiplier.max(1));
    if face_value > max {
        return Err(ParamsError::FaceValueTooHigh { face_value, max });
    }
    Ok(())
}

/// Whether the gateway's funds can back a ticket at all.
pub fn check_sender(chain: &ChainState) -> Result<(), ParamsError> {
    let (sender, round) = (&chain.sender, chain.round.number);
    if sender.withdraw_round != 0 && sender.withdraw_round <= round.saturating_add(1) {
        return Err(ParamsError::Unlocking { withdraw_round: sender.withdraw_round, round });
    }
    if sender.reserve.remaining.is_zero() {
        return Err(ParamsError::NoReserve);
    }
    if sender.deposit.is_zero() {
        return Err(ParamsError::NoDeposit);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
