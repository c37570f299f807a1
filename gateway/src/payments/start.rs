//! Everything that paying needs before the first segment: the chain, the ledger, the payer.

use std::{path::PathBuf, sync::Arc};

use alloy_primitives::Address;
use prometheus::Registry;
use waymark_payments::{
    chain::{
        Chain, ChainSettings, Rpc, RpcError, RpcSettings, StartError, WallClock, Watcher,
        rpc::EndpointError,
    },
    check::TicketLimits,
    fund::Funds,
    ledger::{ChainSink, Ledger, LedgerError},
    metrics, money,
    payer::{Payer, Settings},
    signer::{KeyNeeded, LocalKey, PaymentSource, Work},
};

use super::{
    Caps, KeyError, Payments,
    anchor::{Anchor, AnchorMetrics},
    books::{BookMetrics, Books},
};
use crate::{clock::Clock, config::Config, funds::fund_settings};

/// File of the ledger below the data directory; never the one of a stock node.
const LEDGER: &str = "waymark.sqlite3";

/// Paying cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentsError {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key cannot do what transcoding needs.
    #[error(transparent)]
    KeyNeeded(#[from] KeyNeeded),
    /// No settings of a chain.
    #[error("network {network} has no chain; give -network with one")]
    OffChain {
        /// The network.
        network: String,
    },
    /// An endpoint's address is unusable.
    #[error("the JSON-RPC endpoints cannot be used; check -ethUrl (chain.rpc)")]
    Endpoint(#[from] EndpointError),
    /// The chain does not answer.
    #[error("the chain's id cannot be read; check -ethUrl (chain.rpc)")]
    Rpc(#[from] RpcError),
    /// The chain cannot be watched.
    #[error(
        "the chain cannot be read; check -ethUrl (chain.rpc), -network and -ethController \
         (chain.controller)"
    )]
    Chain(#[from] StartError),
    /// The ledger cannot be used.
    #[error("the spend ledger {} cannot be used", path.display())]
    Ledger {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: LedgerError,
    },
    /// Metrics collide.
    #[error("the metrics of payments cannot be set up")]
    Metrics(#[from] prometheus::Error),
}

/// What was started.
#[derive(Debug)]
pub struct Started {
    /// For streams.
    pub payments: Payments,
    /// To be run in the background.
    pub watcher: Watcher,
}

/// Where the spend ledger is.
pub fn ledger_path(config: &Config) -> PathBuf {
    config.data_dir.join(LEDGER)
}

/// The endpoints and what is watched there.
pub fn connect(config: &Config, sender: Address) -> Result<(Rpc, ChainSettings), PaymentsError> {
    let network = &config.network;
    let off_chain = || PaymentsError::OffChain { network: network.to_string() };
    let chain = config.chain.as_ref().ok_or_else(off_chain)?;
    // A network's name with a Controller of one's own is a chain of one's own: tests of stock nodes
    // are run so.
    let own = chain.controller.filter(|own| Some(*own) != network.controller_address());
    let mut settings = match own {
        Some(controller) => ChainSettings::new(controller, sender),
        None => ChainSettings::for_network(network, sender).ok_or_else(off_chain)?,
    };
    settings.poll = chain.poll;
    settings.logs_every = settings.logs_every.min(chain.poll * 6);
    settings.facts_every = settings.facts_every.min(chain.poll * 12);
    settings.price_feed = chain.price_feed.or(settings.price_feed);
    let chain_id = if own.is_some() { None } else { network.chain_id() };
    let rpc = Rpc::new(&chain.rpc, RpcSettings { chain_id, ..RpcSettings::default() })?;
    Ok((rpc, settings))
}

/// Reads the chain once and opens the ledger.
pub async fn start(
    config: &Config,
    key: LocalKey,
    clock: &Clock,
    registry: &Registry,
) -> Result<Started, PaymentsError> {
    let source = PaymentSource::Key(key.clone());
    let signer = source.signer_for(Work::Transcoding)?;
    let sender = source.address();
    let path = ledger_path(config);
    let unusable = |source| PaymentsError::Ledger { path: path.clone(), source };
    let opened = Ledger::open(&path, config.spending.clone(), clock.wall());
    let ledger = Arc::new(opened.map_err(unusable)?);
    let secret = ledger.book_secret(|| rand::random::<[u8; 32]>().into()).map_err(unusable)?;
    let (rpc, settings) = connect(config, sender)?;
    let chain_id = rpc.learn_chain_id().await?;
    let sink = Arc::new(ChainSink::new(Arc::clone(&ledger), chain_id));
    let wall = {
        let clock = clock.clone();
        WallClock::new(move || clock.wall())
    };
    let (chain, watcher) = Chain::start(rpc, settings, sink, wall).await?;
    let tickets = &config.tickets;
    let settings = Settings {
        limits: TicketLimits {
            ticket_value: money::whole(tickets.max_ticket_ev),
            payment_value: money::whole(tickets.max_total_ev),
            deposit_multiplier: tickets.deposit_multiplier.get(),
        },
        header_bytes: tickets.header_bytes,
    };
    let book = Arc::clone(&ledger);
    let payer = Payer::new(signer, book, settings)
        .with_plain_nonces(tickets.plain_nonces.iter().copied())
        .with_metrics(metrics::Metrics::register(registry)?);
    let settings = config.chain.as_ref().map(fund_settings).unwrap_or_default();
    let funds = Arc::new(Funds::of(&chain, settings));
    let counted = BookMetrics::register(registry)?;
    let payments = Payments {
        anchor: Anchor::new(config, &source, AnchorMetrics::register(registry)?),
        books: Books::new(config, &chain, funds, key, secret, counted),
        payer,
        chain,
        ledger,
        source,
        caps: Caps::new(config.prices.clone(), config.spending.max_rate_age),
        clock: clock.clone(),
        ai_registry: config.chain.as_ref().is_some_and(|chain| chain.ai_registry),
    };
    Ok(Started { payments, watcher })
}
