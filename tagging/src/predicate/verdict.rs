//! Three-valued answers, and what follows from them.

use std::fmt;
use std::iter::FromIterator;

use serde::{Deserialize, Serialize};

use crate::tree::Word;

/// Whether a requirement holds. The order is that of a conjunction: the least of several decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is known not to hold.
    Fail,
    /// Nothing sufficient is known.
    Unknown,
    /// It is known to hold.
    Pass,
}

impl Verdict {
    /// Both hold: a failure fails, else something unknown leaves it unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// The spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
        }
    }
}

/// The conjunction; of nothing it is [`Verdict::Pass`].
impl FromIterator<Self> for Verdict {
    fn from_iter<I: IntoIterator<Item = Self>>(verdicts: I) -> Self {
        verdicts.into_iter().fold(Self::Pass, Self::and)
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a class does with an orchestrator of whom nothing sufficient is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownRule {
    /// It gets no work.
    Deny,
    /// It gets work.
    Allow,
    /// It gets a small share of the work until enough is known; this is how newcomers get in.
    Probe,
}

impl UnknownRule {
    /// The spelling.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Word for UnknownRule {
    const WHAT: &'static str = "rule for the unknown";
    const ALL: &'static [Self] = &[Self::Deny, Self::Allow, Self::Probe];

    fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Probe => "probe",
        }
    }
}

/// Whether an orchestrator gets work of a class. The order is that of a conjunction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Admission {
    /// None.
    No,
    /// A small share, until enough is known of it.
    Probe,
    /// Yes.
    Yes,
}

impl Admission {
    /// What one predicate says.
    pub const fn of(verdict: Verdict, unknown: UnknownRule) -> Self {
        match (verdict, unknown) {
            (Verdict::Pass, _) | (Verdict::Unknown, UnknownRule::Allow) => Self::Yes,
            (Verdict::Unknown, UnknownRule::Probe) => Self::Probe,
            (Verdict::Fail, _) | (Verdict::Unknown, UnknownRule::Deny) => Self::No,
        }
    }

    /// What both say.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// The spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Probe => "probe",
            Self::Yes => "yes",
        }
    }
}

impl fmt::Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
