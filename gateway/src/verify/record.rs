//! Verdicts as rows of open data.

use std::time::Duration;

use jiff::Timestamp;
use waymark_opendata::{
    JobRow, Label, SelectedBy, VerificationRow, VerifyMode, VerifyReason, VerifyResult,
};
use waymark_verification::{Check, Debit, Decision, Kind, Outcome, Value, Verdict};

/// What the fast checks on one attempt came to.
#[derive(Debug)]
pub struct Judgement {
    /// All checks on all renditions.
    pub verdict: Verdict,
    /// CPU time of workers.
    pub cpu: Duration,
    /// How long the segment waited for it.
    pub took: Duration,
    /// Billed, expected and verified pixels.
    pub debit: Debit,
    /// Name of the evidence that is kept.
    pub evidence: Option<[u8; 32]>,
}

/// The largest ratio of a value to its bound among the measurements that can fail a result, and that
/// bound. Facts count only where they failed: being near the most bytes allowed is no sign of anything.
pub fn score_of(verdict: &Verdict) -> Option<(f32, Option<f32>)> {
    let counts = |check: &&Check| match check.kind {
        Kind::Soft => check.outcome != Outcome::NotRun,
        Kind::Hard => check.outcome == Outcome::Fail,
        Kind::Hint => false,
    };
    let scored = verdict.checks().iter().filter(counts);
    let (ratio, check) = scored
        .filter_map(|check| Some((check.ratio.filter(|r| r.is_finite())?, check)))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let threshold = match check.threshold {
        Some(Value::Number(bound)) => Some(narrow(bound)),
        _ => None,
    };
    Some((narrow(ratio), threshold))
}

#[expect(clippy::cast_possible_truncation, reason = "24 bits are enough for a score")]
const fn narrow(value: f64) -> f32 {
    value as f32
}

/// What spoke against a result, by its first fact, else its first failed measurement.
pub fn reason_of(verdict: &Verdict) -> Option<VerifyReason> {
    let of = |kind| verdict.failures().find(|check| check.kind == kind);
    of(Kind::Hard).or_else(|| of(Kind::Soft)).map(|check| reason(check.id))
}

/// The word for a check.
pub(super) fn reason(check: &str) -> VerifyReason {
    match check.split('.').next().unwrap_or(check) {
        "F01" | "rendition_count" | "rendition_order" => VerifyReason::Shape,
        "F02" | "signature" => VerifyReason::Signature,
        "F03" => VerifyReason::Claim,
        "F04" | "container" => VerifyReason::Container,
        "F05" => VerifyReason::Codec,
        "F06" => VerifyReason::Size,
        "F07" => VerifyReason::Frames,
        "F08" => VerifyReason::Time,
        "F09" => VerifyReason::KeyFrames,
        "F10" => VerifyReason::Rate,
        "F11" => VerifyReason::Audio,
        "F12" => VerifyReason::Passthrough,
        "F13" => VerifyReason::Replay,
        "F14" if check == "F14.decoder" => VerifyReason::Undecodable,
        "F14" => VerifyReason::KeyPicture,
        "A" => match check {
            "A.decode" => VerifyReason::Undecodable,
            "A.order" | "A.late" | "A.freeze" | "A.freeze_run" => VerifyReason::Motion,
            "A.sharp" => VerifyReason::Sharpness,
            _ => VerifyReason::Picture,
        },
        "B" | "C" => VerifyReason::Quality,
        _ => VerifyReason::Other,
    }
}

/// What a decision is called in records. A soft alarm that nothing confirmed is no failure.
pub(super) const fn result(decision: Decision) -> VerifyResult {
    match decision {
        Decision::Accepted => VerifyResult::Pass,
        Decision::Soft => VerifyResult::Inconclusive,
        Decision::Refused => VerifyResult::Fail,
        Decision::NotJudged => VerifyResult::NotRun,
    }
}

/// The row of one run on the attempt that `job` is the row of.
pub(super) fn row(
    job: &JobRow,
    run_at: Timestamp,
    verdict: &Verdict,
    (mode, selected_by): (VerifyMode, SelectedBy),
    cost: Duration,
    evidence_hash: Option<[u8; 32]>,
) -> Option<VerificationRow> {
    let score = score_of(verdict);
    Some(VerificationRow {
        job_id: job.job_id,
        attempt_index: job.attempt_index,
        run_at,
        gateway: job.gateway,
        orchestrator: job.orchestrator.unwrap_or_default(),
        tag: job.tag.clone(),
        verify_method: Label::from_untrusted(METHOD)?,
        verify_mode: mode,
        result: result(verdict.decision()),
        score: score.map(|(score, _)| score),
        threshold: score.and_then(|(_, threshold)| threshold),
        reason: reason_of(verdict),
        selected_by,
        cost_us: i64::try_from(cost.as_micros()).unwrap_or(i64::MAX),
        evidence_hash,
    })
}

/// How it is done, in rows of both tables: this software's own checks, and their version.
pub const METHOD: &str = "waymark-v1";

/// The same for perceptual hashes that were compared with a trusted orchestrator's.
pub(super) const PEERS: &str = "stock-phash-v1";
