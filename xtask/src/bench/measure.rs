//! One measurement: a load run by `waymark-load`, and the part of its report that counts.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::{process::Command, time::timeout};

use super::{contender::Contender, paid::Payments};
use crate::{
    process::Service,
    workspace::{self, Profile},
};

/// Orchestrators on the far side.
pub(super) const ANSWERERS: usize = 50;
/// Bytes of a pushed segment.
const SEGMENT_BYTES: usize = 800_000;
/// Bytes of each of the two renditions that come back.
const RENDITION_BYTES: usize = 300_048;
/// Longest load run.
const RUN: Duration = Duration::from_mins(10);
/// Renditions are drawn before the answerers say where they are.
const ANSWERERS_START: Duration = Duration::from_mins(2);

/// What is done to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scenario {
    /// No gateway: the load generator speaks to the orchestrators itself.
    Direct,
    /// 50 streams at the pace of live video, long enough to fill every window.
    Live,
    /// 32 streams as fast as answers come.
    Saturated,
    /// 500 streams, one segment each 8 s.
    Many,
    /// 50 live streams whose segments are paid on a local chain.
    Paid,
}

/// What a run showed.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) round: u32,
    /// `waymark`, `stock` or `direct`.
    pub(super) contender: &'static str,
    pub(super) scenario: Scenario,
    pub(super) report: Load,
}

/// The report of `waymark-load push`, as far as it is read here.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) streams: usize,
    pub(super) ok: usize,
    pub(super) failed: usize,
    pub(super) late: usize,
    pub(super) segments_per_s: f64,
    pub(super) latency: Latency,
    pub(super) latency_without_first: Latency,
    pub(super) processes: Vec<Process>,
    pub(super) cpu_s_per_1000: Option<f64>,
}

/// Milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Latency {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// The gateway's process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Process {
    /// Largest resident memory, KiB.
    pub(super) peak_kib: u64,
}

impl Scenario {
    /// What is done to this contender for nothing. Hundreds of streams are asked of ours alone: at the memory
    /// that a stock gateway takes for each, they do not fit into an ordinary machine.
    pub(super) fn unpaid(contender: &Contender) -> Vec<Self> {
        let mut scenarios = vec![Self::Live, Self::Saturated];
        if contender.is_ours() {
            scenarios.push(Self::Many);
        }
        scenarios
    }

    /// Streams, segments of each, and the period of a stream.
    fn shape(self, dry: bool) -> (usize, usize, Option<&'static str>) {
        match (self, dry) {
            (Self::Direct | Self::Live | Self::Paid, false) => (50, 14, Some("2s")),
            (Self::Saturated, false) => (32, 40, None),
            (Self::Many, false) => (500, 8, Some("8s")),
            (Self::Direct | Self::Live | Self::Paid, true) => (5, 2, Some("2s")),
            (Self::Saturated, true) => (4, 40, None),
            (Self::Many, true) => (20, 2, Some("4s")),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Live => "live",
            Self::Saturated => "saturated",
            Self::Many => "many",
            Self::Paid => "paid",
        }
    }
}

/// The running far side.
#[derive(Debug)]
pub(super) struct Answerers {
    programs: PathBuf,
    dir: PathBuf,
    urls: Vec<String>,
    payments: Option<Payments>,
    _service: Service,
}

impl Answerers {
    /// Starts those that work for nothing and reads where they are.
    pub(super) async fn start(programs: &Path, dir: &Path) -> anyhow::Result<Self> {
        Self::start_with(programs, dir, None).await
    }

    /// Starts a chain and those that are paid on it.
    pub(super) async fn start_paid(programs: &Path, dir: &Path) -> anyhow::Result<Self> {
        let payments = Payments::start(programs, dir).await?;
        Self::start_with(programs, dir, Some(payments)).await
    }

    async fn start_with(
        programs: &Path,
        dir: &Path,
        payments: Option<Payments>,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(programs.join("waymark-load"));
        command
            .args(["answerer", "--ports", &ANSWERERS.to_string()])
            .args(["--rendition-bytes", &RENDITION_BYTES.to_string()]);
        let name = if payments.is_some() { "answerers-paid" } else { "answerers" };
        if let Some(payments) = &payments {
            payments.answerer(&mut command);
        }
        let mut service = Service::start(name, command, &dir.join("logs"))?;
        let urls = std::cell::RefCell::new(Vec::new());
        let read = |line: &str| {
            let mut urls = urls.borrow_mut();
            if line.starts_with("https://") && !urls.iter().any(|u| u == line) {
                urls.push(line.to_owned());
            }
            (urls.len() == ANSWERERS).then_some(())
        };
        service.says("where they listen", ANSWERERS_START, read).await?;
        let urls = urls.into_inner();
        let (programs, dir) = (programs.to_owned(), dir.to_owned());
        Ok(Self { programs, dir, urls, payments, _service: service })
    }

    /// Where they are.
    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// How they are paid, if they are.
    pub(super) fn payments(&self) -> Option<&Payments> {
        self.payments.as_ref()
    }

    /// The directory of this bench run.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Pushes straight to the orchestrators: the latency that no gateway can beat.
pub(super) async fn direct(
    round: u32,
    answerers: &Answerers,
    dry: bool,
) -> anyhow::Result<Measured> {
    let scenario = Scenario::Direct;
    let mut command = load(answerers, scenario, dry);
    command.arg("--direct").args(answerers.urls());
    let report = report(command).await.context("the direct push failed")?;
    Ok(Measured { round, contender: "direct", scenario, report })
}

/// Starts a gateway, pushes through it, and kills it.
pub(super) async fn gateway(
    round: u32,
    contender: &Contender,
    scenario: Scenario,
    answerers: &Answerers,
    dry: bool,
) -> anyhow::Result<Measured> {
    let run = format!("{}-{}-{round}", contender.name, scenario.name());
    let running = contender.start(&run, answerers).await?;
    let mut command = load(answerers, scenario, dry);
    command.args(["--gateway", &running.url, "--pid", &running.pid.to_string()]);
    let report = report(command).await.with_context(|| format!("the load run {run} failed"))?;
    Ok(Measured { round, contender: contender.name, scenario, report })
}

/// The command of a load run, but for its target.
pub(super) fn load(answerers: &Answerers, scenario: Scenario, dry: bool) -> Command {
    let (streams, segments, period) = scenario.shape(dry);
    let mut command = Command::new(answerers.programs.join("waymark-load"));
    command
        .args(["push", "--segments", &segments.to_string()])
        .args(["--segment-bytes", &SEGMENT_BYTES.to_string()])
        .args(["--renditions", "2", "--rendition-bytes", &RENDITION_BYTES.to_string()]);
    match period {
        Some(period) => command.args(["--streams", &streams.to_string(), "--period", period]),
        None => command.args(["--closed-loop", &streams.to_string()]),
    };
    command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a load run. Segments that failed are part of its report, so its status does not count.
pub(super) async fn report(mut command: Command) -> anyhow::Result<Load> {
    let output = timeout(RUN, command.output()).await.context("it did not end")??;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

impl Measured {
    /// One line for whoever waits.
    pub(super) fn line(&self) -> String {
        let Self { round, contender, scenario, report } = self;
        let cpu =
            report.cpu_s_per_1000.map_or_else(String::new, |c| format!(", {c:.2} CPU s/1000"));
        let peak = report.processes.first();
        let peak = peak.map_or_else(String::new, |p| format!(", peak {} MB", p.peak_kib / 1024));
        format!(
            "  round {round} {contender} {}: {} ok, {} failed, {:.1}/s, p50 {:.1} ms, p99 {:.1} ms{cpu}{peak}",
            scenario.name(),
            report.ok,
            report.failed,
            report.segments_per_s,
            report.latency_without_first.p50_ms,
            report.latency_without_first.p99_ms,
        )
    }
}

/// Rates of the machine in MB/s, so that a slow one is seen as such.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Floor {
    /// Keccak-256 of a segment by `keccak-asm`, the ordinary implementation.
    pub(super) keccak_asm: f64,
    /// By the implementation the gateway chose, of a segment that waits alone.
    pub(super) keccak_alone: f64,
    /// The same of eight segments side by side.
    pub(super) keccak_together: f64,
    /// Through a socket of the loopback.
    pub(super) socket: f64,
}

impl Floor {
    pub(super) fn line(&self) -> String {
        let Self { keccak_asm, keccak_alone, keccak_together, socket } = self;
        format!(
            "  Keccak-256 {keccak_alone:.0} MB/s alone, {keccak_together:.0} MB/s eight together \
             ({keccak_asm:.0} MB/s by keccak-asm); loopback {socket:.0} MB/s"
        )
    }
}

/// Runs xtask's own example `floor`.
pub(super) async fn floor(profile: Profile) -> anyhow::Result<Floor> {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--package", "xtask", "--example", "floor"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().await?;
    serde_json::from_slice(&output.stdout).context("the example floor wrote no figures")
}
