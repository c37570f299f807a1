//! Each check on scans made by hand; real renditions are in `tests/it`.

use std::time::Duration;

use proptest::prelude::*;
use waymark_media::pixels::{Grid, Grids, Lattice};
use waymark_media::scan::UnitKind;
use waymark_media::{AudioCodec, Gop, H264Profile};

use super::before::Earlier;
use super::replay::{Memory, Sighting};
use super::*;
use crate::check::{Kind, Value};
use crate::fixture::{aac, scan, steady, track, unit, wanted};
use crate::thresholds::{Key, Replay};
use crate::verdict::Outcome;

/// Two seconds of 640x360 at 30 per second, with audio.
fn source() -> Scan {
    let mut source = scan(steady(252_000, 3_000, 60));
    source.video[0].hash = [1; 32];
    source.audio = vec![aac(250_000, 90)];
    source
}

/// What an honest orchestrator makes of it at 320x180.
fn rendition() -> Scan {
    let mut rendition = source();
    let track = &mut rendition.video[0];
    (track.coded, track.cropped, track.hash) = ((320, 192), (320, 180), [2; 32]);
    for unit in &mut track.units {
        unit.bytes = 3_000;
    }
    rendition
}

fn judge(source: &Scan, wanted: &Wanted, rendition: &Scan) -> Vec<Check> {
    let expected = Expectation::of(source, wanted);
    let claimed = rendition.video.first().map_or(0, |track| {
        u64::from(track.cropped.0) * u64::from(track.cropped.1) * track.units.len() as u64
    });
    let evidence = Evidence {
        wanted,
        expected: &expected,
        source,
        rendition,
        bytes: 200_000,
        claimed_pixels: Some(claimed),
        usual_bytes: None,
    };
    packets(&evidence, &Thresholds::default())
}

/// Names of the checks that failed on the honest rendition after this change.
fn failed(change: impl FnOnce(&mut Scan)) -> Vec<&'static str> {
    failed_of(&wanted(320, 180), change)
}

fn failed_of(wanted: &Wanted, change: impl FnOnce(&mut Scan)) -> Vec<&'static str> {
    let mut rendition = rendition();
    change(&mut rendition);
    let checks = judge(&source(), wanted, &rendition);
    checks.iter().filter(|check| check.outcome == Outcome::Fail).map(|check| check.id).collect()
}

#[test]
fn an_honest_rendition_passes_everything() {
    let checks = judge(&source(), &wanted(320, 180), &rendition());
    let names: Vec<_> = checks.iter().map(|check| (check.id, check.outcome)).collect();
    assert!(names.iter().all(|(_, outcome)| *outcome != Outcome::Fail), "{names:?}");
    let not_run: Vec<_> =
        names.iter().filter(|(_, outcome)| *outcome == Outcome::NotRun).map(|(id, _)| id).collect();
    assert_eq!(not_run, [&"F09.distance"], "no distance of key frames is asked for");
}

#[test]
fn tracks_that_must_not_be_there_fail() {
    assert_eq!(failed(|r| r.video.push(r.video[0].clone())), ["F04.video"]);
    assert_eq!(failed(|r| r.others = 1), ["F04.stray"]);
    assert_eq!(failed(|r| r.stray_bytes = 189), ["F04.stray"]);
    assert_eq!(failed(|r| r.container = waymark_media::Container::Mp4), ["F04.container"]);
    assert_eq!(failed(|r| r.audio.push(aac(250_000, 90))), ["F04.audio"]);
}

#[test]
fn a_result_without_video_fails_and_is_looked_at_no_further() {
    assert_eq!(failed(|r| r.video.clear()), ["F04.video", "F07.frames"]);
}

#[test]
fn sound_that_transcoders_drop_is_not_expected_back() {
    let mut source = source();
    source.audio[0].codec = AudioCodec::Ac3;
    let quiet = Scan { audio: Vec::new(), ..rendition() };
    let outcome = |rendition: &Scan| {
        let checks = judge(&source, &wanted(320, 180), rendition);
        checks
            .iter()
            .filter(|check| check.outcome == Outcome::Fail)
            .map(|c| c.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(outcome(&quiet), [""; 0]);
    assert_eq!(outcome(&rendition()), ["F04.audio", "F11.audio"]);
}

#[test]
fn any_one_of_several_audio_tracks_may_come_back() {
    let mut source = source();
    let mut other = aac(250_000, 90);
    other.packets.iter_mut().for_each(|packet| packet.hash[1] = 1);
    source.audio.push(other.clone());
    let second = Scan { audio: vec![other], ..rendition() };
    let checks = judge(&source, &wanted(320, 180), &second);
    assert!(checks.iter().all(|check| check.outcome != Outcome::Fail), "{checks:?}");
}

#[test]
fn the_profile_asked_for_must_come_back() {
    let of = |profile, idc| {
        let wanted = Wanted { h264_profile: profile, ..wanted(320, 180) };
        failed_of(&wanted, |r| r.video[0].profile = Some((idc, 0)))
    };
    assert_eq!(of(Some(H264Profile::Baseline), 66), [""; 0]);
    assert_eq!(of(Some(H264Profile::Main), 77), [""; 0]);
    assert_eq!(of(Some(H264Profile::ConstrainedHigh), 100), [""; 0]);
    assert_eq!(of(Some(H264Profile::High), 77), ["F05.profile"]);
    assert_eq!(of(None, 66), ["F05.profile"]);
    assert_eq!(of(None, 77), [""; 0], "what hardware makes where nothing is asked for");
    assert_eq!(failed(|r| r.video[0].bit_depth = Some(10)), ["F05.format"]);
}

#[test]
fn one_picture_more_or_less_is_no_fact_and_two_are() {
    assert_eq!(failed(|r| r.video[0].units.truncate(59)), [""; 0]);
    let two = failed(|r| r.video[0].units.truncate(58));
    assert_eq!(two, ["F07.frames", "F08.duration"]);
    assert_eq!(
        failed(|r| {
            r.video[0].units.drain(20..26);
        }),
        ["F07.frames", "F08.gap"]
    );
}

#[test]
fn times_must_be_possible_and_distinct() {
    let units = |change: fn(&mut [waymark_media::scan::AccessUnit])| {
        failed(|r| change(&mut r.video[0].units))
    };
    assert_eq!(units(|u| u[5].dts = u[4].dts), ["F08.order"]);
    assert_eq!(units(|u| u[5].dts = u[5].pts + 1), ["F08.order"]);
    assert_eq!(units(|u| u[5].pts = u[6].pts), ["F08.order", "F08.gap"]);
    assert_eq!(units(|u| u[5].pts += 500), ["F08.times"]);
}

#[test]
fn an_hour_on_the_clock_may_pass_between_the_segments_but_not_between_the_tracks() {
    let late = failed(|r| r.audio[0].packets.iter_mut().for_each(|packet| packet.pts += 180));
    assert_eq!(late, ["F08.sync"]);
    let torn = failed(|r| r.audio[0].packets[80].pts += 400);
    assert_eq!(torn, ["F11.times"]);
}

#[test]
fn key_frames_may_be_closer_than_asked_and_not_further() {
    let second = Wanted { gop: Gop::Seconds(1.0), ..wanted(320, 180) };
    let keys = |at: &'static [usize]| {
        failed_of(&second, |r| {
            for at in at {
                r.video[0].units[*at].kind = UnitKind::Idr;
            }
        })
    };
    assert_eq!(keys(&[0, 30]), [""; 0]);
    assert_eq!(keys(&[0, 10, 20, 40]), [""; 0]);
    assert_eq!(keys(&[0]), ["F09.distance"]);
    assert_eq!(keys(&[0, 10]), ["F09.distance"]);
    let intra = Wanted { gop: Gop::Intra, ..wanted(320, 180) };
    assert_eq!(failed_of(&intra, |_| ()), ["F09.distance"]);
}

#[test]
fn decoding_starts_at_the_first_picture() {
    assert_eq!(failed(|r| r.video[0].units[0].kind = UnitKind::Entry), ["F09.first"]);
    assert_eq!(failed(|r| r.video[0].has_parameter_sets = false), ["F09.first"]);
    let open = failed(|r| {
        let units = &mut r.video[0].units;
        for unit in units.iter_mut() {
            unit.dts -= 3_000;
        }
        units[30].kind = UnitKind::Idr;
        (units[30].pts, units[31].pts) = (units[31].pts, units[30].pts);
    });
    assert_eq!(open, ["F09.closed"]);
}

#[test]
fn too_many_bytes_are_a_fact_and_too_few_a_hint() {
    // 1 Mbit/s for 2 s and the second of buffer, with a quarter more: 468,750
    let bytes = |each: u32| failed(|r| r.video[0].units.iter_mut().for_each(|u| u.bytes = each));
    assert_eq!(bytes(7_812), [""; 0]);
    assert_eq!(bytes(7_813), ["F10.bytes"]);
    assert_eq!(bytes(1_249), ["F10.few"]);
    assert_eq!(bytes(119), ["F10.few", "F10.tiny"]);
    let filler = failed(|r| r.video[0].units.iter_mut().for_each(|u| u.filler = 301));
    assert_eq!(filler, ["F10.filler"]);
}

#[test]
fn few_bytes_are_no_hint_while_the_source_is_quiet() {
    let (source, wanted, mut rendition) = (source(), wanted(320, 180), rendition());
    rendition.video[0].units.iter_mut().for_each(|unit| unit.bytes = 1_000);
    let expected = Expectation::of(&source, &wanted);
    let few = |usual_bytes| {
        let evidence = Evidence {
            wanted: &wanted,
            expected: &expected,
            source: &source,
            rendition: &rendition,
            bytes: 1,
            claimed_pixels: None,
            usual_bytes,
        };
        let checks = packets(&evidence, &Thresholds::default());
        let few = checks.into_iter().find(|check| check.id == "F10.few").expect("made");
        assert_eq!(few.kind, Kind::Hint);
        few.outcome
    };
    assert_eq!(few(Some(60_000)), Outcome::Fail);
    assert_eq!(few(Some(100_000)), Outcome::Pass, "the source has 60,000");
}

#[test]
fn a_claim_is_exact() {
    let (source, wanted, rendition) = (source(), wanted(320, 180), rendition());
    let expected = Expectation::of(&source, &wanted);
    let claim = |claimed_pixels, bytes| {
        let evidence = Evidence {
            wanted: &wanted,
            expected: &expected,
            source: &source,
            rendition: &rendition,
            bytes,
            claimed_pixels,
            usual_bytes: None,
        };
        let checks = packets(&evidence, &Thresholds::default());
        (checks[0].clone(), checks[1].clone())
    };
    let honest = 320 * 180 * 60;
    assert_eq!(claim(Some(honest), 1).1.outcome, Outcome::Pass);
    let more = claim(Some(honest + 1), 1).1;
    assert_eq!(more.to_string(), "claims 3456001 pixels, returned 3456000");
    assert_eq!(more.threshold, Some(Value::Number(3_456_000.0)));
    assert_eq!(claim(None, 1).1.outcome, Outcome::NotRun);
    // four times 250,000 bytes, one megabyte, and 9,000 bytes of audio
    assert_eq!(claim(None, 2_009_000).0.outcome, Outcome::Pass);
    assert_eq!(claim(None, 2_009_001).0.outcome, Outcome::Fail);
    assert_eq!(claim(None, 0).0.outcome, Outcome::Fail);
}

#[test]
fn nothing_is_expected_of_a_source_that_does_not_decode() {
    let dead = scan(track(vec![unit(0, UnitKind::Other); 30]));
    let checks = judge(&dead, &wanted(320, 180), &Scan { audio: Vec::new(), ..rendition() });
    let of = |id: &str| checks.iter().find(|check| check.id == id).map(|check| check.outcome);
    assert_eq!(of("F06.size"), Some(Outcome::NotRun));
    assert_eq!(of("F07.frames"), Some(Outcome::NotRun));
    assert_eq!(of("F08.start"), None);
}

fn grid(pts: i64, y: u16, u: u16) -> Grid {
    let plane = |value: u16| vec![value << 8; Lattice::COARSE.cells()];
    Grid { pts, key: true, damaged: false, y: plane(y), u: plane(u), v: plane(128) }
}

fn grids(full_range: bool, frames: Vec<Grid>) -> Grids {
    Grids { lattice: Lattice::COARSE, size: (160, 90), full_range, frames, decode_errors: 0 }
}

fn key_failures(ours: &Grids, theirs: &Grids) -> Vec<&'static str> {
    let expected = Expectation::of(&source(), &wanted(160, 90));
    let checks = key(&expected, ours, theirs, &Key::default());
    assert!(checks.iter().all(|check| check.kind == Kind::Soft));
    checks.iter().filter(|check| check.outcome == Outcome::Fail).map(|check| check.id).collect()
}

#[test]
fn another_picture_is_a_soft_alarm() {
    let ours = grids(false, vec![grid(252_000, 100, 128), grid(255_000, 200, 128)]);
    assert_eq!(key_failures(&ours, &grids(false, vec![grid(252_000, 106, 133)])), [""; 0]);
    assert_eq!(
        key_failures(&ours, &grids(false, vec![grid(252_000, 107, 128)])),
        ["F14.luma_mean"]
    );
    let later = grids(false, vec![grid(252_000, 100, 128), grid(255_000, 160, 128)]);
    assert_eq!(key_failures(&ours, &later), ["F14.luma_mean", "F14.luma_block"]);
    let grey = grids(false, vec![grid(252_000, 100, 90)]);
    assert_eq!(key_failures(&ours, &grey), ["F14.chroma_mean", "F14.chroma_block"]);
    let mut logo = grid(252_000, 100, 128);
    logo.y[0] += 31 << 8;
    assert_eq!(key_failures(&ours, &grids(false, vec![logo])), ["F14.luma_block"]);
}

#[test]
fn a_full_range_source_is_mapped_before_it_is_compared() {
    let ours = grids(true, vec![grid(252_000, 255, 255)]);
    assert_eq!(key_failures(&ours, &grids(false, vec![grid(252_000, 235, 240)])), [""; 0]);
    assert_eq!(
        key_failures(&ours, &grids(false, vec![grid(252_000, 255, 240)])),
        ["F14.luma_mean"]
    );
}

#[test]
fn pictures_that_cannot_be_compared_are_no_pass() {
    let expected = Expectation::of(&source(), &wanted(160, 90));
    let ours = grids(false, vec![grid(252_000, 100, 128)]);
    let finer = Grids { lattice: Lattice::FINE, ..ours.clone() };
    let elsewhere = grids(false, vec![]);
    let mut torn = ours.clone();
    torn.frames[0].v.pop();
    for theirs in [finer, elsewhere, torn] {
        let checks = key(&expected, &ours, &theirs, &Key::default());
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].outcome, Outcome::NotRun);
    }
}

#[test]
fn a_damaged_key_frame_is_a_soft_alarm_unless_the_source_is_damaged_too() {
    let mut theirs = grid(252_000, 100, 128);
    theirs.damaged = true;
    let damaged = grids(false, vec![theirs]);
    assert_eq!(key_failures(&grids(false, vec![grid(252_000, 100, 128)]), &damaged), ["F14.whole"]);
    assert_eq!(key_failures(&damaged, &damaged), [""; 0]);
}

#[test]
fn an_old_picture_is_a_soft_alarm_however_little_has_changed_since() {
    let expected = Expectation::of(&source(), &wanted(160, 90));
    // A hand has moved: one block of 144 is darker by 8 than in the segment before.
    let with_hand = |y: u16| {
        let mut grid = grid(252_000, 100, 128);
        grid.y[70] = y << 8;
        grids(false, vec![grid])
    };
    let (now, then) = (with_hand(92), with_hand(100));
    let earlier = [Earlier::of(&then).unwrap()];
    let judge = |theirs: &Grids, earlier: &[Earlier]| {
        before(&expected, &now, theirs, earlier, &Key::default())
    };
    assert_eq!(key_failures(&now, &then), [""; 0]);
    let old = judge(&then, &earlier);
    assert_eq!((old.outcome, old.kind, old.value), (Outcome::Fail, Kind::Soft, Some(1.0.into())));

    // Coding noise everywhere, of as much as the hand, is not on the way back.
    let mut noisy = now.clone();
    for (n, y) in noisy.frames[0].y.iter_mut().enumerate() {
        *y = if n % 2 == 0 { *y + 128 } else { *y - 128 };
    }
    for honest in [&now, &noisy] {
        assert_eq!(judge(honest, &earlier).outcome, Outcome::Pass);
    }
    // The older of two as well.
    let both = [Earlier::of(&then).unwrap(), Earlier::of(&with_hand(140)).unwrap()];
    assert_eq!(judge(&then, &both).outcome, Outcome::Fail);
    assert_eq!(judge(&now, &both).outcome, Outcome::Pass);
}

#[test]
fn small_renditions_are_held_against_old_pictures_that_were_divided_finely() {
    let expected = Expectation::of(&source(), &wanted(160, 90));
    let now = grids(false, vec![grid(252_000, 100, 128)]);
    // Of one coarse block of the old picture, the four fine ones: 130 in the mean.
    let mut luma = vec![100 << 8; Lattice::FINE.cells()];
    let (row, column) = (2 * 4, 2 * 6);
    for (at, y) in [(0, 110), (1, 150), (32, 120), (33, 140)] {
        luma[row * 32 + column + at] = y << 8;
    }
    let chroma = || vec![128 << 8; Lattice::FINE.cells()];
    let fine = Grid { y: luma, u: chroma(), v: chroma(), ..grid(252_000, 0, 0) };
    let then = Grids { lattice: Lattice::FINE, ..grids(false, vec![fine]) };
    let mut old = grid(252_000, 100, 128);
    old.y[4 * 16 + 6] = 130 << 8;
    let old = grids(false, vec![old]);
    let judge = |theirs: &Grids| {
        before(&expected, &now, theirs, &Earlier::of(&then), &Key::default()).value
    };
    assert_eq!(judge(&old), Some(1.0.into()));
    assert_eq!(judge(&now), Some(0.0.into()));
}

#[test]
fn what_looks_alike_or_cannot_be_compared_says_nothing_of_old_pictures() {
    let expected = Expectation::of(&source(), &wanted(160, 90));
    let now = grids(false, vec![grid(252_000, 100, 128)]);
    let other = grids(false, vec![grid(252_000, 103, 128)]);
    let outcome = |theirs: &Grids, earlier: Option<Earlier>| {
        before(&expected, &now, theirs, &earlier, &Key::default()).outcome
    };
    assert_eq!(outcome(&other, Earlier::of(&other)), Outcome::NotRun, "too near");
    assert_eq!(outcome(&now, None), Outcome::NotRun, "the first of a stream");
    let far = || grids(false, vec![grid(252_000, 180, 128)]);
    let others = Grids { lattice: Lattice { columns: 12, ..Lattice::FINE }, ..far() };
    assert_eq!(outcome(&now, Earlier::of(&others)), Outcome::NotRun, "divided differently");
    assert_eq!(outcome(&others, Earlier::of(&far())), Outcome::NotRun);
    let short = Grids { lattice: Lattice::FINE, ..far() };
    assert_eq!(outcome(&now, Earlier::of(&short)), Outcome::NotRun, "blocks are missing");
    assert_eq!(outcome(&grids(false, vec![]), Earlier::of(&far())), Outcome::NotRun);
    assert_eq!(Earlier::of(&grids(false, vec![])), None);
    let mut damaged = far();
    damaged.frames[0].damaged = true;
    assert_eq!(Earlier::of(&damaged), None);
    // In the full range the same picture has other numbers.
    let full = grids(true, vec![grid(252_000, 191, 128)]);
    assert_eq!(outcome(&far(), Earlier::of(&full)), Outcome::Fail);
}

/// A rendition and a source by their hashes, with the source's brightness.
fn see(
    memory: &mut Memory,
    rendition: u8,
    source: u8,
    y: Option<u16>,
    hour: u64,
) -> (Outcome, Kind) {
    let video = |hash: u8| VideoTrack { hash: [hash; 32], ..steady(0, 3_000, 1) };
    let (rendition, source) = (video(rendition), video(source));
    let picture = y.map(|y| grid(0, y, 128));
    let sighting = Sighting { rendition: &rendition, source: &source, picture: picture.as_ref() };
    let check = memory.see(&sighting, Duration::from_hours(hour), &Replay::default());
    (check.outcome, check.kind)
}

#[test]
fn a_rendition_returned_for_another_picture_is_a_replay() {
    let mut memory = Memory::new(10);
    assert_eq!(see(&mut memory, 1, 1, Some(50), 0).0, Outcome::Pass);
    assert_eq!(see(&mut memory, 1, 1, Some(50), 0).0, Outcome::Pass, "the same source again");
    assert_eq!(see(&mut memory, 1, 2, Some(50), 0).0, Outcome::Pass, "a still picture");
    assert_eq!(see(&mut memory, 1, 3, Some(60), 0), (Outcome::Fail, Kind::Soft));
    assert_eq!(see(&mut memory, 1, 4, Some(60), 0), (Outcome::Fail, Kind::Soft), "again");
    assert_eq!(see(&mut memory, 1, 5, None, 0), (Outcome::Fail, Kind::Hint), "no picture at hand");
}

#[test]
fn renditions_are_forgotten_by_age_and_by_number() {
    let mut memory = Memory::new(2);
    see(&mut memory, 1, 1, Some(50), 0);
    assert_eq!(see(&mut memory, 1, 2, Some(90), 24).0, Outcome::Fail);
    assert_eq!(see(&mut memory, 1, 2, Some(90), 25).0, Outcome::Pass);
    see(&mut memory, 2, 2, Some(50), 25);
    see(&mut memory, 3, 3, Some(50), 25);
    assert_eq!(memory.len(), 2);
    assert_eq!(see(&mut memory, 1, 9, Some(10), 25).0, Outcome::Pass, "displaced");
    assert!(Memory::new(0).is_empty());
}

proptest! {
    #[test]
    fn a_claim_that_is_not_what_came_back_is_refused(off in 1u64..u64::MAX / 2) {
        let (source, wanted, rendition) = (source(), wanted(320, 180), rendition());
        let expected = Expectation::of(&source, &wanted);
        let evidence = Evidence {
            wanted: &wanted,
            expected: &expected,
            source: &source,
            rendition: &rendition,
            bytes: 1,
            claimed_pixels: Some(320 * 180 * 60 + off),
            usual_bytes: None,
        };
        prop_assert_eq!(claim::check(&evidence).outcome, Outcome::Fail);
    }
}
