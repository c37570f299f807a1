//! What is known of one orchestrator for one class of job and one kind of rendition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    faded::Faded,
    rules::Rules,
    state::{Sign, State},
};
use crate::{cusum::Cusum, sampling::Rate};

/// The counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Clean audits.
    clean: Faded,
    /// Audits since it was new or released.
    stage: u32,
    /// Trusted once, or out once: never new again.
    known: bool,
    trusted: bool,
    proven: bool,
    soft: Cusum,
    near: Cusum,
    last_soft: Option<Timestamp>,
    suspicion: Option<Suspicion>,
    /// When it was audited last.
    pub(super) seen: Timestamp,
}

/// Why it is suspected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Suspicion {
    since: Timestamp,
    /// Confirmed by a second method.
    confirmed: bool,
    /// Clean audits since the last sign.
    clean: u32,
    why: String,
}

impl Line {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            clean: Faded::new(now),
            stage: 0,
            known: false,
            trusted: false,
            proven: false,
            soft: Cusum::default(),
            near: Cusum::default(),
            last_soft: None,
            suspicion: None,
            seen: now,
        }
    }

    /// Starts over, as somebody who was out.
    pub(super) fn returning(now: Timestamp) -> Self {
        Self { known: true, ..Self::new(now) }
    }

    /// Takes one finding; tells whether soft failures have reached the alarm. A fact is the caller's
    /// to act on: here it makes a suspect.
    pub(super) fn observe(&mut self, sign: Sign, why: &str, now: Timestamp, rules: &Rules) -> bool {
        self.seen = self.seen.max(now);
        let soft = matches!(sign, Sign::Soft { .. });
        let alarm = sign != Sign::Hard && self.soft.observe(soft, &rules.soft);
        let near = sign != Sign::Hard
            && self.near.observe(matches!(sign, Sign::Near) || soft, &rules.near);
        if sign != Sign::Hard {
            self.stage = self.stage.saturating_add(1);
        }
        match sign {
            Sign::Clean | Sign::Near => self.went_well(sign == Sign::Clean, now, rules),
            Sign::Soft { confirmed } => {
                self.last_soft = Some(now);
                if confirmed || self.soft.value() > rules.suspicion {
                    self.suspect(confirmed, why, now);
                }
            }
            Sign::Hard => self.suspect(true, why, now),
        }
        if near && self.suspicion.is_none() {
            self.suspect(false, "measurements stay close to their bounds", now);
        }
        self.settle(now, rules);
        alarm
    }

    fn went_well(&mut self, clean: bool, now: Timestamp, rules: &Rules) {
        // Close to a bound is still within it.
        self.clean.add(1.0, now, rules.half_life_seconds());
        let Some(suspicion) = &mut self.suspicion else { return };
        suspicion.clean = if clean { suspicion.clean.saturating_add(1) } else { 0 };
        let enough = suspicion.clean >= rules.clean_after_suspicion;
        if enough && self.soft.is_clear() && self.near.value() < rules.near.up() {
            self.suspicion = None;
        }
    }

    fn suspect(&mut self, confirmed: bool, why: &str, now: Timestamp) {
        let since = self.suspicion.as_ref().map_or(now, |earlier| earlier.since);
        let confirmed = confirmed || self.suspicion.as_ref().is_some_and(|s| s.confirmed);
        self.suspicion = Some(Suspicion { since, confirmed, clean: 0, why: why.to_owned() });
    }

    /// Enters and leaves the trusted states.
    fn settle(&mut self, now: Timestamp, rules: &Rules) {
        let was = self.trusted;
        self.trusted =
            self.is_trusted(now, rules) || self.counts(rules.clean_for_trust, now, rules);
        self.known |= self.trusted;
        if was && !self.trusted {
            self.stage = 0;
        }
        let enough = self.counts(rules.clean_for_proven, now, rules);
        self.proven =
            self.is_proven(now, rules) || (self.trusted && enough && self.is_quiet(now, rules));
    }

    fn is_trusted(&self, now: Timestamp, rules: &Rules) -> bool {
        self.trusted && self.clean(now, rules) >= rules.clean_for_trust / 2.0
    }

    fn is_proven(&self, now: Timestamp, rules: &Rules) -> bool {
        self.proven
            && self.is_trusted(now, rules)
            && self.clean(now, rules) >= rules.clean_for_proven / 2.0
            && self.is_quiet(now, rules)
    }

    fn is_quiet(&self, now: Timestamp, rules: &Rules) -> bool {
        let quiet = rules.quiet_for_proven.as_secs_f64();
        self.last_soft.is_none_or(|last| now.duration_since(last).as_secs_f64() >= quiet)
    }

    /// Whether so many clean audits are not forgotten. Half a one is rounded up: counting to sixty takes a
    /// minute or a day, and a little is forgotten meanwhile.
    fn counts(&self, audits: f64, now: Timestamp, rules: &Rules) -> bool {
        self.clean(now, rules) + 0.5 >= audits
    }

    /// Clean audits that are not forgotten.
    pub(super) fn clean(&self, now: Timestamp, rules: &Rules) -> f64 {
        self.clean.left(now, rules.half_life_seconds())
    }

    pub(super) const fn soft(&self) -> f64 {
        self.soft.value()
    }

    pub(super) fn proven(&self, now: Timestamp, rules: &Rules) -> bool {
        self.suspicion.is_none() && self.is_proven(now, rules)
    }

    pub(super) fn state(&self, now: Timestamp, rules: &Rules) -> State {
        if self.suspicion.is_some() {
            State::Suspected
        } else if self.is_trusted(now, rules) {
            State::Trusted
        } else if self.known || self.stage >= rules.first_audits {
            State::Probation
        } else {
            State::New
        }
    }

    pub(super) fn rate(&self, now: Timestamp, rules: &Rules) -> Rate {
        match self.state(now, rules) {
            State::Trusted if self.is_proven(now, rules) => rules.proven(),
            State::Trusted => rules.trusted(),
            // Trust that faded away while nobody looked starts over with its next audit.
            State::Probation if self.stage >= rules.first_audits => rules.on_probation(),
            State::Suspected if !self.is_suspect_by_far(rules) => rules.on_probation(),
            State::Probation | State::New | State::Suspected | State::Out => Rate::ALL,
        }
    }

    fn is_suspect_by_far(&self, rules: &Rules) -> bool {
        let confirmed = self.suspicion.as_ref().is_some_and(|suspicion| suspicion.confirmed);
        confirmed || self.soft.value() > rules.suspicion / 2.0
    }

    /// What the state rests on, for people.
    pub(super) fn why(&self, now: Timestamp, rules: &Rules) -> String {
        if let Some(Suspicion { since, clean, why, .. }) = &self.suspicion {
            let of = rules.clean_after_suspicion;
            return format!(
                "suspected since {since:.0}: {why} ({clean} of {of} clean audits since)"
            );
        }
        let clean = self.clean(now, rules);
        match self.state(now, rules) {
            State::Trusted => format!("{clean:.0} clean audits"),
            _ => format!("{clean:.0} of {:.0} clean audits", rules.clean_for_trust),
        }
    }

    /// Whether forgetting it would lose something.
    pub(super) const fn matters(&self) -> bool {
        self.trusted || self.suspicion.is_some()
    }

    pub(super) const fn is_suspected(&self) -> bool {
        self.suspicion.is_some()
    }
}

#[cfg(test)]
mod tests;
