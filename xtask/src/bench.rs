//! `make bench`: the whole gateway under load, beside a stock gateway where one is given.
//!
//! Orchestrators that answer at once with fixed renditions stand on the far side, so that what is
//! measured is the gateway. Contenders run one after another in the same rounds, in alternating
//! order, each scenario from a fresh process. Figures of different machines cannot be compared;
//! figures of one run can.

mod contender;
mod measure;
mod paid;
mod profile;
mod report;

use std::{fs, path::PathBuf};

use anyhow::Context as _;

use self::{
    contender::Contender,
    measure::{Answerers, Measured, Scenario},
};
use crate::workspace::{self, Profile, root, shown, target};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A stock gateway's program to compare with.
    #[arg(long, value_name = "FILE")]
    stock: Option<PathBuf>,
    /// Rounds; the order of contenders turns with each.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Also record where the gateway's CPU goes, with perf.
    #[arg(long)]
    profile: bool,
    /// Try the task with a quick build and short runs. Its figures mean nothing and are not kept.
    #[arg(long)]
    dry: bool,
}

/// Runs everything and writes the results.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let profile = if args.dry { Profile::Dev } else { Profile::Release };
    let binaries = [
        ("waymark", "waymark"),
        ("waymark-testkit", "waymark-load"),
        ("waymark-testkit", "waymark-chain"),
    ];
    let programs = workspace::build(&binaries, profile).await?;
    let dir = target().join("bench");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(dir.join("logs"))?;

    println!("Measuring what the machine can do.");
    let floor = measure::floor(profile).await?;
    println!("{}", floor.line());

    let contenders = contenders(&args, &programs)?;
    println!("Starting {} orchestrators that answer at once.", measure::ANSWERERS);
    let answerers = Answerers::start(&programs, &dir).await?;
    let mut runs: Vec<Measured> = Vec::new();
    for round in 1..=args.rounds {
        runs.push(measure::direct(round, &answerers, args.dry).await?);
        println!("{}", runs.last().map(Measured::line).unwrap_or_default());
        for contender in in_turn(&contenders, round) {
            for scenario in Scenario::unpaid(contender) {
                let measured = measure::gateway(round, contender, scenario, &answerers, args.dry);
                runs.push(measured.await?);
                println!("{}", runs.last().map(Measured::line).unwrap_or_default());
            }
        }
    }
    let families = if args.profile {
        let ours = contenders.first().context("there is always a contender")?;
        Some(profile::record(ours, &answerers, &dir, args.dry).await?)
    } else {
        None
    };
    drop(answerers);

    // Only now: a chain and orchestrators that follow it are never at rest.
    println!(
        "Starting {} orchestrators that are paid for it on a local chain.",
        measure::ANSWERERS
    );
    let paid = Answerers::start_paid(&programs, &dir).await?;
    for round in 1..=args.rounds {
        for contender in in_turn(&contenders, round) {
            let measured = measure::gateway(round, contender, Scenario::Paid, &paid, args.dry);
            runs.push(measured.await?);
            println!("{}", runs.last().map(Measured::line).unwrap_or_default());
        }
    }
    drop(paid);

    let results = dir.join("results.json");
    fs::write(&results, serde_json::to_string_pretty(&(&floor, &runs, &families))? + "\n")?;
    let section = report::section(&floor, &runs, families.as_ref());
    println!("\n{section}");
    println!("Every figure: {}", shown(&results));
    if args.dry {
        println!("This was a dry run; docs/performance.md is as it was.");
        return Ok(());
    }
    report::write(&root().join("docs/performance.md"), &section)
}

/// The order of a round: it turns with each.
fn in_turn(contenders: &[Contender], round: u32) -> Vec<&Contender> {
    let mut order: Vec<_> = contenders.iter().collect();
    if round.is_multiple_of(2) {
        order.reverse();
    }
    order
}

fn contenders(args: &Args, programs: &std::path::Path) -> anyhow::Result<Vec<Contender>> {
    let mut contenders = vec![Contender::ours(programs.join("waymark"))];
    if let Some(stock) = &args.stock {
        let program = fs::canonicalize(stock)
            .with_context(|| format!("there is no stock gateway at {}", stock.display()))?;
        contenders.push(Contender::stock(program));
    }
    Ok(contenders)
}
