//! Why `waymark demand` ended without a report.

use std::io;
use std::path::PathBuf;

use crate::book::{FetchError, LibraryError};
use crate::output::OutputError;
use crate::source::{NodeError, ReadError};
use crate::store::StoreError;

/// `EX_USAGE`
const USAGE: u8 = 64;
/// `EX_DATAERR`: logs that cannot be used.
const DATA: u8 = 65;
/// `EX_NOINPUT`: a file that is not there.
const NO_INPUT: u8 = 66;
/// `EX_UNAVAILABLE`: the node.
const UNAVAILABLE: u8 = 69;
/// `EX_CANTCREAT`: the report or the state.
const CANNOT_WRITE: u8 = 73;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemandError {
    /// A file of logs that is not there.
    #[error("the logs {} cannot be opened", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Logs that cannot be used.
    #[error("the logs {} cannot be used", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory of leaf files.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// Leaf files from the web.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The report cannot be written.
    #[error("there is no report")]
    Output(#[from] OutputError),
    /// Parquet to a terminal.
    #[error("a Parquet file is nothing to look at; give --out FILE, or send the output to a file")]
    Terminal,
    /// Reports of a stream in a format that has an end.
    #[error("--follow with --format parquet needs --out FILE: each report replaces the one before")]
    Following,
}

impl DemandError {
    /// The exit code that tells which kind it is.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Open { .. } | Self::Library(_) => NO_INPUT,
            Self::Read { source: ReadError::Store(_), .. }
            | Self::Store(_)
            | Self::Output(_)
            | Self::Fetch(_) => CANNOT_WRITE,
            Self::Read { .. } => DATA,
            Self::Node(_) => UNAVAILABLE,
            Self::Terminal | Self::Following => USAGE,
        }
    }
}
