//! What is watched, and how often.

use std::time::Duration;

use alloy_primitives::Address;
use waymark_contracts::Network;

use super::head::HeadRules;

/// Settings of the [`Watcher`](super::Watcher).
#[derive(Debug, Clone)]
pub struct ChainSettings {
    /// The Controller.
    pub controller: Address,
    /// Whose funds and redemptions are watched: the gateway, or the remote signer's address.
    pub sender: Address,
    /// The registry of service URIs for AI jobs, if there is one.
    pub ai_registry: Option<Address>,
    /// The feed of ether's price, if there is one.
    pub price_feed: Option<Address>,
    /// What of a new head is believed; by default what suits the chain's id.
    pub rules: Option<HeadRules>,
    /// Between two questions for the head (`-blockPollingInterval`).
    pub poll: Duration,
    /// Between two looks at the logs.
    pub logs_every: Duration,
    /// Between two readings of round, funds and pool size, when no log asks for one.
    pub facts_every: Duration,
    /// Between two readings of the gas price.
    pub gas_every: Duration,
    /// Between two readings of the pool, when no log asks for one.
    pub pool_every: Duration,
    /// Between two comparisons of the endpoints, when there are several.
    pub compare_every: Duration,
    /// Without a believed head for this long, the state is stale.
    pub stale_after: Duration,
    /// A contradiction kept up for this long by the only endpoint is believed.
    pub accept_after: Duration,
}

impl ChainSettings {
    /// The defaults for a chain whose Controller is known.
    pub const fn new(controller: Address, sender: Address) -> Self {
        Self {
            controller,
            sender,
            ai_registry: None,
            price_feed: None,
            rules: None,
            poll: Duration::from_secs(5),
            logs_every: Duration::from_secs(30),
            facts_every: Duration::from_mins(1),
            gas_every: Duration::from_mins(2),
            pool_every: Duration::from_hours(1),
            compare_every: Duration::from_mins(5),
            stale_after: Duration::from_mins(1),
            accept_after: Duration::from_mins(10),
        }
    }

    /// The defaults for a network, with the addresses that the Controller does not know; nothing for
    /// networks without a built-in Controller.
    pub fn for_network(network: &Network, sender: Address) -> Option<Self> {
        let mut settings = Self::new(network.controller_address()?, sender);
        settings.ai_registry = network.ai_service_registry();
        settings.price_feed = network.eth_usd_feed();
        Some(settings)
    }
}
