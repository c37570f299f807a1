//! What the checks on one result add up to.
//!
//! A verdict keeps every check with its value: it is a record for people, not a boolean. It must
//! never forget a check that was not run, because "not looked at" is not "fine".

use std::fmt;

use crate::check::{Check, Kind};

/// How a check, or a whole verdict, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Looked at and found as it must be.
    Pass,
    /// Looked at and found different.
    Fail,
    /// Not looked at: the evidence is missing or the check does not apply.
    NotRun,
}

impl Outcome {
    /// The word used in records: `pass`, `fail` or `not_run`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotRun => "not_run",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is done with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing speaks against it.
    Accepted,
    /// A measurement is outside its bound; nothing proves a fault.
    Soft,
    /// A fact speaks against it.
    Refused,
    /// Nothing could be looked at.
    NotJudged,
}

impl Decision {
    /// The word used in records: `accepted`, `soft`, `refused` or `not_judged`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Soft => "soft",
            Self::Refused => "refused",
            Self::NotJudged => "not_judged",
        }
    }
}

/// All checks on one result, in the order they were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    checks: Vec<Check>,
}

impl Verdict {
    /// Adds a check.
    pub fn push(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Every check, in the order they were made.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// `Fail` if one check failed, else `Pass` if one passed, else `NotRun`.
    pub fn outcome(&self) -> Outcome {
        if self.failures().next().is_some() {
            Outcome::Fail
        } else if self.checks.iter().any(|check| check.outcome == Outcome::Pass) {
            Outcome::Pass
        } else {
            Outcome::NotRun
        }
    }

    /// Hard failures refuse; failed soft checks and hints do not, unless a later tier turned them
    /// into facts, which it says with a hard check of its own.
    pub fn decision(&self) -> Decision {
        if self.failures().any(|check| check.kind == Kind::Hard) {
            Decision::Refused
        } else if self.failures().any(|check| check.kind == Kind::Soft) {
            Decision::Soft
        } else if self.outcome() == Outcome::NotRun {
            Decision::NotJudged
        } else {
            Decision::Accepted
        }
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fail)
    }

    /// How the check of this name came out; `NotRun` if it was never made.
    pub fn outcome_of(&self, id: &str) -> Outcome {
        self.checks
            .iter()
            .find(|check| check.id == id)
            .map_or(Outcome::NotRun, |check| check.outcome)
    }
}

impl FromIterator<Check> for Verdict {
    fn from_iter<I: IntoIterator<Item = Check>>(checks: I) -> Self {
        Self { checks: checks.into_iter().collect() }
    }
}

/// The outcome, then each check that failed with what it saw: `fail: rendition_count (…)`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome())?;
        for (i, check) in self.failures().enumerate() {
            let separator = if i == 0 { ": " } else { "; " };
            write!(f, "{separator}{} ({check})", check.id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_check_fails_the_verdict_whatever_else_passed() {
        let verdict: Verdict =
            [Check::pass("a", "3"), Check::fail("b", "2 of 3"), Check::not_run("c", "no address")]
                .into_iter()
                .collect();
        assert_eq!(verdict.outcome(), Outcome::Fail);
        assert_eq!(verdict.to_string(), "fail: b (2 of 3)");
    }

    #[test]
    fn a_verdict_without_a_check_that_ran_is_not_a_pass() {
        assert_eq!(Verdict::default().outcome(), Outcome::NotRun);
        let verdict: Verdict = [Check::not_run("c", "no address")].into_iter().collect();
        assert_eq!(verdict.outcome(), Outcome::NotRun);
        assert_eq!(verdict.to_string(), "not_run");
    }

    #[test]
    fn only_a_fact_refuses_a_result() {
        let decision = |checks: Vec<Check>| Verdict::from_iter(checks).decision();
        let soft = Check::at_most("s", 7.0, 6.0).kind(Kind::Soft);
        let hint = Check::fail("h", "").kind(Kind::Hint);
        assert_eq!(decision(vec![]), Decision::NotJudged);
        assert_eq!(decision(vec![Check::pass("a", ""), hint.clone()]), Decision::Accepted);
        assert_eq!(decision(vec![Check::pass("a", ""), hint, soft.clone()]), Decision::Soft);
        assert_eq!(decision(vec![soft, Check::fail("a", "")]), Decision::Refused);
    }

    #[test]
    fn a_check_is_found_by_its_name() {
        let mut verdict = Verdict::default();
        verdict.push(Check::pass("a", ""));
        assert_eq!(verdict.outcome_of("a"), Outcome::Pass);
        assert_eq!(verdict.outcome_of("b"), Outcome::NotRun);
        assert_eq!(verdict.checks().len(), 1);
    }
}
