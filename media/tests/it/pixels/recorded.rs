//! Renditions and their sources as recorded from a stock orchestrator.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use waymark_media::Container;
use waymark_media::pixels::{Grids, Lattice, PixelLimits, all_grids};
use waymark_media::scan::{Scan, ScanLimits, scan};

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

/// A file with its scan and the grids of all its pictures.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) file: Recorded,
    pub(crate) scan: Scan,
    pub(crate) grids: Grids,
}

/// All files, decoded once for all tests.
pub(crate) fn seen() -> &'static [Seen] {
    static SEEN: OnceLock<Vec<Seen>> = OnceLock::new();
    SEEN.get_or_init(|| recorded().into_iter().map(see).collect())
}

fn see(file: Recorded) -> Seen {
    let scan = scan(&file.bytes, &ScanLimits::default()).unwrap();
    let limits = PixelLimits::default();
    let grids = all_grids(&file.bytes, file.container, Lattice::COARSE, &limits).unwrap();
    Seen { file, scan, grids }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../verification/tests/renditions")
}

/// All of them.
fn recorded() -> Vec<Recorded> {
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

/// A file of the crate's own test data.
pub(crate) fn data(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}
