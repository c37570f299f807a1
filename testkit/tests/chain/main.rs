//! The local chain, and the stand-in contracts on it against the rules, refusals and events of the
//! real ones (payments-contracts 2.2, 4.3, 5, 8) and eight recorded redemptions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod bin;
mod chain;
mod funding;
mod recorded;
mod refusals;
mod reserve;
mod setting;
mod tickets;
