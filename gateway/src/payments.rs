//! Paying, as far as the gateway has to know: which key pays, which chain is watched, what may be
//! spent, and how a stream's sessions are paid under its tag.
//!
//! ```text
//!   start ─► key (file, pass-phrase) ─► chain (contracts, funds, pool) ─► ledger ─► Payments
//!                                                                                     │
//!   upkeep: rates, settlements, redemptions ──────────────────────────────────────────┤
//!   stream ─► Paying (tag, renditions) ─► session.pay ─► header of one attempt ◄──────┘
//! ```
//!
//! The rules of money are in the crate `waymark-payments`; nothing here signs, counts or checks a
//! ticket.

pub mod anchor;
pub mod books;
mod caps;
pub mod error;
mod key;
mod metrics;
mod paying;
mod start;
mod upkeep;

use std::sync::Arc;

use url::Url;
use waymark_payments::{
    chain::{Chain, Pool},
    ledger::Ledger,
    limits::Rates,
    payer::Payer,
    price::MaxPrice,
    signer::PaymentSource,
};
use waymark_tagging::Tag;

use self::caps::Priced;
pub(crate) use self::metrics::redemption_lag;
pub use self::{
    caps::{CapError, Caps},
    error::Unpaid,
    key::{KeyError, open_key},
    metrics::MoneyMetrics,
    paying::{Paying, PaymentOf},
    start::{PaymentsError, Started, connect, ledger_path, start},
};
use crate::{
    clock::Clock,
    config::{Config, Prices},
};

/// Everything that paying takes. Built once, shared by all streams.
#[derive(Debug)]
pub struct Payments {
    /// Makes payments.
    pub payer: Payer,
    /// What is known of the chain.
    pub chain: Chain,
    /// What was promised.
    pub ledger: Arc<Ledger>,
    /// Whose key it is.
    pub source: PaymentSource,
    /// Round books, and the numbers of tags.
    pub books: books::Books,
    /// What the registry is told of the job classes.
    pub anchor: anchor::Anchor,
    caps: Caps,
    clock: Clock,
    ai_registry: bool,
}

impl Payments {
    /// Wall time, as everything that is paid has it.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.wall()
    }
}

/// The maximum price for everything that nothing else is said about, wei a pixel; `None` is any.
pub fn general_max(
    config: &Config,
    rates: &Rates,
    now: jiff::Timestamp,
) -> Result<Option<MaxPrice>, CapError> {
    let prices = Prices { max: config.prices.max.clone(), ..Prices::default() };
    let tag: Tag = "transcode/live".parse().expect("a well-formed tag");
    Caps::new(prices, config.spending.max_rate_age).max(&tag, Priced::TRANSCODING, rates, now)
}

/// Where active orchestrators are reached, each once. What is no address is left out: anybody may
/// write anything into the registry.
pub(crate) fn addresses(pool: &Pool, ai: bool) -> Vec<Url> {
    let mut seen = std::collections::HashSet::new();
    let active = pool.entries.iter().filter(|entry| entry.active);
    let uris =
        active.filter_map(|e| if ai { &e.ai_service_uri } else { &e.service_uri }.as_deref());
    let urls = uris.filter_map(|uri| match crate::config::orchestrator_address(uri) {
        Ok(url) => Some(url),
        Err(error) => {
            tracing::debug!(uri, error, "an orchestrator's address on chain cannot be used");
            None
        }
    });
    urls.filter(|url| seen.insert(url.clone())).collect()
}
