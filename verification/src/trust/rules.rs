//! The numbers that decide about trust, all in one place.

use std::time::Duration;

use crate::{
    cusum::Odds,
    loss::{self, Cost},
    sampling::Rate,
};

/// The numbers. [`Default`] is the design's table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Least chance of an audit, whoever it is.
    pub floor: f64,
    /// Bad results of a trusted orchestrator that may pass before the first catch, on average: `L`.
    pub max_bad: f64,
    /// Chance that an audit of a bad result finds it: `d`.
    pub power: f64,
    /// What being out costs a proven orchestrator, in gains of one bad result: `V/g`. 1 800 segments
    /// of 2 s at a margin of 10 %: the hour that the first strike takes.
    pub worth: f64,
    /// Costs, where the rate of least cost is to be the least one for trusted ones as well.
    pub cost: Option<Cost>,
    /// Audits of all results at first, and after a release.
    pub first_audits: u32,
    /// Rate after these.
    pub probation: f64,
    /// Clean audits that make a trusted one. It stays one while half of them are left.
    pub clean_for_trust: f64,
    /// Clean audits that make a proven one. It stays one while half of them are left.
    pub clean_for_proven: f64,
    /// Time without a soft failure that a proven one needs.
    pub quiet_for_proven: Duration,
    /// Clean audits in a row that end suspicion, once the sum is back at zero.
    pub clean_after_suspicion: u32,
    /// Sum of soft failures above which somebody is suspected.
    pub suspicion: f64,
    /// Soft failures.
    pub soft: Odds,
    /// Measurements close to their bound; they lead to suspicion and no further.
    pub near: Odds,
    /// Time in which clean audits and strikes fade to a half.
    pub half_life: Duration,
    /// Time out for the first, second, … strike; after the last one for good.
    pub releases: [Duration; 3],
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            floor: 0.01,
            max_bad: 20.0,
            power: 0.95,
            worth: 1_800.0 * 0.1,
            cost: None,
            first_audits: 20,
            probation: 0.5,
            clean_for_trust: 60.0,
            clean_for_proven: 1_000.0,
            quiet_for_proven: Duration::from_hours(7 * 24),
            clean_after_suspicion: 20,
            suspicion: 4.6,
            soft: Odds::SOFT,
            near: Odds::NEAR,
            half_life: Duration::from_hours(14 * 24),
            releases: [
                Duration::from_hours(1),
                Duration::from_hours(24),
                Duration::from_hours(7 * 24),
            ],
        }
    }
}

impl Rules {
    /// Rate for a trusted orchestrator: lets at most [`max_bad`](Self::max_bad) pass.
    pub fn trusted(&self) -> Rate {
        let bounded = loss::bounded(self.max_bad, self.power);
        let cheapest = self.cost.map_or(0.0, |cost| loss::cheapest(&cost, self.power));
        Rate::new(bounded.max(cheapest), self.floor)
    }

    /// Rate for a proven one: cheating does not pay. Never above the trusted one's.
    pub fn proven(&self) -> Rate {
        let deterrent = loss::deterrent(self.worth, self.power);
        Rate::new(deterrent.min(self.trusted().get()), self.floor)
    }

    /// Rate on probation, after the first audits.
    pub fn on_probation(&self) -> Rate {
        Rate::new(self.probation.max(self.trusted().get()), self.floor)
    }

    pub(super) fn half_life_seconds(&self) -> f64 {
        self.half_life.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(rate: Rate) -> f64 {
        (rate.get() * 1_000.0).round() / 10.0
    }

    #[test]
    fn the_default_is_the_designs_table() {
        let rules = Rules::default();
        assert!((percent(rules.trusted()) - 5.0).abs() < 0.01);
        assert!((percent(rules.proven()) - 1.0).abs() < 0.01);
        assert!((percent(rules.on_probation()) - 50.0).abs() < 0.01);
        // Who has only 15 minutes at a margin of 10 % to lose is deterred by more than the floor.
        let cheap = Rules { worth: 45.0, ..rules };
        assert!((percent(cheap.proven()) - 2.3).abs() < 0.01);
    }

    #[test]
    fn a_floor_raises_every_rate() {
        let rules = Rules { floor: 0.7, ..Rules::default() };
        assert!((percent(rules.trusted()) - 70.0).abs() < 0.01);
        assert!((percent(rules.proven()) - 70.0).abs() < 0.01);
        assert!((percent(rules.on_probation()) - 70.0).abs() < 0.01);
    }
}
