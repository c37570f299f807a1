//! What is known of one orchestrator, prepared for one matcher: the statements about keys that some
//! class mentions, found by the number of the key.

use std::ops::Range;
use std::sync::Arc;

use semver::Version;

use super::compiled::{Atom, Symbols, versions};
use crate::facts::{Facts, Statement};
use crate::predicate::Evidence;

/// An orchestrator, ready to be compared with the classes of one matcher.
#[derive(Debug, Clone)]
pub struct Candidate {
    symbols: Arc<Symbols>,
    /// By the number of a key: which statements are about it.
    slots: Vec<Range<usize>>,
    backed: Vec<Backed>,
    /// The statements as they were given, in the order of `backed`.
    statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Backed {
    pub(super) evidence: Evidence,
    pub(super) window: u64,
    pub(super) samples: u64,
    pub(super) atoms: Vec<Atom>,
    pub(super) versions: Vec<Version>,
}

impl Candidate {
    pub(super) fn new(symbols: &Arc<Symbols>, facts: &Facts) -> Self {
        let mut slots = vec![0..0; symbols.keys.len()];
        let (mut backed, mut statements) = (Vec::new(), Vec::new());
        for (key, statement) in facts.iter() {
            let Some(slot) = symbols.keys.get(key).and_then(|number| slots.get_mut(*number)) else {
                continue;
            };
            // Statements of one key follow each other.
            let start = if slot.start == slot.end { backed.len() } else { slot.start };
            backed.push(Backed::new(symbols, statement));
            statements.push(statement.clone());
            *slot = start..backed.len();
        }
        Self { symbols: Arc::clone(symbols), slots, backed, statements }
    }

    /// Whether this matcher prepared it: the numbers mean something else to any other.
    pub(super) fn is_of(&self, symbols: &Arc<Symbols>) -> bool {
        Arc::ptr_eq(&self.symbols, symbols)
    }

    /// The statements about a key, and the position of the first.
    pub(super) fn about(&self, key: usize) -> (usize, &[Backed]) {
        let range = self.slots.get(key).cloned().unwrap_or_default();
        (range.start, self.backed.get(range).unwrap_or_default())
    }

    pub(super) fn statement(&self, position: usize) -> Option<&Statement> {
        self.statements.get(position)
    }
}

impl Backed {
    fn new(symbols: &Symbols, statement: &Statement) -> Self {
        Self {
            evidence: statement.evidence,
            window: statement.window.seconds(),
            samples: statement.samples,
            atoms: statement.values.iter().map(|value| symbols.known(value)).collect(),
            versions: versions(&statement.values),
        }
    }
}
