//! The round book: what a gateway says it paid for in one round, with one hash that binds it.
//!
//! ```text
//!   payment session ──► Leaf ──► hash ┐
//!   payment session ──► Leaf ──► hash ┼─► MerkleTree ──► root ──► JobTagRegistry.commitRound
//!   payment session ──► Leaf ──► hash ┘        └──► proof ──► proveTicketTag, reportEquivocation
//!                        └──► leaf file (JSON, published) ──► RoundBook::read ──► Totals
//! ```
//!
//! Every session is in it, those without a winning ticket as well: redeemed tickets are a sample drawn by
//! chance, the book is the whole. It can be held against the sample, because a redeemed ticket names its
//! session (`recipientRandHash`). Format: payments-contracts 6.4, product.md 10 (leaf file).
//!
//! Nothing here may ever differ from the contract by a bit: `contracts/` compares both on random books.

mod book;
mod error;
mod file;
mod leaf;
mod totals;
mod tree;

pub use book::{MAX_LEAVES, RoundBook};
pub use error::RoundBookError;
pub use leaf::{BookId, Leaf, job_ref};
pub use totals::{Total, Totals};
pub use tree::{MerkleTree, verify};

#[cfg(test)]
mod tests;
