//! Bytes out and values in, against vectors and against what stock nodes sent.

mod captures;
mod properties;
mod vectors;

use serde_json::Value;
use waymark_proto::net::JobTag;

use crate::{
    capability::{JobCapabilities, JobNeeds, job_capabilities},
    profile::Profile,
};

/// `proto/vectors/wire.json`.
fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../proto/vectors/wire.json")).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    hex::decode(hex.as_str().unwrap()).unwrap()
}

fn presets(names: &[&str]) -> Vec<Profile> {
    names.iter().map(|name| Profile::preset(name).unwrap()).collect()
}

/// The default job.
fn default_profiles() -> Vec<Profile> {
    presets(&["P240p30fps16x9", "P360p30fps16x9"])
}

/// H.264 pushed in MPEG-TS to the default renditions.
fn push_capabilities() -> JobCapabilities {
    let profiles = default_profiles();
    job_capabilities(&JobNeeds { profiles: &profiles, push: true, ..JobNeeds::default() }).unwrap()
}

fn tag() -> JobTag {
    JobTag { tag_id: 3, tag: "transcode/live".to_owned(), ..JobTag::default() }
}

/// An error and what is behind it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
