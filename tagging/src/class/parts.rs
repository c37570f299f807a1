//! The parts of a class that say how work is asked for, how much of it, and what is checked.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::tree::Word;
use crate::value::{Number, Value};

/// How an application reaches the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// The shape of one job.
    pub mode: Mode,
    /// What is paid for, such as `pixel`: 1 to 32 of a-z 0-9 -.
    pub work_unit: String,
    /// Capability number of go-livepeer (`core/capabilities.go:51-92`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<u16>,
    /// Batch pipeline, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Application of a live runner, or a container; at most 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Offering of a registry manifest, at most 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offering: Option<String>,
}

/// The shape of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One request, one answer.
    Request,
    /// One request, an answer that goes on.
    Stream,
    /// Media in pieces.
    Segment,
    /// A connection that stays.
    Session,
}

impl Word for Mode {
    const WHAT: &'static str = "mode";
    const ALL: &'static [Self] = &[Self::Request, Self::Stream, Self::Segment, Self::Session];

    fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Stream => "stream",
            Self::Segment => "segment",
            Self::Session => "session",
        }
    }
}

/// How much work there is. Rates are jobs each minute; what is committed is a promise, not a fact.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Demand {
    /// Where the figures come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Rate in the middle, not negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_p50: Option<Number>,
    /// Rate near the top, not negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_p95: Option<Number>,
    /// Jobs at once near the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency_p95: Option<u64>,
    /// How many orchestrators are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestrators_wanted: Option<u64>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Where it comes from: codes of two or three capital letters, at most 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
}

/// Where figures of demand come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Measured.
    Observed,
    /// Expected.
    Planned,
    /// Promised.
    Committed,
}

impl Word for Basis {
    const WHAT: &'static str = "basis";
    const ALL: &'static [Self] = &[Self::Observed, Self::Planned, Self::Committed];

    fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Planned => "planned",
            Self::Committed => "committed",
        }
    }
}

/// What is checked of the results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerificationPolicy {
    /// How deep.
    pub mode: VerificationMode,
    /// Share of the results, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<Number>,
    /// By what, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What follows a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_fail: Option<OnFail>,
}

/// How deep results are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VerificationMode {
    /// Not at all.
    #[serde(rename = "none")]
    None,
    /// What every result can be put through.
    #[serde(rename = "fast")]
    Fast,
    /// Against a reference.
    #[serde(rename = "full")]
    Full,
    /// Fast for all, full for the sample.
    #[serde(rename = "fast+full")]
    FastAndFull,
}

impl Word for VerificationMode {
    const WHAT: &'static str = "mode";
    const ALL: &'static [Self] = &[Self::None, Self::Fast, Self::Full, Self::FastAndFull];

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fast => "fast",
            Self::Full => "full",
            Self::FastAndFull => "fast+full",
        }
    }
}

/// What follows a failed check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// It is written down.
    Record,
    /// The job is done again elsewhere.
    Retry,
    /// The orchestrator gets no work for a while.
    Suspend,
}

impl Word for OnFail {
    const WHAT: &'static str = "consequence";
    const ALL: &'static [Self] = &[Self::Record, Self::Retry, Self::Suspend];

    fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Retry => "retry",
            Self::Suspend => "suspend",
        }
    }
}

/// Terms by name; at most 16.
pub type Terms = BTreeMap<String, Term>;

/// One term.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Term {
    /// Text, or yes or no. Numbers are refused: the schema has none here.
    One(Value),
    /// Several values.
    Many(Vec<Value>),
}
