//! `make demo`: a real stream through a gateway and three orchestrators, one of which is killed
//! half-way, played back and checked by a program that is not ours; then a short one under another
//! tag. Every segment is paid on a local chain, and winning tickets are redeemed there.
//!
//! It tells what it does while it does it, and ends with status 0 only if nothing was lost. What it
//! counts comes from the record files of the gateway and from the log of the chain, not from what the
//! demo believes.

pub(crate) mod chain;
mod earnings;
mod payee;
mod probe;
mod records;
mod report;
mod stage;
mod stream;
mod tags;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use self::{
    earnings::Earnings,
    records::Records,
    report::{Lost, Summary},
    stage::Stage,
    stream::{Moment, Push, Pushes},
};
use crate::workspace::{self, Profile, shown, target};

/// Length of a segment.
const SEGMENT: Duration = Duration::from_secs(2);
/// How many orchestrators there are.
const ORCHESTRATORS: usize = 3;
/// Time from the start of an upload until its orchestrator is killed: in the middle of the work.
const INTO_THE_SEGMENT: Duration = Duration::from_millis(150);
/// A push that comes this much late is told of.
const LATE: Duration = Duration::from_millis(500);
/// Longest wait for the record of a segment that was answered.
const RECORD: Duration = Duration::from_secs(5);

/// A rendition that is asked for and checked.
#[derive(Debug, Clone, Copy)]
struct Rendition {
    /// Name of the preset.
    name: &'static str,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

/// What is made of every segment.
const RENDITIONS: [Rendition; 3] = [
    Rendition { name: "P240p30fps16x9", width: 426, height: 240 },
    Rendition { name: "P360p30fps16x9", width: 640, height: 360 },
    Rendition { name: "P576p30fps16x9", width: 1024, height: 576 },
];

/// What is pushed; it can be played too.
const SOURCE: Rendition = Rendition { name: "source", width: 1280, height: 720 };

/// A tag that is paid for, and its number: what a ticket's nonce has room for.
#[derive(Debug, Clone, Copy)]
struct TagNumber {
    name: &'static str,
    id: u32,
}

/// What the gateway makes of the first stream by itself, and what the second one says it is.
const TAGS: [TagNumber; 2] = [
    // As the registry has it from the start.
    TagNumber { name: "transcode/live/abr", id: 5 },
    // Registered by the gateway, after its root.
    TagNumber { name: "x-demo/sports", id: 24 },
];

/// Segments of the second stream.
const SECOND: u64 = 4;

/// A stream that is pushed.
#[derive(Debug, Clone, Copy)]
struct Show {
    manifest: &'static str,
    /// What the client says; without it the gateway chooses.
    tag: Option<TagNumber>,
    segments: u64,
}

/// Arguments of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many segments of 2 s are pushed in the first stream.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(10..=1000))]
    segments: u64,
    /// Where everything goes; emptied first. The default is target/demo.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let binaries = [
        ("waymark", "waymark"),
        ("waymark-testkit", "waymark-chain"),
        ("waymark-testkit", "waymark-orchestrator"),
        ("push-segments", "push-segments"),
    ];
    let programs = workspace::build(&binaries, Profile::Dev).await?;
    let dir = args.dir.unwrap_or_else(|| target().join("demo"));
    empty(&dir)?;

    let mut stage = Stage::set(&programs, &dir).await?;
    stage.tags_are_in_force().await?;
    tags::who_qualifies(&programs, &dir, stage.media()).await?;
    let first = Show { manifest: "demo", tag: None, segments: args.segments };
    println!(
        "Drawing pictures, then pushing {} segments of {} s, 1280x720 with sound, at the speed of\n\
         a live encoder, and playing what comes back:",
        first.segments,
        SEGMENT.as_secs()
    );
    let half = first.segments / 2;
    let (one, killed) = push(&mut stage, &first, Some(half), &programs, &dir).await?;
    let killed = killed.context("the stream ended before its middle")?;
    let second = Show { manifest: "sports", tag: Some(TAGS[1]), segments: SECOND };
    println!(
        "Pushing {SECOND} segments of another stream, which says that its tag is {}:",
        TAGS[1].name
    );
    let (two, _) = push(&mut stage, &second, None, &programs, &dir).await?;
    let pushes = [one, two];

    println!("Ending the round, so that the gateway commits to its round book on chain.");
    stage.book_is_committed().await?;
    println!("Stopping the gateway, so that every record is in its file; winners are redeemed.");
    let (orchestrators, redemptions, demand) = stage.stop(&programs, &dir).await?;
    let records = Records::read(&dir.join("data"))?;
    println!("Checking every segment that was played with ffprobe.");
    let mut probed = Vec::new();
    for show in [first, second] {
        probed.extend(probe::all(&dir.join("played").join(show.manifest), show.segments).await?);
    }

    let earnings = Earnings::new(&records, &orchestrators, &redemptions, killed);
    let segments = first.segments + second.segments;
    let summary = Summary::new(segments, &probed, &records, &earnings.total());
    report::table(&pushes, &records, &orchestrators, killed);
    earnings.table(killed);
    demand.table();
    let path = dir.join("summary.json");
    fs::write(&path, serde_json::to_string_pretty(&summary)? + "\n")?;
    let faults = demand.faults(&records, &redemptions);
    let lost = Lost::find(&summary, &pushes, &probed, &records, &earnings).and(faults);
    report::end(&summary, &lost, &dir);
    anyhow::ensure!(lost.is_empty(), "the demo found faults; they are listed above");
    Ok(())
}

/// Pushes a stream and plays it. While the segment `kill_at` is in work, the orchestrator in use is
/// killed; which it was comes with the pushes.
async fn push(
    stage: &mut Stage,
    show: &Show,
    kill_at: Option<u64>,
    programs: &Path,
    dir: &Path,
) -> anyhow::Result<(Pushes, Option<usize>)> {
    let played = dir.join("played").join(show.manifest);
    let pushing = stream::Pushing::start(programs, stage.media(), show, &played, dir)?;
    let mut killed = None;
    let followed = pushing
        .follow(async |moment| match moment {
            Moment::Pushing(seq) if Some(seq) == kill_at => {
                tokio::time::sleep(INTO_THE_SEGMENT).await;
                killed = Some(kill_the_one_in_use(stage).await?);
                Ok(())
            }
            Moment::Pushing(_) => stage.still_stands(),
            Moment::Delivered(push) => {
                println!("{}", progress(push));
                Ok(())
            }
        })
        .await;
    if followed.is_err() {
        // If a process died, that is why.
        stage.still_stands()?;
    }
    let pushes = followed?;
    if pushes.late > LATE {
        println!(
            "  (this machine is too busy for real time: segments were pushed up to {:.1} s late)",
            pushes.late.as_secs_f64()
        );
    }
    Ok((pushes, killed))
}

/// Kills the orchestrator whose work came back last. Tells which it was.
async fn kill_the_one_in_use(stage: &mut Stage) -> anyhow::Result<usize> {
    let deadline = tokio::time::Instant::now() + RECORD;
    let instance = loop {
        let found = Records::read(&stage.data())?.last_served().map(str::to_owned);
        if let Some(instance) = found {
            break instance;
        }
        anyhow::ensure!(
            tokio::time::Instant::now() < deadline,
            "no record says which orchestrator is in use; look at {} and at the log of the gateway, {}",
            shown(&stage.data().join("data/jsonl")),
            shown(stage.gateway_log())
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let index = stage.kill(&instance).await?;
    println!("  >>> kill -9 of orchestrator {}, which has a segment in hand", index + 1);
    Ok(index)
}

fn progress(push: &Push) -> String {
    let Push { seq, millis, outcome } = push;
    let seconds = Duration::from_millis(*millis).as_secs_f64();
    match outcome {
        Ok(renditions) => {
            format!("  segment {seq:>2} came back after {seconds:.2} s in {renditions} renditions")
        }
        Err(reason) => format!("  segment {seq:>2} was LOST after {seconds:.2} s: {reason}"),
    }
}

/// A directory without anything in it.
fn empty(dir: &PathBuf) -> anyhow::Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", shown(dir)))?;
    }
    fs::create_dir_all(dir.join("logs")).with_context(|| format!("cannot make {}", shown(dir)))
}
