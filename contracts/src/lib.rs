//! The networks that Livepeer runs on, the contracts found there, and how they are spoken to.
//!
//! Pure data: tables, and bindings that turn calls, returns and events into bytes and back. Nothing
//! here talks to a chain or holds a key. Every contract but the few whose address is in the table of
//! [`Network`] is resolved through the Controller at run time, because governance can replace it.
//!
//! The bindings are written from the public interface of the contracts (selectors and topics are
//! compared with a table in the tests), one module per contract. [`artifact`] holds what the stand-ins
//! in `solidity/` compile to, for the local chain of tests and demos; see README.md.
#![forbid(unsafe_code)]

pub mod arbitrum;
pub mod artifact;
pub mod bonding_manager;
pub mod controller;
mod id;
pub mod job_tag_registry;
pub mod minter;
pub mod multicall3;
mod network;
pub mod price_feed;
pub mod revert;
pub mod rounds_manager;
pub mod service_registry;
pub mod ticket_broker;

pub use arbitrum::{ArbGasInfo, ArbSys, NodeInterface};
pub use bonding_manager::BondingManager;
pub use controller::Controller;
pub use id::ContractName;
pub use job_tag_registry::JobTagRegistry;
pub use minter::Minter;
pub use multicall3::Multicall3;
pub use network::{CustomName, MAX_NAME_BYTES, Network, NetworkError};
pub use price_feed::PriceFeed;
pub use rounds_manager::RoundsManager;
pub use service_registry::ServiceRegistry;
pub use ticket_broker::TicketBroker;

#[cfg(test)]
mod tests;
