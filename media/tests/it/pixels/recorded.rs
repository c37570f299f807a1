//! Renditions and their sources as recorded from a stock orchestrator.

use std::path::PathBuf;

use serde_json::Value;
use waymark_media::Container;

/// Where the times of transport streams wrap.
pub(crate) const WRAP: i64 = 1 << 33;

/// One file and what another decoder found in it.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) is_source: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) container: Container,
    pub(crate) cropped: (u32, u32),
    pub(crate) units: usize,
    pub(crate) decoded: usize,
    /// Places of the key frames, in decoding order.
    pub(crate) idr: Vec<u64>,
    /// First and last presentation time, in 1/90000 s, raw.
    pub(crate) span: (i64, i64),
}

impl Recorded {
    pub(crate) fn decodes_whole(&self) -> bool {
        self.units == self.decoded
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../verification/tests/renditions")
}

/// All of them.
pub(crate) fn recorded() -> Vec<Recorded> {
    let text = std::fs::read_to_string(folder().join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    for segment in index["segments"].as_array().unwrap() {
        all.push(read(&segment["source"], true));
        all.extend(segment["renditions"].as_array().unwrap().iter().map(|file| read(file, false)));
    }
    all
}

fn read(file: &Value, is_source: bool) -> Recorded {
    let video = &file["video"];
    let count = |key: &str| usize::try_from(video[key].as_u64().unwrap()).unwrap();
    let side = |n: usize| u32::try_from(video["cropped"][n].as_u64().unwrap()).unwrap();
    let (num, den) =
        (file["time_base"][0].as_i64().unwrap(), file["time_base"][1].as_i64().unwrap());
    let ticks = |key: &str| (video[key].as_i64().unwrap() * num * 90_000 + den / 2).div_euclid(den);
    let name = file["file"].as_str().unwrap().to_owned();
    let (_, ext) = name.rsplit_once('.').unwrap();
    Recorded {
        is_source,
        bytes: std::fs::read(folder().join(&name)).unwrap(),
        container: Container::from_ext(ext).unwrap(),
        cropped: (side(0), side(1)),
        units: count("access_units"),
        decoded: count("decoded_frames"),
        idr: video["idr"].as_array().unwrap().iter().filter_map(Value::as_u64).collect(),
        span: (ticks("first_pts"), ticks("last_pts")),
        name,
    }
}
