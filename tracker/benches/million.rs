//! A million redemptions, each with the log of its payment, to a report: from a file, and from a node on
//! this machine. What is wanted is less than 60 seconds on one core, and memory that does not grow with
//! the number of logs.
//!
//! `cargo bench -p waymark-tracker --bench million` tells time and memory, and fails if either is missed.
//! The node is a thread that makes its answers up as they are asked for, on another core.
#![forbid(unsafe_code)]

use std::io;

use clap::Parser as _;
use tokio::time::Instant;
use waymark_tracker::command::{Demand, Streams, run};

#[path = "million/made_up.rs"]
mod made_up;
#[path = "million/node.rs"]
mod node;
#[path = "../tests/it/synth.rs"]
mod synth;

use synth::BROKER;

/// What is wanted, in seconds.
const WANTED_SECONDS: f64 = 60.0;
/// The most memory, in MiB: caches of the state, one answer of the node, one batch of logs.
const WANTED_MIB: u64 = 384;

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    demand: Demand,
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    // `cargo test` runs benchmarks with --test to see that they work.
    let small = std::env::args().any(|argument| argument == "--test");
    let redemptions = if small { 1000 } else { 1_000_000 };
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = directory.path().join("logs.json");
    let bytes = made_up::write(&path, redemptions)?;
    let megabytes = bytes / 1_000_000;
    measure(
        &format!("file of {megabytes} MB"),
        redemptions,
        "--logs",
        &path.display().to_string(),
    )?;
    let node = node::start(redemptions)?;
    measure("node", redemptions, "--rpc", &node)
}

#[allow(clippy::print_stdout, reason = "what a benchmark is for")]
fn measure(what: &str, redemptions: u64, flag: &str, source: &str) -> Outcome {
    let broker = BROKER.to_string();
    let arguments = ["demand", flag, source, "--broker", &broker, "--format", "json"];
    let demand = Cli::try_parse_from(arguments)?.demand;
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut streams =
        Streams { input: &mut io::empty(), out: &mut out, notes: &mut notes, terminal: false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let start = Instant::now();
    runtime.block_on(run(&demand, &mut streams))?;
    let seconds = start.elapsed().as_secs_f64();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&out)?;
    let winners: u64 = rows.iter().filter_map(|row| row["winners"].as_u64()).sum();
    assert_eq!(winners, redemptions, "every redemption is in the report");
    let peak = peak_mib();
    println!(
        "{what}: {redemptions} redemptions with their payments in {seconds:.1} s, {} rows, peak memory {} MiB",
        rows.len(),
        peak.map_or_else(|| "unknown".to_owned(), |mib| mib.to_string()),
    );
    assert!(seconds < WANTED_SECONDS, "wanted were less than {WANTED_SECONDS} s");
    assert!(peak.is_none_or(|mib| mib < WANTED_MIB), "wanted were less than {WANTED_MIB} MiB");
    Ok(())
}

/// The most memory this process has had, in MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}
