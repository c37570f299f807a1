//! A count that fades: what was long ago says less.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A weight as it was at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Faded {
    weight: f64,
    at: Timestamp,
}

impl Faded {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { weight: 0.0, at: now }
    }

    /// What is left of it. A clock that went back leaves it as it was.
    pub(super) fn left(&self, now: Timestamp, half_life: f64) -> f64 {
        let seconds = now.duration_since(self.at).as_secs_f64().max(0.0);
        let left = self.weight * (-seconds / half_life.max(1.0)).exp2();
        if left.is_finite() { left.max(0.0) } else { 0.0 }
    }

    pub(super) fn add(&mut self, weight: f64, now: Timestamp, half_life: f64) {
        *self = Self { weight: self.left(now, half_life) + weight, at: now.max(self.at) };
    }

    /// Fades from this moment on, and not before.
    pub(super) const fn hold_until(&mut self, moment: Timestamp) {
        self.at = moment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    const HALF_LIFE: f64 = 14.0 * 86_400.0;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * DAY).unwrap()
    }

    #[test]
    fn half_is_left_after_the_half_life() {
        let mut count = Faded::new(at(0));
        count.add(8.0, at(0), HALF_LIFE);
        assert!((count.left(at(14), HALF_LIFE) - 4.0).abs() < 1e-9);
        count.add(1.0, at(28), HALF_LIFE);
        assert!((count.left(at(28), HALF_LIFE) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_clock_that_goes_back_changes_nothing() {
        let mut count = Faded::new(at(10));
        count.add(8.0, at(10), HALF_LIFE);
        assert!((count.left(at(3), HALF_LIFE) - 8.0).abs() < 1e-9);
        count.add(1.0, at(3), HALF_LIFE);
        assert!((count.left(at(10), HALF_LIFE) - 9.0).abs() < 1e-9);
    }

    #[test]
    fn a_held_count_fades_later() {
        let mut count = Faded::new(at(0));
        count.add(2.0, at(0), HALF_LIFE);
        count.hold_until(at(7));
        assert!((count.left(at(7), HALF_LIFE) - 2.0).abs() < 1e-9);
        assert!((count.left(at(21), HALF_LIFE) - 1.0).abs() < 1e-9);
    }
}
