//! Vectors of the specifications, payments recorded between stock nodes, and the whole of a payment
//! step with a ledger.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(clippy::unwrap_used, reason = "what does not work fails the test")]

mod captures;
mod chain;
mod harness;
mod together;
mod vectors;
