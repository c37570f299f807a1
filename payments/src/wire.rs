//! Tickets and payments as they travel: protobuf of go-livepeer v0.9.1, in a header as base64.
//!
//! Numbers are minimal big-endian bytes, zero is empty. The round of the tickets stands beside the
//! parameters, not in them, as a stock gateway sends it (server/segment_rpc.go:838-850); an
//! orchestrator fails on tickets without it. Reading is strict: a field of the wrong width is an
//! error, never cut or padded.

use alloy_primitives::{Address, B256, U256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use prost::Message as _;
use waymark_proto::net;

use crate::price::{Price, PriceError};
use crate::ticket::{Creation, TicketParams};

/// Most bytes of an encoded payment around its tickets: parameters, addresses, round and price with
/// every number at its widest.
const ENVELOPE: usize = 285;
/// Bytes of an encoded ticket without its nonce: two keys and lengths, the nonce's key, 65 bytes.
const TICKET: usize = 2 + 1 + 2 + 65;

/// A field that cannot be what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Too many or too few bytes.
    #[error("{field} has {found} bytes, {wanted}")]
    Width {
        /// The field.
        field: &'static str,
        /// Bytes found.
        found: usize,
        /// What it may have.
        wanted: &'static str,
    },
    /// A round below 0.
    #[error("the creation round {found} is negative")]
    Round {
        /// The round.
        found: i64,
    },
    /// A field that must be there.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A price that is none.
    #[error("the price is unusable")]
    Price(#[from] PriceError),
    /// Not base64.
    #[error("the header is not base64")]
    Base64(#[from] base64::DecodeError),
    /// Not a message.
    #[error("the header is not a payment")]
    Message(#[from] prost::DecodeError),
}

impl TryFrom<&net::TicketParams> for TicketParams {
    type Error = WireError;

    fn try_from(wire: &net::TicketParams) -> Result<Self, Self::Error> {
        let creation = wire.expiration_params.as_ref().map(Creation::try_from).transpose()?;
        Ok(Self {
            recipient: address("recipient", &wire.recipient)?,
            face_value: number("face value", &wire.face_value)?,
            win_prob: number("winning probability", &wire.win_prob)?,
            recipient_rand_hash: hash("recipient rand hash", &wire.recipient_rand_hash)?,
            seed: number("seed", &wire.seed)?,
            expiration_block: number("expiration block", &wire.expiration_block)?,
            creation,
        })
    }
}

impl TryFrom<&net::TicketExpirationParams> for Creation {
    type Error = WireError;

    fn try_from(wire: &net::TicketExpirationParams) -> Result<Self, Self::Error> {
        let round = wire.creation_round;
        let block_hash = match wire.creation_round_block_hash.as_ref() {
            [] => B256::ZERO,
            bytes => hash("creation round's block hash", bytes)?,
        };
        let round = u64::try_from(round).map_err(|_| WireError::Round { found: round })?;
        Ok(Self { round, block_hash })
    }
}

impl Creation {
    /// As it travels.
    pub fn to_wire(&self) -> net::TicketExpirationParams {
        net::TicketExpirationParams {
            creation_round: i64::try_from(self.round).unwrap_or(i64::MAX),
            creation_round_block_hash: Bytes::copy_from_slice(self.block_hash.as_slice()),
        }
    }
}

impl TicketParams {
    /// As it travels in a payment: without the round.
    pub fn to_wire(&self) -> net::TicketParams {
        net::TicketParams {
            recipient: Bytes::copy_from_slice(self.recipient.as_slice()),
            face_value: minimal(self.face_value),
            win_prob: minimal(self.win_prob),
            recipient_rand_hash: Bytes::copy_from_slice(self.recipient_rand_hash.as_slice()),
            seed: minimal(self.seed),
            expiration_block: minimal(self.expiration_block),
            expiration_params: None,
        }
    }
}

/// A payment before it is encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentMessage {
    /// Who pays.
    pub sender: Address,
    /// The price the tickets are for, as the orchestrator gave it.
    pub price: Price,
    /// Tickets, when there are any.
    pub tickets: Option<TicketBatch>,
}

/// Tickets of one payment. They share everything but nonce and signature.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketBatch {
    /// Their terms.
    pub params: TicketParams,
    /// The round they name.
    pub creation: Creation,
    /// Nonce and signature of each.
    pub signed: Vec<(u32, Bytes)>,
}

impl PaymentMessage {
    /// The message. Parameters and round are there only with tickets.
    pub fn to_wire(&self) -> net::Payment {
        let sender = Bytes::copy_from_slice(self.sender.as_slice());
        let expected_price = Some(self.price.to_wire());
        let Some(batch) = self.tickets.as_ref().filter(|batch| !batch.signed.is_empty()) else {
            return net::Payment { sender, expected_price, ..Default::default() };
        };
        let ticket = |(nonce, sig): &(u32, Bytes)| net::TicketSenderParams {
            sender_nonce: *nonce,
            sig: sig.clone(),
        };
        net::Payment {
            ticket_params: Some(batch.params.to_wire()),
            sender,
            expiration_params: Some(batch.creation.to_wire()),
            ticket_sender_params: batch.signed.iter().map(ticket).collect(),
            expected_price,
        }
    }

    /// Value of the header `Livepeer-Payment`.
    pub fn to_header(&self) -> HeaderValue {
        let text = STANDARD.encode(self.to_wire().encode_to_vec());
        HeaderValue::try_from(text).expect("base64 is printable ASCII")
    }

    /// What such a header says.
    pub fn from_header(value: &HeaderValue) -> Result<Self, WireError> {
        let bytes = STANDARD.decode(value.as_bytes())?;
        Self::try_from(&net::Payment::decode(bytes.as_slice())?)
    }
}

impl TryFrom<&net::Payment> for PaymentMessage {
    type Error = WireError;

    fn try_from(wire: &net::Payment) -> Result<Self, Self::Error> {
        let missing = |field| WireError::Missing { field };
        let price = wire.expected_price.as_ref().ok_or(missing("expected price"))?;
        let tickets = match &wire.ticket_params {
            None => None,
            Some(params) => Some(TicketBatch {
                params: TicketParams::try_from(params)?,
                creation: wire
                    .expiration_params
                    .as_ref()
                    .ok_or(missing("creation round"))?
                    .try_into()?,
                signed: wire
                    .ticket_sender_params
                    .iter()
                    .map(|ticket| (ticket.sender_nonce, ticket.sig.clone()))
                    .collect(),
            }),
        };
        let sender = address("sender", &wire.sender)?;
        Ok(Self { sender, price: Price::try_from(price)?, tickets })
    }
}

/// Most tickets whose payment fits a header of so many bytes, when the highest nonce is `nonce`.
pub fn tickets_in_header(bytes: usize, nonce: u32) -> usize {
    let message = bytes / 4 * 3;
    let nonce = prost::length_delimiter_len(nonce as usize);
    message.saturating_sub(ENVELOPE) / (TICKET + nonce)
}

fn minimal(value: U256) -> Bytes {
    Bytes::from(value.to_be_bytes_trimmed_vec())
}

fn number(field: &'static str, bytes: &[u8]) -> Result<U256, WireError> {
    U256::try_from_be_slice(bytes).ok_or(WireError::Width {
        field,
        found: bytes.len(),
        wanted: "at most 32 are a number",
    })
}

fn address(field: &'static str, bytes: &[u8]) -> Result<Address, WireError> {
    let wanted = "20 are an address";
    Address::try_from(bytes).map_err(|_| WireError::Width { field, found: bytes.len(), wanted })
}

fn hash(field: &'static str, bytes: &[u8]) -> Result<B256, WireError> {
    let wanted = "32 are a hash";
    B256::try_from(bytes).map_err(|_| WireError::Width { field, found: bytes.len(), wanted })
}

#[cfg(test)]
mod tests;
