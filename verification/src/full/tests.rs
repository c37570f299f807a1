use std::f64::consts::TAU;

use proptest::prelude::*;
use waymark_media::pixels::{Grid, Grids, Lattice, Luma};

use super::*;
use crate::{
    check::{Check, Kind, Tier},
    thresholds::Full,
    verdict::{Outcome, Verdict},
};

/// A bright spot that wanders over slopes, in 60 pictures.
fn moving() -> Grids {
    let frame = |k: u32| {
        let t = f64::from(k);
        picture(k, move |x, y| {
            let wave = 40.0 * (TAU * (x * 2.0 + y + t / 60.0)).sin();
            let (dx, dy) = (x - (0.2 + t / 100.0), y - 0.5);
            90.0 + wave + 80.0 * (-(dx * dx + dy * dy) * 30.0).exp()
        })
    };
    grids((0..60).map(frame).collect())
}

fn grids(frames: Vec<Grid>) -> Grids {
    Grids { lattice: Lattice::FINE, size: (640, 360), full_range: false, frames, decode_errors: 0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples of a test")]
fn picture(k: u32, luma: impl Fn(f64, f64) -> f64) -> Grid {
    let cells = (0..18).flat_map(|row| (0..32).map(move |column| (column, row)));
    let at = |value: f64| (value.clamp(0.0, 255.0) * 256.0) as u16;
    let place = |(column, row): (i32, i32)| (f64::from(column) / 32.0, f64::from(row) / 18.0);
    Grid {
        pts: i64::from(k) * 3000,
        key: k == 0,
        damaged: false,
        y: cells.clone().map(place).map(|(x, y)| at(luma(x, y))).collect(),
        u: cells.clone().map(place).map(|(x, _)| at(100.0 + 60.0 * x)).collect(),
        v: cells.map(place).map(|(_, y)| at(170.0 - 60.0 * y)).collect(),
    }
}

fn in_order(n: usize) -> Vec<Option<u32>> {
    (0..u32::try_from(n).unwrap()).map(Some).collect()
}

fn measured(source: &Grids, shown: &Grids) -> Features {
    measure(source, shown, &in_order(shown.frames.len()))
}

/// Names of the checks that fail.
fn hits(features: &Features) -> Vec<&'static str> {
    let checks = judge(features, &Full::default(), Conditions::default());
    checks.iter().filter(|check| check.outcome == Outcome::Fail).map(|check| check.id).collect()
}

fn lift(plane: &mut [u16], by: u16) {
    for value in plane {
        *value += by * 256;
    }
}

#[test]
fn what_is_shown_as_it_is_passes_every_check() {
    let source = moving();
    let features = measured(&source, &source);
    assert_eq!(hits(&features), Vec::<&str>::new());
    assert_eq!(features.compared, 60);
    assert!(features.order.is_some() && features.freeze.is_some() && features.gain.is_some());
}

#[test]
fn coding_noise_passes_every_check() {
    let source = moving();
    let mut shown = source.clone();
    for (k, frame) in shown.frames.iter_mut().enumerate() {
        for (i, value) in frame.y.iter_mut().enumerate() {
            *value = value.saturating_add(u16::try_from((i * 7 + k * 13) % 5).unwrap() * 128);
        }
    }
    assert_eq!(hits(&measured(&source, &shown)), Vec::<&str>::new());
}

#[test]
fn a_logo_stays_in_its_block_and_is_named_there() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.iter_mut().for_each(|frame| lift(&mut frame.y[2 * 32 + 28..][..1], 60));
    let features = measured(&source, &shown);
    assert_eq!(hits(&features), ["A.pbk", "A.fbk"]);
    assert_eq!(features.pbk.unwrap().block, Some((28, 2)));
}

#[test]
fn a_few_foreign_pictures_are_found_and_named() {
    let source = moving();
    let mut shown = source.clone();
    for frame in &mut shown.frames[30..35] {
        frame.y.fill(16 << 8);
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.fbk"));
    let fbk = features.fbk.as_ref().unwrap();
    assert!(fbk.worst.iter().all(|frame| (30..35).contains(frame)), "{fbk:?}");
    let named = struck(&judge(&features, &Full::default(), Conditions::default()), &features);
    assert!(!named.is_empty() && named.iter().all(|frame| (30..35).contains(frame)), "{named:?}");
}

#[test]
fn one_picture_late_is_seen_by_order_alone() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.insert(0, source.frames[0].clone());
    shown.frames.pop();
    assert_eq!(hits(&measured(&source, &shown)), ["A.order"]);
}

#[test]
fn standing_still_is_seen_and_repeats_of_a_higher_rate_are_not() {
    let source = moving();
    let mut shown = source.clone();
    for k in 1..60 {
        if k % 2 == 1 {
            shown.frames[k] = source.frames[k - 1].clone();
        }
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.freeze"));

    // The same pictures at twice the source's rate, each twice: what was asked for.
    let doubled =
        grids(source.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect());
    let mapping: Vec<Option<u32>> = (0..120).map(|k| Some(k / 2)).collect();
    assert_eq!(hits(&measure(&source, &doubled, &mapping)), Vec::<&str>::new());
}

#[test]
fn a_short_freeze_is_a_run() {
    let source = moving();
    let mut shown = source.clone();
    for k in 21..26 {
        shown.frames[k] = source.frames[20].clone();
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.freeze_run"));
    assert_eq!(features.freeze_run.unwrap().frames, (21, 25));
}

#[test]
fn tone_and_colour_are_measured_apart() {
    let source = moving();
    let mut bright = source.clone();
    bright.frames.iter_mut().for_each(|frame| lift(&mut frame.y, 13));
    assert_eq!(hits(&measured(&source, &bright)), ["A.fy", "A.pbk", "A.offset"]);
    let mut grey = source.clone();
    for frame in &mut grey.frames {
        frame.u.fill(128 << 8);
        frame.v.fill(128 << 8);
    }
    assert_eq!(hits(&measured(&source, &grey)), ["A.fc", "A.pck"]);
}

#[test]
fn a_full_range_source_is_compared_in_limited_range() {
    let limited = moving();
    let mut full = limited.clone();
    full.full_range = true;
    for frame in &mut full.frames {
        for y in &mut frame.y {
            *y = u16::try_from((u32::from(*y).saturating_sub(4096)) * 255 / 219).unwrap();
        }
        for c in frame.u.iter_mut().chain(&mut frame.v) {
            *c = u16::try_from((i32::from(*c) - 32768) * 255 / 224 + 32768).unwrap();
        }
    }
    let features = measured(&full, &limited);
    assert_eq!(hits(&features), Vec::<&str>::new());
    assert!(features.fy.unwrap().value < 0.1);
}

#[test]
fn misses_of_starved_renditions_are_hints() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.iter_mut().for_each(|frame| lift(&mut frame.y, 13));
    let features = measured(&source, &shown);
    let conditions = Conditions { starved: true, ..Conditions::default() };
    let checks = judge(&features, &Full::default(), conditions);
    let fy = checks.iter().find(|check| check.id == "A.fy").unwrap();
    assert_eq!((fy.outcome, fy.kind, fy.tier), (Outcome::Fail, Kind::Hint, Tier::Full));
    assert!(fy.ratio.unwrap() > 2.0);
}

#[test]
fn decode_errors_are_a_fact_unless_the_source_has_them_too() {
    let source = moving();
    let mut broken = source.clone();
    broken.frames[7].damaged = true;
    assert_eq!(hits(&measured(&source, &broken)), ["A.decode"]);
    let mut same = source.clone();
    same.decode_errors = 1;
    assert_eq!(hits(&measured(&same, &broken)), Vec::<&str>::new());

    let conditions = Conditions { coded: Some(60), ..Conditions::default() };
    let mut fewer = source.clone();
    fewer.frames.pop();
    let check = &judge(&measured(&source, &fewer), &Full::default(), conditions)[0];
    assert_eq!((check.outcome, check.kind), (Outcome::Fail, Kind::Hard));
    assert_eq!(check.detail, "59 of 60 pictures can be decoded");
}

#[test]
fn nothing_in_common_is_not_a_pass() {
    let source = moving();
    let features = measure(&source, &source, &[]);
    let checks = judge(&features, &Full::default(), Conditions::default());
    assert!(checks[1..].iter().all(|check| check.outcome == Outcome::NotRun));
}

/// A plane of fine stripes in its left half, and noise of this strength all over.
fn plane(noise: u32, detail: f64) -> Luma {
    sized((160, 90), noise, detail)
}

fn sized((width, height): (u32, u32), noise: u32, detail: f64) -> Luma {
    let mut state = 1_u32;
    let sample = |i: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (f64::from(i % width), f64::from(i / width));
        // Detail is somewhere, noise is everywhere.
        let detail = if x < f64::from(width / 2) { detail } else { 0.0 };
        let stripes = (x * 1.4).sin() + (y * 1.1).sin() + (x * 1.75).sin() + (y * 2.0).sin();
        let coarse = 4.0 * (x * 0.45).sin() + 3.0 * (y * 0.4).sin();
        let noise = (state >> 16) % (2 * noise + 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a test")]
        let value = (110.0 + detail * (coarse + stripes)) as u32;
        u8::try_from((value + noise).min(255)).unwrap()
    };
    Luma { pts: 0, width, height, samples: (0..width * height).map(sample).collect() }
}

fn sharpness(source: &Luma, rendition: &Luma) -> Features {
    let mut features = Features::default();
    sharpen(&mut features, &[Whole { frame: 3, source, rendition }]);
    features
}

#[test]
fn lost_detail_is_measured_in_octaves() {
    let same = sharpness(&plane(2, 8.0), &plane(2, 8.0));
    assert!(same.sharp.unwrap().value.abs() < 0.01);
    let halved = sharpness(&plane(0, 8.0), &plane(0, 4.0)).sharp.unwrap();
    assert!((-2.6..-1.5).contains(&halved.value), "{halved:?}");
    assert_eq!(halved.worst, [3]);
}

#[test]
fn detail_counts_in_a_dim_picture_and_its_last_traces_do_not() {
    let lost = |detail| sharpness(&plane(0, detail), &plane(0, 0.0)).sharp.unwrap().value;
    // Sums of sines of one step, and of a tenth of one.
    assert!(lost(1.0) < Full::default().sharp, "{}", lost(1.0));
    assert!(lost(0.1) > -0.5, "{}", lost(0.1));
}

#[test]
fn of_a_large_picture_a_part_shows_what_all_of_it_has_lost() {
    // Half of the picture has detail; each drawn picture is looked at elsewhere.
    let [source, same, halved] =
        [(0, 8.0), (2, 8.0), (0, 4.0)].map(|(noise, detail)| sized((1280, 720), noise, detail));
    let of = |rendition| {
        let picture = |frame| Whole { frame, source: &source, rendition };
        let mut features = Features::default();
        sharpen(&mut features, &[0, 21, 44].map(picture));
        features.sharp.unwrap().value
    };
    assert!(of(&same).abs() < 0.1, "{}", of(&same));
    assert!((-2.6..-1.5).contains(&of(&halved)), "{}", of(&halved));
}

#[test]
fn noise_is_told_from_detail() {
    assert!(!sharpness(&plane(2, 8.0), &plane(2, 8.0)).noise);
    assert!(sharpness(&plane(100, 0.0), &plane(100, 0.0)).noise);
}

#[test]
fn planes_that_do_not_fit_are_left_out() {
    let good = plane(2, 8.0);
    let mut short = good.clone();
    short.samples.pop();
    let mut other = good.clone();
    (other.width, other.height) = (90, 160);
    for bad in [&short, &other] {
        assert_eq!(sharpness(&good, bad).sharp, None);
        assert_eq!(Quality::of(0, &good, bad), None);
    }
}

#[test]
fn quality_is_one_for_equal_pictures_and_names_the_worst_tile() {
    let source = plane(3, 8.0);
    let equal = Quality::of(0, &source, &source).unwrap();
    assert!((equal.ssim - 1.0).abs() < 1e-9 && (equal.psnr - EQUAL).abs() < 1e-9);
    let mut shown = source.clone();
    for y in 40..52 {
        shown.samples[y * 160 + 80..][..12].fill(255);
    }
    let logo = Quality::of(0, &source, &shown).unwrap();
    assert!(logo.ssim > 0.95 && logo.psnr < 30.0);
    let summary = Summary::of(&[equal, logo]).unwrap();
    assert!(summary.tile < 0.6 && summary.ssim > 0.97, "{summary:?}");
}

fn quality(frame: u32, ssim: f64, psnr: f64) -> Quality {
    Quality { frame, ssim, psnr, tiles: Vec::new() }
}

#[test]
fn a_refusal_needs_both_measures_far_below_our_own_encoding() {
    let ours = [quality(1, 0.98, 40.0), quality(9, 0.96, 38.0)];
    let outcome = |ssim: f64, psnr: f64| {
        let theirs = [quality(1, 0.98 - ssim, 40.0 - psnr), quality(9, 0.96 - ssim, 38.0 - psnr)];
        let features = Features::default();
        let dispute = Dispute {
            checks: &[],
            theirs: &features,
            ours: &features,
            drawn: (&theirs, &ours),
            struck: (&[], &[]),
        };
        let checks = compare(dispute, &Full::default());
        assert_eq!((checks[0].id, checks[0].kind), ("C.quality", Kind::Hard));
        checks[0].outcome
    };
    assert_eq!(outcome(0.01, 5.0), Outcome::Pass);
    assert_eq!(outcome(0.05, 2.0), Outcome::Pass);
    assert_eq!(outcome(-0.01, -1.0), Outcome::Pass);
    assert_eq!(outcome(0.03, 3.0), Outcome::Fail);
}

#[test]
fn the_way_to_a_refusal() {
    let bounds = Full::default();
    let of = |checks: &[&Check], reached| {
        next(&checks.iter().copied().cloned().collect(), reached, &bounds)
    };
    let fast = Check::at_most("F14.key", 9.0, 6.0).kind(Kind::Soft);
    let rate = Check::fail("F10.bytes", "").kind(Kind::Hint);
    let soft = Check::at_most("A.fbk", 60.0, 30.0).tier(Tier::Full).kind(Kind::Soft);
    let hint = soft.clone().kind(Kind::Hint);
    let clean = Check::at_most("A.fbk", 3.0, 30.0).tier(Tier::Full).kind(Kind::Soft);
    let good = Check::pass("B.ssim", "").tier(Tier::Full).value(0.99);
    let poor = Check::pass("B.ssim", "").tier(Tier::Full).value(0.90);
    let confirmed = Check::fail("C.struck", "").tier(Tier::Reference);
    let cleared = Check::pass("C.quality", "").tier(Tier::Reference);

    assert_eq!(of(&[], Tier::Fast), Next::Accept);
    assert_eq!(of(&[&Check::fail("F06", "")], Tier::Fast), Next::Refuse);
    assert_eq!(of(&[&fast], Tier::Fast), Next::Full);
    assert_eq!(of(&[&rate], Tier::Fast), Next::Full);
    assert_eq!(of(&[&rate, &clean, &good], Tier::Full), Next::Accept);
    assert_eq!(of(&[&rate, &clean, &poor], Tier::Full), Next::Reference);
    assert_eq!(of(&[&soft], Tier::Full), Next::Reference);
    assert_eq!(of(&[&hint], Tier::Full), Next::Reference);
    assert_eq!(of(&[&soft, &confirmed], Tier::Reference), Next::Refuse);
    assert_eq!(of(&[&soft, &cleared], Tier::Reference), Next::Record);
    assert_eq!(of(&[&hint, &cleared], Tier::Reference), Next::Accept);

    // A doubt of the fast tier is answered by all pictures, and stays where none was compared.
    let answered: Verdict = [fast.clone(), clean.clone()].into_iter().collect();
    assert_eq!(next(&settle(&answered, None, &bounds), Tier::Full, &bounds), Next::Accept);
    let open: Verdict = [fast].into_iter().collect();
    assert_eq!(next(&settle(&open, None, &bounds), Tier::Full, &bounds), Next::Record);
    // Where a stream hardly moves, all pictures agree with those of the segment before as well.
    let old = Check::at_most("F13.before", 1.0, 0.5).kind(Kind::Soft);
    let stale: Verdict = [old, clean].into_iter().collect();
    assert_eq!(next(&settle(&stale, None, &bounds), Tier::Full, &bounds), Next::Record);
}

#[test]
fn what_our_own_encoding_misses_too_is_no_doubt() {
    let bounds = Full::default();
    let noisy =
        |value| Features { fbk: Some(Spot { value, ..Spot::default() }), ..Features::default() };
    let (theirs, ours, good) = (noisy(50.0), noisy(28.0), noisy(8.0));
    let checks = judge(&theirs, &bounds, Conditions::default());
    let verdict: Verdict = checks.iter().cloned().collect();
    let after = |ours: &Features| {
        let dispute = Dispute {
            checks: &checks,
            theirs: &theirs,
            ours,
            drawn: (&[], &[]),
            struck: (&[], &[]),
        };
        next(&settle(&verdict, Some(dispute), &bounds), Tier::Reference, &bounds)
    };
    assert_eq!(after(&ours), Next::Accept);
    assert_eq!(after(&good), Next::Record);
}

#[test]
fn a_doubt_is_answered_by_noise_and_within_the_bound_of_our_own_encoding() {
    let bounds = Full::default();
    let detail = |value| {
        let sharp = Some(Spot { value, ..Spot::default() });
        Features { sharp, ..Features::default() }
    };
    let after = |theirs: &Features, ours: &Features| {
        let checks = judge(theirs, &bounds, Conditions::default());
        let verdict: Verdict = checks.iter().cloned().collect();
        let dispute =
            Dispute { checks: &checks, theirs, ours, drawn: (&[], &[]), struck: (&[], &[]) };
        next(&settle(&verdict, Some(dispute), &bounds), Tier::Reference, &bounds)
    };
    // A bound of 1.2 octaves below the source, or below our own.
    assert_eq!(after(&detail(-1.9), &detail(-0.8)), Next::Accept);
    assert_eq!(after(&detail(-2.1), &detail(-0.8)), Next::Record);
    assert_eq!(after(&detail(-1.3), &detail(0.0)), Next::Record);
    // Nobody keeps noise; the pictures that raised the doubt need not have shown it.
    let still = |noise, freeze| {
        let freeze = Some(Spot { value: freeze, ..Spot::default() });
        Features { freeze, noise, ..Features::default() }
    };
    let theirs = still(false, 0.375);
    let checks = judge(&theirs, &bounds, Conditions::default());
    let verdict: Verdict = checks.iter().cloned().collect();
    for (noise, then) in [(false, Next::Record), (true, Next::Accept)] {
        let (theirs, ours) = (still(noise, 0.375), still(noise, 0.0));
        let dispute = Dispute {
            checks: &checks,
            theirs: &theirs,
            ours: &ours,
            drawn: (&[], &[]),
            struck: (&[], &[]),
        };
        let settled = settle(&verdict, Some(dispute), &bounds);
        assert_eq!(next(&settled, Tier::Reference, &bounds), then);
    }
}

prop_compose! {
    fn any_grids()(
        columns in 0_u8..5,
        rows in 0_u8..5,
        full_range: bool,
        decode_errors: u32,
        frames in prop::collection::vec(
            (prop::collection::vec(any::<u16>(), 0..20), 0_usize..20, any::<bool>()), 0..9),
    ) -> Grids {
        let frames = frames.into_iter().map(|(y, cut, damaged)| Grid {
            pts: 0, key: false, damaged, u: y.clone(), v: y[..cut.min(y.len())].to_vec(), y,
        });
        Grids {
            lattice: Lattice { columns, rows, shift: (0, 0) },
            size: (1, 1), full_range, decode_errors, frames: frames.collect(),
        }
    }
}

proptest! {
    #[test]
    fn no_measurement_panics(
        source in any_grids(),
        mut shown in any_grids(),
        same: bool,
        mapping in prop::collection::vec(prop::option::of(prop_oneof![0_u32..9, any::<u32>()]), 0..9),
    ) {
        if same { shown.lattice = source.lattice; }
        let features = measure(&source, &shown, &mapping);
        let checks = judge(&features, &Full::default(), Conditions::default());
        prop_assert_eq!(checks.len(), 12);
        prop_assert!(struck(&checks, &features).len() <= MOST_STRUCK);
    }

    #[test]
    fn no_plane_panics(
        width in 0_u32..70, height in 0_u32..70, missing in 0_usize..2, seed: u8,
    ) {
        let samples = (width * height) as usize;
        let samples = vec![seed; samples.saturating_sub(missing)];
        let plane = Luma { pts: 0, width, height, samples };
        let other = plane.clone();
        Quality::of(0, &plane, &other);
        sharpness(&plane, &other);
    }

}

proptest! {
    // Each case measures four segments.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Who is compared with whom does not matter to distances, and a constant lift moves nothing else.
    #[test]
    fn distances_are_symmetric_and_lifts_are_offsets(by in 0_u16..40, seed: u64) {
        let source = moving();
        let mut shown = source.clone();
        for (i, frame) in shown.frames.iter_mut().enumerate() {
            let at = usize::try_from(seed.rotate_left(u32::try_from(i).unwrap()) % 576).unwrap();
            frame.y[at] ^= 0x1fff;
        }
        let (there, back) = (measured(&source, &shown), measured(&shown, &source));
        for id in ["A.fy", "A.pbk", "A.fbk"] {
            let value = |features: &Features| features.of(id).unwrap().value;
            prop_assert!((value(&there) - value(&back)).abs() < 1e-9);
        }
        let mut lifted = source.clone();
        lifted.frames.iter_mut().for_each(|frame| lift(&mut frame.y, by));
        let features = measured(&source, &lifted);
        prop_assert!((features.offset.unwrap().value - f64::from(by)).abs() < 0.01);
        prop_assert!(features.gain.unwrap().value < 0.001);
        prop_assert!(features.freeze.unwrap().value.abs() < f64::EPSILON);
    }
}
