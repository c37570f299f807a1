//! Tags: what the gateway asks of orchestrators, its book of the round, and what a tracker reads out of
//! the chain.

use std::{fs, path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use serde::Deserialize;
use tokio::{process::Command, time::timeout};

use super::{
    TAGS,
    chain::{Chain, Redemption},
    records::Records,
};

/// An orchestrator that does not run here: its own description of itself.
const SMALL_NODE: &str = "codec.encode: [h264, hevc]\nhw.gpu.memory_mib: 8192\n";
/// A command reads a few files or a chain on this machine.
const COMMAND: Duration = Duration::from_secs(60);

/// The gateway's `/status`, as far as it is about books.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(rename = "RoundBooks")]
    pub(super) report: Report,
}

/// What it says of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    /// First round in which tickets carry tags.
    pub(super) tagged_from: Option<u64>,
    /// Tags that tickets do not carry, and why.
    pub(super) plain_tags: Vec<String>,
    /// Books of past rounds.
    pub(super) books: Vec<Book>,
}

/// A round's book.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Book {
    pub(super) round: u64,
    pub(super) state: String,
    pub(super) root: String,
    pub(super) leaves: u32,
    #[serde(rename = "TotalEVWei")]
    pub(super) total_ev: String,
}

/// Shows how an orchestrator with a small graphics card learns what it lacks.
pub(super) async fn who_qualifies(programs: &Path, dir: &Path, media: &str) -> anyhow::Result<()> {
    let facts = dir.join("small-node.yaml");
    fs::write(&facts, SMALL_NODE)?;
    println!(
        "Asking for an orchestrator with 8 GiB on its card whether it qualifies (waymark match):"
    );
    let mut command = Command::new(programs.join("waymark"));
    command.arg("match").arg("--orchestrator").arg(&facts);
    command.args(["--requirements", &format!("http://{media}")]);
    let said = output(command).await?;
    for line in said.lines() {
        println!("  {line}");
    }
    let lack = "needs hw.gpu.memory_mib >= 12288, declares 8192";
    anyhow::ensure!(said.contains(lack), "it was not told what it lacks: {lack}");
    Ok(())
}

/// What `waymark demand` reads out of the chain and the round book.
#[derive(Debug)]
pub(super) struct Demand {
    table: String,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    tag: Option<String>,
    tag_id: u32,
    grade: Option<String>,
    winners: u64,
    paid_wei: String,
    book_tickets: Option<u64>,
    book_ev_wei: Option<String>,
}

impl Demand {
    /// Runs the tracker: once for people, once for the check.
    pub(super) async fn read(
        programs: &Path,
        dir: &Path,
        chain: &Chain,
        data: &Path,
    ) -> anyhow::Result<Self> {
        let command = |format: &str| {
            let mut command = Command::new(programs.join("waymark"));
            command
                .args(["demand", "--rpc", &chain.url, "--broker", &chain.broker])
                .args(["--registry", &chain.registry, "--format", format, "--books"])
                .arg(data.join("data/v1/rounds"));
            command
        };
        let table = output(command("table")).await?;
        let json = output(command("json")).await?;
        fs::write(dir.join("demand.json"), &json)?;
        let rows = serde_json::from_str(&json)
            .with_context(|| format!("the report cannot be read: {json}"))?;
        Ok(Self { table, rows })
    }

    /// The report as people see it.
    pub(super) fn table(&self) {
        println!(
            "\nWhat a tracker says of this gateway, from the chain and the round book (waymark demand):"
        );
        for line in self.table.lines() {
            println!("  {line}");
        }
    }

    /// What does not fit to the gateway's own records and to the chain's log.
    pub(super) fn faults(&self, records: &Records, redemptions: &[Redemption]) -> Vec<String> {
        let mut faults = Vec::new();
        for tag in TAGS {
            let rows = || self.rows.iter().filter(|row| row.tag.as_deref() == Some(tag.name));
            let sent = records.tried().filter(|attempt| attempt.tag == tag.name);
            let (tickets, promised) =
                sent.fold((0, 0), |(t, p), attempt| (t + attempt.tickets, p + attempt.promised));
            let book = rows().find_map(|row| {
                Some((row.book_tickets?, row.book_ev_wei.as_ref()?.parse::<u128>().ok()?))
            });
            // A payment is rounded up to whole wei, and so may a ticket be.
            let agrees =
                |(t, ev): (u64, u128)| t == tickets && ev.abs_diff(promised) <= u128::from(t);
            if !book.is_some_and(agrees) {
                faults.push(format!(
                    "{}: {tickets} tickets worth {promised} wei were sent; the round book, as the tracker \
                     reads it, has {book:?}",
                    tag.name
                ));
            }
            let log = redemptions.iter().filter(|redemption| redemption.tag == tag.id);
            let log = log.fold((0, 0), |(n, wei), redemption| (n + 1, wei + redemption.wei));
            let said = rows().fold((0, 0), |(n, wei), row| {
                (n + row.winners, wei + row.paid_wei.parse::<u128>().unwrap_or(0))
            });
            if said != log {
                faults.push(format!(
                    "{}: the chain's log has {log:?} winners and wei, the tracker says {said:?}",
                    tag.name
                ));
            }
        }
        for row in self.rows.iter().filter(|row| row.winners > 0) {
            let known = TAGS.iter().any(|tag| tag.id == row.tag_id);
            if !known || row.grade.as_deref() != Some("A") {
                faults.push(format!("the tracker reports winners without a known tag: {row:?}"));
            }
        }
        faults
    }
}

/// What a command prints; its errors are the demo's.
async fn output(mut command: Command) -> anyhow::Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let output = timeout(COMMAND, command.output()).await.context("a command does not end")??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(
        !said.is_empty(),
        "{shown} printed nothing; {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}
