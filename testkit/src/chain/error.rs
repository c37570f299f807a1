//! What can go wrong on the local chain.

use std::path::PathBuf;

use alloy_primitives::Bytes;

/// A failure of the fixture, or a transaction that the chain refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalChainError {
    /// There is no anvil.
    #[error(
        "anvil, the node of the local chain, is not installed: run `make packages` (or xtask/foundry.sh), or put its path into WAYMARK_ANVIL; looked for {}",
        .looked.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoAnvil {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// It does not start.
    #[error("{} cannot be started", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It ended before it listened.
    #[error("anvil ended before it listened; it said: {said}")]
    Ended {
        /// Its output.
        said: String,
    },
    /// No connection.
    #[error("anvil cannot be reached")]
    Connect {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The exchange broke.
    #[error("{method}: the exchange with anvil broke")]
    Exchange {
        /// JSON-RPC method.
        method: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// Anvil answered something else than JSON-RPC, or another type than asked for.
    #[error("{method}: anvil's answer cannot be read")]
    Answer {
        /// JSON-RPC method.
        method: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Anvil refused the call.
    #[error("{method}: {message} ({code})")]
    Rpc {
        /// JSON-RPC method.
        method: String,
        /// JSON-RPC code.
        code: i64,
        /// What it said.
        message: String,
    },
    /// A contract refused.
    #[error("reverted: {reason}")]
    Reverted {
        /// The text, or what else was returned.
        reason: String,
        /// All of it.
        data: Bytes,
    },
    /// A return value that does not decode.
    #[error("{signature} returned something else")]
    Return {
        /// Signature of the function.
        signature: &'static str,
        /// Why.
        #[source]
        source: alloy_sol_types::Error,
    },
    /// A compiled contract that cannot be read.
    #[error("the artefact is not what `cargo xtask solc` writes: {what}")]
    Artifact {
        /// What is wrong.
        what: String,
    },
    /// A transaction was not mined.
    #[error("the transaction was not mined within {blocks} blocks")]
    NotMined {
        /// How many were waited for.
        blocks: u64,
    },
}

impl LocalChainError {
    /// The text with which a contract refused; nothing if it was something else.
    pub fn revert_reason(&self) -> Option<&str> {
        match self {
            Self::Reverted { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
