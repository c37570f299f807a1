//! A redeemed ticket, rebuilt from its log alone, and what was really paid for it.
//!
//! The log has every field of the ticket but `recipientRandHash`, which is the hash of the number it
//! reveals (payments-contracts 1.2, 6.8). What was paid is the amount of the transfer's log directly
//! before it, of the same transaction, sender and recipient; without one nothing was paid: a ticket
//! on an empty deposit is burned. In a batch, tickets that fail leave no log, so logs are paired by
//! being neighbours and never by counting (5.2).

use alloy_primitives::{Address, B256, Keccak256, U256, keccak256};
use waymark_contracts::TicketBroker::WinningTicketRedeemed;

use crate::log::{Log, Place};

/// A redeemed ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// Where its log is.
    pub place: Place,
    /// Hash of its block; zero where the source did not tell it.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
    /// When its block was made, Unix seconds, where the source told it.
    pub time: Option<u64>,
    /// The gateway: who paid.
    pub sender: Address,
    /// The orchestrator: who was paid.
    pub recipient: Address,
    /// What the ticket promised a winner, wei.
    pub face_value: U256,
    /// What was really paid, wei; nothing while no transfer was seen for it.
    pub paid: Option<U256>,
    /// The sender's nonce; nothing above 32 bits, where no tag can be.
    pub nonce: Option<u32>,
    /// `recipientRandHash`: names the payment session.
    pub session: B256,
    /// Round in which the ticket was made; the highest number of 63 bits for rounds above.
    pub round: u64,
    /// What the chain knows the ticket by.
    pub ticket: B256,
}

/// A payment for a ticket whose redemption was not the next log seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Where its log is.
    pub place: Place,
    /// Hash of its block; zero where the source did not tell it.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
    /// Who paid.
    pub sender: Address,
    /// Who was paid.
    pub recipient: Address,
    /// How much, wei.
    pub amount: U256,
}

impl Redemption {
    pub(crate) fn new(log: &Log, event: &WinningTicketRedeemed) -> Self {
        let session = keccak256(event.recipientRand.to_be_bytes::<32>());
        Self {
            place: log.place,
            block_hash: log.block_hash,
            transaction: log.transaction,
            time: log.time,
            sender: event.sender,
            recipient: event.recipient,
            face_value: event.faceValue,
            paid: None,
            nonce: u32::try_from(event.senderNonce).ok(),
            session,
            round: round(&event.auxData),
            ticket: ticket_hash(event, &session),
        }
    }
}

impl Transfer {
    /// Whether it is the payment for a redemption: the log right before it.
    pub(crate) fn pays(&self, redemption: &Redemption) -> bool {
        self.place.next() == Some(redemption.place)
            && self.transaction == redemption.transaction
            && self.sender == redemption.sender
            && self.recipient == redemption.recipient
    }
}

/// The round of the ticket's creation: the first word of its aux data.
fn round(aux_data: &[u8]) -> u64 {
    let word = aux_data.first_chunk::<32>().map_or(U256::ZERO, |word| U256::from_be_bytes(*word));
    u64::try_from(word).unwrap_or(u64::MAX).min(i64::MAX.unsigned_abs())
}

/// The ticket's hash (payments-contracts 1.2).
fn ticket_hash(event: &WinningTicketRedeemed, session: &B256) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(event.recipient);
    hasher.update(event.sender);
    for number in [event.faceValue, event.winProb, event.senderNonce] {
        hasher.update(number.to_be_bytes::<32>());
    }
    hasher.update(session);
    hasher.update(&event.auxData);
    hasher.finalize()
}
