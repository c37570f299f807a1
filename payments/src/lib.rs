//! Everything that touches money: tickets, prices, limits, the spend ledger, signers and the chain.
//!
//! Data flows one way for each payment:
//!
//! ```text
//!  session info ─► session ─► fee ─► credit ─► nonces ─► ledger (limits, durable) ─► signer ─► header
//!  (price, params)  checks            how many           refused or written          65 bytes each
//! ```
//!
//! Nothing is signed before the ledger has it on record, and nothing leaves before it is signed.
//! This crate is the only one that ever holds a key.
#![forbid(unsafe_code)]

pub mod book;
pub mod chain;
pub mod check;
pub mod credit;
pub mod fee;
pub mod fund;
pub mod ledger;
pub mod limits;
pub mod metrics;
pub mod money;
pub mod payer;
pub mod price;
pub mod session;
pub mod signer;
pub mod ticket;
pub mod wire;
