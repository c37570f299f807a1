//! Follows the program that pushes and plays, `examples/push-segments`, by the JSON lines it writes.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{SEGMENT, Show};
use crate::workspace::shown;

/// Longest silence of the program: it says something at least once a segment.
const SILENCE: Duration = Duration::from_secs(90);

/// One thing that happened, in the words of the program. Others are left out.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Pushing {
        seq: u64,
        late_millis: u64,
    },
    Delivered {
        seq: u64,
        millis: u64,
        renditions: Vec<serde_json::Value>,
    },
    Refused {
        seq: u64,
        millis: u64,
        reason: String,
    },
    Ended {
        faults: Vec<String>,
    },
    #[serde(other)]
    Other,
}

/// What the demo reacts to.
#[derive(Debug)]
pub(super) enum Moment<'a> {
    /// The upload of a segment begins.
    Pushing(u64),
    /// A segment was answered.
    Delivered(&'a Push),
}

/// How one push went.
#[derive(Debug)]
pub(super) struct Push {
    /// Sequence number.
    pub(super) seq: u64,
    /// From the first byte sent to the last byte of the answer.
    pub(super) millis: u64,
    /// Renditions that came back, or why none did.
    pub(super) outcome: Result<usize, String>,
}

/// What came of a stream as the client saw it.
#[derive(Debug)]
pub(super) struct Pushes {
    /// The stream's name.
    pub(super) manifest: &'static str,
    /// Each push, in the order of sequence numbers.
    pub(super) all: Vec<Push>,
    /// What the client or the player found wrong.
    pub(super) faults: Vec<String>,
    /// The most that a push came later than a live encoder's.
    pub(super) late: Duration,
}

/// The running program.
#[derive(Debug)]
pub(super) struct Pushing {
    manifest: &'static str,
    child: Child,
    log: PathBuf,
}

impl Pushing {
    /// Starts it.
    pub(super) fn start(
        programs: &Path,
        media: &str,
        show: &Show,
        save: &Path,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let Show { manifest, tag, segments } = *show;
        let log = dir.join(format!("logs/push-segments-{manifest}.log"));
        let mut command = Command::new(programs.join("push-segments"));
        command
            .args(["--json", "--manifest", manifest, "--gateway", &format!("http://{media}")])
            .args([
                "--count",
                &segments.to_string(),
                "--length",
                &format!("{}s", SEGMENT.as_secs()),
            ])
            .arg("--save")
            .arg(save)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true);
        if let Some(tag) = tag {
            command.args(["--tag", tag.name]);
        }
        let child = command.spawn().context("push-segments cannot be started")?;
        Ok(Self { manifest, child, log })
    }

    /// Reads its lines to the end and calls `react` for each moment.
    pub(super) async fn follow(
        mut self,
        mut react: impl AsyncFnMut(Moment<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Pushes> {
        let stdout = self.child.stdout.take().context("push-segments has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut pushes = Vec::new();
        let mut ended = None;
        let mut late = 0;
        loop {
            let line = timeout(SILENCE, lines.next_line()).await.with_context(|| {
                let log = shown(&self.log);
                format!("push-segments said nothing for {} s; its log is {log}", SILENCE.as_secs())
            })??;
            let Some(line) = line else { break };
            let event = serde_json::from_str(&line)
                .with_context(|| format!("push-segments wrote a line that is no event: {line}"))?;
            let push = match event {
                Event::Pushing { seq, late_millis } => {
                    late = late.max(late_millis);
                    react(Moment::Pushing(seq)).await?;
                    continue;
                }
                Event::Delivered { seq, millis, renditions } => {
                    Push { seq, millis, outcome: Ok(renditions.len()) }
                }
                Event::Refused { seq, millis, reason } => {
                    Push { seq, millis, outcome: Err(reason) }
                }
                Event::Ended { faults } => {
                    ended = Some(faults);
                    continue;
                }
                Event::Other => continue,
            };
            react(Moment::Delivered(&push)).await?;
            pushes.push(push);
        }
        let status = timeout(SILENCE, self.child.wait()).await.context("push-segments hangs")??;
        let faults = ended.with_context(|| {
            let words = std::fs::read_to_string(&self.log).unwrap_or_default();
            format!("push-segments ended with {status} before the stream did:\n{}", words.trim())
        })?;
        pushes.sort_by_key(|p| p.seq);
        let Self { manifest, .. } = self;
        Ok(Pushes { manifest, all: pushes, faults, late: Duration::from_millis(late) })
    }
}
