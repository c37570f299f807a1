//! Load runs from the command line: `answerer` is the far side, `push` the near one.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use anyhow::{Context as _, ensure};
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use waymark_testkit::load::{
    AnswererOptions, Pace, PushOptions, Report, Source, Target, answerer, push,
};
use waymark_testkit::{Key, OnChain, Price, RpcChain};

/// Pushes segments and measures what comes back.
#[derive(Debug, Parser)]
#[command(name = "waymark-load", version)]
struct Cli {
    /// Log filter, for example info or waymark_testkit=debug.
    #[arg(long, global = true, default_value = "warn")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run orchestrators that answer at once with fixed renditions; prints one URI a line, then waits.
    Answerer(AnswererArgs),
    /// Push segments to a gateway, or with --direct to an answerer; prints a JSON report.
    Push(PushArgs),
}

#[derive(Debug, Args)]
struct AnswererArgs {
    /// First address; with a fixed port the next ports follow.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Ports, each an orchestrator of its own.
    #[arg(long, default_value_t = 1)]
    ports: u16,
    /// Clear text instead of TLS.
    #[arg(long)]
    plain_http: bool,
    /// Sessions each takes.
    #[arg(long, default_value_t = 100_000)]
    max_sessions: usize,
    /// Files to answer with, in profile order; drawn when there are none.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    fixed: Vec<PathBuf>,
    /// Renditions drawn, 1 to 4.
    #[arg(long, default_value_t = 2)]
    renditions: usize,
    /// Bytes of each drawn rendition, rounded down to whole packets of 188.
    #[arg(long, default_value_t = 300_048)]
    rendition_bytes: usize,
    /// How long each takes for a segment, as if it transcoded.
    #[arg(long, default_value = "0s", value_parser = duration)]
    delay: Duration,
    /// Sign results.
    #[arg(long)]
    sign: bool,
    /// Hash every body and refuse a wrong one.
    #[arg(long)]
    check_hashes: bool,
    /// JSON-RPC endpoint of the chain on which they are paid; all with the same key.
    #[arg(long, value_name = "URL", requires_all = ["controller", "eth_key_file"])]
    eth_url: Option<String>,
    /// Controller contract on that chain.
    #[arg(long, value_name = "ADDRESS")]
    controller: Option<Address>,
    /// File with the private key of the registered orchestrator.
    #[arg(long, value_name = "FILE")]
    eth_key_file: Option<PathBuf>,
    /// Wei for a pixel.
    #[arg(long, default_value_t = 1200)]
    price_per_pixel: u64,
}

#[derive(Debug, Args)]
#[group(skip)]
struct PushArgs {
    /// The gateway, http://HOST:PORT.
    #[arg(long, required_unless_present = "direct", conflicts_with = "direct")]
    gateway: Option<String>,
    /// Nodes to push to without a gateway, https://HOST:PORT.
    #[arg(long, value_name = "URI", num_args = 1..)]
    direct: Vec<String>,
    /// Streams at the same time.
    #[arg(long, default_value_t = 50)]
    streams: usize,
    /// Segments of each stream.
    #[arg(long, default_value_t = 8)]
    segments: usize,
    /// Time between two segments of a stream, such as 2s or 500ms.
    #[arg(long, default_value = "2s", value_parser = duration)]
    period: Duration,
    /// Push as fast as answers come, on this many streams instead.
    #[arg(long, value_name = "STREAMS", conflicts_with_all = ["streams", "period"])]
    closed_loop: Option<usize>,
    /// Segments to push in turn; drawn when there are none.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    file: Vec<PathBuf>,
    /// Bytes of a drawn segment.
    #[arg(long, default_value_t = 800_000)]
    segment_bytes: usize,
    /// Different segments drawn.
    #[arg(long, default_value_t = 4)]
    distinct: usize,
    /// Length of each given file.
    #[arg(long, default_value = "2s", value_parser = duration)]
    duration: Duration,
    /// Renditions each answer must have.
    #[arg(long)]
    renditions: Option<usize>,
    /// Bytes each rendition must have.
    #[arg(long)]
    rendition_bytes: Option<usize>,
    /// JSON for Livepeer-Transcode-Configuration.
    #[arg(long, value_name = "JSON")]
    configuration: Option<String>,
    /// End every stream with a DELETE.
    #[arg(long)]
    end_streams: bool,
    /// Longest wait for one answer.
    #[arg(long, default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// Longest run.
    #[arg(long, default_value = "600s", value_parser = duration)]
    max_time: Duration,
    /// Process to watch; may be repeated.
    #[arg(long)]
    pid: Vec<u32>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.log).context("--log is no log filter")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match cli.command {
        Command::Answerer(args) => answer(args).await,
        Command::Push(args) => {
            let report = run(args).await?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
            let Report { failed, pushed, not_pushed, .. } = report;
            ensure!(failed == 0, "{failed} of {pushed} pushes failed");
            ensure!(not_pushed == 0, "time was up before {not_pushed} pushes");
            Ok(())
        }
    }
}

async fn answer(args: AnswererArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut options = AnswererOptions::default();
    options.listen = args.listen;
    options.ports = args.ports;
    options.plain_http = args.plain_http;
    options.max_sessions = args.max_sessions;
    options.files = args.fixed;
    options.renditions = args.renditions;
    options.rendition_bytes = args.rendition_bytes;
    options.delay = args.delay;
    options.sign = args.sign;
    options.check_hashes = args.check_hashes;
    if let (Some(url), Some(controller), Some(file)) =
        (&args.eth_url, args.controller, &args.eth_key_file)
    {
        options.paid = Some(paid(url, controller, file, args.price_per_pixel).await?);
    }
    let started = answerer(&options).await?;
    let mut stdout = std::io::stdout();
    for orchestrator in &started {
        writeln!(stdout, "{}", orchestrator.uri())?;
    }
    stdout.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Stock defaults but for the price; winners are kept, not redeemed.
async fn paid(
    url: &str,
    controller: Address,
    file: &std::path::Path,
    price: u64,
) -> anyhow::Result<(Key, OnChain)> {
    let text = tokio::fs::read_to_string(file).await;
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    let mut bytes = [0; 32];
    // The text itself must not get into an error.
    hex::decode_to_slice(text.trim().trim_start_matches("0x"), &mut bytes)
        .ok()
        .context("--eth-key-file must hold 64 hexadecimal digits")?;
    let key = Key::from_bytes(&bytes).context("--eth-key-file")?;
    let chain = RpcChain::connect(url, controller, None).await;
    let chain = chain.with_context(|| format!("the chain at {url}"))?;
    let mut payments = OnChain::new(Arc::new(chain));
    payments.price = Price::per_pixel(price);
    payments.auto_adjust = false;
    Ok((key, payments))
}

async fn run(args: PushArgs) -> anyhow::Result<Report> {
    let source = if args.file.is_empty() {
        let (count, size) = (args.distinct, args.segment_bytes);
        tokio::task::spawn_blocking(move || Source::pattern(count, size)).await??
    } else {
        Source::files(&args.file, args.duration).await?
    };
    let target = match args.gateway {
        Some(url) => Target::Gateway {
            url,
            configuration: args.configuration,
            end_streams: args.end_streams,
        },
        None => Target::Direct { urls: args.direct },
    };
    let mut options = PushOptions::new(target);
    options.streams = args.closed_loop.unwrap_or(args.streams);
    options.segments = args.segments;
    options.pace =
        if args.closed_loop.is_some() { Pace::ClosedLoop } else { Pace::Live(args.period) };
    options.renditions = args.renditions;
    options.rendition_bytes = args.rendition_bytes;
    options.timeout = args.timeout;
    options.max_time = args.max_time;
    options.pids = args.pid;
    push(options, source).await
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: write it as 2s or 500ms");
    let (number, millis) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1000),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_millis(u64::from(number) * millis))
}
