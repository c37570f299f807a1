//! Why something is no round book.

use alloy_primitives::{B256, U256};

use super::MAX_LEAVES;

/// A book that cannot be made, or a leaf file that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoundBookError {
    /// Not JSON, or not of this form; with line and column.
    #[error(
        "the leaf file cannot be read: {reason}; accepted: JSON with chainId, gateway, round, root and leaves, as tagging/schemas/round-book.json describes"
    )]
    Json {
        /// What the parser says.
        reason: String,
    },
    /// More leaves than a book may have.
    #[error("the book has {given} leaves; accepted: at most {MAX_LEAVES}")]
    TooManyLeaves {
        /// How many.
        given: usize,
    },
    /// Two leaves of one payment session: totals would count it twice.
    #[error(
        "session {session} stands in the book twice; accepted: one leaf for each recipientRandHash"
    )]
    SessionTwice {
        /// Its `recipientRandHash`.
        session: B256,
    },
    /// A leaf whose stated hash is not that of its fields.
    #[error(
        "leaf {index} hashes to {computed}, the file says {stated}: it was changed, or belongs to another chain, gateway or round"
    )]
    LeafHash {
        /// Position in `leaves`, from 0.
        index: usize,
        /// What the file says.
        stated: B256,
        /// What the fields hash to.
        computed: B256,
    },
    /// A root that is not that of the leaves.
    #[error(
        "the leaves have the root {computed}, the file says {stated}: leaves are missing or were changed"
    )]
    Root {
        /// What the file says.
        stated: B256,
        /// What the leaves give.
        computed: B256,
    },
    /// More than the commitment can state.
    #[error("the book's expected value is {total} wei; accepted: below 2^128")]
    TotalTooLarge {
        /// The sum.
        total: U256,
    },
}
