//! An application that uses a gateway: it generates a live stream, pushes it segment by segment at
//! the speed at which it would be filmed, reads the renditions from each reply, and plays the same
//! stream back through HLS like a player who came early.
//!
//! ```text
//! cargo run -p push-segments -- --gateway http://127.0.0.1:9935 --manifest demo --save target/played
//! ```
//!
//! It ends with status 0 only if every segment was taken and every rendition was played, complete
//! and the same as in the replies.

#![forbid(unsafe_code)]

mod event;
mod play;
mod push;
mod seen;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use url::Url;
use waymark_media::TestPattern;

use crate::{event::Reporter, seen::Seen};

/// Longest wait for anything the gateway answers at once: playlists, segments, the end of a stream.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Debug, Parser)]
#[command(about)]
struct Args {
    /// Where the gateway takes segments.
    #[arg(long, default_value = "http://127.0.0.1:9935")]
    gateway: Url,
    /// Name of the stream.
    #[arg(long, default_value = "demo")]
    manifest: String,
    /// Tag of the stream; without it the gateway chooses.
    #[arg(long)]
    tag: Option<String>,
    /// How many segments.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// Length of a segment.
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    length: Duration,
    /// Where to keep what was played: DIR/{rendition}/{seq}.ts.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Report as JSON lines instead of text.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stderr, reason = "the last word of a command-line program")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let reporter = Reporter::new(args.json);
    let client = reqwest::Client::builder()
        .user_agent(concat!("push-segments/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("no HTTP client")?;
    let pattern = TestPattern { segment: args.length, ..TestPattern::default() };
    let stream = push::Stream {
        client: client.clone(),
        gateway: args.gateway.clone(),
        manifest: args.manifest.clone(),
        tag: args.tag,
        count: args.count,
        pattern,
    };
    let player = play::Player {
        client,
        master: args.gateway.join(&format!("stream/{}.m3u8", args.manifest))?,
        poll: args.length / 2,
        save: args.save,
    };

    let seen = Seen::default();
    let (pushed, played) =
        tokio::try_join!(stream.push(&reporter, &seen), player.play(&reporter, &seen))?;

    let faults = seen.faults(&pushed, &played);
    reporter.end(&pushed, &played, &faults);
    anyhow::ensure!(
        faults.is_empty(),
        "the stream did not come back whole:\n  {}",
        faults.join("\n  ")
    );
    Ok(())
}
