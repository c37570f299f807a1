//! Why logs cannot be had from a node.

use alloy_primitives::Address;
use waymark_payments::chain::rpc::{EndpointError, RpcError};

use crate::store::StoreError;

/// Logs cannot be had from a node. What was read before is in the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// An address that is none.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No answer, or a refusal.
    #[error("the node cannot be read on; what was read before is kept, run again to go on")]
    Rpc(#[from] RpcError),
    /// Refused down to a single block.
    #[error("the node refuses the logs of block {block} alone; what was read before is kept")]
    Block {
        /// Which.
        block: u64,
        /// Its words.
        #[source]
        source: RpcError,
    },
    /// An answer that says something else than what was asked.
    #[error("{host} answered {method} with something else: {what}; nothing of it is taken")]
    Unexpected {
        /// Whose answer it is.
        host: String,
        /// What was asked.
        method: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Nothing is deployed there.
    #[error(
        "there is no contract at {address} on chain {chain_id}; check --broker, --registry and --rpc"
    )]
    NoContract {
        /// Where.
        address: Address,
        /// The chain.
        chain_id: u64,
    },
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
}
