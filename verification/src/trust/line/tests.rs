use std::time::Duration;

use super::*;

const SOFT: Sign = Sign::Soft { confirmed: false };

/// A line and the time, two seconds further with each finding.
struct Story {
    line: Line,
    now: Timestamp,
    rules: Rules,
}

impl Story {
    fn new() -> Self {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        Self { line: Line::new(now), now, rules: Rules::default() }
    }

    fn sees(&mut self, n: u32, sign: Sign) -> bool {
        let mut alarm = false;
        for _ in 0..n {
            self.now += Duration::from_secs(2);
            alarm = self.line.observe(sign, "A.pbk 14.0", self.now, &self.rules);
        }
        alarm
    }

    fn passes(&mut self, days: u64) {
        self.now += Duration::from_hours(24 * days);
    }

    fn state(&self) -> State {
        self.line.state(self.now, &self.rules)
    }

    fn percent(&self) -> f64 {
        (self.line.rate(self.now, &self.rules).get() * 100.0).round()
    }
}

#[test]
fn trust_is_earned_audit_by_audit() {
    let mut story = Story::new();
    let mut seen = Vec::new();
    for n in [0, 19, 1, 39, 1, 939, 1] {
        story.sees(n, Sign::Clean);
        seen.push((story.state().as_str(), story.percent()));
    }
    assert_eq!(
        seen,
        [
            ("new", 100.0),
            ("new", 100.0),
            ("probation", 50.0),
            ("probation", 50.0),
            ("trusted", 5.0),
            ("trusted", 5.0),
            // A little of the thousand audits is forgotten already.
            ("trusted", 5.0),
        ]
    );
    story.sees(5, Sign::Clean);
    assert!(story.line.proven(story.now, &story.rules));
    assert!((story.percent() - 1.0).abs() < 0.1);
}

#[test]
fn one_soft_failure_brings_closer_looks_and_clean_audits_end_them() {
    let mut story = Story::new();
    story.sees(100, Sign::Clean);
    assert!(!story.sees(1, SOFT), "one soft failure is no alarm");
    assert_eq!((story.state(), story.percent()), (State::Suspected, 100.0));
    assert!(story.line.why(story.now, &story.rules).contains("A.pbk 14.0"));
    story.sees(10, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Suspected, 50.0));
    story.sees(9, Sign::Clean);
    assert_eq!(story.state(), State::Suspected);
    story.sees(1, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Trusted, 5.0));
}

#[test]
fn two_soft_failures_in_a_row_are_the_alarm() {
    let mut story = Story::new();
    story.sees(100, Sign::Clean);
    assert!(story.sees(2, SOFT));
    let mut confirmed = Story::new();
    assert!(confirmed.sees(2, Sign::Soft { confirmed: true }));
}

#[test]
fn a_confirmed_failure_is_looked_into_until_it_is_outweighed() {
    let mut story = Story::new();
    story.sees(100, Sign::Clean);
    story.sees(1, Sign::Soft { confirmed: true });
    story.sees(19, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Suspected, 100.0));
}

#[test]
fn a_proven_one_that_fails_softly_is_proven_again_after_a_quiet_week() {
    let mut story = Story::new();
    story.sees(1_100, Sign::Clean);
    assert!(story.line.proven(story.now, &story.rules));
    story.sees(1, SOFT);
    story.sees(20, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Trusted, 5.0));
    story.passes(7);
    story.sees(600, Sign::Clean);
    assert!(story.line.proven(story.now, &story.rules));
}

#[test]
fn trust_fades_when_nobody_looks() {
    let mut story = Story::new();
    story.sees(1_100, Sign::Clean);
    story.passes(20);
    assert!((story.percent() - 5.0).abs() < 0.1, "no longer proven");
    story.passes(60);
    assert_eq!(story.state(), State::Probation);
    story.sees(1, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Probation, 100.0));
}

#[test]
fn who_hugs_the_bounds_is_suspected_and_never_out_for_it() {
    let mut story = Story::new();
    let mut alarm = false;
    for _ in 0..200 {
        alarm |= story.sees(1, Sign::Near);
    }
    assert!(!alarm);
    assert_eq!(story.state(), State::Suspected);
    assert!(story.line.why(story.now, &story.rules).contains("close to their bounds"));
}

#[test]
fn a_near_measurement_now_and_then_is_nothing() {
    let mut story = Story::new();
    for _ in 0..40 {
        story.sees(24, Sign::Clean);
        story.sees(1, Sign::Near);
        assert_ne!(story.state(), State::Suspected);
    }
}

#[test]
fn who_was_out_is_not_new() {
    let mut story = Story::new();
    story.line = Line::returning(story.now);
    assert_eq!((story.state(), story.percent()), (State::Probation, 100.0));
    story.sees(20, Sign::Clean);
    assert_eq!((story.state(), story.percent()), (State::Probation, 50.0));
    story.sees(40, Sign::Clean);
    assert_eq!(story.state(), State::Trusted);
}
