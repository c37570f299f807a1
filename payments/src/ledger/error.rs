//! What goes wrong with the ledger's file, and why a promise was not made.

use std::path::PathBuf;

use alloy_primitives::B256;

use crate::limits::LimitHit;

/// The ledger cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file or its lock cannot be created or opened.
    #[error("cannot open the spend ledger {}; check that the folder exists and belongs to this user", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the file.
    #[error(
        "the spend ledger {} is in use by another process; two gateways must not share a data folder", path.display()
    )]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// A database, but of another program.
    #[error(
        "{} is a database of another program (application id {found:#x}); move it away or choose another data folder", path.display()
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What the file says it is.
        found: i32,
    },
    /// Written by a later version of this program.
    #[error(
        "the spend ledger {} has schema {found}, and this version knows schemas up to {supported}; start the version that wrote it, or a later one", path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// The newest schema this version knows.
        supported: i32,
    },
    /// Not a database, or a damaged one.
    #[error(
        "the spend ledger {} is damaged; restore it from a backup, or move it away to start a new one, which counts from zero", path.display()
    )]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// SQLite failed.
    #[error("the spend ledger cannot {action}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

impl LedgerError {
    /// For `map_err`: SQLite failed at this.
    pub(super) fn at(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Store { action, source }
    }
}

/// Why there is no promise. Nothing may be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromiseError {
    /// A limit forbids it.
    #[error(transparent)]
    Limit(Box<LimitHit>),
    /// Tickets with these nonces are on record already.
    #[error(
        "nonces {first} to {last} of ticket parameters {params} overlap {on_record_first} to {on_record_last}, which are on record; take new parameters"
    )]
    NonceReused {
        /// The hash of the recipient's random number.
        params: B256,
        /// The first nonce that was asked for.
        first: u32,
        /// The last.
        last: u32,
        /// The first nonce of the promise it meets.
        on_record_first: u32,
        /// The last.
        on_record_last: u32,
    },
    /// The promise contradicts itself: a defect of the caller.
    #[error("a promise of {tickets} tickets from nonce {first_nonce} on cannot be: {problem}")]
    Invalid {
        /// How many tickets.
        tickets: u16,
        /// The first nonce.
        first_nonce: u32,
        /// What is wrong.
        problem: &'static str,
    },
    /// The ledger was closed: the gateway is shutting down.
    #[error("the spend ledger is closed")]
    Closed,
    /// It cannot be written down.
    #[error("the promise cannot be put on record")]
    Store {
        /// Why.
        #[from]
        source: LedgerError,
    },
}

impl From<Box<LimitHit>> for PromiseError {
    fn from(hit: Box<LimitHit>) -> Self {
        Self::Limit(hit)
    }
}
