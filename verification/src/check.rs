//! One check and what it found. Each kind of check is a module of its own.
//!
//! A check is a pure function from evidence to a [`Check`]; it must never panic on any evidence,
//! since all of it comes from an orchestrator.

pub mod count;
pub mod order;
pub mod signature;

use std::{borrow::Cow, fmt};

use crate::verdict::Outcome;

/// One check on one result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Fixed name, for records and metrics: `F07.frames`, `A.pbk`.
    pub id: &'static str,
    /// How much work it took.
    pub tier: Tier,
    /// What follows from a failure.
    pub kind: Kind,
    /// How it came out.
    pub outcome: Outcome,
    /// The value seen, where there was one.
    pub value: Option<Value>,
    /// The bound it was compared with.
    pub threshold: Option<Value>,
    /// How far the value is from the bound, where both are numbers: above 1 is bad.
    pub ratio: Option<f64>,
    /// The value seen, or why there was nothing to see: one line for a person.
    pub detail: Cow<'static, str>,
}

/// How much work a check takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Parsing, and the key frame's picture: every result.
    Fast,
    /// All pictures of a rendition against the source: a sample.
    Full,
    /// Against a transcode of our own: disputes about quality.
    Reference,
}

/// What follows from a failed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A fact: the result is refused.
    Hard,
    /// A measurement with a known rate of false alarms: the next tier decides.
    Soft,
    /// A hint: the next tier looks, and nothing else follows.
    Hint,
}

/// What a check saw or compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number in the unit that the check's documentation states.
    Number(f64),
    /// A codec, a size, an address.
    Text(Cow<'static, str>),
}

impl Check {
    /// A check of this name, not made yet: hard, of the fast tier.
    pub const fn new(id: &'static str) -> Self {
        Self {
            id,
            tier: Tier::Fast,
            kind: Kind::Hard,
            outcome: Outcome::NotRun,
            value: None,
            threshold: None,
            ratio: None,
            detail: Cow::Borrowed(""),
        }
    }

    /// A check that found what it must find.
    pub fn pass(id: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(id).came_out(Outcome::Pass).detail(detail)
    }

    /// A check that found something else.
    pub fn fail(id: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(id).came_out(Outcome::Fail).detail(detail)
    }

    /// A check that had nothing to look at.
    pub fn not_run(id: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(id).detail(detail)
    }

    /// Passes where `value` is at most `bound`. Not a number is no pass.
    pub fn at_most(id: &'static str, value: f64, bound: f64) -> Self {
        let outcome = if value <= bound { Outcome::Pass } else { Outcome::Fail };
        let check = Self::new(id).came_out(outcome).value(value).threshold(bound);
        Self { ratio: (bound > 0.0).then_some(value / bound), ..check }
    }

    /// Sets the tier.
    #[must_use]
    pub const fn tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// Sets what follows from a failure.
    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the value seen.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the bound.
    #[must_use]
    pub fn threshold(mut self, bound: impl Into<Value>) -> Self {
        self.threshold = Some(bound.into());
        self
    }

    /// Sets the line for a person.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    const fn came_out(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

impl Tier {
    /// The word used in records: `fast`, `full` or `reference`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
            Self::Reference => "reference",
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The line for a person, or value and bound where there is none.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, &self.threshold) {
            _ if !self.detail.is_empty() => f.write_str(&self.detail),
            (Some(value), Some(bound)) => write!(f, "{value}, bound {bound}"),
            (Some(value), None) => write!(f, "{value}"),
            (None, _) => f.write_str(self.outcome.as_str()),
        }
    }
}
