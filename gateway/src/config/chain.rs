//! Settings of paying: the chain, prices, what tickets may be like, limits.

use std::{fmt, num::NonZeroU64, path::PathBuf, time::Duration};

use alloy_primitives::{Address, U256};
use url::Url;
use waymark_tagging::{Tag, TagId, TagPattern};

use super::money::PriceCap;

/// Everything that matters on a chain only.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// JSON-RPC endpoints, the preferred one first. They may hold secrets: show them through
    /// [`super::redact`].
    pub rpc: Vec<Url>,
    /// The Controller contract.
    pub controller: Option<Address>,
    /// The account that pays; `None` takes the first key.
    pub account: Option<Address>,
    /// Directory of key files, or one of them; `None` is `<data_dir>/keystore`.
    pub keystore: Option<PathBuf>,
    /// Pass-phrase of the key, or the path of a file that holds it.
    pub passphrase: Option<Secret>,
    /// How often the newest block is asked for.
    pub poll: Duration,
    /// How long a transaction may take.
    pub transaction_timeout: Duration,
    /// How often a transaction is sent again with a higher fee.
    pub max_replacements: u32,
    /// Gas limit of transactions; `None` is estimated.
    pub gas_limit: Option<u64>,
    /// Gas prices below this are ignored, wei.
    pub min_gas_price: U256,
    /// No transaction while gas costs more, wei.
    pub max_gas_price: Option<U256>,
    /// Contract that tells the price of ether in dollars.
    pub price_feed: Option<Address>,
    /// Discovery by the registry of AI services.
    pub ai_registry: bool,
    /// The JobTagRegistry.
    pub tag_registry: Option<Address>,
}

/// What an orchestrator may cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// For everything that nothing else is said about; `None` is any price.
    pub max: Option<PriceCap>,
    /// By pipeline and model.
    pub per_capability: Vec<CapabilityPrice>,
    /// By tag; the first that matches counts.
    pub per_tag: Vec<(TagPattern, PriceCap)>,
    /// Whether an orchestrator above `max` is used when none is below it.
    pub ignore_max_if_needed: bool,
}

/// Highest price for one pipeline and model.
#[derive(Clone, Debug, PartialEq)]
pub struct CapabilityPrice {
    /// Pipeline, such as `text-to-image`.
    pub pipeline: String,
    /// Model; `None` is every model that has no price of its own.
    pub model: Option<String>,
    /// The price.
    pub max: PriceCap,
}

/// What tickets are accepted and issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRules {
    /// Highest expected value of one ticket, wei.
    pub max_ticket_ev: U256,
    /// Highest expected value of one payment, wei.
    pub max_total_ev: U256,
    /// How many times its face value must be in the deposit.
    pub deposit_multiplier: NonZeroU64,
    /// Largest payment header, bytes.
    pub header_bytes: usize,
    /// Orchestrators paid with tickets that carry no tag.
    pub plain_nonces: Vec<Address>,
}

/// A tag's number on this chain.
pub type TagNumber = (Tag, TagId);

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
