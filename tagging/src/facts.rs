//! What is known of one orchestrator: for each key one or several statements, each with what backs
//! it. The orchestrator's own file, a node's answer and a gateway's measurements all end up here.
//!
//! ```yaml
//! hw.gpu.memory_mib: 24564                      # declared
//! codec.decode: [h264, hevc]                    # declared, several values
//! slo.success_rate: {value: 0.997, evidence: observed, samples: 812, window: 7d}
//! net.up_mbps:                                  # two statements about one thing
//!   - {value: 900}
//!   - {value: 412, evidence: observed, samples: 60, window: 24h}
//! ```
//!
//! A measurement without a count is one sample, and one without a window reaches 24 hours back: the
//! same defaults that predicates have.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::predicate::{DEFAULT_WINDOW, Evidence, PredicateKey, Vocabulary, Window};
use crate::problem::Problems;
use crate::tree::{self, Item, Path, Report};
use crate::value::Value;

mod read;
#[cfg(test)]
mod tests;

/// The largest text that is read, in bytes.
pub const MAX_FACTS_BYTES: usize = 1 << 20;

/// The most keys of one orchestrator.
pub const MAX_FACT_KEYS: usize = 4096;

/// The most values of one statement.
pub const MAX_FACT_VALUES: usize = 256;

/// One thing that is known of an orchestrator.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The values; none says that there are none, which is something else than saying nothing.
    pub values: Vec<Value>,
    /// What backs it.
    pub evidence: Evidence,
    /// How many measurements are behind it.
    pub samples: u64,
    /// How far back they reach.
    pub window: Window,
}

impl Statement {
    /// What the orchestrator says of itself.
    pub fn declared(values: impl IntoIterator<Item = Value>) -> Self {
        let values = values.into_iter().collect();
        Self { values, evidence: Evidence::Declared, samples: 1, window: DEFAULT_WINDOW }
    }

    /// What was measured.
    pub fn observed(value: impl Into<Value>, samples: u64, window: Window) -> Self {
        Self { values: vec![value.into()], evidence: Evidence::Observed, samples, window }
    }

    /// What a third party or an execution environment signed.
    pub fn attested(values: impl IntoIterator<Item = Value>) -> Self {
        Self { evidence: Evidence::Attested, ..Self::declared(values) }
    }

    fn same_backing(&self, other: &Self) -> bool {
        let backing = |s: &Self| (s.evidence, s.samples, s.window.seconds());
        backing(self) == backing(other)
    }

    fn is_plain(&self) -> bool {
        self.evidence == Evidence::Declared && self.samples == 1 && self.window == DEFAULT_WINDOW
    }
}

/// Everything known of one orchestrator.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts(BTreeMap<PredicateKey, Vec<Statement>>);

impl Facts {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is known about `key`. Statements that are backed alike become one with the values
    /// of both.
    pub fn add(&mut self, key: PredicateKey, statement: Statement) {
        let known = self.0.entry(key).or_default();
        match known.iter_mut().find(|one| one.same_backing(&statement)) {
            Some(one) => {
                for value in statement.values {
                    if !one.values.contains(&value) {
                        one.values.push(value);
                    }
                }
            }
            None => known.push(statement),
        }
    }

    /// Adds everything that is known elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (key, statement) in other.iter() {
            self.add(key.clone(), statement.clone());
        }
    }

    /// What is known about `key`.
    pub fn get(&self, key: &PredicateKey) -> &[Statement] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Every statement, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&PredicateKey, &Statement)> {
        self.0.iter().flat_map(|(key, list)| list.iter().map(move |statement| (key, statement)))
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a flat map from YAML. `label` names the text in problems.
    pub fn from_yaml(label: &str, text: &str) -> Result<Self, Problems> {
        Self::bounded(label, text.len(), |report| match tree::from_yaml(text) {
            Ok(documents) => match documents.as_slice() {
                [] => Some(Self::new()),
                [only] => read::facts(report, only, &Path::Top),
                [_, second, ..] => {
                    let text = "begins a second document; accepted: one, of one orchestrator";
                    report.refuse(second.place, &Path::Top, text);
                    None
                }
            },
            Err(error) => {
                report.unreadable(error);
                None
            }
        })
    }

    /// Reads a flat map from JSON. `label` names the text in problems.
    pub fn from_json(label: &str, text: &[u8]) -> Result<Self, Problems> {
        Self::bounded(label, text.len(), |report| match tree::from_json(text) {
            Ok(item) => read::facts(report, &item, &Path::Top),
            Err(error) => {
                report.unreadable(error);
                None
            }
        })
    }

    /// What an author may want to look at: keys that are not in the vocabulary, with the nearest
    /// one, and values of another kind than their key has. Neither can satisfy anything.
    pub fn notices(&self, vocabulary: &Vocabulary) -> Vec<String> {
        read::notices(self, vocabulary)
    }

    fn bounded(
        label: &str,
        bytes: usize,
        read: impl FnOnce(&mut Report) -> Option<Self>,
    ) -> Result<Self, Problems> {
        let mut report = Report::new(&Arc::from(label));
        if bytes > MAX_FACTS_BYTES {
            let text = format!("has {bytes} bytes; accepted: at most {MAX_FACTS_BYTES}");
            report.refuse(None, &Path::Top, text);
            return Err(report.problems);
        }
        let facts = read(&mut report);
        report.problems.or(facts)
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("value", &OneOrMany(&self.values))?;
        map.serialize_entry("evidence", &self.evidence)?;
        map.serialize_entry("samples", &self.samples)?;
        map.serialize_entry("window", &self.window)?;
        map.end()
    }
}

struct OneOrMany<'a>(&'a [Value]);

impl Serialize for OneOrMany<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [only] => only.serialize(serializer),
            values => values.serialize(serializer),
        }
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, statements) in &self.0 {
            match statements.as_slice() {
                [only] if only.is_plain() => map.serialize_entry(key, &OneOrMany(&only.values))?,
                [only] => map.serialize_entry(key, only)?,
                many => map.serialize_entry(key, many)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = Item::deserialize(deserializer)?;
        let mut report = Report::new(&Arc::from("facts"));
        let facts = read::facts(&mut report, &item, &Path::Top);
        report.problems.or(facts).map_err(de::Error::custom)
    }
}
