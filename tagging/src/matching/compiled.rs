//! Classes with their keys and words as numbers, so that comparing an orchestrator with a class
//! touches no text.

use std::collections::HashMap;
use std::sync::Arc;

use semver::Version;

use crate::class::JobClass;
use crate::predicate::{
    Evidence, Predicate, PredicateKey, Test, UnknownRule, VersionRequirement, release,
};
use crate::value::{Number, Value};

/// The keys and words that some class mentions. Anything else cannot matter to them.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub(super) keys: HashMap<PredicateKey, usize>,
    words: HashMap<Arc<str>, u32>,
}

/// A value as a number, or what a comparison needs of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// A word that some class mentions.
    Word(u32),
    /// Any other text.
    OtherText,
    Number(Number),
    Flag(bool),
}

#[derive(Debug, Clone)]
pub(super) enum CompiledTest {
    In(Vec<Atom>),
    NotIn(Vec<Atom>),
    Exists,
    Absent,
    AtLeast(Number),
    AtMost(Number),
    Version(VersionRequirement),
}

#[derive(Debug, Clone)]
pub(super) struct CompiledPredicate {
    pub(super) key: usize,
    pub(super) test: CompiledTest,
    pub(super) evidence: Evidence,
    pub(super) window: u64,
    pub(super) min_samples: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Requirement {
    pub(super) compiled: CompiledPredicate,
    pub(super) unknown: UnknownRule,
}

#[derive(Debug, Clone)]
pub(super) struct CompiledClass {
    pub(super) class: Arc<JobClass>,
    pub(super) requires: Vec<Requirement>,
    pub(super) prefers: Vec<Requirement>,
}

impl Symbols {
    fn key(&mut self, key: &PredicateKey) -> usize {
        let next = self.keys.len();
        *self.keys.entry(key.clone()).or_insert(next)
    }

    fn atom(&mut self, value: &Value) -> Atom {
        match value {
            Value::Text(text) => {
                let next = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
                Atom::Word(*self.words.entry(Arc::clone(text)).or_insert(next))
            }
            Value::Number(number) => Atom::Number(*number),
            Value::Flag(flag) => Atom::Flag(*flag),
        }
    }

    /// A value of an orchestrator, whose words are not remembered.
    pub(super) fn known(&self, value: &Value) -> Atom {
        match value {
            Value::Text(text) => self.words.get(text).map_or(Atom::OtherText, |w| Atom::Word(*w)),
            Value::Number(number) => Atom::Number(*number),
            Value::Flag(flag) => Atom::Flag(*flag),
        }
    }
}

impl Atom {
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        let kind = |atom: &Self| match atom {
            Self::Word(_) | Self::OtherText => 0,
            Self::Number(_) => 1,
            Self::Flag(_) => 2,
        };
        kind(self) == kind(other)
    }
}

impl CompiledClass {
    pub(super) fn new(class: Arc<JobClass>, symbols: &mut Symbols) -> Self {
        let mut compile = |predicate: &Predicate| Requirement::new(predicate, symbols);
        let requires = class.requires.iter().map(&mut compile).collect();
        let prefers = class.preferences().iter().map(|one| compile(&one.when)).collect();
        Self { class, requires, prefers }
    }
}

impl Requirement {
    fn new(predicate: &Predicate, symbols: &mut Symbols) -> Self {
        let test = match &predicate.test {
            Test::In(values) => CompiledTest::In(values.iter().map(|v| symbols.atom(v)).collect()),
            Test::NotIn(values) => {
                CompiledTest::NotIn(values.iter().map(|v| symbols.atom(v)).collect())
            }
            Test::Exists => CompiledTest::Exists,
            Test::Absent => CompiledTest::Absent,
            Test::AtLeast(number) => CompiledTest::AtLeast(*number),
            Test::AtMost(number) => CompiledTest::AtMost(*number),
            Test::Equal(value) => CompiledTest::In(vec![symbols.atom(value)]),
            Test::Version(required) => CompiledTest::Version(required.clone()),
        };
        // Window and samples bound measurements. Nothing else is refused for its age or its count.
        let measured = predicate.is_measured();
        let compiled = CompiledPredicate {
            key: symbols.key(&predicate.key),
            test,
            evidence: predicate.evidence(),
            window: if measured { predicate.window().seconds() } else { u64::MAX },
            min_samples: if measured { predicate.min_samples() } else { 0 },
        };
        Self { compiled, unknown: predicate.unknown() }
    }
}

/// The versions in the values, one for each that is one.
pub(super) fn versions(values: &[Value]) -> Vec<Version> {
    let text = |value: &Value| match value {
        Value::Text(text) => release(text),
        Value::Number(_) | Value::Flag(_) => None,
    };
    values.iter().filter_map(text).collect()
}
