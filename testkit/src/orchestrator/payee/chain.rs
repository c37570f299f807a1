//! What a payee must know of the chain, behind two traits: one that reads, one that redeems.
//!
//! [`FakeChain`](super::FakeChain) answers from memory, [`RpcChain`](super::RpcChain) from a node.

use std::fmt;

use alloy_primitives::{Address, B256, U256};

use super::winners::Winner;

/// The chain at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Newest L1 block seen: what parameters expire by.
    pub l1_block: u64,
    /// Last initialised round.
    pub round: u64,
    /// Its block hash; zero for some rounds on Arbitrum.
    pub round_hash: B256,
    /// Block hash of the round before.
    pub previous_round_hash: B256,
    /// Orchestrators in the active pool.
    pub pool_size: u64,
    /// Wei for a unit of gas.
    pub gas_price: U256,
}

/// A sender's money, as one orchestrator sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Funds {
    /// Wei winners are paid from first.
    pub deposit: U256,
    /// Round from which the money can be withdrawn; 0 while it is locked.
    pub withdraw_round: u64,
    /// Wei left in the reserve.
    pub reserve: U256,
    /// Wei claimed of it in this round by anybody.
    pub claimed: U256,
    /// Wei claimed of it in this round by this orchestrator.
    pub claimed_here: U256,
}

impl Funds {
    /// Locked money that nobody has claimed any of.
    pub fn new(deposit: U256, reserve: U256) -> Self {
        Self { deposit, reserve, ..Self::default() }
    }

    /// The same with an unlock that ends in this round.
    #[must_use]
    pub fn unlocking(self, withdraw_round: u64) -> Self {
        Self { withdraw_round, ..self }
    }

    /// The share of the reserve this orchestrator can still have.
    pub(crate) fn share(&self, pool_size: u64) -> U256 {
        let whole = self.reserve.saturating_add(self.claimed);
        whole
            .checked_div(U256::from(pool_size))
            .unwrap_or_default()
            .saturating_sub(self.claimed_here)
    }
}

/// A question the chain did not answer, or a transaction it did not take.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChainError {
    what: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ChainError {
    /// An error with this text.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    pub(crate) fn because(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for ChainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}

/// Reads the chain.
#[tonic::async_trait]
pub trait ChainView: fmt::Debug + Send + Sync {
    /// The chain now.
    async fn head(&self) -> Result<Head, ChainError>;
    /// Money of a sender, as `orchestrator` sees it.
    async fn funds(&self, sender: Address, orchestrator: Address) -> Result<Funds, ChainError>;
    /// Whether an orchestrator is in the active pool.
    async fn is_active(&self, orchestrator: Address) -> Result<bool, ChainError>;
    /// Returns once there may be a block after this L1 block.
    async fn block_after(&self, l1_block: u64);
}

/// Redeems winning tickets.
#[tonic::async_trait]
pub trait Redeemer: fmt::Debug + Send + Sync {
    /// Whether a ticket was redeemed before.
    async fn is_used(&self, ticket: B256) -> Result<bool, ChainError>;
    /// Redeems one and waits until that is in a block; the transaction's hash.
    async fn redeem(&self, winner: &Winner) -> Result<B256, ChainError>;
}
