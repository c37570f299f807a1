//! One requirement: a key, a test of its values, and what has to back them.
//!
//! ```text
//!   {key: slo.success_rate, op: ge, values: [0.99],          the test
//!    evidence: observed, window: 7d, min_samples: 500,       what has to back the fact
//!    unknown: probe}                                         what follows if nothing does
//! ```
//!
//! A class is a conjunction of predicates; a choice is `in`, or a second class. So a matcher can say
//! what is missing and by how much, which it could not say of an expression. Absent parts mean:
//! evidence `declared`, window `24h`, one sample, unknown `deny`. Absent and written defaults are
//! kept apart, because a document's hash covers what was written.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::tree::Word;

mod evidence;
mod key;
mod read;
mod test;
#[cfg(test)]
mod tests;
mod verdict;
mod version;
mod vocabulary;

pub use evidence::{Evidence, Window, WindowError};
pub use key::{KeyError, MAX_KEY_BYTES, PredicateKey};
pub(crate) use read::{SAFE_WHOLE, predicate, scalar};
pub(crate) use test::Listed;
pub use test::{Operator, Test};
pub use verdict::{Admission, UnknownRule, Verdict};
pub use version::{VersionRequirement, release};
pub use vocabulary::{KeyKind, Vocabulary};

/// Most values of one predicate.
pub const MAX_PREDICATE_VALUES: usize = 64;

/// The window of a predicate that names none, and of a measurement that names none.
pub const DEFAULT_WINDOW: Window = Window::hours(24);

/// One requirement or preference.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// What it is about.
    pub key: PredicateKey,
    /// What has to hold of the values of the key.
    pub test: Test,
    /// What has to back them, if written.
    pub evidence: Option<Evidence>,
    /// How far back measurements may reach, if written.
    pub window: Option<Window>,
    /// How many measurements there have to be, if written; 1 to 2^53 - 1.
    pub min_samples: Option<u64>,
    /// What follows when nothing sufficient is known, if written.
    pub unknown: Option<UnknownRule>,
}

impl Predicate {
    /// A predicate with the defaults for everything but the test.
    pub fn new(key: PredicateKey, test: Test) -> Self {
        Self { key, test, evidence: None, window: None, min_samples: None, unknown: None }
    }

    /// The evidence it asks for.
    pub fn evidence(&self) -> Evidence {
        self.evidence.unwrap_or(Evidence::Declared)
    }

    /// How far back measurements may reach.
    pub fn window(&self) -> Window {
        self.window.unwrap_or(DEFAULT_WINDOW)
    }

    /// How many measurements there have to be.
    pub fn min_samples(&self) -> u64 {
        self.min_samples.unwrap_or(1)
    }

    /// What follows when nothing sufficient is known.
    pub fn unknown(&self) -> UnknownRule {
        self.unknown.unwrap_or(UnknownRule::Deny)
    }

    /// True when a measurement is asked for, so that window and samples matter.
    pub fn is_measured(&self) -> bool {
        self.evidence() == Evidence::Observed
    }
}

/// As a person says it: `observed slo.success_rate >= 0.99 over 7d with 500 samples`.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.evidence() != Evidence::Declared {
            write!(f, "{} ", self.evidence())?;
        }
        self.test.describe(&self.key, f)?;
        if self.is_measured() {
            write!(f, " over {}", self.window())?;
            match self.min_samples() {
                1 => {}
                samples => write!(f, " with {samples} samples")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("op", self.test.operator().word())?;
        if let Some(values) = self.test.values() {
            map.serialize_entry("values", &values)?;
        }
        if let Some(evidence) = self.evidence {
            map.serialize_entry("evidence", &evidence)?;
        }
        if let Some(window) = self.window {
            map.serialize_entry("window", &window)?;
        }
        if let Some(samples) = self.min_samples {
            map.serialize_entry("min_samples", &samples)?;
        }
        if let Some(unknown) = self.unknown {
            map.serialize_entry("unknown", unknown.word())?;
        }
        map.end()
    }
}
