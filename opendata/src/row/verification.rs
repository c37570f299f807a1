//! One run of verification on one attempt.

use jiff::Timestamp;
use waymark_tagging::Tag;

use crate::{Address, Label, SelectedBy, VerifyMode, VerifyReason, VerifyResult};

/// A row of the `verification` table. The meaning of each column is in
/// [`crate::fields::VERIFICATION`].
#[derive(Debug, Clone, PartialEq)]
pub struct VerificationRow {
    /// As in the row of the job.
    pub job_id: [u8; 8],
    /// As in the row of the job.
    pub attempt_index: u8,
    /// When it ran. Full precision stays local; publishing truncates it.
    pub run_at: Timestamp,
    /// Ticket sender; the zero address off-chain.
    pub gateway: Address,
    /// Ticket recipient; the zero address off-chain.
    pub orchestrator: Address,
    /// Kind of demand.
    pub tag: Tag,
    /// How it was done: a word of this software and its version.
    pub verify_method: Label,
    /// What ran.
    pub verify_mode: VerifyMode,
    /// What it said.
    pub result: VerifyResult,
    /// The largest ratio of a value to its bound; above 1 is bad.
    pub score: Option<f32>,
    /// The bound of the check that the score is of.
    pub threshold: Option<f32>,
    /// What spoke against the result, or why it could not tell.
    pub reason: Option<VerifyReason>,
    /// Why this result was looked at.
    pub selected_by: SelectedBy,
    /// CPU time it took, µs.
    pub cost_us: i64,
    /// Hash of the evidence that is kept.
    pub evidence_hash: Option<[u8; 32]>,
}
