//! What the tiers found.

use waymark_media::scan::ScanError;
use waymark_verification::{Check, Decision, Kind, Outcome, expect::Expectation};

/// Every check that was made.
pub(crate) struct Judged {
    pub(crate) starved: bool,
    pub(crate) noise: bool,
    pub(crate) packets: Vec<Check>,
    pub(crate) key: Vec<Check>,
    pub(crate) full: Vec<Check>,
    /// Empty where there was nothing to dispute.
    pub(crate) dispute: Vec<Check>,
    /// Beside our own encoding, also where that was asked for although there was nothing to dispute.
    pub(crate) reference: Vec<Check>,
    /// What the gateway does in the end.
    pub(crate) decision: Decision,
}

impl Judged {
    /// Of a result that is no media.
    pub(super) fn unreadable(expected: &Expectation, error: &ScanError) -> Self {
        Self {
            starved: expected.starved,
            noise: false,
            packets: vec![Check::fail("F04.container", error.to_string())],
            key: Vec::new(),
            full: Vec::new(),
            dispute: Vec::new(),
            reference: Vec::new(),
            decision: Decision::Refused,
        }
    }

    /// Names of the checks of a tier that failed.
    pub(crate) fn failed(checks: &[Check]) -> Vec<&'static str> {
        let failed = checks.iter().filter(|check| check.outcome == Outcome::Fail);
        failed.map(|check| check.id).collect()
    }

    /// Whether one of them failed as this kind.
    pub(crate) fn any(checks: &[Check], kind: Kind) -> bool {
        checks.iter().any(|check| check.outcome == Outcome::Fail && check.kind == kind)
    }

    /// How far the worst is beyond its bound: above 1 where one failed.
    pub(crate) fn ratio(checks: &[Check]) -> f64 {
        let of = |check: &Check| match (check.outcome, check.ratio) {
            (Outcome::Fail, None) => f64::INFINITY,
            (_, ratio) => ratio.unwrap_or(0.0),
        };
        checks.iter().map(of).fold(0.0, f64::max)
    }
}
