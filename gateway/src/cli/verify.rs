//! `waymark verify`: its arguments.

use std::path::PathBuf;

use clap::Args;

use crate::profile::{self, KeyStyle, Profile};
use crate::verify::command::VerifyRequest;

/// The exit code is the verdict: 0 accepted, 3 a soft alarm (a measurement is outside its bound, and
/// nothing proves a fault), 4 refused, 2 nothing could be judged.
///
/// Without --profile only what needs none is judged: container, times, audio, key frames, and the
/// pictures. Size, frame rate and bit rate are then taken from the rendition as it is.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The segment that was sent: MPEG-TS or MP4.
    source: PathBuf,
    /// What came back for it.
    rendition: PathBuf,
    /// What was asked for, as in the stock transcode options: {"name":"720p","width":1280,
    /// "height":720,"bitrate":2500000,"fps":30,"profile":"H264High","gop":"2"}.
    #[arg(long, value_name = "JSON", value_parser = one_profile)]
    profile: Option<Profile>,
    /// Pixels the orchestrator says it encoded.
    #[arg(long, value_name = "N")]
    claimed_pixels: Option<u64>,
    /// Compare all pictures, and a transcode of our own where quality is in doubt.
    #[arg(long)]
    full: bool,
    /// One JSON object: verdict and checks, each with value and threshold.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn request(self) -> VerifyRequest {
        let Self { source, rendition, profile, claimed_pixels, full, json } = self;
        VerifyRequest { source, rendition, profile, claimed_pixels, full, json }
    }
}

/// One object, or a list of one as people copy it from a file of options.
fn one_profile(text: &str) -> Result<Profile, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        format!("is not JSON: {error}; expected an object like {{\"width\":1280,\"height\":720}}")
    })?;
    let value = match value {
        serde_json::Value::Array(mut list) if list.len() == 1 => list.swap_remove(0),
        serde_json::Value::Array(list) => {
            return Err(format!("holds {} profiles; one rendition has one", list.len()));
        }
        other => other,
    };
    profile::from_value(&value, KeyStyle::Stock).map_err(|error| error.to_string())
}
