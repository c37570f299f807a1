use proptest::prelude::*;
use waymark_tagging::{Evidence, Statement, Window};

use super::*;

fn node() -> NodeId {
    NodeId::new("https://a:1")
}

fn at(seconds: u64) -> Moment {
    Moment::from_secs(seconds)
}

fn good(total_ms: u64) -> Sample {
    let total = Duration::from_millis(total_ms);
    Sample { ok: true, total, media: Duration::from_secs(2), ..Sample::default() }
}

fn said(measured: &Measured, key: &str, hours: u32, now: Moment) -> Option<(f64, u64)> {
    let facts = measured.facts(&node(), now);
    let window = Window::hours(hours);
    let of_window = |s: &&Statement| s.window.seconds() == window.seconds();
    let statement = facts.get(&key.parse().unwrap()).iter().find(of_window)?.clone();
    assert_eq!(statement.evidence, Evidence::Observed);
    let [waymark_tagging::Value::Number(number)] = statement.values.as_slice() else {
        panic!("one number expected, found {statement:?}")
    };
    Some((number.to_f64(), statement.samples))
}

#[test]
fn nothing_is_said_of_a_node_that_did_nothing() {
    assert!(Measured::default().facts(&node(), at(0)).is_empty());
}

#[test]
fn shares_and_percentiles_come_with_the_number_of_samples() {
    let mut measured = Measured::default();
    for n in 1..=19 {
        measured.attempted(&node(), good(n * 100), at(n));
    }
    measured.attempted(&node(), Sample { ok: false, swapped: true, ..good(9000) }, at(20));
    let now = at(30);
    assert_eq!(said(&measured, "slo.success_rate", 1, now), Some((0.95, 20)));
    assert_eq!(said(&measured, "slo.swap_rate", 1, now), Some((0.05, 20)));
    assert_eq!(said(&measured, "slo.total_s.p50", 1, now), Some((1.0, 19)));
    assert_eq!(said(&measured, "slo.total_s.p95", 1, now), Some((1.9, 19)));
    // 2 s of video in 1.9 s: the slowest of them all
    assert_eq!(said(&measured, "slo.realtime_ratio.p5", 1, now), Some((1.053, 19)));
}

#[test]
fn a_window_holds_what_happened_within_it() {
    let mut measured = Measured::default();
    measured.attempted(&node(), Sample { ok: false, ..good(100) }, at(0));
    let two_hours = at(2 * 3600);
    measured.attempted(&node(), good(100), two_hours);
    assert_eq!(said(&measured, "slo.success_rate", 1, two_hours), Some((1.0, 1)));
    assert_eq!(said(&measured, "slo.success_rate", 24, two_hours), Some((0.5, 2)));
    assert_eq!(said(&measured, "slo.success_rate", 1, at(9 * 24 * 3600)), None);
}

#[test]
fn round_trips_are_told_in_milliseconds_and_uploads_in_megabits() {
    let mut measured = Measured::default();
    measured.pinged(&node(), Duration::from_millis(30), at(1));
    let upload = Some((1_000_000, Duration::from_millis(100)));
    measured.attempted(&node(), Sample { upload, ..good(500) }, at(1));
    let short = Some((1_000_000, Duration::from_millis(2)));
    measured.attempted(&node(), Sample { upload: short, ..good(500) }, at(1));
    assert_eq!(said(&measured, "net.rtt_ms.p50", 1, at(2)), Some((30.0, 1)));
    assert_eq!(said(&measured, "net.up_mbps", 1, at(2)), Some((80.0, 1)));
}

#[test]
fn verification_counts_only_where_there_was_one() {
    let mut measured = Measured::default();
    for verified in [None, Some(true), Some(true), Some(false), None] {
        measured.attempted(&node(), Sample { verified, ..good(500) }, at(1));
    }
    assert_eq!(said(&measured, "verify.pass_rate", 1, at(2)), Some((0.667, 3)));
}

#[test]
fn only_so_many_nodes_are_remembered() {
    let mut measured = Measured::default();
    for n in 0..=MOST_NODES as u64 {
        measured.attempted(&NodeId::new(&format!("https://n{n}:1")), good(1), at(n));
    }
    assert_eq!(measured.nodes.len(), MOST_NODES);
    assert!(measured.last(&NodeId::new("https://n0:1")).is_none(), "the oldest is gone");
}

proptest! {
    #[test]
    fn no_samples_make_it_panic_or_say_what_is_no_number(
        samples in prop::collection::vec(any::<(bool, u64, u64, Option<(u64, u64)>, u64)>(), 0..600),
        now in any::<u64>(),
    ) {
        let mut measured = Measured::default();
        for (ok, total, media, upload, when) in samples {
            let upload = upload.map(|(bytes, ms)| (bytes, Duration::from_millis(ms)));
            let (total, media) = (Duration::from_millis(total), Duration::from_millis(media));
            let sample = Sample { ok, total, media, upload, ..Sample::default() };
            measured.attempted(&node(), sample, Moment::from_millis(when));
        }
        let facts = measured.facts(&node(), Moment::from_millis(now));
        prop_assert!(facts.iter().all(|(_, s)| s.samples >= 1 && s.samples <= MOST_ATTEMPTS as u64));
    }
}
