//! Soft failures add up: a cumulative sum of log likelihood ratios.
//!
//! `S ← max(0, S + ln(P(x | bad) / P(x | honest)))` for each audit's outcome `x`. With honest results
//! failing a soft check in 0.3 % of audits and bad ones in 30 %, a failure adds 4.61 and a pass takes
//! 0.354; at 9.21 the evidence is ten thousand to one. Mean audits until the alarm:
//!
//! | share of audits that fail | 0.3 % (honest) | 1 % | 5 % | 10 % | 30 % | 100 % |
//! |---|---|---|---|---|---|---|
//! | audits | 86 000 to 91 000 | 5 900 to 6 100 | 140 | 41 | 9 | 2 |
//!
//! (Simulated; `tests/run_lengths.rs` holds it to that.) Below the alarm nothing is concluded: the
//! sum only says who is looked at more closely.

use serde::{Deserialize, Serialize};

/// What is likely of whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odds {
    /// Share of an honest orchestrator's audits that show the sign, above 0 and below `bad`.
    pub honest: f64,
    /// Share of a bad one's, below 1.
    pub bad: f64,
    /// Sum at which it is concluded: the logarithm of the odds.
    pub alarm: f64,
}

impl Odds {
    /// A soft failure that stands after the tiers that could have cleared it.
    pub const SOFT: Self = Self { honest: 0.003, bad: 0.3, alarm: 9.21 };

    /// A measurement close to its bound, from 0.9 of it: one who hugs the bounds is there all the
    /// time. Honest work is there where pictures are hard: of a pattern in 144p with every tenth result,
    /// and from 0.7 on with every third.
    pub const NEAR: Self = Self { honest: 0.1, bad: 0.5, alarm: 9.21 };

    /// What one more audit with the sign adds.
    pub fn up(&self) -> f64 {
        (self.bad / self.honest).ln()
    }

    /// What one more audit without it adds: below zero.
    pub fn down(&self) -> f64 {
        ((1.0 - self.bad) / (1.0 - self.honest)).ln()
    }
}

/// The sum so far: 0 for who never gave a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cusum(f64);

impl Cusum {
    /// Adds one audit; tells whether the sum has reached the alarm.
    pub fn observe(&mut self, sign: bool, odds: &Odds) -> bool {
        let step = if sign { odds.up() } else { odds.down() };
        let sum = self.0 + step;
        // A stored sum that is no number starts afresh.
        self.0 = if sum.is_finite() { sum.max(0.0) } else { 0.0 };
        self.0 >= odds.alarm
    }

    /// The sum.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Whether nothing is left of past signs.
    pub fn is_clear(self) -> bool {
        self.0 <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_alarm_are_the_stated_ones() {
        assert!((Odds::SOFT.up() - 4.61).abs() < 0.01);
        assert!((Odds::SOFT.down() + 0.354).abs() < 0.001);
        // Ten thousand to one.
        assert!((Odds::SOFT.alarm - 10_000_f64.ln()).abs() < 0.001);
    }

    #[test]
    fn one_soft_failure_concludes_nothing_and_two_in_a_row_do() {
        let mut sum = Cusum::default();
        assert!(!sum.observe(true, &Odds::SOFT));
        assert!(sum.observe(true, &Odds::SOFT));
    }

    #[test]
    fn fourteen_passes_clear_one_failure() {
        let mut sum = Cusum::default();
        sum.observe(true, &Odds::SOFT);
        for _ in 0..13 {
            sum.observe(false, &Odds::SOFT);
            assert!(!sum.is_clear());
        }
        sum.observe(false, &Odds::SOFT);
        assert!(sum.is_clear());
    }

    #[test]
    fn a_damaged_sum_starts_afresh() {
        let mut sum = Cusum(f64::NAN);
        assert!(!sum.observe(true, &Odds::SOFT));
        assert!(sum.is_clear());
    }
}
