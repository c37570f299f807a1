//! What was read from the chain, and how far: one SQLite file, or a temporary one.
//!
//! Everything is keyed by its place in the chain, so reading a log twice changes nothing. One batch
//! of logs, what a reorganisation took back, and the cursor are one transaction: a process that is
//! killed anywhere goes on without a gap and without counting twice. Memory does not grow with the
//! number of logs.
//!
//! Where logs contradict what is stored, the later ones stand: another hash for a block, or a ticket
//! that was redeemed in another place (a ticket is redeemed once).

use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use rusqlite::Connection;

use crate::event::{Contracts, Fact};

mod column;
mod file;
mod read;
mod rollback;
mod write;

/// Blocks whose hashes are kept.
pub(crate) const MAX_BLOCKS: i64 = 256;

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused.
    #[error("the state {} cannot be used", shown(path))]
    Database {
        /// The file; empty for a temporary one.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// Another program's file.
    #[error(
        "{} is no state of `waymark demand` (application id {found:#x}); name another file",
        shown(path)
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        found: i32,
    },
    /// Written by a newer version.
    #[error("{} has version {found}, this program knows up to {supported}", shown(path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// The newest version known.
        supported: i32,
    },
    /// Of other contracts or another chain.
    #[error(
        "{} is the state of {what} {stored}, not {asked}; name another file with --state",
        shown(path)
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the file is of.
        stored: String,
        /// What was asked for.
        asked: String,
    },
    /// Another process has it.
    #[error("{} is in use by another process", shown(path))]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The lock beside it.
    #[error("the lock {} cannot be taken", shown(path))]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        "in a temporary file".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whose logs are in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The contracts.
    pub contracts: Contracts,
    /// The chain's id, where it is known: not for files of logs.
    pub chain_id: Option<u64>,
}

/// A block that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// What one transaction changes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Forget everything from this block on first.
    pub forget_from: Option<u64>,
    /// New facts, in the order of the logs.
    pub facts: Vec<Fact>,
    /// Blocks that were read; the highest is the new cursor.
    pub blocks: Vec<Block>,
}

/// What a batch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Redemptions that were not there before.
    pub redeemed: u64,
    /// Redemptions taken back: by a reorganisation, or because the ticket turned up elsewhere.
    pub taken_back: u64,
    /// Blocks of which the logs show two hashes.
    pub contradictions: u64,
    /// Logs of the registry or delegations that were not there before.
    pub registry: u64,
}

impl Applied {
    /// Whether a report is another now.
    pub const fn changed(&self) -> bool {
        self.redeemed > 0 || self.taken_back > 0 || self.registry > 0
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.redeemed = self.redeemed.saturating_add(other.redeemed);
        self.taken_back = self.taken_back.saturating_add(other.taken_back);
        self.contradictions = self.contradictions.saturating_add(other.contradictions);
        self.registry = self.registry.saturating_add(other.registry);
    }
}

/// The state. It is one process's at a time.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    identity: Identity,
    /// Keeps other processes out; the operating system frees it with the process.
    _lock: Option<std::fs::File>,
}

impl Store {
    /// Whose logs these are.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    fn trouble(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), source }
    }
}
