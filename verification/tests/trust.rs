//! Cheats and honest orchestrators under one gateway, many results long.
//!
//! The gateway of these tests does what a real one does with a result: it judges it fast, draws
//! whether to audit it, waits for the verdict where the state says so, and tells the book. What a
//! check can see is a chance here (its power); everything else is the library itself.

mod gateway;

use std::time::Duration;

use gateway::{Gateway, Maker, Result};
use waymark_verification::{
    loss,
    trust::{Rules, State},
};

const RUNS: u32 = 120;

/// Bad results that viewers got of each of many cheats before they were out, and the results made
/// until then.
fn until_out(
    runs: u32,
    most: u64,
    mut cheat: impl FnMut(u32) -> (Gateway, Maker),
) -> (f64, Vec<u64>) {
    let (mut bad, mut lengths) = (0_u32, Vec::new());
    for run in 0..runs {
        let (mut gateway, mut maker) = cheat(run);
        let served_before = gateway.served_bad;
        let start = gateway.results;
        while gateway.state(&maker) != State::Out && gateway.results - start < most {
            gateway.segment(&mut maker);
        }
        lengths.push(gateway.results - start);
        bad += gateway.served_bad - served_before;
    }
    lengths.sort_unstable();
    (f64::from(bad) / f64::from(runs), lengths)
}

#[test]
fn a_total_cheat_is_out_within_the_expected_number_of_segments() {
    let rules = Rules::default();
    let (bad, lengths) = until_out(RUNS, 100_000, |run| {
        let mut gateway = Gateway::new(run, rules);
        let mut maker = Maker::honest("turned.example");
        gateway.until_trusted(&mut maker);
        maker.cheats(1.0, Result::Wrong);
        (gateway, maker)
    });
    let expected = loss::passed_before_catch(rules.trusted().get(), rules.power);
    assert!((expected - rules.max_bad).abs() < 0.1, "the rate follows from the bound declared");
    // Mean of 120 runs of a geometric variable: three standard deviations are 27 % of it.
    assert!(bad < expected * 1.28, "{bad} bad segments, expected {expected}");
    let within = loss::results_until(rules.trusted().get(), rules.power, 1.0, 0.95);
    assert!(share_within(&lengths, within) > 0.89, "95 % within {within}");
}

#[test]
fn a_proven_cheat_is_out_within_what_its_rate_bounds() {
    // Proven sooner, so that the test is.
    let rules = Rules { clean_for_proven: 100.0, ..Rules::default() };
    let (bad, _) = until_out(40, 100_000, |run| {
        let mut gateway = Gateway::new(run, rules);
        let mut maker = Maker::honest("proven.example");
        // Who is to be quiet for a week cannot be one whose audits fail softly now and then.
        gateway.honest_soft = 0.0;
        gateway.until(&mut maker, |standing| standing.proven);
        maker.cheats(1.0, Result::Wrong);
        (gateway, maker)
    });
    let expected = loss::passed_before_catch(rules.proven().get(), rules.power);
    assert!(bad < expected * 1.5, "{bad} bad segments, expected {expected}");
}

#[test]
fn a_rare_cheat_is_out_within_the_stated_run() {
    let rules = Rules::default();
    let share = 0.01;
    let (bad, lengths) = until_out(RUNS, 1_000_000, |run| {
        let mut gateway = Gateway::new(run, rules);
        let mut maker = Maker::honest("rare.example");
        gateway.until_trusted(&mut maker);
        maker.cheats(share, Result::Wrong);
        (gateway, maker)
    });
    let within = loss::results_until(rules.trusted().get(), rules.power, share, 0.95);
    assert!(share_within(&lengths, within) > 0.89, "95 % within {within}");
    // Cheating rarely buys no more bad segments than cheating always.
    assert!(bad < rules.max_bad * 1.28, "{bad}");
}

#[test]
fn a_cheat_that_only_measurements_can_show_is_out_once_they_add_up() {
    let rules = Rules::default();
    let (bad, _) = until_out(RUNS, 1_000_000, |run| {
        let mut gateway = Gateway::new(run, rules);
        let mut maker = Maker::honest("subtle.example");
        gateway.until_trusted(&mut maker);
        maker.cheats(1.0, Result::Degraded);
        (gateway, maker)
    });
    // The first soft failure makes the gateway look at everything; the second one is the alarm.
    assert!(bad < rules.max_bad * 1.28 + 2.0, "{bad}");
}

#[test]
fn honest_orchestrators_stay_and_are_trusted() {
    let mut gateway = Gateway::new(1, Rules::default());
    let mut makers: Vec<_> = (0..8).map(|i| Maker::honest(&format!("honest{i}.example"))).collect();
    for _ in 0..5_000 {
        for maker in &mut makers {
            gateway.segment(maker);
            assert_ne!(gateway.state(maker), State::Out);
        }
    }
    assert!(makers.iter().all(|maker| gateway.state(maker) == State::Trusted));
    // 0.3 % of audits fail softly; work that is looked at more closely for it stays rare.
    let suspected = f64::from(gateway.while_suspected) / 40_000.0;
    assert!(suspected < 0.03, "{suspected}");
    assert_eq!(gateway.refused_good, 0);
}

#[test]
fn honest_orchestrators_keep_their_share_beside_cheats() {
    let mut gateway = Gateway::new(2, Rules::default());
    let mut makers: Vec<_> = (0..4).map(|i| Maker::honest(&format!("honest{i}.example"))).collect();
    for i in 0..4 {
        let mut cheat = Maker::honest(&format!("cheat{i}.example"));
        cheat.cheats([1.0, 0.5, 0.1, 0.05][i], Result::Wrong);
        makers.push(cheat);
    }
    let segments = 6_000;
    for _ in 0..segments {
        gateway.serve(&mut makers);
    }
    let of_honest: u32 = makers[..4].iter().map(|maker| maker.served).sum();
    let share = f64::from(of_honest) / f64::from(segments);
    assert!(share > 0.9, "{share}");
    for maker in &makers[..4] {
        let own = f64::from(maker.served) / f64::from(of_honest);
        assert!((own - 0.25).abs() < 0.05, "{own}");
    }
    assert!(makers[4..].iter().all(|maker| gateway.state(maker) == State::Out));
}

/// Good on probation, bad once trusted, again and again.
#[test]
fn who_turns_bad_each_time_it_is_trusted_is_out_for_good_at_the_fourth_time() {
    let mut gateway = Gateway::new(3, Rules::default());
    let mut maker = Maker::honest("turncoat.example");
    let mut times = Vec::new();
    let before = gateway.served_bad;
    for _ in 0..4 {
        maker.behaves();
        gateway.until_trusted(&mut maker);
        maker.cheats(1.0, Result::Wrong);
        while gateway.state(&maker) != State::Out {
            gateway.segment(&mut maker);
        }
        let until = gateway.standing(&maker).until;
        times.push(until.map(|until| until.duration_since(gateway.now).as_hours()));
        if let Some(until) = until {
            gateway.now = until;
        }
    }
    assert_eq!(times, [Some(1), Some(24), Some(7 * 24), None]);
    gateway.now += Duration::from_hours(24 * 365);
    assert_eq!(gateway.state(&maker), State::Out);
    let bad = f64::from(gateway.served_bad - before);
    assert!(bad < 4.0 * 3.0 * gateway.rules().max_bad, "{bad}");
}

/// A new name for each time it was caught: newcomers wait for the verdict, so nothing is gained.
#[test]
fn a_new_name_after_each_catch_sells_nothing() {
    let mut gateway = Gateway::new(4, Rules::default());
    let names = 200;
    for name in 0..names {
        let mut maker = Maker::honest(&format!("name{name}.example"));
        maker.cheats(1.0, Result::Wrong);
        let mut tries = 0;
        while gateway.state(&maker) != State::Out {
            gateway.segment(&mut maker);
            tries += 1;
            assert!(tries < 20, "a newcomer is looked at each time");
        }
    }
    // What an audit of power 0.95 misses: one in twenty.
    let per_name = f64::from(gateway.served_bad) / f64::from(names);
    assert!(per_name < 0.1, "{per_name}");
}

/// A new key at the same address, or a new machine with the same key, is the same operator.
#[test]
fn a_new_key_alone_is_no_new_name() {
    let mut gateway = Gateway::new(5, Rules::default());
    let mut cheat = Maker::paid("one.example", 1);
    cheat.cheats(1.0, Result::Wrong);
    while gateway.state(&cheat) != State::Out {
        gateway.segment(&mut cheat);
    }
    assert_eq!(gateway.state(&Maker::paid("one.example", 2)), State::Out);
    assert_eq!(gateway.state(&Maker::paid("two.example", 1)), State::Out);
    assert_eq!(gateway.state(&Maker::paid("three.example", 3)), State::New);
}

/// Two names of one operator that compare what they are sent: a segment is never sent twice for an
/// audit, so being the only one to get it tells nothing, and cheating then is cheating always.
#[test]
fn a_pair_that_compares_notes_learns_nothing_about_audits() {
    let rules = Rules::default();
    let mut caught = Vec::new();
    for run in 0..RUNS {
        let mut gateway = Gateway::new(1_000 + run, rules);
        let mut pair = [Maker::paid("left.example", 1), Maker::paid("right.example", 1)];
        for maker in &mut pair {
            gateway.until_trusted(maker);
        }
        let before = gateway.served_bad;
        for number in 0_usize.. {
            let maker = number % 2;
            // What it saw when it decides: the request, and that its partner did not get it.
            let partner_has_it = gateway.requests[1 - maker % 2].contains(&number);
            pair[maker].cheats(if partner_has_it { 0.0 } else { 1.0 }, Result::Wrong);
            gateway.requests[maker].insert(number);
            gateway.segment(&mut pair[maker]);
            if gateway.state(&pair[maker]) == State::Out {
                break;
            }
        }
        assert!(pair.iter().all(|maker| gateway.state(maker) == State::Out), "one operator");
        caught.push(gateway.served_bad - before);
    }
    let mean = f64::from(caught.iter().sum::<u32>()) / f64::from(RUNS);
    assert!(mean < rules.max_bad * 1.28, "both together sold {mean}, no more than one alone");
}

fn share_within(lengths: &[u64], within: f64) -> f64 {
    let within =
        lengths.iter().filter(|n| u32::try_from(**n).is_ok_and(|n| f64::from(n) <= within));
    f64::from(u32::try_from(within.count()).expect("a count of few"))
        / f64::from(u32::try_from(lengths.len()).expect("a count of few"))
}
