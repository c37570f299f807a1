//! Where logs come from: a stream of JSON, or a node.

mod file;
mod node;
mod range;

pub use file::{ReadError, read_logs};
pub use node::{Node, NodeError, NodeSettings, Step};

use crate::event::Passed;
use crate::store::Applied;

/// What came of reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Logs read.
    pub logs: u64,
    /// What the state took from them.
    pub applied: Applied,
    /// What was passed over.
    pub passed: Passed,
}

impl Summary {
    pub(crate) fn add(&mut self, other: Self) {
        self.logs = self.logs.saturating_add(other.logs);
        self.applied.add(other.applied);
        self.passed.add(other.passed);
    }
}
