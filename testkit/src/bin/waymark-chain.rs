//! A local chain as a process of its own, for demos and for trying things by hand.
//!
//! It prints one line of JSON on standard output when it is ready: where it answers, the contracts,
//! and development accounts with their public keys. It ends with SIGTERM or SIGINT.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::time::Duration;

use alloy_primitives::{Address, U256, hex};
use anyhow::Context as _;
use clap::Parser;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use waymark_testkit::chain::{LocalChain, Options, dev_account};

/// How many development accounts are printed: all but the owner of the contracts.
const ACCOUNTS: std::ops::Range<usize> = 1..8;

/// A development chain with stand-ins for Livepeer's contracts.
#[derive(Debug, Parser)]
#[command(name = "waymark-chain", version)]
struct Cli {
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Chain id.
    #[arg(long, default_value_t = waymark_testkit::chain::CHAIN_ID)]
    chain_id: u64,
    /// Seconds between blocks; without it, a block for every transaction.
    #[arg(long, value_name = "SECONDS")]
    block_time: Option<f64>,
    /// Blocks in a round.
    #[arg(long, default_value_t = 100)]
    round_length: u64,
    /// What eth_gasPrice answers, in wei.
    #[arg(long, default_value_t = 20_000_000)]
    gas_price: u64,
    /// Puts an orchestrator into the pool; may be repeated. ADDRESS may be the number of a development
    /// account, 1 to 7.
    #[arg(long, value_name = "ADDRESS=URI")]
    orchestrator: Vec<String>,
    /// Funds a sender, in wei; may be repeated. ADDRESS as above.
    #[arg(long, value_name = "ADDRESS=DEPOSIT,RESERVE")]
    sender: Vec<String>,
    /// Log filter.
    #[arg(long, default_value = "info")]
    log: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.log).context("--log is no log filter")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let chain = start(&cli).await?;
    writeln!(std::io::stdout(), "{}", describe(&chain))?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        error = initialize(&chain) => return Err(error),
    }
    Ok(())
}

async fn start(cli: &Cli) -> anyhow::Result<LocalChain> {
    let mut options = Options::default();
    options.port = cli.port;
    options.chain_id = cli.chain_id;
    options.round_length = cli.round_length;
    options.gas_price = cli.gas_price;
    options.block_time = match cli.block_time {
        Some(seconds) => Some(
            Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|time| !time.is_zero())
                .with_context(|| format!("--block-time {seconds}: give seconds above 0"))?,
        ),
        None => None,
    };
    let chain = LocalChain::with(options).await?;
    for text in &cli.orchestrator {
        let (address, uri) = text.split_once('=').context("--orchestrator is ADDRESS=URI")?;
        let stake = U256::from(10).pow(U256::from(21));
        chain.register_orchestrator(account(address)?, uri, stake).await?;
    }
    for text in &cli.sender {
        let (address, amounts) =
            text.split_once('=').context("--sender is ADDRESS=DEPOSIT,RESERVE")?;
        let (deposit, reserve) =
            amounts.split_once(',').context("--sender is ADDRESS=DEPOSIT,RESERVE")?;
        chain.fund_sender(account(address)?, parse(deposit)?, parse(reserve)?).await?;
    }
    Ok(chain)
}

/// An address, or that of a development account by its number.
fn account(text: &str) -> anyhow::Result<Address> {
    match text.trim().parse() {
        Ok(number) if ACCOUNTS.contains(&number) => Ok(dev_account(number).address()),
        _ => parse(text),
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> anyhow::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.trim().parse().with_context(|| format!("{text:?} cannot be read"))
}

/// Initialises each round as it begins, where blocks come by themselves.
async fn initialize(chain: &LocalChain) -> anyhow::Error {
    let Some(every) = chain.options().block_time else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        match chain.initialize_if_due().await {
            Ok(Some(round)) => tracing::info!(round, "round initialised"),
            Ok(None) => {}
            Err(error) => return error.into(),
        }
    }
}

fn describe(chain: &LocalChain) -> serde_json::Value {
    let account = |index: usize| {
        let account = dev_account(index);
        let address: Address = account.address();
        json!({ "address": address, "privateKey": hex::encode_prefixed(account.secret()) })
    };
    json!({
        "url": chain.url(),
        "wsUrl": chain.ws_url(),
        "chainId": chain.options().chain_id,
        "contracts": chain.contracts(),
        "accounts": ACCOUNTS.map(account).collect::<Vec<_>>(),
    })
}
