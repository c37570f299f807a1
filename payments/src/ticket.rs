//! A probabilistic ticket: its parameters, the hash that is signed, who wins, what it is worth.
//!
//! Hash and win test are those of the ticket broker contract and of go-livepeer (`pm/ticket.go`);
//! one wrong byte and a ticket is worth nothing, or pays twice. Parameters are the orchestrator's:
//! they are sent back numerically as they came, because it recognises them by a keyed hash over
//! all of them. This module signs nothing and decides nothing.

use alloy_primitives::{Address, B256, U256, keccak256};
use num_rational::Ratio;

use crate::money::{Wei, integer};

/// Bytes that are hashed when there is auxiliary data.
const LENGTH: usize = 232;
/// Bytes that are hashed when there is none.
const SHORT: usize = 168;

/// Terms of an orchestrator for tickets to it. Issued anew with every reply, good for 40 L1 blocks
/// and for 600 nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketParams {
    /// Who is paid.
    pub recipient: Address,
    /// Wei that a winning ticket pays.
    pub face_value: U256,
    /// A ticket wins below this, out of 2^256 - 1.
    pub win_prob: U256,
    /// Commitment to the number that decides who wins.
    pub recipient_rand_hash: B256,
    /// Opaque.
    pub seed: U256,
    /// First L1 block at which tickets are refused.
    pub expiration_block: U256,
    /// Round that tickets name; `None` if the orchestrator leaves that to the gateway.
    pub creation: Option<Creation>,
}

/// The round that a ticket names. It can be redeemed in that round and the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Creation {
    /// Its number.
    pub round: u64,
    /// Its block hash.
    pub block_hash: B256,
}

impl Creation {
    /// Auxiliary data of a ticket: nothing if there is neither round nor hash (pm/ticket.go:210-220),
    /// else both words.
    pub fn aux_data(&self) -> Vec<u8> {
        if self.is_empty() {
            return Vec::new();
        }
        [U256::from(self.round).to_be_bytes::<32>(), self.block_hash.0].concat()
    }

    fn is_empty(&self) -> bool {
        self.round == 0 && self.block_hash.is_zero()
    }
}

impl TicketParams {
    /// What a ticket is worth on average: face value × winning probability / (2^256 - 1), not in
    /// lowest terms.
    pub fn expected_value(&self) -> Wei {
        expected_value(self.face_value, self.win_prob)
    }

    /// A ticket under these terms. `own` is the last initialised round, used when the orchestrator
    /// gave no round or no hash (pm/sender.go:147-153).
    pub fn ticket(&self, sender: Address, nonce: u32, own: Creation) -> Ticket {
        Ticket {
            recipient: self.recipient,
            sender,
            face_value: self.face_value,
            win_prob: self.win_prob,
            nonce,
            recipient_rand_hash: self.recipient_rand_hash,
            creation: self.creation_or(own),
        }
    }

    /// The round that tickets name.
    pub fn creation_or(&self, own: Creation) -> Creation {
        let complete = |c: &Creation| c.round != 0 && !c.block_hash.is_zero();
        self.creation.filter(complete).unwrap_or(own)
    }
}

/// Face value × winning probability / (2^256 - 1), not in lowest terms.
pub fn expected_value(face_value: U256, win_prob: U256) -> Wei {
    Ratio::new_raw(integer(face_value) * integer(win_prob), integer(U256::MAX))
}

/// A ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticket {
    /// Who is paid.
    pub recipient: Address,
    /// Who pays.
    pub sender: Address,
    /// Wei that it pays when it wins.
    pub face_value: U256,
    /// It wins below this, out of 2^256 - 1.
    pub win_prob: U256,
    /// Makes it unique among those with the same `recipient_rand_hash`; carries the tag.
    pub nonce: u32,
    /// Commitment to the number that decides who wins.
    pub recipient_rand_hash: B256,
    /// The round it names.
    pub creation: Creation,
}

impl Ticket {
    /// What is signed (pm/ticket.go:192-208).
    pub fn hash(&self) -> B256 {
        keccak256(self.bytes().as_slice())
    }

    /// What is hashed: 232 bytes, or 168 without auxiliary data.
    pub fn bytes(&self) -> TicketBytes {
        let mut bytes = [0; LENGTH];
        bytes[..20].copy_from_slice(self.recipient.as_slice());
        bytes[20..40].copy_from_slice(self.sender.as_slice());
        bytes[40..72].copy_from_slice(&self.face_value.to_be_bytes::<32>());
        bytes[72..104].copy_from_slice(&self.win_prob.to_be_bytes::<32>());
        bytes[132..136].copy_from_slice(&self.nonce.to_be_bytes());
        bytes[136..168].copy_from_slice(self.recipient_rand_hash.as_slice());
        bytes[192..200].copy_from_slice(&self.creation.round.to_be_bytes());
        bytes[200..].copy_from_slice(self.creation.block_hash.as_slice());
        TicketBytes { bytes, length: if self.creation.is_empty() { SHORT } else { LENGTH } }
    }

    /// Whether it wins, once the recipient's number is known
    /// (keccak256(signature ‖ number) < winning probability).
    pub fn wins(&self, signature: &[u8], recipient_rand: U256) -> bool {
        win_number(signature, recipient_rand) < self.win_prob
    }
}

/// What is compared with the winning probability.
pub fn win_number(signature: &[u8], recipient_rand: U256) -> U256 {
    let text = [signature, &recipient_rand.to_be_bytes::<32>()].concat();
    U256::from_be_bytes(keccak256(text).0)
}

/// A ticket as it is hashed.
#[derive(Debug, Clone, Copy)]
pub struct TicketBytes {
    bytes: [u8; LENGTH],
    length: usize,
}

impl TicketBytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
