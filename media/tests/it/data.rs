//! Recorded segments and what an independent decoder found in them.

use std::path::PathBuf;

use waymark_media::Container;

/// Facts about one recorded file.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) container: Container,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
    pub(crate) decoded: u32,
    pub(crate) idr: u32,
    /// Of the video, raw, in 1/90000 s (transport streams).
    pub(crate) first_pts: i64,
    pub(crate) last_pts: i64,
    pub(crate) audio: Option<String>,
    pub(crate) audio_packets: u32,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// All recorded files.
pub(crate) fn recorded() -> Vec<Recorded> {
    let text = std::fs::read_to_string(folder().join("facts.json")).unwrap();
    let facts: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    facts.iter().map(read).collect()
}

/// One of them by name.
pub(crate) fn file(name: &str) -> Recorded {
    recorded().into_iter().find(|recorded| recorded.file == name).expect("a recorded file")
}

fn read(fact: &serde_json::Value) -> Recorded {
    let text = |key: &str| fact[key].as_str().map(str::to_owned);
    let number = |key: &str| fact[key].as_i64().unwrap();
    let count = |key: &str| u32::try_from(number(key)).unwrap();
    let file = text("file").unwrap();
    let (_, ext) = file.rsplit_once('.').unwrap();
    Recorded {
        bytes: std::fs::read(folder().join(&file)).unwrap(),
        container: Container::from_ext(ext).unwrap(),
        width: count("width"),
        height: count("height"),
        frames: count("frames"),
        decoded: count("decoded"),
        idr: count("idr"),
        first_pts: number("first_pts"),
        last_pts: number("last_pts"),
        audio: text("audio"),
        audio_packets: count("audio_packets"),
        file,
    }
}
