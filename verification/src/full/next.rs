//! What to do next, given the checks so far: the way from a first doubt to a refusal.
//!
//! ```text
//! fast ──hard──────────────────────────────────────────────► Refuse
//!   └─soft, hint─► Full ──hard─────────────────────────────► Refuse
//!                    ├─soft, hint─► Reference ──confirmed──► Refuse
//!                    │                 ├─soft, unconfirmed─► Record
//!                    │                 └─cleared───────────► Accept
//!                    └─nothing─────────────────────────────► Accept
//! ```

use super::reference::{self, Dispute};
use crate::{
    check::{Check, Kind, Tier, Value},
    fast::before,
    thresholds::Full,
    verdict::{Outcome, Verdict},
};

/// What to do with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Nothing speaks against it, or what did has been cleared.
    Accept,
    /// All its pictures have to be compared with the source.
    Full,
    /// It has to be compared with an encoding of our own.
    Reference,
    /// A fact speaks against it.
    Refuse,
    /// It may be used; the doubt that remains counts in the orchestrator's history.
    Record,
}

/// What follows from the checks on one result. `reached` is the dearest tier that has been tried,
/// whether or not it found anything to look at: no tier is ever asked for twice.
pub fn next(verdict: &Verdict, reached: Tier, bounds: &Full) -> Next {
    let failed = |kind: Kind| verdict.failures().any(|check| check.kind == kind);
    if failed(Kind::Hard) {
        return Next::Refuse;
    }
    let doubted = failed(Kind::Soft) || failed(Kind::Hint);
    match reached {
        Tier::Fast if doubted => Next::Full,
        Tier::Full if disputed(verdict, bounds) => Next::Reference,
        _ if failed(Kind::Soft) => Next::Record,
        _ => Next::Accept,
    }
}

/// Turns soft failures that a dearer tier has answered into hints: they are kept in the record, and
/// nothing follows from them.
///
/// A doubt of the fast tier is answered where all pictures were compared and agree; one of the full
/// tier where our own encoding does no better. Pictures of a stream that hardly moves agree with those before, too: what
/// shows the earlier ones is not answered by that.
pub fn settle(verdict: &Verdict, dispute: Option<Dispute<'_>>, bounds: &Full) -> Verdict {
    let compared =
        verdict.checks().iter().any(|check| full(check) && check.outcome == Outcome::Pass);
    let agrees = compared && !verdict.failures().any(full);
    let answered = |check: &Check| match check.tier {
        Tier::Fast => agrees && check.id != before::ID,
        Tier::Full => dispute.is_some_and(|dispute| reference::answered(check.id, dispute, bounds)),
        Tier::Reference => false,
    };
    let settle = |check: &Check| {
        let soft = check.outcome == Outcome::Fail && check.kind == Kind::Soft;
        if soft && answered(check) { check.clone().kind(Kind::Hint) } else { check.clone() }
    };
    verdict.checks().iter().map(settle).collect()
}

const fn full(check: &Check) -> bool {
    matches!(check.tier, Tier::Full)
}

/// Whether only our own encoding can decide.
fn disputed(verdict: &Verdict, bounds: &Full) -> bool {
    // Too few bits leave block means as they are: only the pictures' quality can answer that.
    let starving = verdict.failures().any(|check| check.id.starts_with("F10"));
    let clear = verdict.checks().iter().any(|check| {
        check.id == "B.ssim"
            && matches!(&check.value, Some(Value::Number(ssim)) if *ssim >= bounds.clear_ssim)
    });
    verdict.failures().any(full) || (starving && !clear)
}
