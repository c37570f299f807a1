//! Demand by tag, from nothing but the logs of a chain.
//!
//! ```text
//!  file of logs ─► LogReader ┐                                          ┌─► table, JSON, CSV, Parquet
//!                            ├─► Decoder ─► facts ─► Store ─► report() ─┤
//!  node ─► eth_getLogs ──────┘              (one transaction a batch)   └─► books: complete or not
//!                                                       ▲
//!                   leaf files of round books ─► Library┘ (held against the committed root)
//! ```
//!
//! A redeemed ticket's log gives back the ticket: who paid whom, how much was promised, in which round
//! it was made, and through its nonce which tag it was for. [`grade`] says how far that can be trusted,
//! [`relations`] who may be paying himself, [`report`] adds up.
//!
//! Nothing here holds a key, and no gateway is needed: this is a library for whoever watches demand.
//! Everything that is read comes from strangers and is bounded; nothing panics on it.
#![forbid(unsafe_code)]

pub mod amount;
pub mod book;
pub mod command;
pub mod event;
pub mod grade;
pub mod log;
pub mod output;
pub mod redemption;
pub mod registry;
pub mod relations;
pub mod report;
pub mod source;
pub mod store;
