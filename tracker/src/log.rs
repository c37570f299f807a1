//! One log of the chain, as `eth_getLogs` gives it, and reading many of them from a file.
//!
//! Logs come from strangers: every field is checked, numbers may be written as nodes write them
//! (`"0x1a"`) or as exporters do (`26`), and nothing here panics on any bytes.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes};
use serde::Deserialize;

mod quantity;
mod reader;

use quantity::Quantity;
pub use reader::{LogFileError, LogReader, MAX_LOG_BYTES};

/// Bits of a [`Place`]'s number that hold the index in the block: a million logs.
const INDEX_BITS: u32 = 20;
/// The highest block number that is believed, so that a place is one positive 64-bit number.
/// Arbitrum makes 2^27 blocks a year.
pub const MAX_BLOCK: u64 = (1 << 43) - 1;
/// The highest index of a log in its block.
pub const MAX_INDEX: u64 = (1 << INDEX_BITS) - 1;

/// Where a log is: block and index in it. Ordered as the chain is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(u64);

impl Place {
    /// A place; nothing beyond [`MAX_BLOCK`] or [`MAX_INDEX`].
    pub const fn new(block: u64, index: u64) -> Option<Self> {
        if block > MAX_BLOCK || index > MAX_INDEX {
            return None;
        }
        Some(Self((block << INDEX_BITS) | index))
    }

    /// The first place of a block; of the last one possible beyond that.
    pub(crate) const fn start_of(block: u64) -> Self {
        Self((if block > MAX_BLOCK { MAX_BLOCK } else { block }) << INDEX_BITS)
    }

    /// Number of the block.
    pub const fn block(self) -> u64 {
        self.0 >> INDEX_BITS
    }

    /// Index of the log in the block.
    pub const fn index(self) -> u64 {
        self.0 & MAX_INDEX
    }

    /// The place right behind it in the same block.
    pub(crate) const fn next(self) -> Option<Self> {
        Self::new(self.block(), self.index() + 1)
    }

    /// Both in one number below 2^63.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({}:{})", self.block(), self.index())
    }
}

/// A log in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract that wrote it.
    pub address: Address,
    /// Signature hash of the event, then its indexed values: at most four.
    pub topics: Vec<B256>,
    /// The other values.
    pub data: Bytes,
    /// Where it is.
    pub place: Place,
    /// Hash of its block; zero where the source does not tell it.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
    /// When its block was made, Unix seconds, where the source tells it.
    pub time: Option<u64>,
    /// A reorganisation took it back.
    pub removed: bool,
}

impl Log {
    /// Signature hash of the event.
    pub fn kind(&self) -> Option<B256> {
        self.topics.first().copied()
    }
}

/// An object that is not a log in a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Not JSON, or fields of another kind.
    #[error("not a log object of JSON-RPC: {what}")]
    Shape {
        /// What is wrong, cut to 200 characters.
        what: String,
    },
    /// A whole answer of a node.
    #[error("this is a node's whole answer; give the array in its `result`")]
    Answer,
    /// Of no block yet.
    #[error("the log is in no block yet (blockNumber is null); ask for logs up to a mined block")]
    Pending,
    /// A number that no chain has.
    #[error(
        "block {block}, log {index} cannot be; accepted: blocks to {MAX_BLOCK}, logs to {MAX_INDEX}"
    )]
    Place {
        /// The block.
        block: u64,
        /// The index.
        index: u64,
    },
    /// More topics than the EVM has.
    #[error("{given} topics; a log has at most 4")]
    Topics {
        /// How many.
        given: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    address: Option<Address>,
    #[serde(default)]
    topics: Vec<B256>,
    #[serde(default)]
    data: Bytes,
    #[serde(default)]
    block_number: Option<Quantity>,
    #[serde(default)]
    log_index: Option<Quantity>,
    #[serde(default)]
    block_hash: Option<B256>,
    #[serde(default)]
    transaction_hash: Option<B256>,
    #[serde(default)]
    block_timestamp: Option<Quantity>,
    #[serde(default)]
    removed: Option<bool>,
    #[serde(default)]
    result: Option<serde::de::IgnoredAny>,
}

impl Log {
    /// Reads one log object.
    pub fn parse(json: &[u8]) -> Result<Self, LogError> {
        serde_json::from_slice::<Raw>(json).map_err(|error| shape(&error))?.check()
    }

    /// Reads one log object that is parsed already.
    pub(crate) fn from_value(json: serde_json::Value) -> Result<Self, LogError> {
        serde_json::from_value::<Raw>(json).map_err(|error| shape(&error))?.check()
    }
}

impl Raw {
    fn check(self) -> Result<Log, LogError> {
        let missing = |name: &str| LogError::Shape { what: format!("`{name}` is missing") };
        let Some(address) = self.address else {
            return Err(if self.result.is_some() { LogError::Answer } else { missing("address") });
        };
        let Quantity(block) = self.block_number.ok_or(LogError::Pending)?;
        let Quantity(index) = self.log_index.ok_or_else(|| missing("logIndex"))?;
        if self.topics.len() > 4 {
            return Err(LogError::Topics { given: self.topics.len() });
        }
        Ok(Log {
            address,
            topics: self.topics,
            data: self.data,
            place: Place::new(block, index).ok_or(LogError::Place { block, index })?,
            block_hash: self.block_hash.unwrap_or_default(),
            transaction: self.transaction_hash.ok_or_else(|| missing("transactionHash"))?,
            time: self.block_timestamp.map(|Quantity(time)| time),
            removed: self.removed.unwrap_or(false),
        })
    }
}

fn shape(error: &serde_json::Error) -> LogError {
    let what = error.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
    LogError::Shape { what }
}

#[cfg(test)]
mod tests;
