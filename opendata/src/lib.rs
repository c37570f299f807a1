//! Open data: one row for each attempt at a job, in a form that strangers can read.
//!
//! ```text
//!  job path ──► JobRow ──► Recorder::record ──► bounded queue ──► one writer thread
//!                             (never waits)     (full: counted)     │
//!                     <dataDir>/data/jsonl/jobs-DATE.jsonl  ◄───────┤
//!     <dataDir>/data/v1/jobs/date=…/gateway=…/tagroot=…/*.parquet ◄─┘
//! ```
//!
//! There is one field table for each kind of row, [`fields::JOBS`] and [`fields::VERIFICATION`]. The Arrow schema, the JSON keys, the Parquet files
//! and the documentation ([`dictionary_markdown`]) all come from it, so they cannot disagree.
//!
//! What may be recorded is an allow-list made of types: [`JobRow`] and [`VerificationRow`] have no field for a client's
//! address, a stream key, a manifest id, a prompt, a URL or a free-text error. Nothing in this
//! crate may add one, and nothing here may make a job wait.
#![forbid(unsafe_code)]

mod arrow;
mod dictionary;
pub mod fields;
mod json;
mod pseudonym;
mod published;
mod recorder;
mod row;
mod scalar;
mod value;
mod vocabulary;

pub use arrow::{record_batch, schema, schema_of};
pub use dictionary::dictionary_markdown;
pub use fields::{Field, LogicalType, PrivacyClass};
pub use pseudonym::{DayKey, DayKeys, SessionPseudonym};
pub use published::{PublishedFile, closed_files};
pub use recorder::{Clock, Recorder, RecorderConfig, RecorderError, RecorderSummary, RecorderTask};
pub use row::{JobRow, Row, VerificationRow};
pub use scalar::{Address, Label, OrchestratorInstance, Region, ScalarError, Wei};
pub use value::Value;
pub use vocabulary::{
    Blame, Continent, ErrorNative, ErrorType, Mode, Origin, Outcome, SelectedBy, VerifyMode,
    VerifyReason, VerifyResult, WorkUnit,
};

/// Version of the `jobs` schema. Minor: a new column or word. Major: another path than `v1`.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Version of the `verification` schema, as [`SCHEMA_VERSION`].
pub const VERIFICATION_VERSION: &str = "1.0.0";
