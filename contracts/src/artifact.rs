//! What the contracts in `solidity/src` compile to, as JSON text.
//!
//! Written by `cargo xtask solc`: name, compiler, ABI, creation code (`bytecode`) and runtime code
//! (`deployedBytecode`). All but the JobTagRegistry are stand-ins for tests and demos, which are never put
//! on a real network.

/// Compiler output of the JobTagRegistry. Its constructor takes the Controller and the curator.
pub const JOB_TAG_REGISTRY: &str = include_str!("../artifacts/JobTagRegistry.json");

/// Compiler output of the Controller.
pub const CONTROLLER: &str = include_str!("../artifacts/Controller.json");
/// Compiler output of the TicketBroker.
pub const TICKET_BROKER: &str = include_str!("../artifacts/TicketBroker.json");
/// Compiler output of the RoundsManager.
pub const ROUNDS_MANAGER: &str = include_str!("../artifacts/RoundsManager.json");
/// Compiler output of the BondingManager.
pub const BONDING_MANAGER: &str = include_str!("../artifacts/BondingManager.json");
/// Compiler output of the ServiceRegistry.
pub const SERVICE_REGISTRY: &str = include_str!("../artifacts/ServiceRegistry.json");
/// Compiler output of the price feed.
pub const PRICE_FEED: &str = include_str!("../artifacts/PriceFeed.json");
/// Compiler output of Multicall3.
pub const MULTICALL3: &str = include_str!("../artifacts/Multicall3.json");
