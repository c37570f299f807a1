//! Tickets of probabilistic micropayments: their hash, who signed them, and whether they win.
//!
//! Written from the protocol alone (go-livepeer `pm/ticket.go:105-220`, `pm/validator.go`); it shares
//! nothing with the gateway's own code, so that a mistake in one shows against the other.

use alloy_primitives::{Address, B256, Keccak256, U256, keccak256};
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use waymark_proto::net;

use crate::crypto::{Key, verify_eth};

/// Low bits of a nonce that count tickets; the tag's index stands above them.
pub const COUNTER_BITS: u32 = 10;

/// What a sender signs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ticket {
    /// Who is paid.
    pub recipient: Address,
    /// Who pays.
    pub sender: Address,
    /// Wei if it wins.
    pub face_value: U256,
    /// Chance to win, of 2^256 - 1.
    pub win_prob: U256,
    /// Different for every ticket of the same parameters.
    pub sender_nonce: u32,
    /// Keccak-256 of the recipient's secret number.
    pub recipient_rand_hash: B256,
    /// Round it was made in.
    pub creation_round: i64,
    /// That round's block hash.
    pub creation_round_block_hash: B256,
}

impl Ticket {
    /// The ticket that a sender makes of a recipient's parameters. `None` where a number is larger
    /// than 32 bytes or a hash has another length.
    pub fn new(
        params: &net::TicketParams,
        expiration: &net::TicketExpirationParams,
        sender: Address,
        sender_nonce: u32,
    ) -> Option<Self> {
        Some(Self {
            recipient: address(&params.recipient),
            sender,
            face_value: number(&params.face_value)?,
            win_prob: number(&params.win_prob)?,
            sender_nonce,
            recipient_rand_hash: hash(&params.recipient_rand_hash)?,
            creation_round: expiration.creation_round,
            creation_round_block_hash: hash(&expiration.creation_round_block_hash)?,
        })
    }

    /// Round and block hash, 64 bytes; empty where both are zero.
    pub fn aux_data(&self) -> Vec<u8> {
        let (round, hash) = (self.creation_round, self.creation_round_block_hash);
        if round == 0 && hash.is_zero() {
            return Vec::new();
        }
        [U256::from(round.unsigned_abs()).to_be_bytes(), hash.0].concat()
    }

    /// The hash that is signed and that names the ticket on chain.
    pub fn hash(&self) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(self.recipient);
        hasher.update(self.sender);
        hasher.update(self.face_value.to_be_bytes::<32>());
        hasher.update(self.win_prob.to_be_bytes::<32>());
        hasher.update(U256::from(self.sender_nonce).to_be_bytes::<32>());
        hasher.update(self.recipient_rand_hash);
        hasher.update(self.aux_data());
        hasher.finalize()
    }

    /// The sender's signature.
    pub fn sign(&self, key: &Key) -> [u8; 65] {
        key.sign_eth(self.hash().as_slice())
    }

    /// Whether `signature` is the sender's.
    pub fn is_signed(&self, signature: &[u8]) -> bool {
        verify_eth(self.sender, self.hash().as_slice(), signature)
    }

    /// Whether it wins against the recipient's secret number.
    pub fn wins(&self, signature: &[u8], recipient_rand: &B256) -> bool {
        let drawn = keccak256([signature, recipient_rand.as_slice()].concat());
        U256::from_be_bytes(drawn.0) < self.win_prob
    }

    /// Wei it is worth before it is drawn: face value times chance.
    pub fn expected_value(&self) -> BigRational {
        expected_value(&self.face_value, &self.win_prob)
    }

    /// Index of the tag its nonce carries.
    pub fn tag(&self) -> u32 {
        self.sender_nonce >> COUNTER_BITS
    }
}

/// Wei a ticket of these terms is worth before it is drawn, exactly.
pub fn expected_value(face_value: &U256, win_prob: &U256) -> BigRational {
    BigRational::new(big(face_value) * big(win_prob), big(&U256::MAX))
}

pub(crate) fn big(number: &U256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &number.to_be_bytes::<32>())
}

/// The whole part of what is not negative; the largest number if it does not fit.
pub(crate) fn floor(amount: &BigRational) -> U256 {
    let (sign, bytes) = amount.floor().to_integer().to_bytes_be();
    if sign == Sign::Minus { U256::ZERO } else { number(&bytes).unwrap_or(U256::MAX) }
}

/// Big-endian without leading zeros; zero is empty.
pub(crate) fn minimal(number: &U256) -> Vec<u8> {
    number.to_be_bytes_trimmed_vec()
}

/// A big-endian number; `None` beyond 32 bytes.
pub(crate) fn number(bytes: &[u8]) -> Option<U256> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    U256::try_from_be_slice(&bytes[zeros..])
}

/// A hash by its number, as go-ethereum reads it: short ones are padded in front.
fn hash(bytes: &[u8]) -> Option<B256> {
    (bytes.len() <= 32).then(|| B256::left_padding_from(bytes))
}

/// The last 20 bytes, padded with zeros in front, as go-ethereum reads an address.
pub(crate) fn address(bytes: &[u8]) -> Address {
    Address::left_padding_from(&bytes[bytes.len().saturating_sub(20)..])
}

#[cfg(test)]
mod tests;
