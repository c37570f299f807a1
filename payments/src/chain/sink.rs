//! Where redemptions go, and where the watcher left off. Implemented by the ledger.

use std::{error::Error, fmt};

use alloy_primitives::B256;
use jiff::Timestamp;

use super::redemption::{LogId, Redemption};

/// Up to which block logs have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The block.
    pub block: u64,
    /// Its hash, to notice that it was replaced; zero when it is not known.
    pub hash: B256,
}

/// What one look at the logs brought. The same redemption may be told again; its [`LogId`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Tickets of ours that were redeemed.
    pub redeemed: Vec<Redemption>,
    /// Redemptions told before that a reorganisation took back. One that came back in another block
    /// is also in `redeemed`, under its new identity.
    pub removed: Vec<LogId>,
    /// Where to go on from.
    pub cursor: Cursor,
    /// When it was read.
    pub at: Timestamp,
}

/// What went wrong in a sink.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// Keeps redemptions and the cursor.
pub trait RedemptionSink: fmt::Debug + Send + Sync {
    /// Where to go on from; nothing if nothing was ever read.
    fn cursor(&self) -> Result<Option<Cursor>, SinkError>;

    /// Redemptions on record in `block` and later, to tell which of them vanished.
    fn since(&self, block: u64) -> Result<Vec<LogId>, SinkError>;

    /// Records all of a scan or nothing of it. After an error the same is told again.
    fn record(&self, scan: &Scan) -> Result<(), SinkError>;
}
