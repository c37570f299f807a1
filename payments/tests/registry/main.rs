//! The JobTagRegistry on a local chain against the code here that speaks of the same things: keys of tags,
//! nonces, ticket hashes, leaves, trees. Neither side may ever differ by a bit from the other.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, reason = "what does not work fails the test")]

mod abuse;
mod differential;
mod draw;
mod life;
mod onchain;
mod recorded;
mod seed;
