//! Beside our own encoding, and what follows.

use super::*;

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
            compared: (&theirs, &ours),
            struck: (&[], &[]),
        };
        let checks = compare(dispute, &Full::default());
        assert_eq!((checks[0].id, checks[0].kind), ("C.quality", Kind::Hard));
        checks[0].outcome
    };
    assert_eq!(outcome(0.01, 5.0), Outcome::Pass);
    assert_eq!(outcome(0.05, 2.0), Outcome::Pass);
    assert_eq!(outcome(-0.01, -1.0), Outcome::Pass);
    assert_eq!(outcome(0.03, 3.0), Outcome::Pass);
    assert_eq!(outcome(0.03, 4.0), Outcome::Fail);
}

#[test]
fn an_error_far_above_our_own_needs_hardly_another_measure_where_it_can_be_seen() {
    let outcome = |ours: f64, theirs: f64, ssim: f64| {
        let (ours, theirs) = ([quality(1, 0.99, ours)], [quality(1, ssim, theirs)]);
        let features = Features::default();
        let (compared, struck) = ((&theirs[..], &ours[..]), (&[][..], &[][..]));
        let dispute = Dispute { checks: &[], theirs: &features, ours: &features, compared, struck };
        let checks = compare(dispute, &Full::default());
        checks.into_iter().find(|check| check.id == "C.error").unwrap().outcome
    };
    assert_eq!(outcome(34.0, 30.0, 0.985), Outcome::Pass);
    assert_eq!(outcome(34.0, 28.5, 0.985), Outcome::Fail);
    // What the eye sees is kept.
    assert_eq!(outcome(34.0, 28.5, 0.992), Outcome::Pass);
    // Nobody sees either.
    assert_eq!(outcome(60.0, 44.0, 0.985), Outcome::Pass);
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
            compared: (&[], &[]),
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
            Dispute { checks: &checks, theirs, ours, compared: (&[], &[]), struck: (&[], &[]) };
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
            compared: (&[], &[]),
            struck: (&[], &[]),
        };
        let settled = settle(&verdict, Some(dispute), &bounds);
        assert_eq!(next(&settled, Tier::Reference, &bounds), then);
    }
}
