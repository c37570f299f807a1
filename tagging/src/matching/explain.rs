//! What a person and a program are told: each check with its verdict, what was found, and how far it
//! is from passing. Texts are made when they are asked for.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::Decision;
use super::candidate::Candidate;
use super::evaluate::Finding;
use crate::class::{JobClass, PriceVerdict, UnitPrice};
use crate::facts::Statement;
use crate::predicate::{Evidence, Listed, Predicate, Verdict};
use crate::tree::Word;

/// Why a predicate has its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It holds.
    Met,
    /// What is known does not meet it.
    Unmet,
    /// Nothing is known about the key.
    Nothing,
    /// What is known has weaker evidence than asked for.
    WeakEvidence,
    /// There are too few measurements.
    FewSamples,
    /// The measurements reach further back than asked for.
    WideWindow,
    /// The value is of a kind that cannot be compared.
    WrongKind,
}

/// One predicate and what was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check<'a> {
    /// What was asked for.
    pub predicate: &'a Predicate,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why.
    pub cause: Cause,
    /// The statement that decided, or came closest.
    pub found: Option<&'a Statement>,
}

/// How much of what a class prefers holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Score {
    /// Weight of the preferences that hold.
    pub earned: u32,
    /// Weight of all of them.
    pub possible: u32,
}

/// The price, compared exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PriceCheck {
    /// How the offer compares.
    pub verdict: PriceVerdict,
    /// The most the class pays.
    pub ceiling: Option<UnitPrice>,
    /// What the orchestrator asks.
    pub offered: Option<UnitPrice>,
}

/// One class and one orchestrator.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMatch<'a> {
    /// The class.
    pub class: &'a JobClass,
    /// What follows.
    pub decision: Decision,
    /// Every requirement, in the order of the class.
    pub checks: Vec<Check<'a>>,
    /// Every preference, in the order of the class.
    pub preferences: Vec<Check<'a>>,
    /// What the preferences add up to.
    pub score: Score,
    /// The price.
    pub price: PriceCheck,
}

impl<'a> Check<'a> {
    pub(super) fn new(
        predicate: &'a Predicate,
        finding: Finding,
        candidate: &'a Candidate,
    ) -> Self {
        let found = finding.statement.and_then(|position| candidate.statement(position));
        Self { predicate, verdict: finding.verdict, cause: finding.cause, found }
    }
}

/// The distance to passing: `needs hw.gpu.memory_mib >= 12288, declares 8192`.
impl fmt::Display for Check<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {}, ", self.predicate)?;
        let Some(found) = self.found else {
            return f.write_str(match self.predicate.evidence() {
                Evidence::Declared => "says nothing",
                Evidence::Observed => "nothing was observed",
                Evidence::Attested => "nothing is attested",
            });
        };
        let only = if self.cause == Cause::WeakEvidence { "only " } else { "" };
        let verb = match found.evidence {
            Evidence::Declared => "declares",
            Evidence::Observed => "was observed at",
            Evidence::Attested => "is attested",
        };
        match found.values.as_slice() {
            [] => write!(f, "{only}{verb} none")?,
            values => write!(f, "{only}{verb} {}", Listed(values))?,
        }
        if found.evidence == Evidence::Observed {
            write!(f, " over {}", found.window)?;
        }
        match self.cause {
            Cause::FewSamples => {
                write!(f, " with {} of {} samples", found.samples, self.predicate.min_samples())
            }
            Cause::WideWindow => write!(f, ", which reaches back too far"),
            Cause::WrongKind => write!(f, ", which cannot be compared"),
            Cause::Met | Cause::Unmet | Cause::Nothing | Cause::WeakEvidence => Ok(()),
        }
    }
}

impl Serialize for Check<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut check = serializer.serialize_struct("Check", 6)?;
        check.serialize_field("key", &self.predicate.key)?;
        check.serialize_field("verdict", &self.verdict)?;
        check.serialize_field("cause", &self.cause)?;
        check.serialize_field("predicate", self.predicate)?;
        check.serialize_field("unknown", self.predicate.unknown().word())?;
        check.serialize_field("found", &self.found)?;
        match self.verdict {
            Verdict::Pass => check.skip_field("distance")?,
            Verdict::Fail | Verdict::Unknown => {
                check.serialize_field("distance", &format_args!("{self}"))?;
            }
        }
        check.end()
    }
}

impl Score {
    pub(super) fn add(&mut self, weight: u8, verdict: Verdict) {
        self.possible = self.possible.saturating_add(weight.into());
        if verdict == Verdict::Pass {
            self.earned = self.earned.saturating_add(weight.into());
        }
    }

    /// The share that holds, 0 to 1; 1 where nothing is preferred.
    pub fn share(&self) -> f64 {
        if self.possible == 0 { 1.0 } else { f64::from(self.earned) / f64::from(self.possible) }
    }
}

/// `pays up to 1200 wei, asks 1000 wei`.
impl fmt::Display for PriceCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ceiling {
            Some(ceiling) => write!(f, "pays up to {ceiling} wei")?,
            None => f.write_str("tells no ceiling")?,
        }
        match self.offered {
            Some(offered) => write!(f, ", asks {offered} wei"),
            None => f.write_str(", what is asked is not known"),
        }
    }
}

impl ClassMatch<'_> {
    /// Everything that stands between the orchestrator and a pass.
    pub fn gaps(&self) -> impl Iterator<Item = &Check<'_>> {
        self.checks.iter().filter(|check| check.verdict != Verdict::Pass)
    }
}

impl Serialize for ClassMatch<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut found = serializer.serialize_struct("ClassMatch", 9)?;
        found.serialize_field("tag", &self.class.tag)?;
        found.serialize_field("gateway", &format_args!("{:#x}", self.class.gateway))?;
        found.serialize_field("rev", &self.class.rev)?;
        found.serialize_field("verdict", &self.decision.verdict)?;
        found.serialize_field("admission", &self.decision.admission)?;
        found.serialize_field("checks", &self.checks)?;
        found.serialize_field("preferences", &self.preferences)?;
        found.serialize_field("score", &self.score)?;
        found.serialize_field("price", &self.price)?;
        found.end()
    }
}
