//! What has to hold of the values of a key. Each comparison holds if at least one of the values
//! meets it (an orchestrator with two kinds of GPU has the better one), `not_in` if none is listed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PredicateKey, VersionRequirement};
use crate::tree::Word;
use crate::value::{Number, Value};

/// A test and what it compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// At least one of these is there.
    In(Vec<Value>),
    /// None of these is there.
    NotIn(Vec<Value>),
    /// Something is there.
    Exists,
    /// Nothing is there.
    Absent,
    /// A number of at least this much is there.
    AtLeast(Number),
    /// A number of at most this much is there.
    AtMost(Number),
    /// This is there.
    Equal(Value),
    /// A version that meets this is there.
    Version(VersionRequirement),
}

/// The name of a test in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is explained at the test of the same meaning")]
pub enum Operator {
    In,
    NotIn,
    Exists,
    Absent,
    Ge,
    Le,
    Eq,
    Semver,
}

impl Word for Operator {
    const WHAT: &'static str = "op";
    const ALL: &'static [Self] = &[
        Self::In,
        Self::NotIn,
        Self::Exists,
        Self::Absent,
        Self::Ge,
        Self::Le,
        Self::Eq,
        Self::Semver,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Exists => "exists",
            Self::Absent => "absent",
            Self::Ge => "ge",
            Self::Le => "le",
            Self::Eq => "eq",
            Self::Semver => "semver",
        }
    }
}

impl Test {
    /// Its name in a document.
    pub const fn operator(&self) -> Operator {
        match self {
            Self::In(_) => Operator::In,
            Self::NotIn(_) => Operator::NotIn,
            Self::Exists => Operator::Exists,
            Self::Absent => Operator::Absent,
            Self::AtLeast(_) => Operator::Ge,
            Self::AtMost(_) => Operator::Le,
            Self::Equal(_) => Operator::Eq,
            Self::Version(_) => Operator::Semver,
        }
    }

    /// What it compares with, as documents have it; `None` of a test without values.
    pub fn values(&self) -> Option<Vec<Value>> {
        match self {
            Self::In(values) | Self::NotIn(values) => Some(values.clone()),
            Self::Exists | Self::Absent => None,
            Self::AtLeast(number) | Self::AtMost(number) => Some(vec![(*number).into()]),
            Self::Equal(value) => Some(vec![value.clone()]),
            Self::Version(required) => Some(vec![required.as_str().into()]),
        }
    }

    pub(super) fn describe(&self, key: &PredicateKey, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(values) => write!(f, "{key} in [{}]", Listed(values)),
            Self::NotIn(values) => write!(f, "{key} not in [{}]", Listed(values)),
            Self::Exists => write!(f, "{key} to be stated"),
            Self::Absent => write!(f, "{key} to be absent"),
            Self::AtLeast(number) => write!(f, "{key} >= {number}"),
            Self::AtMost(number) => write!(f, "{key} <= {number}"),
            Self::Equal(value) => write!(f, "{key} = {value}"),
            Self::Version(required) => write!(f, "{key} {required}"),
        }
    }
}

/// Values on one line, the first eight of them.
#[derive(Debug)]
pub(crate) struct Listed<'a>(pub(crate) &'a [Value]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 8;
        for (index, value) in self.0.iter().take(MOST).enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{value}")?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, ", {more} more"),
        }
    }
}
