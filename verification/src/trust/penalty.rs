//! Being out: strikes that fade, and how long each takes.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{faded::Faded, rules::Rules};

/// Strikes, and the newest penalty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Penalty {
    /// Do not fade while it is out: only time at work is time without a fault.
    strikes: Faded,
    pub(super) since: Timestamp,
    pub(super) until: Until,
    pub(super) why: String,
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Until {
    Moment(Timestamp),
    ForGood,
    /// Released by hand at this moment.
    Released(Timestamp),
}

impl Penalty {
    /// One more strike after those of `before`.
    pub(super) fn next(before: Option<&Self>, why: &str, now: Timestamp, rules: &Rules) -> Self {
        let half_life = rules.half_life_seconds();
        let mut strikes = before.map_or_else(|| Faded::new(now), |before| before.strikes);
        strikes.add(1.0, now, half_life);
        let count = strikes.left(now, half_life);
        let until = match time_out(count, rules) {
            Some(time) => now.checked_add(time).map_or(Until::ForGood, Until::Moment),
            None => Until::ForGood,
        };
        if let Until::Moment(moment) = until {
            strikes.hold_until(moment);
        }
        Self { strikes, since: now, until, why: why.to_owned() }
    }

    pub(super) fn is_out(&self, now: Timestamp) -> bool {
        match self.until {
            Until::Moment(moment) => now < moment,
            Until::ForGood => true,
            Until::Released(_) => false,
        }
    }

    /// Strikes that are not forgotten.
    pub(super) fn strikes(&self, now: Timestamp, rules: &Rules) -> f64 {
        self.strikes.left(now, rules.half_life_seconds())
    }

    /// Ends it, and forgets the strikes.
    pub(super) fn release(&mut self, now: Timestamp) {
        self.until = Until::Released(now);
        self.strikes = Faded::new(now);
    }
}

/// Strikes are rounded: one that has faded by half no longer makes the next one harder.
fn time_out(strikes: f64, rules: &Rules) -> Option<Duration> {
    let mut bounds = (1..).map(|n| f64::from(n) + 0.5);
    rules.releases.iter().find(|_| bounds.next().is_some_and(|bound| strikes < bound)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn hours(penalty: &Penalty) -> Option<i64> {
        match penalty.until {
            Until::Moment(until) => Some(until.duration_since(penalty.since).as_hours()),
            _ => None,
        }
    }

    fn release(penalty: &Penalty) -> Timestamp {
        match penalty.until {
            Until::Moment(until) => until,
            _ => panic!("for good"),
        }
    }

    #[test]
    fn an_hour_then_a_day_then_a_week_then_for_good() {
        let rules = Rules::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut penalty: Option<Penalty> = None;
        let mut times = Vec::new();
        for _ in 0..4 {
            let next = Penalty::next(penalty.as_ref(), "F12", now, &rules);
            times.push(hours(&next));
            if times.len() < 4 {
                now = release(&next);
            }
            penalty = Some(next);
        }
        assert_eq!(times, [Some(1), Some(24), Some(7 * 24), None]);
        assert!(penalty.unwrap().is_out(now + DAY * 3_000));
    }

    #[test]
    fn a_fault_in_a_long_while_is_a_first_one_again() {
        let rules = Rules::default();
        let first = Penalty::next(None, "F12", Timestamp::UNIX_EPOCH, &rules);
        let after = |days: u32| {
            let now = release(&first) + DAY * days;
            hours(&Penalty::next(Some(&first), "F12", now, &rules))
        };
        assert_eq!([after(0), after(13), after(15)], [Some(24), Some(24), Some(1)]);
    }

    #[test]
    fn a_release_by_hand_forgets_the_strikes() {
        let rules = Rules::default();
        let mut penalty = Penalty::next(None, "F12", Timestamp::UNIX_EPOCH, &rules);
        penalty.release(Timestamp::UNIX_EPOCH);
        assert!(!penalty.is_out(Timestamp::UNIX_EPOCH));
        let next = Penalty::next(Some(&penalty), "F12", Timestamp::UNIX_EPOCH, &rules);
        assert_eq!(hours(&next), Some(1));
    }
}
