//! Reading and checking what a remote signer sends.
//!
//! A payment that does not belong to the session it was asked for, or is larger than allowed, is
//! never handed on: orchestrators would refuse it, or take it as somebody else's.

use std::fmt;

use alloy_primitives::{Address, B256, U256, U512, keccak256};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use waymark_proto::net::{
    OrchestratorInfo, Payment, PriceInfo, SegData, TicketParams, TicketSenderParams,
};

use super::{AnswerError, TicketLimits, recover};

/// A payment by a remote signer, checked and not yet sent. The ledger has it on record before it is.
#[derive(Clone, PartialEq, Eq)]
pub struct RemotePayment {
    /// Value of the header `Livepeer-Payment`.
    pub payment: String,
    /// Value of the header `Livepeer-Segment`: credentials for an empty segment.
    pub credentials: String,
    /// Whom the tickets pay.
    pub recipient: Address,
    /// Hash that names the ticket parameters (`recipient_rand_hash`).
    pub params: B256,
    /// Nonce of the first ticket; the others follow without a gap.
    pub first_nonce: u32,
    /// Number of tickets.
    pub tickets: u16,
    /// Face value of each, wei.
    pub face_value: U256,
    /// Winning probability of each, of 2^256 − 1.
    pub win_prob: U256,
    /// Expected value of all tickets, wei, rounded up.
    pub value: U256,
}

/// Answer to `/sign-orchestrator-info`.
pub(super) struct Identity {
    pub(super) address: Address,
    pub(super) signature: Bytes,
}

/// The signer's memory of a session, signed by it. Not ours to read.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    state: String,
    sig: String,
}

/// What was asked for, to compare the answer with.
pub(super) struct Expected<'a> {
    pub(super) sender: Address,
    pub(super) recipient: Address,
    pub(super) info: &'a OrchestratorInfo,
    pub(super) manifest: Option<&'a str>,
    pub(super) limits: &'a TicketLimits,
    /// Last parameters paid with, and the highest nonce used with them.
    pub(super) used: Option<(B256, u32)>,
}

#[derive(Deserialize)]
struct IdentityBody {
    address: String,
    signature: String,
}

/// Answer to `/generate-live-payment`.
#[derive(Deserialize)]
pub(super) struct PaymentBody {
    payment: String,
    #[serde(default, rename = "segCreds")]
    credentials: String,
    pub(super) state: State,
}

pub(super) fn identity(body: &[u8]) -> Result<Identity, AnswerError> {
    let body: IdentityBody = parse(body)?;
    let digits = |text: &str| hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok();
    let address = digits(&body.address)
        .and_then(|bytes| Address::try_from(bytes.as_slice()).ok())
        .filter(|address| !address.is_zero());
    let expected = "an address of 40 hex digits, not zero";
    let address = address.ok_or(AnswerError::Field { field: "address", expected })?;
    let signature = digits(&body.signature).filter(|bytes| bytes.len() == 65);
    let expected = "65 bytes in hex";
    let signature = signature.ok_or(AnswerError::Field { field: "signature", expected })?;
    Ok(Identity { address, signature: signature.into() })
}

pub(super) fn payment(body: &[u8]) -> Result<PaymentBody, AnswerError> {
    parse(body)
}

/// Checks tickets and credentials against what was asked for.
pub(super) fn check(
    body: PaymentBody,
    expected: &Expected<'_>,
) -> Result<RemotePayment, AnswerError> {
    let payment: Payment = decode("payment", &body.payment)?;
    let credentials: SegData = decode("segCreds", &body.credentials)?;
    check_credentials(&credentials, expected)?;

    let sender = Address::try_from(&*payment.sender).unwrap_or_default();
    if sender != expected.sender {
        return Err(AnswerError::Sender { sender, expected: expected.sender });
    }
    let params = check_params(&payment, expected)?;
    let (first_nonce, tickets) = check_tickets(&payment.ticket_sender_params, &params, expected)?;
    let value = check_value(&params, tickets, expected.limits)?;
    Ok(RemotePayment {
        payment: body.payment,
        credentials: body.credentials,
        recipient: expected.recipient,
        params: params.hash,
        first_nonce,
        tickets,
        face_value: params.face_value,
        win_prob: params.win_prob,
        value,
    })
}

struct Params {
    hash: B256,
    face_value: U256,
    win_prob: U256,
}

fn check_params(payment: &Payment, expected: &Expected<'_>) -> Result<Params, AnswerError> {
    let field = |field, expected| AnswerError::Field { field, expected };
    let missing = || field("payment", "one with ticket parameters");
    let paid = payment.ticket_params.as_ref().ok_or_else(missing)?;
    let asked = expected.info.ticket_params.as_ref().ok_or_else(missing)?;
    if *paid.recipient != *expected.recipient.as_slice() {
        return Err(AnswerError::Mismatch { what: "the tickets' recipient" });
    }
    if !same_params(paid, asked) {
        return Err(AnswerError::Mismatch { what: "the tickets' parameters" });
    }
    if payment.expiration_params != asked.expiration_params {
        return Err(AnswerError::Mismatch { what: "the tickets' round" });
    }
    if !same_price(payment.expected_price.as_ref(), expected.info.price_info.as_ref()) {
        return Err(AnswerError::Mismatch { what: "the payment's price" });
    }
    let number = |bytes: &[u8]| U256::try_from_be_slice(bytes);
    let hash = B256::try_from(&*paid.recipient_rand_hash)
        .map_err(|_| field("payment", "one with a parameter hash of 32 bytes"))?;
    let face_value = number(&paid.face_value).ok_or(field("payment", "of 256 bit face value"))?;
    let win_prob = number(&paid.win_prob).ok_or(field("payment", "of 256 bit probability"))?;
    Ok(Params { hash, face_value, win_prob })
}

fn same_params(a: &TicketParams, b: &TicketParams) -> bool {
    let number = |a: &[u8], b: &[u8]| significant(a) == significant(b);
    a.recipient == b.recipient
        && number(&a.face_value, &b.face_value)
        && number(&a.win_prob, &b.win_prob)
        && a.recipient_rand_hash == b.recipient_rand_hash
        && number(&a.seed, &b.seed)
        && number(&a.expiration_block, &b.expiration_block)
}

fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

/// Equal as fractions.
fn same_price(a: Option<&PriceInfo>, b: Option<&PriceInfo>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    let cross =
        |x: &PriceInfo, y: &PriceInfo| i128::from(x.price_per_unit) * i128::from(y.pixels_per_unit);
    a.pixels_per_unit > 0 && b.pixels_per_unit > 0 && cross(a, b) == cross(b, a)
}

fn check_tickets(
    tickets: &[TicketSenderParams],
    params: &Params,
    expected: &Expected<'_>,
) -> Result<(u32, u16), AnswerError> {
    let limit = expected.limits.tickets;
    let count = u16::try_from(tickets.len()).ok().filter(|count| (1..=limit).contains(count));
    let (Some(count), Some(first)) = (count, tickets.first()) else {
        return Err(AnswerError::Tickets { count: tickets.len(), limit });
    };
    let readable = |sig: &[u8]| sig.len() == 65 && matches!(sig.last(), Some(27 | 28));
    if let Some(index) = tickets.iter().position(|ticket| !readable(&ticket.sig)) {
        return Err(AnswerError::Signature { index });
    }
    let used = expected.used.filter(|(hash, _)| *hash == params.hash).map_or(0, |(_, last)| last);
    let consecutive = (first.sender_nonce..=u32::MAX).zip(tickets);
    let in_order = consecutive.filter(|(nonce, ticket)| ticket.sender_nonce == *nonce).count();
    if first.sender_nonce <= used || in_order != tickets.len() {
        return Err(AnswerError::Nonces { used });
    }
    Ok((first.sender_nonce, count))
}

/// Expected value of all tickets, rounded up.
fn check_value(params: &Params, tickets: u16, limits: &TicketLimits) -> Result<U256, AnswerError> {
    let expected = |tickets: u16| {
        let certain = U512::from(U256::MAX);
        let face = U512::from(params.face_value) * U512::from(tickets);
        // The widest product has 528 bits; what does not fit is worth more than there is ether.
        let weighted = face.checked_mul(U512::from(params.win_prob)).unwrap_or(U512::MAX);
        let value = weighted.div_ceil(certain);
        U256::saturating_from(value)
    };
    let within = |what, value: U256, limit: U256| {
        if value > limit { Err(AnswerError::Value { what, value, limit }) } else { Ok(()) }
    };
    if let Some(limit) = limits.face_value {
        within("face value", params.face_value, limit)?;
    }
    within("expected value of a ticket", expected(1), limits.ticket_value)?;
    let total = expected(tickets);
    within("expected value", total, limits.total_value)?;
    Ok(total)
}

/// Credentials for an empty segment (`server/remote_signer.go`, `genSegCreds`).
fn check_credentials(credentials: &SegData, expected: &Expected<'_>) -> Result<(), AnswerError> {
    let mismatch = |what| AnswerError::Mismatch { what };
    let manifest = std::str::from_utf8(&credentials.manifest_id)
        .ok()
        .filter(|manifest| !manifest.is_empty())
        .ok_or(AnswerError::Field { field: "segCreds", expected: "one with a manifest id" })?;
    if expected.manifest.is_some_and(|asked| asked != manifest) {
        return Err(mismatch("the credentials' manifest id"));
    }
    if credentials.auth_token != expected.info.auth_token {
        return Err(mismatch("the credentials' token"));
    }
    let empty = keccak256([]);
    if credentials.seq != 0 || *credentials.hash != *empty.as_slice() {
        return Err(mismatch("the credentials' segment"));
    }
    let text = [manifest.as_bytes(), &[0; 32], empty.as_slice()].concat();
    if recover(&keccak256(text), &credentials.sig) != Some(expected.sender) {
        return Err(mismatch("the credentials' signer"));
    }
    Ok(())
}

fn decode<M: prost::Message + Default>(field: &'static str, text: &str) -> Result<M, AnswerError> {
    let expected = "a protobuf message in base64";
    let bytes = BASE64.decode(text).ok().filter(|bytes| !bytes.is_empty());
    bytes
        .and_then(|bytes| M::decode(Bytes::from(bytes)).ok())
        .ok_or(AnswerError::Field { field, expected })
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, AnswerError> {
    serde_json::from_slice(body)
        .map_err(|error| AnswerError::Json { line: error.line(), column: error.column() })
}

impl fmt::Debug for RemotePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemotePayment")
            .field("recipient", &self.recipient)
            .field("params", &self.params)
            .field("first_nonce", &self.first_nonce)
            .field("tickets", &self.tickets)
            .field("face_value", &self.face_value)
            .field("win_prob", &self.win_prob)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State(<opaque>)")
    }
}
