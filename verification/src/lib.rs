//! Is the answer honest: checks on what an orchestrator returned, and the verdict they add up to.
//!
//! ```text
//!  evidence (names, hashes, a signature) ─► check::count ─────┐
//!                                        ─► check::order ─────┼─► verdict::Verdict ─► the caller acts
//!                                        ─► check::signature ─┘
//! ```
//!
//! Pure: no socket, no clock, no file. A check looks at hashes and names and never at a media body,
//! so that bodies are hashed once, where they arrive. It never decides what happens next, and it
//! says [`NotRun`](verdict::Outcome::NotRun) rather than `Pass` when it had nothing to look at.
//! Only [`measure`] looks at bodies, and decodes them where the feature `libav` is on.
#![forbid(unsafe_code)]

pub mod action;
pub mod ai;
pub mod check;
pub mod cusum;
mod debit;
pub mod draw;
pub mod expect;
pub mod fast;
pub mod full;
pub mod loss;
pub mod measure;
mod number;
pub mod receipt;
pub mod sampling;
pub mod signature;
pub mod stock;
pub mod thresholds;
pub mod trust;
pub mod verdict;

#[cfg(test)]
mod fixture;

pub use check::{Check, Kind, Tier, Value, signature::check as verify_result};
pub use debit::Debit;
pub use verdict::{Decision, Outcome, Verdict};
