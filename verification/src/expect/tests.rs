//! Expectations of sources made by hand; those of real renditions are in `tests/it`.

use proptest::prelude::*;
use waymark_media::Container;
use waymark_media::scan::UnitKind;

use super::*;
use crate::fixture::{scan, steady, track, unit, wanted};

fn at_rate(num: u32, den: u32) -> Wanted {
    Wanted { fps: Some((num, den)), ..wanted(320, 180) }
}

#[test]
fn without_a_rate_every_picture_comes_back_at_its_own_time() {
    let expected = Expectation::of(&scan(steady(252_000, 3_000, 60)), &wanted(320, 180));
    assert_eq!((expected.size, expected.frames.clone()), ((320, 180), 59..=61));
    assert_eq!((expected.pts[0], expected.pts[59]), (252_000, 429_000));
    assert_eq!(expected.mapping, (0..60).collect::<Vec<_>>());
    assert_eq!(expected.pixels(), 320 * 180 * 61);
    assert!(!expected.starved && !expected.runaway && !expected.is_empty());
}

#[test]
fn a_constant_rate_gives_the_counts_and_times_stock_transcoders_gave() {
    // (start, ticks per picture, pictures, rate) -> (pictures, first and last time)
    let recorded = [
        ((252_000, 3_000, 60, (15, 1)), (30, 252_000, 426_000)),
        ((252_000, 3_600, 50, (60, 1)), (120, 252_000, 430_500)),
        ((432_000, 3_000, 26, (60, 1)), (52, 432_000, 508_500)),
        ((252_000, 3_003, 36, (30, 1)), (36, 252_000, 357_000)),
        ((360_108, 3_003, 60, (30, 1)), (60, 360_000, 537_000)),
        ((252_000, 3_600, 50, (30_000, 1_001)), (60, 252_252, 429_429)),
        ((255_000, 3_000, 1, (60, 1)), (1, 255_000, 255_000)),
    ];
    for ((start, step, count, (num, den)), (pictures, first, last)) in recorded {
        let expected = Expectation::of(&scan(steady(start, step, count)), &at_rate(num, den));
        assert_eq!(expected.pts.len(), pictures, "{step} ticks a picture at {num}/{den}");
        assert_eq!((expected.pts[0], expected.pts[pictures - 1]), (first, last));
    }
}

#[test]
fn a_frame_shows_the_last_source_picture_that_is_not_after_it() {
    let half = Expectation::of(&scan(steady(0, 3_000, 6)), &at_rate(15, 1));
    assert_eq!(half.mapping, [0, 2, 4]);
    let double = Expectation::of(&scan(steady(0, 3_000, 3)), &at_rate(60, 1));
    assert_eq!(double.mapping, [0, 0, 1, 1, 2, 2]);
    assert_eq!(double.align(&[0, 1_500, 3_000]).sources, [Some(0), Some(0), Some(1)]);
    assert_eq!(double.align(&[]).sources, []);
}

#[test]
fn a_shift_is_what_the_first_picture_is_off_by() {
    let expected = Expectation::of(&scan(steady(3_000, 3_000, 4)), &wanted(320, 180));
    let moved = expected.align(&[6_000, 9_000, 12_000, 15_000]);
    assert_eq!((moved.shift, moved.sources[3]), (3_000, Some(3)));
    assert!(expected.permits(3_000, 0, Container::MpegTs), "moved up until decoding starts at 0");
    assert!(!expected.permits(3_000, 3_000, Container::MpegTs));
    assert!(!expected.permits(3_000, 0, Container::Mp4));
    let later = Expectation::of(&scan(steady(252_000, 3_000, 4)), &wanted(320, 180));
    assert!(
        !later.permits(3_000, 0, Container::MpegTs),
        "a source that starts later has no reason"
    );
}

#[test]
fn times_start_over_in_the_last_minute_before_they_wrap() {
    let source = scan(steady(8_589_753_000, 3_000, 60));
    let expected = Expectation::of(&source, &at_rate(30, 1));
    assert!(expected.wraps);
    let returned: Vec<_> = (0..60).map(|n| 6_000 + 3_000 * n).collect();
    let aligned = expected.align(&returned);
    assert!(expected.permits(aligned.shift, 0, Container::MpegTs));
    assert_eq!((aligned.sources[0], aligned.sources[59]), (Some(0), Some(59)));
    assert!(!expected.permits(aligned.shift, 90_000, Container::MpegTs));
}

#[test]
fn leading_pictures_of_an_open_gop_may_be_missing() {
    let open = scan(track(vec![
        unit(342_000, UnitKind::Entry),
        unit(339_000, UnitKind::Other),
        unit(345_000, UnitKind::Other),
    ]));
    let expected = Expectation::of(&open, &wanted(320, 180));
    assert_eq!(expected.source_pts, [342_000, 345_000]);
    assert_eq!(expected.frames, 1..=3);
    assert_eq!(expected.align(&[345_000]).shift, 0);
}

#[test]
fn coarse_pictures_are_expected_of_small_bit_rates_and_of_few_pictures() {
    let source = scan(steady(0, 3_000, 60));
    let of = |wanted: &Wanted| Expectation::of(&source, wanted).starved;
    let plain = || wanted(320, 180);
    assert!(of(&Wanted { bitrate: 100_000, ..plain() }));
    assert!(!of(&Wanted { bitrate: 0, ..plain() }), "the encoder's own choice");
    assert!(of(&Wanted { gop: Gop::Intra, bitrate: 900_000, ..plain() }));
    assert!(of(&Wanted { quality: Some(40), bitrate: 0, ..plain() }));
    assert!(Expectation::of(&scan(steady(0, 3_000, 9)), &wanted(320, 180)).starved);
}

#[test]
fn small_renditions_are_compared_in_larger_blocks() {
    let lattice = |w, h| Expectation::of(&scan(steady(0, 3_000, 60)), &wanted(w, h)).lattice;
    assert_eq!(lattice(256, 144), Lattice::FINE);
    assert_eq!(lattice(240, 0), Lattice::COARSE);
    let of_size = |size, wanted: &Wanted| {
        let mut source = scan(steady(0, 3_000, 60));
        (source.video[0].coded, source.video[0].cropped) = (size, size);
        Expectation::of(&source, wanted).lattice
    };
    assert_eq!(of_size((640, 272), &wanted(320, 136)), Lattice { rows: 9, ..Lattice::FINE });
    assert_eq!(of_size((368, 640), &wanted(180, 320)), Lattice { columns: 16, ..Lattice::FINE });
    let starved = Wanted { bitrate: 60_000, ..wanted(180, 320) };
    assert_eq!(of_size((368, 640), &starved), Lattice::COARSE, "coarse pictures in coarse blocks");
}

#[test]
fn a_rate_far_above_the_sources_is_a_runaway() {
    let slow = scan(steady(0, 90_000, 3));
    assert!(Expectation::of(&slow, &at_rate(30, 1)).runaway);
    assert!(!Expectation::of(&slow, &at_rate(15, 1)).runaway);
}

#[test]
fn a_source_without_a_decodable_picture_expects_nothing() {
    let expected = Expectation::of(&Scan::default(), &at_rate(30, 1));
    assert!(expected.is_empty() && expected.pts.is_empty());
    assert_eq!(expected.align(&[1, 2]).sources, [None, None]);
}

fn any_unit() -> impl Strategy<Value = waymark_media::scan::AccessUnit> {
    let time = prop_oneof![any::<i64>(), -10_000..1_000_000i64, Just(i64::MAX), Just(i64::MIN)];
    let kind = prop_oneof![Just(UnitKind::Idr), Just(UnitKind::Entry), Just(UnitKind::Other)];
    (time, kind, any::<Option<u32>>()).prop_map(|(pts, kind, duration)| {
        waymark_media::scan::AccessUnit { duration, ..unit(pts, kind) }
    })
}

proptest! {
    #[test]
    fn no_source_and_no_profile_can_break_an_expectation(
        units in prop::collection::vec(any_unit(), 0..20),
        fps in any::<Option<(u32, u32)>>(),
        size in any::<(i32, i32)>(),
        back in prop::collection::vec(any::<i64>(), 0..20),
    ) {
        let wanted = Wanted { fps, ..wanted(size.0, size.1) };
        let expected = Expectation::of(&scan(track(units.clone())), &wanted);
        prop_assert!(expected.pts.len() <= (units.len() + 1) * RUNAWAY);
        prop_assert_eq!(expected.pts.len(), expected.mapping.len());
        let aligned = expected.align(&back);
        expected.permits(aligned.shift, i64::MIN, Container::MpegTs);
        prop_assert_eq!(aligned.sources.len(), back.len());
    }
}
