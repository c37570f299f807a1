//! What becomes of redemptions in tests.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::super::{Cursor, LogId, Redemption, RedemptionSink, Scan, SinkError};

/// Keeps what it is told.
#[derive(Debug, Default)]
pub(crate) struct FakeSink {
    pub(crate) kept: Mutex<BTreeMap<LogId, Redemption>>,
    pub(crate) removed: Mutex<Vec<LogId>>,
    pub(crate) cursor: Mutex<Option<Cursor>>,
    pub(crate) broken: Mutex<bool>,
}

impl FakeSink {
    pub(crate) fn nonces(&self) -> Vec<u64> {
        self.kept.lock().values().map(|r| r.nonce.to()).collect()
    }
}

impl RedemptionSink for FakeSink {
    fn cursor(&self) -> Result<Option<Cursor>, SinkError> {
        Ok(*self.cursor.lock())
    }

    fn since(&self, block: u64) -> Result<Vec<LogId>, SinkError> {
        Ok(self.kept.lock().keys().filter(|id| id.block >= block).copied().collect())
    }

    fn record(&self, scan: &Scan) -> Result<(), SinkError> {
        if *self.broken.lock() {
            return Err("the disk is full".into());
        }
        let mut kept = self.kept.lock();
        for id in &scan.removed {
            assert!(kept.remove(id).is_some(), "removed what was never told: {id:?}");
        }
        self.removed.lock().extend(&scan.removed);
        kept.extend(scan.redeemed.iter().map(|r| (r.log, r.clone())));
        *self.cursor.lock() = Some(scan.cursor);
        Ok(())
    }
}
