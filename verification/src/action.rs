//! What follows a verdict: what is served, what is paid, what trust hears of it.
//!
//! | decision | before delivery | after delivery |
//! |---|---|---|
//! | accepted | deliver | – |
//! | soft, not confirmed | deliver, remembered | remembered |
//! | soft, confirmed by a second method | another orchestrator | counted as served bad |
//! | refused (a fact) | another orchestrator | counted as served bad |
//! | not judged | deliver, remembered | remembered |
//!
//! `record` delivers in every row, and says so. A failed result is never delivered without being
//! counted, and never because it was the best of several failed ones. On a soft verdict alone nobody
//! is refused and nobody excluded: [`Rules`](crate::trust::Rules) states what it takes.

use crate::{
    trust::{Consequence, Finding, Sign},
    verdict::Decision,
};

/// What a class of jobs wants to follow from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnFail {
    /// Deliver all the same, and record it.
    Record,
    /// Ask another orchestrator.
    Retry,
    /// Ask another one, and give the failed one no more work for a time.
    Suspend,
}

/// When the verdict is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// The answer waited for it.
    BeforeDelivery,
    /// The client has the result already.
    AfterDelivery,
}

/// What is known of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What its checks add up to.
    pub decision: Decision,
    /// Whether an independent second method agrees with a soft failure.
    pub confirmed: bool,
    /// Whether a full audit was part of it: fast checks that pass say nothing about trust.
    pub full: bool,
    /// Largest value of a check by its bound: 1 is at the bound.
    pub score: f64,
}

/// From where on a measurement counts as close to its bound.
pub const NEAR: f64 = 0.9;

/// What is done with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Serve {
    /// The client gets it.
    Deliver,
    /// The client gets it although it failed: counted and recorded.
    DeliverFailed,
    /// Somebody else is asked; where nobody is left, the client is told so.
    Elsewhere,
    /// The client had it before the verdict: counted and recorded.
    ServedFailed,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What is done with the result.
    pub serve: Serve,
    /// What trust hears, and what it may lead to; `None` where there is nothing to learn.
    pub sign: Option<(Sign, Consequence)>,
    /// Whether the result counts as work done.
    pub earns: bool,
}

impl Action {
    /// What follows from a verdict.
    pub fn of(judged: &Judged, policy: OnFail, when: When) -> Self {
        let sign = judged.sign();
        let failed = judged.has_failed();
        let serve = match (failed, policy, when) {
            (false, _, _) => Serve::Deliver,
            (true, _, When::AfterDelivery) => Serve::ServedFailed,
            (true, OnFail::Record, _) => Serve::DeliverFailed,
            (true, OnFail::Retry | OnFail::Suspend, _) => Serve::Elsewhere,
        };
        let consequence = match policy {
            OnFail::Record | OnFail::Retry => Consequence::Watch,
            OnFail::Suspend => Consequence::Exclude,
        };
        Self { serve, sign: sign.map(|sign| (sign, consequence)), earns: !failed }
    }

    /// What trust hears, with what was seen.
    pub fn finding<'a>(&self, why: &'a str) -> Option<Finding<'a>> {
        self.sign.map(|(sign, consequence)| Finding { sign, consequence, why })
    }

    /// Pixels that are paid for: what was claimed, at most what was to be expected, and nothing for a
    /// failed result.
    pub fn payable(&self, claimed: u64, expected: u64) -> u64 {
        if self.earns { claimed.min(expected) } else { 0 }
    }
}

impl Judged {
    /// Failed for good: a fact, or a soft failure that an independent method confirms.
    pub fn has_failed(&self) -> bool {
        match self.decision {
            Decision::Refused => true,
            Decision::Soft => self.confirmed,
            Decision::Accepted | Decision::NotJudged => false,
        }
    }

    fn sign(&self) -> Option<Sign> {
        match self.decision {
            Decision::Refused => Some(Sign::Hard),
            // A fast soft alarm only makes a full audit look.
            Decision::Soft => self.full.then_some(Sign::Soft { confirmed: self.confirmed }),
            Decision::Accepted if !self.full => None,
            Decision::Accepted if self.score >= NEAR => Some(Sign::Near),
            Decision::Accepted => Some(Sign::Clean),
            Decision::NotJudged => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: Judged =
        Judged { decision: Decision::Accepted, confirmed: false, full: true, score: 0.2 };
    const SOFT: Judged = Judged { decision: Decision::Soft, score: 1.2, ..ACCEPTED };
    const CONFIRMED: Judged = Judged { confirmed: true, ..SOFT };
    const REFUSED: Judged = Judged { decision: Decision::Refused, full: false, ..ACCEPTED };

    fn serve(judged: &Judged, policy: OnFail, when: When) -> Serve {
        Action::of(judged, policy, when).serve
    }

    #[test]
    fn a_fact_is_never_served_where_it_can_be_helped() {
        let [before, after] = [When::BeforeDelivery, When::AfterDelivery];
        for policy in [OnFail::Retry, OnFail::Suspend] {
            assert_eq!(serve(&REFUSED, policy, before), Serve::Elsewhere);
            assert_eq!(serve(&CONFIRMED, policy, before), Serve::Elsewhere);
            assert_eq!(serve(&REFUSED, policy, after), Serve::ServedFailed);
        }
        assert_eq!(serve(&REFUSED, OnFail::Record, before), Serve::DeliverFailed);
    }

    #[test]
    fn nobody_is_refused_for_a_soft_verdict_alone() {
        for policy in [OnFail::Record, OnFail::Retry, OnFail::Suspend] {
            let action = Action::of(&SOFT, policy, When::BeforeDelivery);
            assert_eq!(action.serve, Serve::Deliver);
            assert_eq!(action.payable(100, 100), 100);
            assert_eq!(action.sign.map(|(sign, _)| sign), Some(Sign::Soft { confirmed: false }));
        }
    }

    #[test]
    fn a_fast_alarm_is_for_the_full_audit_to_judge() {
        let fast = Judged { full: false, ..SOFT };
        assert_eq!(Action::of(&fast, OnFail::Suspend, When::BeforeDelivery).sign, None);
        let clean = Judged { full: false, ..ACCEPTED };
        assert_eq!(Action::of(&clean, OnFail::Suspend, When::BeforeDelivery).sign, None);
    }

    #[test]
    fn only_suspend_excludes() {
        let consequence = |policy| {
            let (sign, consequence) = Action::of(&REFUSED, policy, When::BeforeDelivery).sign?;
            assert_eq!(sign, Sign::Hard);
            Some(consequence)
        };
        assert_eq!(consequence(OnFail::Suspend), Some(Consequence::Exclude));
        assert_eq!(consequence(OnFail::Retry), Some(Consequence::Watch));
        assert_eq!(consequence(OnFail::Record), Some(Consequence::Watch));
    }

    #[test]
    fn what_is_close_to_a_bound_is_told_from_what_is_clean() {
        let sign = |score| {
            let judged = Judged { score, ..ACCEPTED };
            Action::of(&judged, OnFail::Suspend, When::AfterDelivery).sign.map(|(sign, _)| sign)
        };
        assert_eq!(sign(0.89), Some(Sign::Clean));
        assert_eq!(sign(0.9), Some(Sign::Near));
    }

    #[test]
    fn only_good_pixels_are_paid() {
        let paid = |judged: &Judged, claimed| {
            Action::of(judged, OnFail::Record, When::AfterDelivery).payable(claimed, 100)
        };
        assert_eq!(paid(&ACCEPTED, 200), 100);
        assert_eq!(paid(&ACCEPTED, 60), 60);
        assert_eq!(paid(&REFUSED, 100), 0);
    }
}
