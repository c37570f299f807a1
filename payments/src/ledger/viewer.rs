//! Looking at a ledger from outside the gateway that keeps it: for the command line.
//!
//! Nothing is created, locked or changed. A gateway writes its totals down every half a minute, so
//! what is seen may be that old while one runs.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::report::{begin, rate_of, read};
use super::{GroupBy, LedgerError, Period, RunRate, Total, file};

/// A ledger that can only be read.
#[derive(Debug)]
pub struct Viewer(Connection);

impl Viewer {
    /// Opens the ledger at `path`; `None` where there is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Option<Self>, LedgerError> {
        let path = path.as_ref();
        match path.try_exists() {
            Ok(true) => file::view(path).map(Self).map(Some),
            Ok(false) => Ok(None),
            Err(source) => Err(LedgerError::File { path: path.into(), source }),
        }
    }

    /// Sums of a period, ordered by key.
    pub fn totals(&self, by: GroupBy, period: Period) -> Result<Vec<Total>, LedgerError> {
        read(&self.0, by, period).map_err(LedgerError::at("read its totals"))
    }

    /// How fast money went in the last `days` days, or since the first promise in them.
    pub fn run_rate(&self, now: Timestamp, days: u16) -> Result<RunRate, LedgerError> {
        let period = Period { from: begin(now, days), to: now };
        Ok(rate_of(&self.totals(GroupBy::Day, period)?, period))
    }
}
