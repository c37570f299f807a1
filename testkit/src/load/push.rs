//! Pushes segments on many streams at the pace of live video, or as fast as answers come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::latency::Summary;
use super::process::{ProcessReport, ProcessWatch};
use super::source::Source;
use super::stream::{self, Pushed};
use crate::client::Origin;

/// Most streams of one run.
const MAX_STREAMS: usize = 10_000;
/// Most segments of one run, all streams together.
const MAX_SEGMENTS: usize = 1_000_000;

/// Where segments go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// A gateway, by its HTTP push.
    Gateway {
        /// `http://HOST:PORT`.
        url: String,
        /// Value of `Livepeer-Transcode-Configuration`; absent without.
        configuration: Option<String>,
        /// Ends every stream with a DELETE.
        end_streams: bool,
    },
    /// Nodes, by the orchestrator protocol, without a gateway: what the same bytes cost at least.
    Direct {
        /// Service URIs; streams are spread over them.
        urls: Vec<String>,
    },
}

/// When segments are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One segment of each stream per period, streams spread evenly over it.
    Live(Duration),
    /// The next segment of a stream when the one before is answered.
    ClosedLoop,
}

/// A load run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushOptions {
    /// Where to.
    pub target: Target,
    /// Streams at the same time, 1 to 10,000.
    pub streams: usize,
    /// Segments of each stream, at least 1.
    pub segments: usize,
    /// When.
    pub pace: Pace,
    /// Renditions every answer must have; any number without.
    pub renditions: Option<usize>,
    /// Bytes every rendition must have; any number above 0 without.
    pub rendition_bytes: Option<usize>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Longest run; what is not pushed by then is not pushed.
    pub max_time: Duration,
    /// Processes to watch.
    pub pids: Vec<u32>,
}

impl PushOptions {
    /// 50 streams with 8 segments each, one every 2 s.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            streams: 50,
            segments: 8,
            pace: Pace::Live(Duration::from_secs(2)),
            renditions: None,
            rendition_bytes: None,
            timeout: Duration::from_secs(30),
            max_time: Duration::from_mins(10),
            pids: Vec::new(),
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=MAX_STREAMS).contains(&self.streams),
            "1 to {MAX_STREAMS} streams can be pushed"
        );
        let total = self.streams.saturating_mul(self.segments);
        ensure!(self.segments > 0, "a stream needs at least one segment");
        ensure!(total <= MAX_SEGMENTS, "{total} segments are more than {MAX_SEGMENTS}");
        match &self.target {
            Target::Gateway { url, .. } => {
                Origin::parse(url)?;
            }
            Target::Direct { urls } => {
                ensure!(!urls.is_empty(), "a direct push needs the URI of a node");
                for url in urls {
                    Origin::parse(url)?;
                }
            }
        }
        Ok(())
    }
}

/// What a run showed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// `live` or `closed_loop`.
    pub pace: &'static str,
    /// `gateway` or `direct`.
    pub target: &'static str,
    /// Streams.
    pub streams: usize,
    /// Segments of each stream.
    pub segments: usize,
    /// Milliseconds between two segments of a stream; 0 in closed loop.
    pub period_ms: u64,
    /// Bytes of the first segment.
    pub segment_bytes: usize,
    /// Segments pushed.
    pub pushed: usize,
    /// Segments answered as asked.
    pub ok: usize,
    /// Segments answered otherwise, or not.
    pub failed: usize,
    /// Failures by kind.
    pub failures: BTreeMap<String, usize>,
    /// Segments that could not be pushed when due because the one before was not answered.
    pub late: usize,
    /// Segments not pushed because time was up.
    pub not_pushed: usize,
    /// Seconds from first to last byte.
    pub wall_s: f64,
    /// Good answers per second.
    pub segments_per_s: f64,
    /// Latency of all good answers.
    pub latency: Summary,
    /// Without the first segment of each stream.
    pub latency_without_first: Summary,
    /// The first segment of each stream alone.
    pub latency_first: Summary,
    /// The processes watched.
    pub processes: Vec<ProcessReport>,
    /// CPU seconds of all of them for 1,000 good answers.
    pub cpu_s_per_1000: Option<f64>,
}

/// Runs it.
pub async fn push(options: PushOptions, source: Source) -> anyhow::Result<Report> {
    options.check()?;
    let mut watches = Vec::new();
    for pid in &options.pids {
        watches.push(ProcessWatch::start(*pid).await?);
    }
    let options = Arc::new(options);
    let source = Arc::new(source);
    let run = hex::encode(rand::random::<[u8; 3]>());
    let start = Instant::now();
    let mut streams = JoinSet::new();
    for index in 0..options.streams {
        let (options, source) = (Arc::clone(&options), Arc::clone(&source));
        let manifest = format!("load-{run}-{index}");
        streams.spawn(async move { stream::run(&options, &source, index, &manifest, start).await });
    }
    let mut pushed = Vec::new();
    while let Some(stream) = streams.join_next().await {
        pushed.extend(stream?);
    }
    let wall = start.elapsed();
    let mut processes = Vec::new();
    for watch in watches {
        processes.push(watch.finish().await?);
    }
    Ok(report(&options, &source, &pushed, wall, processes))
}

fn report(
    options: &PushOptions,
    source: &Source,
    pushed: &[Pushed],
    wall: Duration,
    processes: Vec<ProcessReport>,
) -> Report {
    let mut failures = BTreeMap::new();
    for failure in pushed.iter().filter_map(|push| push.failure.as_ref()) {
        *failures.entry(failure.clone()).or_default() += 1;
    }
    let good = || pushed.iter().filter(|push| push.failure.is_none());
    let ok = good().count();
    let planned = options.streams.saturating_mul(options.segments);
    let wall_s = wall.as_secs_f64();
    let cpu_s: f64 = processes.iter().map(|process| process.cpu_s).sum();
    let count = f64::from(u32::try_from(ok).unwrap_or(u32::MAX));
    Report {
        pace: match options.pace {
            Pace::Live(_) => "live",
            Pace::ClosedLoop => "closed_loop",
        },
        target: match options.target {
            Target::Gateway { .. } => "gateway",
            Target::Direct { .. } => "direct",
        },
        streams: options.streams,
        segments: options.segments,
        period_ms: match options.pace {
            Pace::Live(period) => u64::try_from(period.as_millis()).unwrap_or(u64::MAX),
            Pace::ClosedLoop => 0,
        },
        segment_bytes: source.segment(0).len(),
        pushed: pushed.len(),
        ok,
        failed: pushed.len() - ok,
        failures,
        late: pushed.iter().filter(|push| push.late).count(),
        not_pushed: planned.saturating_sub(pushed.len()),
        wall_s,
        segments_per_s: count / wall_s.max(f64::MIN_POSITIVE),
        latency: Summary::of(good().map(|push| push.latency)),
        latency_without_first: Summary::of(good().filter(|p| p.seq > 0).map(|p| p.latency)),
        latency_first: Summary::of(good().filter(|p| p.seq == 0).map(|p| p.latency)),
        cpu_s_per_1000: (!processes.is_empty() && ok > 0).then(|| cpu_s / count * 1000.0),
        processes,
    }
}
