//! An orchestrator as a process of its own, for demos and for breaking things by hand.
//!
//! It prints its URI as one line on standard output when it is ready, logs to standard error, and exits
//! 0 on SIGTERM or SIGINT after finishing what is running. Where it is paid or is asked for a report it
//! prints what it did and earned as a last line of JSON.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use anyhow::{Context as _, ensure};
use clap::{Args, Parser, ValueEnum};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use waymark_testkit::attack::AttackSpec;
use waymark_testkit::load::drawn_renditions;
use waymark_testkit::{FaultSpec, Key, OnChain, Orchestrator, Price, RpcChain, Transcoding};

/// Renditions drawn for fixed answers without files.
const DRAWN: usize = 2;
/// Bytes of each.
const DRAWN_BYTES: usize = 100_016;

/// A strict orchestrator that transcodes with libav and misbehaves on demand.
#[derive(Debug, Parser)]
#[command(name = "waymark-orchestrator", version)]
struct Cli {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8935")]
    listen: SocketAddr,
    /// Name in log lines.
    #[arg(long, default_value = "orchestrator")]
    name: String,
    /// Clear text instead of TLS.
    #[arg(long)]
    plain_http: bool,
    /// URI to give out in place of the own address.
    #[arg(long)]
    service_uri: Option<String>,
    /// Most sessions at the same time.
    #[arg(long, default_value_t = 10)]
    max_sessions: usize,
    /// Segments transcoded at the same time.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// No key: zero address, unsigned results.
    #[arg(long)]
    off_chain: bool,
    /// Refuse gateways that do not sign.
    #[arg(long)]
    require_signatures: bool,
    /// A fault from the start, for example segment:slow=3s:2 or download:corrupt; may be repeated.
    #[arg(long, value_name = "PHASE:KIND[=VALUE][:TIMES]")]
    fault: Vec<FaultSpec>,
    /// An attack, its share of segments, and honest segments before it, for example A20 or A20:0.01:60; may be repeated.
    #[arg(long, value_name = "ATTACK[:RATE[:AFTER]]")]
    attack: Vec<AttackSpec>,
    /// How renditions are made.
    #[arg(long, value_enum, default_value = "transcode")]
    answer: Answer,
    /// Answer at once with these files, in profile order, instead of transcoding.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    fixed: Vec<PathBuf>,
    /// Address of a port that answers GET with counts and earnings as JSON; its URI is printed as a
    /// second line.
    #[arg(long, value_name = "ADDRESS")]
    stats_listen: Option<SocketAddr>,
    #[command(flatten)]
    paid: Paid,
    /// Log filter, for example debug or waymark_testkit=trace.
    #[arg(long, default_value = "info")]
    log: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// Decode and encode with libav.
    Transcode,
    /// Answer at once with --fixed, or with renditions drawn at the start.
    Fixed,
}

/// How it is paid; not at all without --eth-url.
#[derive(Debug, Args)]
struct Paid {
    /// JSON-RPC endpoint of the chain: be paid.
    #[arg(long, requires = "controller", conflicts_with = "off_chain")]
    eth_url: Option<String>,
    /// Address of Livepeer's Controller on that chain.
    #[arg(long, requires = "eth_url")]
    controller: Option<Address>,
    /// File with the private key in hexadecimal: who is paid, signs and redeems.
    #[arg(long, value_name = "FILE", conflicts_with = "eth_key")]
    eth_key_file: Option<PathBuf>,
    /// The private key itself; others on this machine can see it, so only for development keys.
    #[arg(long, value_name = "HEX")]
    eth_key: Option<String>,
    /// Wei for a pixel, before what redeeming costs is added; WEI or WEI/PIXELS.
    #[arg(long, value_name = "PRICE", default_value = "1000", value_parser = price)]
    price_per_pixel: Price,
    /// Do not add what redeeming costs to the price.
    #[arg(long)]
    no_auto_adjust: bool,
    /// Wei a ticket must be worth on average.
    #[arg(long, value_name = "WEI", default_value = "8000000000", value_parser = wei)]
    ticket_ev: U256,
    /// Gas reckoned for a redemption.
    #[arg(long, value_name = "GAS", default_value_t = 1_200_000)]
    redeem_gas: u64,
    /// Wei for a unit of gas, in place of what the endpoint says.
    #[arg(long, value_name = "WEI", value_parser = wei)]
    gas_price: Option<U256>,
    /// Most wei a winner may be worth; 0 is no limit.
    #[arg(long, value_name = "WEI", default_value = "0", value_parser = wei)]
    max_face_value: U256,
    /// Redeem winners as they come, before their parameters expire.
    #[arg(long)]
    redeem_at_once: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.log).context("--log is no log filter")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let reports = cli.stats_listen.is_some() || cli.paid.eth_url.is_some();
    let listener = match cli.stats_listen {
        Some(addr) => {
            let bound = TcpListener::bind(addr).await;
            Some(bound.with_context(|| format!("cannot listen on {addr} for reports"))?)
        }
        None => None,
    };
    let orchestrator = start(cli).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", orchestrator.uri())?;
    if let Some(listener) = &listener {
        writeln!(stdout, "http://{}", listener.local_addr()?)?;
    }
    stdout.flush()?;
    let serving = async {
        match listener {
            Some(listener) => orchestrator.serve_report(listener).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        never = serving => match never {},
    }
    orchestrator.stop().await;
    if reports {
        writeln!(stdout, "{}", serde_json::to_string(&orchestrator.report())?)?;
    }
    Ok(())
}

async fn start(cli: Cli) -> anyhow::Result<Orchestrator> {
    let mut builder = Orchestrator::builder()
        .name(cli.name)
        .listen(cli.listen)
        .max_sessions(cli.max_sessions)
        .transcoding_threads(cli.threads);
    if cli.plain_http {
        builder = builder.plain_http();
    }
    if cli.off_chain {
        builder = builder.off_chain();
    }
    if cli.require_signatures {
        builder = builder.require_signatures();
    }
    if let Some(uri) = cli.service_uri {
        builder = builder.service_uri(uri);
    }
    for spec in cli.fault {
        builder = builder.fault(spec.fault, spec.times);
    }
    for attack in cli.attack {
        builder = builder.attack(attack);
    }
    if let Some(key) = key(&cli.paid).await? {
        builder = builder.key(key.clone());
        if let Some(payments) = payments(&cli.paid, key).await? {
            builder = builder.on_chain(payments);
        }
    } else {
        ensure!(
            cli.paid.eth_url.is_none(),
            "who is paid? name a key with --eth-key-file or --eth-key"
        );
    }
    if cli.answer == Answer::Fixed || !cli.fixed.is_empty() {
        let mut files = Vec::new();
        for path in cli.fixed {
            let bytes = tokio::fs::read(&path).await;
            files.push(bytes.with_context(|| format!("cannot read {}", path.display()))?.into());
        }
        if files.is_empty() {
            files = drawn_renditions(DRAWN, DRAWN_BYTES).await?;
        }
        builder = builder.transcoding(Transcoding::Fixed(files));
    }
    builder.start().await
}

async fn key(paid: &Paid) -> anyhow::Result<Option<Key>> {
    let (text, name) = match (&paid.eth_key_file, &paid.eth_key) {
        (Some(path), _) => {
            let text = tokio::fs::read_to_string(path).await;
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            (text, "--eth-key-file")
        }
        (None, Some(text)) => (text.clone(), "--eth-key"),
        (None, None) => return Ok(None),
    };
    let digits = text.trim().trim_start_matches("0x");
    let mut bytes = [0; 32];
    // The text itself must not get into an error.
    hex::decode_to_slice(digits, &mut bytes)
        .ok()
        .with_context(|| format!("{name} must hold 64 hexadecimal digits"))?;
    Ok(Some(Key::from_bytes(&bytes).with_context(|| name.to_owned())?))
}

async fn payments(paid: &Paid, key: Key) -> anyhow::Result<Option<OnChain>> {
    let (Some(url), Some(controller)) = (&paid.eth_url, paid.controller) else { return Ok(None) };
    let chain = RpcChain::connect(url, controller, Some(key)).await;
    let chain = Arc::new(chain.with_context(|| format!("the chain at {url}"))?);
    let mut payments = OnChain::new(Arc::<RpcChain>::clone(&chain));
    payments.redeemer = Some(chain);
    payments.price = paid.price_per_pixel;
    payments.auto_adjust = !paid.no_auto_adjust;
    payments.ticket_ev = paid.ticket_ev;
    payments.redeem_gas = paid.redeem_gas;
    payments.gas_price = paid.gas_price;
    payments.max_face_value = paid.max_face_value;
    payments.redeem_at_once = paid.redeem_at_once;
    Ok(Some(payments))
}

fn price(text: &str) -> Result<Price, String> {
    let wrong = || format!("`{text}` is no price: write wei as 1000, or wei for pixels as 1/3");
    let (wei, pixels) = text.split_once('/').unwrap_or((text, "1"));
    let wei = wei.parse().map_err(|_| wrong())?;
    let pixels = pixels.parse().ok().filter(|pixels| *pixels > 0).ok_or_else(wrong)?;
    Ok(Price { wei, pixels })
}

fn wei(text: &str) -> Result<U256, String> {
    U256::from_str_radix(text, 10).map_err(|_| format!("`{text}` is no whole number of wei"))
}
