//! From what was measured to checks and verdicts: the one way for whoever judges.

use super::{Conditions, Dispute, compare, judge, settle};
use crate::{
    check::{Check, Kind, Tier},
    measure::{self, Compared, Disputed},
    thresholds::Full,
    verdict::Verdict,
};

/// The first check of a dispute: a dispute that could not be held is recorded under its name.
const QUALITY: &str = "C.quality";

/// The checks of the full tier: those of the features, then the quality of the pictures drawn, for records.
pub fn checks(found: &Compared, bounds: &Full, conditions: Conditions) -> Vec<Check> {
    let mut checks = judge(&found.features, bounds, conditions);
    if let Some(summary) = found.summary() {
        let seen = |id, value| Check::pass(id, "").value(value).tier(Tier::Full).kind(Kind::Hint);
        checks.push(seen("B.ssim", summary.ssim));
        checks.push(seen("B.psnr", summary.psnr));
        checks.push(seen("B.tile", summary.tile));
    }
    checks
}

/// The check of a rendition whose pictures cannot be decoded at all, with what the decoder said.
pub fn undecodable(what: impl Into<String>) -> Check {
    Check::fail("A.decode", what.into()).tier(Tier::Full)
}

/// The verdict with the checks of the dispute, and with what it cleared turned into hints.
pub fn rule(
    verdict: &Verdict,
    asked: &measure::Dispute,
    found: &Disputed,
    bounds: &Full,
) -> Verdict {
    let of = |places: &[u32]| (found.theirs.at(places), found.ours.at(places));
    let (compared, struck) = (of(&asked.compared), of(&asked.pointed));
    let dispute = Dispute {
        checks: verdict.checks(),
        theirs: &found.theirs.features,
        ours: &found.ours.features,
        compared: (&compared.0, &compared.1),
        struck: (&struck.0, &struck.1),
    };
    let made = compare(dispute, bounds);
    let all: Verdict = verdict.checks().iter().cloned().chain(made).collect();
    settle(&all, Some(dispute), bounds)
}

/// The verdict where the dispute that it calls for could not be held, with the reason: nothing is confirmed and
/// nothing cleared.
pub fn undisputed(verdict: &Verdict, why: impl Into<String>) -> Verdict {
    let check = Check::not_run(QUALITY, why.into()).tier(Tier::Reference);
    verdict.checks().iter().cloned().chain([check]).collect()
}

/// Whether the comparison with our own encoding speaks against a result as well.
pub fn confirmed(verdict: &Verdict) -> bool {
    verdict.failures().any(|check| check.tier == Tier::Reference)
}
