//! The leaf file as it stands in JSON: keys and encodings of `captures/onchain/round-book.json`.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use super::{BookId, RoundBook};
use crate::TagId;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    chain_id: u64,
    #[serde(with = "checksummed")]
    gateway: Address,
    round: u64,
    pub(super) root: B256,
    pub(super) leaves: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    #[serde(with = "checksummed")]
    pub(super) recipient: Address,
    pub(super) recipient_rand_hash: B256,
    pub(super) tag_id: TagId,
    pub(super) job_ref: B256,
    #[serde(with = "decimal")]
    pub(super) ev_wei: u128,
    pub(super) ticket_count: u32,
    /// What the writer says the leaf's hash is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) leaf_hash: Option<B256>,
}

impl File {
    pub(super) fn new(book: &RoundBook) -> Self {
        let lines = book.leaves().iter().zip(book.hashes()).map(|(leaf, &hash)| Line {
            recipient: leaf.recipient,
            recipient_rand_hash: leaf.recipient_rand_hash,
            tag_id: leaf.tag_id,
            job_ref: leaf.job_ref,
            ev_wei: leaf.ev_wei,
            ticket_count: leaf.ticket_count,
            leaf_hash: Some(hash),
        });
        Self {
            chain_id: book.id().chain_id,
            gateway: book.id().gateway,
            round: book.id().round,
            root: book.root(),
            leaves: lines.collect(),
        }
    }

    pub(super) fn id(&self) -> BookId {
        BookId { chain_id: self.chain_id, gateway: self.gateway, round: self.round }
    }
}

/// An address: written with its checksum (EIP-55), read in any case.
mod checksummed {
    use alloy_primitives::Address;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(address)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        Address::deserialize(from)
    }
}

/// Wei as a decimal string: digits only, no sign, no leading zero.
mod decimal {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(wei: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(wei)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        text.parse().ok().filter(|_| canonical).ok_or_else(|| {
            let shown: String = text.chars().take(48).collect();
            de::Error::custom(format_args!(
                "{shown:?} is no amount of wei; accepted: decimal digits without a leading zero, at most {}",
                u128::MAX
            ))
        })
    }
}
