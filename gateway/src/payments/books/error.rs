//! What keeps a book from being made or committed to.

use std::{io, path::PathBuf};

use waymark_payments::{chain::ReadError, fund::FundError, ledger::LedgerError};
use waymark_tagging::round::RoundBookError;

use crate::advertise::Unanchorable;

/// A book cannot be made, published or committed to now. It is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// The ledger.
    #[error("the round book needs the spend ledger")]
    Ledger(#[from] LedgerError),
    /// The leaves make no book.
    #[error("no book can be made of round {round}")]
    Book {
        /// Of which round.
        round: u64,
        /// Why.
        #[source]
        source: RoundBookError,
    },
    /// A file.
    #[error("{} cannot be read or written; look at the disk and its rights", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The registry cannot be read.
    #[error("the registry of tags cannot be read; check chain.tag_registry and chain.rpc")]
    Read(#[from] ReadError),
    /// What is published cannot be anchored.
    #[error("the published document cannot be anchored")]
    Document(#[from] Unanchorable),
    /// Nobody would find what is anchored.
    #[error("there is no address for documents; set requirements.url")]
    Nowhere,
    /// A transaction was not carried out.
    #[error("{what} was not carried out")]
    Send {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: Box<FundError>,
    },
    /// The task that does blocking work ended.
    #[error("the work on a round book was broken off")]
    Ended(#[from] tokio::task::JoinError),
}
