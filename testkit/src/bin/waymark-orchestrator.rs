//! An orchestrator as a process of its own, for demos and for breaking things by hand.
//!
//! It prints its URI as one line on standard output when it is ready, logs to standard error, and exits
//! 0 on SIGTERM or SIGINT after finishing what is running.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use waymark_testkit::{FaultSpec, Orchestrator, Transcoding};

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
    /// Answer at once with these files, in profile order, instead of transcoding.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    fixed: Vec<PathBuf>,
    /// Log filter, for example debug or waymark_testkit=trace.
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
    let orchestrator = start(cli).await?;
    writeln!(std::io::stdout(), "{}", orchestrator.uri())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    orchestrator.stop().await;
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
    if !cli.fixed.is_empty() {
        let mut files = Vec::new();
        for path in cli.fixed {
            let bytes = tokio::fs::read(&path).await;
            files.push(bytes.with_context(|| format!("cannot read {}", path.display()))?.into());
        }
        builder = builder.transcoding(Transcoding::Fixed(files));
    }
    builder.start().await
}
