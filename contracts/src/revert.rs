//! Why a call was refused: the texts of the TicketBroker, and reading a text out of revert data.
//!
//! Source: payments-contracts 2.2 and 5.1. Callers compare whole texts, never parts.

use alloy_sol_types::{Panic, Revert, SolError as _};

use crate::job_tag_registry::refusal;

/// The Controller is paused.
pub const PAUSED: &str = "system is paused";
/// Nobody called `initializeRound` in this round yet.
pub const ROUND_NOT_INITIALIZED: &str = "current round is not initialized";
/// No recipient.
pub const NULL_RECIPIENT: &str = "ticket recipient is null address";
/// No sender.
pub const NULL_SENDER: &str = "ticket sender is null address";
/// Aux data is not a round and a hash.
pub const AUX_DATA_LENGTH: &str = "invalid length for ticket auxData: must be 64 bytes";
/// The round of creation has no hash.
pub const NO_BLOCK_HASH: &str = "ticket creationRound does not have a block hash";
/// The hash is another than that of the round of creation.
pub const WRONG_BLOCK_HASH: &str = "ticket creationRoundBlockHash invalid for creationRound";
/// The round of creation is too long ago.
pub const EXPIRED: &str = "ticket is expired";
/// The revealed number does not hash to what the ticket promised.
pub const WRONG_RAND: &str = "recipientRand does not match recipientRandHash";
/// Redeemed before.
pub const USED: &str = "ticket is used";
/// Not 65 bytes.
pub const SIGNATURE_LENGTH: &str = "INVALID_SIGNATURE_LENGTH";
/// The half of the curve that is not accepted.
pub const SIGNATURE_S: &str = "ECDSA: invalid signature 's' value";
/// Neither 27 nor 28.
pub const SIGNATURE_V: &str = "ECDSA: invalid signature 'v' value";
/// Signed by somebody else.
pub const WRONG_SIGNER: &str = "invalid signature over ticket hash";
/// A losing ticket.
pub const LOSER: &str = "ticket did not win";
/// The sender's money may be withdrawn already.
pub const UNLOCKED: &str = "sender is unlocked";
/// Nothing to pay with, or nothing to unlock or withdraw.
pub const NO_FUNDS: &str = "sender deposit and reserve are zero";
/// The recipient never bonded.
pub const NOT_REGISTERED: &str = "transcoder must be registered";
/// Value and amounts differ.
pub const WRONG_VALUE: &str = "msg.value does not equal sum of deposit amount and reserve amount";
/// Unlocked twice.
pub const UNLOCK_IN_PROGRESS: &str = "unlock already initiated";
/// Nothing to cancel or to withdraw.
pub const NO_UNLOCK: &str = "no unlock request in progress";
/// Withdrawn too early.
pub const LOCKED: &str = "account is locked";

/// The text in revert data, whether by `require`, by a failed assertion or by one of the JobTagRegistry's
/// errors; nothing if it is none of them.
pub fn reason(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    let panic = Panic::abi_decode(data).ok().map(|panic| panic.to_string());
    panic.or_else(|| refusal::sentence(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_refusal_is_read_and_garbage_is_not() {
        let data = Revert::from(USED).abi_encode();
        assert_eq!(reason(&data).as_deref(), Some(USED));
        assert_eq!(reason(&[]), None);
        assert_eq!(reason(&data[..data.len() - 32]), None);
        assert_eq!(reason(&[0xde, 0xad, 0xbe, 0xef]), None);
    }
}
