//! One check and what it found. Each kind of check is a module of its own, with its name as `NAME`.
//!
//! A check is a pure function from evidence to a [`Check`]; it must never panic on any evidence,
//! since all of it comes from an orchestrator.

pub mod count;
pub mod order;
pub mod signature;

use crate::verdict::Outcome;

/// One check on one result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// Fixed name, for records and metrics.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// The value seen, or why there was nothing to see: one line for a person.
    pub detail: String,
}

impl Check {
    /// A check that found what it must find.
    pub fn pass(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Pass, detail: detail.into() }
    }

    /// A check that found something else.
    pub fn fail(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Fail, detail: detail.into() }
    }

    /// A check that had nothing to look at.
    pub fn not_run(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::NotRun, detail: detail.into() }
    }
}
