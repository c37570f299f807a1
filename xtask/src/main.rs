//! `cargo xtask …`: what a person or CI does with this repository beyond plain cargo.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the output of a command-line program"
)]

mod bench;
mod check;
mod demo;
mod forge;
mod generate;
mod process;
mod solc;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Tasks of this repository", version)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Pushes a generated live stream through three orchestrators, kills one half-way, and checks that nothing was lost.
    Demo(demo::Args),
    /// Measures the gateway under load, beside a stock gateway if one is given; writes docs/performance.md.
    Bench(bench::Args),
    /// Checks what people forget: dependency directions, lints, where versions stand.
    Check,
    /// Builds each crate alone, with its default features and without.
    Crates,
    /// Writes the documents and snapshots again that are made from the code.
    Gen,
    /// Measures what verification catches and wrongly doubts; writes docs/verification.md and its picture. Takes minutes.
    VerificationReport,
    /// Compiles the contracts into contracts/artifacts; needs Node.js.
    Solc(solc::Args),
    /// Tests the contracts with forge; needs Node.js.
    Forge(forge::Args),
    /// Runs a fuzz target.
    Fuzz(generate::Fuzz),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let task = async {
        match args.task {
            Task::Demo(args) => demo::run(args).await,
            Task::Bench(args) => bench::run(args).await,
            Task::Check => check::run(),
            Task::Crates => check::crates_alone().await,
            Task::Gen => generate::run().await,
            Task::VerificationReport => generate::verification_report().await,
            Task::Solc(args) => solc::run(args).await,
            Task::Forge(args) => forge::run(args).await,
            Task::Fuzz(args) => generate::fuzz(args).await,
        }
    };
    // Dropping the task kills every process that it started.
    let result = tokio::select! {
        result = task => result,
        name = stopped() => Err(anyhow::anyhow!("stopped by {name}; the processes it started are killed")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for a signal that asks the process to stop.
async fn stopped() -> &'static str {
    let on = |kind| signal(kind).expect("these signals can be listened to on every Unix");
    let (mut interrupt, mut terminate, mut hangup) =
        (on(SignalKind::interrupt()), on(SignalKind::terminate()), on(SignalKind::hangup()));
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        _ = hangup.recv() => "SIGHUP",
    }
}
