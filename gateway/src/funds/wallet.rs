//! What the commands work with: the account's address without its key, the key itself, the chain.

use std::sync::Arc;

use alloy_primitives::Address;
use waymark_payments::{
    chain::{Chain, Cursor, LogId, RedemptionSink, Scan, SinkError, WallClock},
    fund::{FundSettings, Funds},
    signer::{
        LocalKey,
        keystore::{self, Found, Location},
    },
};

use super::FundsError;
use crate::{
    app::Ask,
    clock::Clock,
    config::{self, Config},
    payments::{self, KeyError, PaymentsError},
};

/// Limits and patience of transactions, as the settings have them.
pub(crate) fn fund_settings(chain: &config::Chain) -> FundSettings {
    FundSettings {
        max_gas_price: chain.max_gas_price,
        min_gas_price: chain.min_gas_price,
        gas_limit: chain.gas_limit,
        timeout: chain.transaction_timeout,
        replacements: chain.max_replacements,
        ..FundSettings::default()
    }
}

/// The address that pays. The key stays closed.
pub(crate) fn account(config: &Config) -> Result<Address, FundsError> {
    let chain = config.chain.as_ref();
    let location = Location {
        data_dir: &config.data_dir,
        keystore_path: chain.and_then(|c| c.keystore.as_deref()),
        account: chain.and_then(|c| c.account),
    };
    match keystore::find(&location).map_err(KeyError::from)? {
        Found::Account(account) => Ok(account.address()),
        Found::Nothing { directory } => Err(FundsError::NoKey { directory }),
    }
}

/// Opens the key. Takes a second or more.
pub(crate) async fn open(config: &Config, clock: &Clock, ask: Ask) -> Result<LocalKey, FundsError> {
    // Otherwise one would be made.
    account(config)?;
    let (config, now) = (config.clone(), clock.wall());
    let opened = tokio::task::spawn_blocking(move || payments::open_key(&config, now, ask));
    Ok(opened.await??)
}

/// The settings of the chain, or that there is none.
pub(crate) fn chain_of(config: &Config) -> Result<&config::Chain, FundsError> {
    let network = || PaymentsError::OffChain { network: config.network.to_string() };
    config.chain.as_ref().ok_or_else(|| network().into())
}

/// The funds of `sender`, without the rest of the chain.
pub(crate) async fn funds(config: &Config, sender: Address) -> Result<Funds, FundsError> {
    let settings = fund_settings(chain_of(config)?);
    let (rpc, chain) = payments::connect(config, sender)?;
    Ok(Funds::connect(rpc, chain.controller, sender, settings).await?)
}

/// Everything there is to know of the chain, read once.
pub(super) async fn chain(
    config: &Config,
    sender: Address,
    clock: &Clock,
) -> Result<Chain, FundsError> {
    let (rpc, settings) = payments::connect(config, sender)?;
    let clock = clock.clone();
    let wall = WallClock::new(move || clock.wall());
    let started = Chain::start(rpc, settings, Arc::new(NoSink), wall).await;
    let (chain, _watcher) = started.map_err(PaymentsError::from)?;
    Ok(chain)
}

/// Redemptions are the business of the gateway.
#[derive(Debug)]
struct NoSink;

impl RedemptionSink for NoSink {
    fn cursor(&self) -> Result<Option<Cursor>, SinkError> {
        Ok(None)
    }

    fn since(&self, _block: u64) -> Result<Vec<LogId>, SinkError> {
        Ok(Vec::new())
    }

    fn record(&self, _scan: &Scan) -> Result<(), SinkError> {
        Ok(())
    }
}
