//! Signatures that FFmpeg makes of recorded renditions are read, and told apart.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use waymark_media::{Reel, Scaling};
use waymark_verification::{
    Outcome,
    stock::{compare::Distance, hash::Hash},
};

/// Ticks of 90 kHz by which times may differ.
const SLACK: u32 = 90;

fn recorded(name: &str) -> Reel {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/renditions", name].iter().collect();
    Reel::decode(&std::fs::read(path).unwrap()).unwrap()
}

fn hash(reel: &Reel) -> Hash {
    let bytes = reel.signature().unwrap();
    let hash = Hash::parse(&bytes).unwrap();
    let (frames, segments) = (hash.frames.len(), hash.frames.len().div_ceil(45));
    let count = |n: usize| u32::try_from(n).unwrap();
    assert_eq!(bytes.len() as u64, Hash::bytes(count(segments), count(frames)));
    hash
}

#[test]
fn a_rendition_has_a_picture_for_each_of_its_times() {
    let rendition = recorded("pattern_360p30_0.high180.ts");
    let hash = hash(&rendition);
    assert_eq!(hash.size, rendition.size());
    assert_eq!((hash.ticks, hash.frames.len()), (24_464, rendition.len()));
}

#[test]
fn what_was_encoded_agrees_with_the_pictures_before() {
    for name in ["pattern_360p30_0", "bars_mp3_360p30_0", "ac3_240p30_0"] {
        let rendition = recorded(&format!("{name}.high180.ts"));
        let (width, height) = rendition.size();
        let source =
            recorded(&format!("{name}.ts")).scale(width, height, Scaling::Bicubic).unwrap();
        let found = Distance::of(&hash(&source), &hash(&rendition), SLACK);
        assert_ne!(found.check().outcome, Outcome::Fail, "{name}: {found:?}");
    }
}

#[test]
fn another_programme_is_told_apart() {
    let honest = recorded("pattern_360p30_0.high180.ts");
    let other = honest.showing(&recorded("bars_mp3_360p30_0.high180.ts")).unwrap();
    let found = Distance::of(&hash(&honest), &hash(&other), SLACK);
    assert_eq!(found.check().outcome, Outcome::Fail, "{found:?}");
}
