//! `waymark verify`: files judged on the command line, by the code that judges results.

use std::{
    fmt::Write as _,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value as Json, json};
use waymark_verification::{
    Check, Decision, Kind, Outcome, Tier, Value, Verdict, draw::Choice, thresholds::Thresholds,
};

use super::{
    evidence::{BundleId, Evidence, Kept},
    judge::{Judge, ParseError, Returned, Shown, Source},
    wanted,
    worker::{Pool, PoolSettings, Program, Urgency, child::Bounds},
};
use crate::{cli::EvidenceTask, config::Config, lifecycle::Tasks, profile::Profile};

/// Address space of the worker, bytes.
const MEMORY: u64 = 2 << 30;
/// Largest file, bytes: what a stock node takes at most.
const FILE: usize = 300_000_000;
/// Longest time for one measurement.
const DEADLINE: Duration = Duration::from_secs(120);
/// Checks that mean nothing when nobody says what was asked for.
const OF_PROFILE: [&str; 3] = ["F05.profile", "F06.size", "F09.distance"];

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyRequest {
    /// The segment that was sent.
    pub source: PathBuf,
    /// What came back for it.
    pub rendition: PathBuf,
    /// What was asked for.
    pub profile: Option<Profile>,
    /// Pixels that were billed.
    pub claimed_pixels: Option<u64>,
    /// Whether all pictures are compared.
    pub full: bool,
    /// Whether the answer is JSON.
    pub json: bool,
}

/// Nothing was judged, because of the files or the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A file.
    #[error("cannot read {path}; give the segment that was sent, then the rendition", path = path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The source is no media.
    #[error("the source {path} cannot be judged by", path = path.display())]
    Source {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },
    /// The answer could not be written.
    #[error("cannot write the answer")]
    Write {
        /// What the system said.
        #[from]
        source: std::io::Error,
    },
}

impl VerifyError {
    /// 2: nothing could be judged.
    pub const fn exit_code(&self) -> u8 {
        2
    }
}

/// The exit code of a decision.
pub const fn exit_code(decision: Decision) -> u8 {
    match decision {
        Decision::Accepted => 0,
        Decision::Soft => 3,
        Decision::Refused => 4,
        Decision::NotJudged => 2,
    }
}

/// Judges, writes the answer, and gives the exit code. `program` is this program, for the worker.
pub async fn run(
    request: &VerifyRequest,
    program: Option<PathBuf>,
    out: &mut impl Write,
) -> Result<u8, VerifyError> {
    let (source, rendition) = (read(&request.source)?, read(&request.rendition)?);
    let tasks = Tasks::default();
    let pool = program.filter(|_| cfg!(feature = "libav")).map(|path| {
        let program = Program { path, bounds: Bounds { memory: MEMORY, file: FILE } };
        let settings = PoolSettings { program, workers: 1, queue: 8, deadline: DEADLINE };
        Pool::start(settings, &tasks)
    });
    let judge = Judge::new(pool, Thresholds::default(), DEADLINE * 2);
    let source = judge
        .source(source)
        .await
        .map_err(|error| VerifyError::Source { path: request.source.clone(), source: error })?;
    let asked = request
        .profile
        .as_ref()
        .map(|profile| wanted::of_profile(profile, source.scan().container));
    let wanted = if let Some(wanted) = asked {
        wanted
    } else {
        // A rendition that cannot be parsed is refused whatever was asked for.
        let scanned = judge.source(rendition.clone()).await;
        let shown = scanned.as_ref().map_or(source.scan(), Source::scan);
        wanted::of_rendition(source.scan(), shown)
    };
    let returned = Returned {
        wanted: &wanted,
        body: &rendition,
        claimed: request.claimed_pixels,
        usual_bytes: None,
        earlier: &[],
    };
    let judged = judge.fast(&source, returned).await;
    let mut verdict = judged.verdict.clone();
    if request.full && verdict.decision() != Decision::Refused {
        // Fixed: whoever judges the same files again comes to the same numbers.
        let draw = Choice::new(&[0; 32], "waymark verify", 0, &[]);
        let shown = Shown { wanted: &wanted, body: &rendition, judged: &judged };
        match judge.full(&source, &[shown], &draw, Urgency::Background).await {
            Ok((verdicts, _)) => verdict = verdicts.into_iter().next().unwrap_or(verdict),
            Err(error) => {
                verdict.push(Check::not_run("A.decode", error.to_string()).tier(Tier::Full));
            }
        }
    }
    if request.profile.is_none() {
        let asked_for = |check: &&Check| !OF_PROFILE.contains(&check.id);
        verdict = verdict.checks().iter().filter(asked_for).cloned().collect();
    }
    tasks.stop_services().await;
    let text =
        if request.json { as_json(&verdict).to_string() } else { as_text(request, &verdict) };
    writeln!(out, "{text}")?;
    Ok(exit_code(verdict.decision()))
}

/// What follows from a failure of a check of this kind.
const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Hard => "hard",
        Kind::Soft => "soft",
        Kind::Hint => "hint",
    }
}

/// Shows kept evidence, or writes one bundle of it.
pub fn evidence(
    config: &Config,
    task: &EvidenceTask,
    out: &mut impl Write,
) -> Result<(), EvidenceError> {
    let settings = &config.evidence;
    let store = Evidence::new(&config.data_dir, settings.size_bytes, settings.age);
    match task {
        EvidenceTask::List { json } => {
            let kept = store.list().map_err(|source| EvidenceError::List { source })?;
            for kept in kept {
                let Kept { id, at, bytes } = kept;
                if *json {
                    let line = json!({"id": id.to_string(), "at": at.to_string(), "bytes": bytes});
                    writeln!(out, "{line}")?;
                } else {
                    writeln!(out, "{id}  {at:.0}  {bytes} bytes")?;
                }
            }
            Ok(())
        }
        EvidenceTask::Export { id, out: path } => {
            let refuse = |source| EvidenceError::Export { id: *id, path: path.clone(), source };
            let file = std::fs::File::create_new(path).map_err(refuse)?;
            store.export(*id, std::io::BufWriter::new(file)).map_err(refuse)
        }
    }
}

/// Evidence could not be shown or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The folder.
    #[error("cannot list the evidence")]
    List {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The archive.
    #[error("cannot export {id} to {path}", path = path.display())]
    Export {
        /// The bundle.
        id: BundleId,
        /// The archive.
        path: PathBuf,
        /// What the system said, or what is wrong with the bundle.
        #[source]
        source: std::io::Error,
    },
    /// The answer could not be written.
    #[error("cannot write the answer")]
    Write {
        /// What the system said.
        #[from]
        source: std::io::Error,
    },
}

fn read(path: &Path) -> Result<Bytes, VerifyError> {
    let refuse = |source| VerifyError::Read { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(refuse)?.len();
    if length > FILE as u64 {
        let text = format!("it has {length} bytes, and at most {FILE} are read");
        return Err(refuse(std::io::Error::other(text)));
    }
    Ok(std::fs::read(path).map_err(refuse)?.into())
}

/// The verdict as one JSON object.
pub fn as_json(verdict: &Verdict) -> Json {
    let value = |value: &Option<Value>| match value {
        Some(Value::Number(number)) => json!(number),
        Some(Value::Text(text)) => json!(text),
        None => Json::Null,
    };
    let checks = verdict.checks().iter().map(|check| {
        let mut shown = json!({
            "id": check.id,
            "tier": check.tier.as_str(),
            "kind": kind_word(check.kind),
            "value": value(&check.value),
            "threshold": value(&check.threshold),
            "ok": match check.outcome {
                Outcome::Pass => json!(true),
                Outcome::Fail => json!(false),
                Outcome::NotRun => Json::Null,
            },
        });
        if let (Json::Object(shown), false) = (&mut shown, check.detail.is_empty()) {
            shown.insert("detail".to_owned(), json!(check.detail));
        }
        shown
    });
    json!({"verdict": verdict.decision().as_str(), "checks": checks.collect::<Vec<_>>()})
}

/// The verdict for people: what it is, then every check that did not simply pass.
fn as_text(request: &VerifyRequest, verdict: &Verdict) -> String {
    let mut text = format!("{}\n", verdict.decision().as_str());
    let of = |outcome: Outcome| verdict.checks().iter().filter(move |c| c.outcome == outcome);
    for check in of(Outcome::Fail) {
        let kind = kind_word(check.kind);
        writeln!(text, "  failed   {:<16} {kind:<5} {check}", check.id).ok();
    }
    for check in of(Outcome::NotRun) {
        writeln!(text, "  not run  {:<16}       {check}", check.id).ok();
    }
    writeln!(text, "  passed   {} of {} checks", of(Outcome::Pass).count(), verdict.checks().len())
        .ok();
    if request.profile.is_none() {
        text.push_str(
            "  Size, rate and codec profile were not compared with anything: give --profile.\n",
        );
    }
    if !request.full {
        text.push_str("  Only key pictures were compared: --full compares all.\n");
    }
    text.truncate(text.trim_end().len());
    text
}
