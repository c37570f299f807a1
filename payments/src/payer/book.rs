//! Where promises are written down, as far as a payer needs to know.

use std::fmt::Debug;

use crate::ledger::{Ledger, Promise, PromiseError, PromiseId, Settlement};

/// Writes promises down and checks every limit while doing so.
pub trait Book: Debug + Send + Sync {
    /// Puts a promise on record, or refuses it. Once it returns, the record outlives the process.
    fn promise(&self, promise: &Promise<'_>) -> Result<PromiseId, PromiseError>;

    /// Notes what became of a promise. Never blocks.
    fn settle(&self, id: PromiseId, settlement: Settlement);
}

impl Book for Ledger {
    fn promise(&self, promise: &Promise<'_>) -> Result<PromiseId, PromiseError> {
        Self::promise(self, promise)
    }

    fn settle(&self, id: PromiseId, settlement: Settlement) {
        Self::settle(self, id, settlement);
    }
}
