//! What trust hears of an attempt before its result is delivered: facts, and whatever comparing all
//! pictures found. An attempt that passes the fast checks says nothing that counts.

use waymark_verification::{
    Decision, Kind, Tier, Verdict,
    action::{Action, Judged, OnFail, When},
};

use super::{Job, attempt::Attempted};
use crate::{
    context::Context,
    orchestrator::session::Place,
    verify::{
        score_of,
        trust::{Trust, kind_of},
    },
};

/// Tells trust what was found before the delivery, if that is anything to learn from.
pub(super) fn tell(
    context: &Context,
    job: &Job,
    place: &Place,
    on_fail: OnFail,
    result: &Attempted,
) {
    let Some(checked) = &result.checked else { return };
    if checked.fault().is_none() && checked.full.is_none() {
        return;
    }
    let verdict = own(&checked.verdict());
    let judged = judged(&verdict, checked.full.is_some());
    let action = Action::of(&judged, on_fail, When::BeforeDelivery);
    let why = why(&verdict);
    let Some(finding) = action.finding(&why) else { return };
    let identity = Trust::of_result(&place.session, result.signature);
    // A fact is held against all kinds of work; it is noted under one.
    let kind = job.stream.profiles.first().map_or("", kind_of);
    context.trust.observe(&identity, job.stream.tag.as_str(), kind, &finding);
}

/// Without the word of an external verifier: whoever runs it answers for it, and it costs nobody's trust.
fn own(verdict: &Verdict) -> Verdict {
    verdict.checks().iter().filter(|check| !check.id.starts_with("stock.")).cloned().collect()
}

/// A verdict as trust takes it. What only the comparison with our own encoding turned into a fact is a
/// doubt that a second method confirms.
pub(super) fn judged(verdict: &Verdict, full: bool) -> Judged {
    let mut facts = verdict.failures().filter(|check| check.kind == Kind::Hard).peekable();
    let confirmed = facts.peek().is_some() && facts.all(|check| check.tier == Tier::Reference);
    Judged {
        decision: if confirmed { Decision::Soft } else { verdict.decision() },
        confirmed,
        full,
        score: score_of(verdict).map_or(0.0, |(score, _)| f64::from(score)),
    }
}

/// What spoke against a result first: a fact before a measurement.
pub(super) fn why(verdict: &Verdict) -> String {
    let fact = verdict.failures().find(|check| check.kind == Kind::Hard);
    let failed = fact.or_else(|| verdict.failures().next());
    failed.map_or_else(|| "audit".to_owned(), |check| format!("{}: {check}", check.id))
}

#[cfg(test)]
mod tests {
    use waymark_verification::{Check, Outcome, stock::webhook::Opinion};

    use super::*;

    #[test]
    fn an_external_verifiers_rejection_costs_no_trust() {
        let rejected = br#"{"results":[{"video_available":true,"tamper":1}]}"#;
        let opinion = Opinion::read(200, rejected, 1).unwrap().check();
        assert_eq!(opinion.outcome, Outcome::Fail);
        let both = Verdict::from_iter([Check::pass("A.fy", "").tier(Tier::Full), opinion]);
        assert_eq!(both.decision(), Decision::Soft);
        assert_eq!(judged(&own(&both), true).decision, Decision::Accepted);
    }
}
