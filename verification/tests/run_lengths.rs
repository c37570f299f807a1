//! How many audits pass until the alarm: the average run lengths that are stated.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use waymark_verification::cusum::{Cusum, Odds};

/// Mean audits until the alarm, where this share of audits gives the sign.
fn mean_run(share: f64, odds: &Odds, runs: u32) -> f64 {
    let mut rng = StdRng::seed_from_u64(18);
    let mut audits = 0_u64;
    for _ in 0..runs {
        let mut sum = Cusum::default();
        loop {
            let passes = until_next(&mut rng, share);
            audits += passes + 1;
            // Thirty passes clear any sum below the alarm; more change nothing.
            for _ in 0..passes.min(30) {
                sum.observe(false, odds);
            }
            if sum.observe(true, odds) {
                break;
            }
        }
    }
    let mean = audits / u64::from(runs);
    u32::try_from(mean).map_or(f64::INFINITY, f64::from)
}

/// Audits without the sign before the next one with it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn until_next(rng: &mut StdRng, share: f64) -> u64 {
    // The inverse of the geometric distribution; no pass at all where every audit has the sign.
    let passes = (1.0 - rng.random::<f64>()).ln() / (1.0 - share).ln();
    passes.floor() as u64
}

/// Within the error of the simulation (three of its standard deviations, as runs are close to
/// exponential) and 3 % for that of the stated figure.
fn is(share: f64, stated: f64, runs: u32) {
    let mean = mean_run(share, &Odds::SOFT, runs);
    let tolerance = stated * (3.0 / f64::from(runs).sqrt() + 0.03) + 1.0;
    assert!((mean - stated).abs() < tolerance, "{share}: {mean}, stated {stated} ± {tolerance:.0}");
}

#[test]
fn an_honest_orchestrator_is_suspected_of_the_worst_once_in_86_000_audits() {
    is(0.003, 85_737.0, 1_000);
}

#[test]
fn one_bad_result_in_a_hundred_shows_after_6_000_audits() {
    is(0.01, 5_921.0, 2_000);
}

#[test]
fn the_more_is_bad_the_sooner_it_shows() {
    for (share, stated) in [(0.05, 138.0), (0.1, 41.0), (0.3, 9.0), (1.0, 2.0)] {
        is(share, stated, 10_000);
    }
}

#[test]
fn who_is_close_to_the_bounds_all_the_time_shows_within_six_audits() {
    let mean = |share, runs| mean_run(share, &Odds::NEAR, runs);
    assert!((mean(1.0, 10) - 6.0).abs() < 0.5);
    assert!(mean(0.5, 2_000) < 22.0);
    assert!(mean(0.1, 500) > 10_000.0, "at the honest share");
}
