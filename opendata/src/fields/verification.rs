//! The columns of the `verification` table, one a line, as in [`JOBS`](super::JOBS).

use super::{Field, optional, required};
use crate::LogicalType::{Enum, F32, Fixed, I64, Text, TimestampMs, U8};
use crate::PrivacyClass::{Evidence, Label, Measure, Operator, Quasi};
use crate::{VerificationRow, VerifyReason};

/// The columns of the `verification` table, in order.
#[rustfmt::skip] // a table: one column a line
pub static VERIFICATION: [Field<VerificationRow>; 15] = [
    required("job_id", Fixed(8), "", "", Measure, "", |row| (&row.job_id).into()),
    required("attempt_index", U8, "", "", Measure, "", |row| row.attempt_index.into()),
    required("run_at", TimestampMs, "", "", Quasi, "truncated", |row| row.run_at.into()),
    required("gateway", Text, "", "", Operator, "", |row| row.gateway.into()),
    required("orchestrator", Text, "", "", Operator, "", |row| row.orchestrator.into()),
    required("tag", Text, "", "", Label, "", |row| row.tag.as_str().into()),
    required("verify_method", Text, "", "", Label, "", |row| (&row.verify_method).into()),
    required("verify_mode", Enum(&["none", "fast", "full", "fast+full"]), "", "", Label, "", |row| row.verify_mode.as_str().into()),
    required("result", Enum(&["not_run", "pass", "fail", "inconclusive"]), "", "", Measure, "", |row| row.result.as_str().into()),
    optional("score", F32, "", "", Measure, "", |row| row.score.into()),
    optional("threshold", F32, "", "", Measure, "", |row| row.threshold.into()),
    optional("reason", Text, "", "", Measure, "closed vocabulary", |row| row.reason.map(VerifyReason::as_str).into()),
    required("selected_by", Enum(&["random", "suspicion", "all"]), "", "", Measure, "needed to avoid biased rates", |row| row.selected_by.as_str().into()),
    required("cost_us", I64, "us", "", Measure, "", |row| row.cost_us.into()),
    optional("evidence_hash", Fixed(32), "", "", Evidence, "hash of retained private evidence", |row| row.evidence_hash.as_ref().into()),
];
