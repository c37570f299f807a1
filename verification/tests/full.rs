//! All pictures of the recorded renditions against their sources, as they came back and altered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::{fs, path::PathBuf, sync::LazyLock};

use serde_json::Value;
use waymark_media::{
    Container, Gop, Target,
    pixels::{Grid, Grids, Lattice, PixelLimits, all_grids},
    scan::{ScanLimits, scan},
};
use waymark_verification::{
    Check, Kind, Outcome,
    draw::Choice,
    expect::{Expectation, Wanted},
    full::{Conditions, Features, judge, mapping, measure},
    thresholds::Full,
};

/// One recorded rendition, decoded beside its source on a lattice of its own.
struct Recorded {
    file: String,
    stream: String,
    starved: bool,
    source: Grids,
    rendition: Grids,
    mapping: Vec<Option<u32>>,
    features: Features,
}

static ALL: LazyLock<Vec<Recorded>> = LazyLock::new(load);

fn load() -> Vec<Recorded> {
    let index: Value = serde_json::from_slice(&read("index.json")).unwrap();
    let mut all = Vec::new();
    for segment in index["segments"].as_array().unwrap() {
        let set = &index["profiles"][segment["profile_set"].as_str().unwrap()];
        let name = segment["source"]["file"].as_str().unwrap();
        let bytes = read(name);
        let stated = scan(&bytes, &ScanLimits::default()).unwrap();
        for rendition in segment["renditions"].as_array().unwrap() {
            let file = rendition["file"].as_str().unwrap();
            let profile = file.split('.').nth(1).unwrap();
            let profile =
                set.as_array().unwrap().iter().find(|one| one["name"] == profile).unwrap();
            let expected = Expectation::of(&stated, &Wanted::from(&target(profile, file)));
            let shift = Choice::new(&[7; 32], file, 0, b"").shift("grid");
            let lattice = Lattice { shift, ..expected.lattice };
            let source = grids(name, &bytes, lattice);
            let shown = grids(file, &read(file), lattice);
            let mapping = mapping(&expected, &source, &shown);
            all.push(Recorded {
                file: file.to_owned(),
                stream: segment["stream"].as_str().unwrap().to_owned(),
                starved: rendition["starved"].as_bool().unwrap(),
                features: measure(&source, &shown, &mapping),
                source,
                rendition: shown,
                mapping,
            });
        }
    }
    all
}

fn read(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/renditions").join(name)).unwrap()
}

fn container(name: &str) -> Container {
    if name.to_ascii_lowercase().ends_with(".mp4") { Container::Mp4 } else { Container::MpegTs }
}

fn grids(name: &str, bytes: &[u8], lattice: Lattice) -> Grids {
    all_grids(bytes, container(name), lattice, &PixelLimits::default()).unwrap()
}

fn target(profile: &Value, file: &str) -> Target {
    let number = |key: &str| i32::try_from(profile[key].as_i64().unwrap_or(0)).unwrap();
    let positive = |key: &str| u32::try_from(number(key)).unwrap();
    Target {
        fps: (number("fps") > 0).then(|| (positive("fps"), positive("fpsDen").max(1))),
        gop: match profile["gop"].as_str().unwrap() {
            "" => Gop::Default,
            "intra" => Gop::Intra,
            seconds => Gop::Seconds(seconds.parse().unwrap()),
        },
        container: container(file),
        ..Target::new(number("width"), number("height"), positive("bitrate"))
    }
}

fn failures(features: &Features, starved: bool) -> Vec<Check> {
    let conditions = Conditions { starved, coded: None };
    let checks = judge(features, &Full::default(), conditions);
    checks.into_iter().filter(|check| check.outcome == Outcome::Fail).collect()
}

#[test]
fn no_recorded_rendition_of_a_normal_profile_raises_an_alarm() {
    let normal: Vec<&Recorded> = ALL.iter().filter(|one| !one.starved).collect();
    assert_eq!((ALL.len(), normal.len()), (168, 115));
    for one in normal {
        let failed = failures(&one.features, false);
        assert!(failed.is_empty(), "{}: {failed:?}", one.file);
        assert_eq!(one.features.compared, one.features.decoded, "{}", one.file);
    }
}

#[test]
fn starved_renditions_raise_nothing_but_hints() {
    for one in ALL.iter().filter(|one| one.starved) {
        let failed = failures(&one.features, true);
        assert!(failed.iter().all(|check| check.kind == Kind::Hint), "{}: {failed:?}", one.file);
    }
}

/// Alters every normal rendition of at least 15 pictures and counts: renditions in which a block
/// moved by 4 more than in the honest one, and those of them that are caught; the names of the rest.
fn attack(alter: impl Fn(&Recorded, &mut Vec<Grid>)) -> (usize, usize, Vec<&'static str>) {
    let (mut material, mut missed) = (0, Vec::new());
    for one in ALL.iter().filter(|one| !one.starved && one.mapping.len() >= 15) {
        let mut shown = one.rendition.clone();
        alter(one, &mut shown.frames);
        let features = measure(&one.source, &shown, &one.mapping);
        let moved = |id| features.of(id).unwrap().value - one.features.of(id).unwrap().value;
        if moved("A.fbk").max(moved("A.pbk")) < 4.0 {
            continue;
        }
        material += 1;
        if failures(&features, false).is_empty() {
            missed.push(one.stream.as_str());
        }
    }
    missed.sort_unstable();
    missed.dedup();
    (material, missed.len(), missed)
}

fn show(frame: &mut Grid, other: &Grid) {
    (frame.y, frame.u, frame.v) = (other.y.clone(), other.u.clone(), other.v.clone());
}

#[test]
fn another_streams_pictures_are_always_caught() {
    let (material, _, missed) = attack(|one, frames| {
        let other = ALL.iter().find(|other| {
            other.stream != one.stream
                && other.rendition.lattice.cells() == one.rendition.lattice.cells()
                && other.rendition.frames.len() >= frames.len()
        });
        // Where there is none as long, the rendition stays as it is and does not count.
        let other = other.map(|other| &other.rendition.frames);
        for (frame, other) in frames.iter_mut().zip(other.into_iter().flatten()) {
            show(frame, other);
        }
    });
    assert!(material > 100 && missed.is_empty(), "{material} {missed:?}");
}

#[test]
fn black_pictures_and_logos_are_always_caught() {
    let (material, _, missed) = attack(|_, frames| {
        let half = frames.len() / 2;
        for frame in &mut frames[half..] {
            frame.y.fill(16 << 8);
            frame.u.fill(128 << 8);
            frame.v.fill(128 << 8);
        }
    });
    assert!(material > 100 && missed.is_empty(), "{material} {missed:?}");
    let (material, _, missed) = attack(|one, frames| {
        let columns = usize::from(one.rendition.lattice.columns);
        for frame in frames {
            frame.y[2 * columns - 2] =
                if frame.y[2 * columns - 2] > 32_768 { 5_000 } else { 60_000 };
        }
    });
    assert!(material > 100 && missed.is_empty(), "{material} {missed:?}");
}

/// Near black as well, where hardly anything moves.
#[test]
fn a_second_half_that_stands_still_is_always_caught() {
    let (material, _, missed) = attack(|_, frames| {
        let half = frames.len() / 2;
        let last = frames[half - 1].clone();
        frames[half..].iter_mut().for_each(|frame| show(frame, &last));
    });
    assert!(material > 80 && missed.is_empty(), "{missed:?}");
}

/// A fractal as well, which zooms by less than a block's noise from one picture to the next.
#[test]
fn pictures_that_come_late_are_always_caught() {
    let (material, _, missed) = attack(|_, frames| {
        let before = frames.clone();
        for (k, frame) in frames.iter_mut().enumerate() {
            show(frame, &before[k.saturating_sub(3)]);
        }
    });
    assert!(material > 80 && missed.is_empty(), "{missed:?}");
}

/// Wherever a block of chroma moves by 3 for most of the time, colour was there.
#[test]
fn colour_that_is_gone_is_caught() {
    let (mut material, mut missed) = (0, Vec::new());
    for one in ALL.iter().filter(|one| !one.starved) {
        let mut shown = one.rendition.clone();
        for frame in &mut shown.frames {
            frame.u.fill(128 << 8);
            frame.v.fill(128 << 8);
        }
        let features = measure(&one.source, &shown, &one.mapping);
        let lasting = |features: &Features| features.pck.as_ref().map_or(0.0, |spot| spot.value);
        if lasting(&features) - lasting(&one.features) < 3.0 {
            continue;
        }
        material += 1;
        if failures(&features, false).is_empty() {
            missed.push(one.file.as_str());
        }
    }
    assert!(material > 80 && missed.is_empty(), "{material} {missed:?}");
}
