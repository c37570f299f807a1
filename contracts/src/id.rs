//! Names of contracts, and the ids under which the Controller knows them.

use std::fmt;

use alloy_primitives::{B256, keccak256};

/// A contract that is looked up in the Controller by the hash of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContractName {
    /// Deposits, reserves and the redemption of tickets.
    TicketBroker,
    /// The code behind the TicketBroker's proxy.
    TicketBrokerTarget,
    /// Older name of the TicketBroker; the Minter trusts only this one.
    JobsManager,
    /// Stakes, the pool of orchestrators, fees.
    BondingManager,
    /// The code behind the BondingManager's proxy.
    BondingManagerTarget,
    /// Votes by stake.
    BondingVotes,
    /// Rounds and their block hashes.
    RoundsManager,
    /// Service URIs of orchestrators.
    ServiceRegistry,
    /// Holds the ether.
    Minter,
    /// The LPT token.
    LivepeerToken,
    /// Supply of the token on the other layer.
    L2LPTDataCache,
    /// Moves accounts from Ethereum.
    L2Migrator,
    /// Funds of the governance.
    Treasury,
    /// Governance.
    LivepeerGovernor,
    /// Test tokens; absent on real networks.
    LivepeerTokenFaucet,
}

impl ContractName {
    /// Every name.
    pub const ALL: [Self; 15] = [
        Self::TicketBroker,
        Self::TicketBrokerTarget,
        Self::JobsManager,
        Self::BondingManager,
        Self::BondingManagerTarget,
        Self::BondingVotes,
        Self::RoundsManager,
        Self::ServiceRegistry,
        Self::Minter,
        Self::LivepeerToken,
        Self::L2LPTDataCache,
        Self::L2Migrator,
        Self::Treasury,
        Self::LivepeerGovernor,
        Self::LivepeerTokenFaucet,
    ];

    /// The name, as it is hashed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketBroker => "TicketBroker",
            Self::TicketBrokerTarget => "TicketBrokerTarget",
            Self::JobsManager => "JobsManager",
            Self::BondingManager => "BondingManager",
            Self::BondingManagerTarget => "BondingManagerTarget",
            Self::BondingVotes => "BondingVotes",
            Self::RoundsManager => "RoundsManager",
            Self::ServiceRegistry => "ServiceRegistry",
            Self::Minter => "Minter",
            Self::LivepeerToken => "LivepeerToken",
            Self::L2LPTDataCache => "L2LPTDataCache",
            Self::L2Migrator => "L2Migrator",
            Self::Treasury => "Treasury",
            Self::LivepeerGovernor => "LivepeerGovernor",
            Self::LivepeerTokenFaucet => "LivepeerTokenFaucet",
        }
    }

    /// `keccak256(name)`: the argument of `Controller.getContract`.
    pub fn id(self) -> B256 {
        keccak256(self.as_str())
    }

    /// The contract with this id, for reading `SetContractInfo`.
    pub fn from_id(id: &B256) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.id() == *id)
    }
}

impl fmt::Display for ContractName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
