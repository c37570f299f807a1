//! How numbers of 256 bits and moments stand in a table: as the shortest big-endian bytes, and as
//! milliseconds since 1970. Sums are made in Rust: SQLite's numbers end at 63 bits.

use alloy_primitives::U256;
use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A number of up to 256 bits as a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide {
    bytes: [u8; 32],
    from: usize,
}

impl Wide {
    pub(super) fn new(value: U256) -> Self {
        let bytes = value.to_be_bytes::<32>();
        let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        Self { bytes, from }
    }

    pub(super) fn value(self) -> U256 {
        U256::from_be_bytes(self.bytes)
    }
}

impl ToSql for Wide {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.bytes[self.from..])))
    }
}

impl FromSql for Wide {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let value = U256::try_from_be_slice(bytes)
            .ok_or(FromSqlError::InvalidBlobSize { expected_size: 32, blob_size: bytes.len() })?;
        Ok(Self::new(value))
    }
}

/// A count as SQLite holds it. Nothing that is counted here comes near 2^63.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count as it came from SQLite; the ledger never writes a negative one.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The moment of a column.
pub(super) fn moment(milliseconds: i64) -> FromSqlResult<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| FromSqlError::OutOfRange(milliseconds))
}

/// A UTC calendar day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i64);

const DAY_SECONDS: i64 = 86_400;

impl Day {
    pub(super) fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(DAY_SECONDS))
    }

    /// Midnight at its end.
    pub(super) fn end(self) -> Timestamp {
        Self(self.0 + 1).start()
    }

    /// Midnight at its beginning.
    pub(super) fn start(self) -> Timestamp {
        Timestamp::from_second(self.0 * DAY_SECONDS).unwrap_or(Timestamp::MAX)
    }

    /// `2026-11-27`.
    pub(super) fn text(self) -> String {
        self.start().strftime("%Y-%m-%d").to_string()
    }
}
