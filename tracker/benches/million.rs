//! A million redemptions, each with the log of its payment, from a file to a report: what is wanted is
//! less than 60 seconds on one core and memory that does not grow with the file.
//!
//! `cargo bench -p waymark-tracker --bench million` tells time and memory, and fails if either is missed.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use alloy_primitives::{Address, U256};
use clap::Parser as _;
use tokio::time::Instant;
use waymark_tracker::command::{Demand, Streams, run};

#[path = "../tests/it/synth.rs"]
mod synth;

use synth::{BROKER, Spot, Ticket};

/// What is wanted, in seconds.
const WANTED_SECONDS: f64 = 60.0;
/// The most memory, in MiB: caches of the state and one batch of logs.
const WANTED_MIB: u64 = 256;

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    demand: Demand,
}

/// The `n`-th ticket: 20 gateways, 100 orchestrators, 12 tags, a round for every 2000.
fn ticket(n: u64) -> Ticket {
    let address = |kind: u8, number: u64| {
        let mut bytes = [kind; 20];
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        Address::from(bytes)
    };
    let tag = n % 12 + 1;
    Ticket {
        sender: address(0xaa, n % 20),
        recipient: address(0xbb, n * 7 % 100),
        face_value: U256::from(2_400_000_000_000_000_u64 + n),
        nonce: U256::from((tag << 10) | (n % 600 + 1)),
        rand: U256::from(n) << 100,
        round: 3000 + n / 2000,
    }
}

fn write(path: &Path, redemptions: u64) -> io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"[\n")?;
    for n in 0..redemptions {
        let (block, time) = (50_000_000 + n * 3, 1_700_000_000 + n);
        let ticket = ticket(n);
        let spot = |index| Spot { block, fork: 0, index, tx: 0 };
        serde_json::to_writer(&mut out, &ticket.transfer(spot(4), ticket.face_value, Some(time)))?;
        out.write_all(b",\n")?;
        serde_json::to_writer(&mut out, &ticket.redeemed(spot(5), Some(time)))?;
        out.write_all(if n + 1 == redemptions { b"\n]\n" } else { b",\n" })?;
    }
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}

/// The most memory this process has had, in MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[allow(clippy::print_stdout, reason = "what a benchmark is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test` runs benchmarks with --test to see that they work.
    let small = std::env::args().any(|argument| argument == "--test");
    let redemptions = if small { 1000 } else { 1_000_000 };
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = directory.path().join("logs.json");
    let bytes = write(&path, redemptions)?;
    let broker = BROKER.to_string();
    let logs = path.display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let arguments = ["demand", "--logs", &logs, "--broker", &broker, "--format", "json"];
    let demand = Cli::try_parse_from(arguments)?.demand;
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut streams =
        Streams { input: &mut io::empty(), out: &mut out, notes: &mut notes, terminal: false };
    runtime.block_on(run(&demand, &mut streams))?;
    let seconds = start.elapsed().as_secs_f64();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&out)?;
    let winners: u64 = rows.iter().filter_map(|row| row["winners"].as_u64()).sum();
    assert_eq!(winners, redemptions, "every redemption is in the report");
    let peak = peak_mib();
    println!(
        "{redemptions} redemptions with their payments, {} MB: {seconds:.1} s, {} rows, peak memory {} MiB",
        bytes / 1_000_000,
        rows.len(),
        peak.map_or_else(|| "unknown".to_owned(), |mib| mib.to_string()),
    );
    assert!(seconds < WANTED_SECONDS, "{seconds:.1} s, wanted were less than {WANTED_SECONDS} s");
    assert!(
        peak.is_none_or(|mib| mib < WANTED_MIB),
        "{peak:?} MiB, wanted were less than {WANTED_MIB}"
    );
    Ok(())
}
