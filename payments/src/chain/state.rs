//! What is known of the chain at one moment.

use alloy_primitives::{B256, U256};
use jiff::Timestamp;

/// A snapshot. Replaced as a whole, never edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainState {
    /// Number of the newest block of the chain itself (L2 on Arbitrum).
    pub head: u64,
    /// Newest L1 block the chain has seen: what ticket expiry is counted in. Equals `head` on chains
    /// that have no `l1BlockNumber` (go-livepeer `eth/blockwatch/client.go:48-109`).
    pub l1_block: u64,
    /// The last initialised round.
    pub round: RoundState,
    /// Orchestrators in the active pool: the reserve is split evenly among them.
    pub pool_size: u64,
    /// The gateway's own funds in the ticket broker.
    pub sender: SenderState,
    /// Wei for a unit of gas, when it was last asked for.
    pub gas_price: Option<U256>,
    /// When `head` was read, wall time.
    pub read_at: Timestamp,
    /// Whether it can still be relied on.
    pub health: Health,
}

/// The last initialised round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundState {
    /// Its number.
    pub number: u64,
    /// Block hash that tickets of this round carry; zero for some rounds on Arbitrum.
    pub block_hash: B256,
    /// L1 block it starts at.
    pub start_block: u64,
    /// L1 blocks a round has.
    pub length: u64,
    /// Whether the current round is this one. False between a round's start and its initialisation.
    pub initialized: bool,
}

/// Funds of a sender in the ticket broker (`getSenderInfo`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderState {
    /// Wei that any winning ticket is paid from first.
    pub deposit: U256,
    /// First round in which the funds can be withdrawn; 0 when no unlock was requested.
    pub withdraw_round: u64,
    /// What is left when the deposit is used up.
    pub reserve: Reserve,
}

/// The reserve of a sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reserve {
    /// Wei left.
    pub remaining: U256,
    /// Wei claimed in the current round.
    pub claimed: U256,
}

/// Whether a snapshot can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// Read lately, and the endpoints agree.
    Fresh,
    /// No endpoint answered for a while; tickets are still issued until parameters expire.
    Stale,
    /// Endpoints contradict each other or the past; nothing new is promised.
    Suspect,
}
