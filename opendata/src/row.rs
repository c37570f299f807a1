//! One attempt at one job. A job that was tried on three orchestrators is three rows; a job that
//! nobody could take is one row without an orchestrator.
//!
//! This struct is the privacy rule: what has no field here cannot be recorded. It has no field for
//! client addresses, user agents, keys, stream or manifest ids, prompts, payloads or their hashes,
//! free-text errors, or URLs.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use waymark_tagging::{PublicAttributes, Tag, TagSource};

use crate::fields::{Field, JOBS, VERIFICATION};
use crate::{
    Address, Blame, Continent, ErrorNative, ErrorType, Label, Mode, OrchestratorInstance, Origin,
    Outcome, Region, SCHEMA_VERSION, SessionPseudonym, VERIFICATION_VERSION, VerifyMode,
    VerifyResult, Wei, WorkUnit,
};

#[cfg(test)]
pub(crate) mod tests;
mod verification;

pub use verification::VerificationRow;

/// A kind of row: a table of its own, with files and counters of its own.
pub trait Row: Clone + fmt::Debug + Serialize + Send + 'static {
    /// Name of the table, in names of files and directories.
    const TABLE: &'static str;
    /// Version of its schema. Minor: a new column or word. Major: another path than `v1`.
    const VERSION: &'static str;
    /// What comes before `records` in the names of its counters: empty, or a word and `_`.
    const METRICS: &'static str;
    /// Columns of random bytes: a dictionary of them would only be thrown away.
    const RANDOM: &'static [&'static str];

    /// Its columns.
    fn fields() -> &'static [Field<Self>];
    /// The moment that decides on the day it belongs to.
    fn moment(&self) -> Timestamp;
    /// Whose row it is.
    fn gateway(&self) -> Address;
    /// Root of its tag.
    fn tag_root(&self) -> &str;
}

impl Row for JobRow {
    const TABLE: &'static str = "jobs";
    const VERSION: &'static str = SCHEMA_VERSION;
    const METRICS: &'static str = "";
    const RANDOM: &'static [&'static str] = &["job_id"];

    fn fields() -> &'static [Field<Self>] {
        &JOBS
    }

    fn moment(&self) -> Timestamp {
        self.started_at
    }

    fn gateway(&self) -> Address {
        self.gateway
    }

    fn tag_root(&self) -> &str {
        self.tag.root()
    }
}

impl Row for VerificationRow {
    const TABLE: &'static str = "verification";
    const VERSION: &'static str = VERIFICATION_VERSION;
    const METRICS: &'static str = "verification_";
    const RANDOM: &'static [&'static str] = &["job_id", "evidence_hash"];

    fn fields() -> &'static [Field<Self>] {
        &VERIFICATION
    }

    fn moment(&self) -> Timestamp {
        self.run_at
    }

    fn gateway(&self) -> Address {
        self.gateway
    }

    fn tag_root(&self) -> &str {
        self.tag.root()
    }
}

/// A row of the `jobs` table. The meaning of each column is in [`crate::fields::JOBS`].
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Random; the same for all attempts of one job, unique within a gateway and a day.
    pub job_id: [u8; 8],
    /// 0 for the first orchestrator tried.
    pub attempt_index: u8,
    /// True on the attempt that decided the job.
    pub is_final: bool,
    /// Which stream or session, linkable within a UTC day only.
    pub session_id: Option<SessionPseudonym>,
    /// Real demand or a probe.
    pub origin: Origin,
    /// How many jobs this row stands for: 1 unless rows are sampled.
    pub sample_weight: u32,
    /// Ticket sender; the zero address off-chain.
    pub gateway: Address,
    /// Version of this software.
    pub gateway_version: Label,
    /// Where the node that served the job stands.
    pub gateway_region: Region,
    /// Where the client is; only when the operator enabled it.
    pub client_continent: Option<Continent>,
    /// Ticket recipient; `None` when nobody was selected.
    pub orchestrator: Option<Address>,
    /// Which of its machines.
    pub orchestrator_instance: Option<OrchestratorInstance>,
    /// Version it reports.
    pub orchestrator_version: Option<Label>,
    /// Version of its model runner.
    pub runner_version: Option<Label>,
    /// When the attempt began. Full precision stays local; publishing truncates it.
    pub started_at: Timestamp,
    /// Round of the protocol; 0 off-chain.
    pub round: u32,
    /// Kind of demand.
    pub tag: Tag,
    /// Who chose the tag.
    pub tag_source: TagSource,
    /// True when publication replaced the tag by its parent.
    pub tag_generalised: bool,
    /// Hash of the requirements in force.
    pub requirements_hash: Option<[u8; 32]>,
    /// Capability number of go-livepeer.
    pub capability_id: Option<u16>,
    /// Pipeline.
    pub pipeline: Option<Label>,
    /// Model.
    pub model: Option<Label>,
    /// Application; only when the operator enabled it.
    pub app: Option<Label>,
    /// Grain of the job.
    pub mode: Mode,
    /// Shape of the job, as far as the tag's registry entry makes it public.
    pub attrs: PublicAttributes,
    /// How the attempt ended.
    pub outcome: Outcome,
    /// What went wrong.
    pub error_type: Option<ErrorType>,
    /// What go-livepeer calls it.
    pub error_native: Option<ErrorNative>,
    /// Whose fault it was.
    pub blame: Option<Blame>,
    /// Status of the orchestrator's answer.
    pub http_status: Option<u16>,
    /// Arrival to first send, µs.
    pub queue_us: Option<i64>,
    /// Send to the first proof that the orchestrator took it, µs.
    pub accept_us: Option<i64>,
    /// Upload, µs.
    pub upload_us: Option<i64>,
    /// Send to the first output, µs.
    pub first_output_us: Option<i64>,
    /// Remote compute, by subtraction or claim, µs.
    pub compute_us: Option<i64>,
    /// Download, µs.
    pub download_us: Option<i64>,
    /// The whole attempt, µs.
    pub total_us: i64,
    /// Media time covered, µs.
    pub media_us: Option<i64>,
    /// The deadline it had, µs.
    pub slo_us: Option<i64>,
    /// What work is counted in.
    pub work_unit: WorkUnit,
    /// How much the gateway paid for.
    pub work_units: u64,
    /// How much the orchestrator says it did.
    pub claimed_units: Option<u64>,
    /// Bytes sent.
    pub input_bytes: Option<u64>,
    /// Bytes received.
    pub output_bytes: Option<u64>,
    /// Tokens sent.
    pub input_tokens: Option<u32>,
    /// Tokens received.
    pub output_tokens: Option<u32>,
    /// Pixels of output.
    pub pixels: Option<u64>,
    /// Frames per second of output.
    pub output_fps: Option<f32>,
    /// Numerator of the price charged, wei.
    pub price_num: Option<Wei>,
    /// Denominator of the price charged, work units.
    pub price_den: Option<u64>,
    /// Numerator of the price quoted at selection, wei.
    pub price_quote_num: Option<Wei>,
    /// Denominator of the price quoted at selection, work units.
    pub price_quote_den: Option<u64>,
    /// Sum of the expected values of the tickets; 0 off-chain.
    pub fee_wei: Wei,
    /// Number of tickets.
    pub tickets: u32,
    /// Orchestrators known when this one was picked.
    pub candidates: Option<u16>,
    /// Those of them that could take the job.
    pub eligible: Option<u16>,
    /// Which verification was planned.
    pub verify_mode: VerifyMode,
    /// What it said.
    pub verify_result: VerifyResult,
    /// How it was done.
    pub verify_method: Option<Label>,
    /// Its score.
    pub verify_score: Option<f32>,
    /// GPU, as claimed.
    pub gpu_model: Option<Label>,
    /// Its memory, MiB, as claimed.
    pub gpu_memory_mib: Option<u32>,
    /// Whether the model was loaded already.
    pub warm: Option<bool>,
    /// Whether the orchestrator's signature over the results was verified.
    pub result_sig_ok: Option<bool>,
    /// Hash of a signed settlement envelope.
    pub settlement_hash: Option<[u8; 32]>,
}

impl JobRow {
    /// A row with what every row needs. The rest is "not known", a production segment that failed
    /// without work or fee, so that a caller who forgets a field never claims a success.
    pub fn new(
        job_id: [u8; 8],
        gateway: Address,
        gateway_version: Label,
        started_at: Timestamp,
        tag: Tag,
        tag_source: TagSource,
    ) -> Self {
        Self {
            job_id,
            attempt_index: 0,
            is_final: false,
            session_id: None,
            origin: Origin::Production,
            sample_weight: 1,
            gateway,
            gateway_version,
            gateway_region: Region::UNKNOWN,
            client_continent: None,
            orchestrator: None,
            orchestrator_instance: None,
            orchestrator_version: None,
            runner_version: None,
            started_at,
            round: 0,
            tag,
            tag_source,
            tag_generalised: false,
            requirements_hash: None,
            capability_id: None,
            pipeline: None,
            model: None,
            app: None,
            mode: Mode::Segment,
            attrs: PublicAttributes::default(),
            outcome: Outcome::Failed,
            error_type: None,
            error_native: None,
            blame: None,
            http_status: None,
            queue_us: None,
            accept_us: None,
            upload_us: None,
            first_output_us: None,
            compute_us: None,
            download_us: None,
            total_us: 0,
            media_us: None,
            slo_us: None,
            work_unit: WorkUnit::Pixel,
            work_units: 0,
            claimed_units: None,
            input_bytes: None,
            output_bytes: None,
            input_tokens: None,
            output_tokens: None,
            pixels: None,
            output_fps: None,
            price_num: None,
            price_den: None,
            price_quote_num: None,
            price_quote_den: None,
            fee_wei: Wei::ZERO,
            tickets: 0,
            candidates: None,
            eligible: None,
            verify_mode: VerifyMode::None,
            verify_result: VerifyResult::NotRun,
            verify_method: None,
            verify_score: None,
            gpu_model: None,
            gpu_memory_mib: None,
            warm: None,
            result_sig_ok: None,
            settlement_hash: None,
        }
    }
}
