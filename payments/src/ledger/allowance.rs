//! Staying pessimistic when the machine goes down.
//!
//! A promise is committed without waiting for the disk, which survives any crash of the process:
//! the operating system has the bytes. It does not survive a power failure, which may take the last
//! promises with it although their tickets are out. So the file holds, for each day, an *allowance*:
//! how much the day's promises may add up to. It is raised in large steps, ahead of use, and each
//! raise waits for the disk. If the machine went down, whatever the allowance has over the rows that
//! are left counts as promised (`lost`), for every limit of that day. It can be at most one step.
//!
//! Whether the machine went down is known from the kernel's boot id: the same id means the same
//! page cache, so the rows are complete however the process ended. Where there is no boot id, every
//! end without [`close`](super::Ledger::close) is taken for a power failure.
//!
//! Nonces need no such care: ticket parameters are never kept over a restart.

use alloy_primitives::U256;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::books::{Books, DayBook};
use super::column::{Day, Wide};
use crate::limits::{Limits, Rates};

/// Payments of the size of the last one that an allowance is good for, at least.
const PAYMENTS: u64 = 256;
/// Parts of the smallest daily limit.
const PARTS: u64 = 64;
/// Largest part of the smallest daily limit, whatever payments are worth: what a power failure may
/// take away from a day.
const FEWEST_PARTS: u64 = 8;

/// Which boot of the machine this is.
pub(super) fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The allowance of a day, and what counts as promised without a row.
pub(super) fn of_day(connection: &Connection, day: Day) -> rusqlite::Result<(U256, U256)> {
    let found = connection
        .prepare_cached("SELECT wei, lost FROM allowance WHERE day = ?")?
        .query_row([day.0], |row| {
            Ok((row.get::<_, Wide>(0)?.value(), row.get::<_, Wide>(1)?.value()))
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// At opening: counts what may have been lost, and notes that the ledger is in use.
pub(super) fn recover(
    connection: &Connection,
    books: &mut Books,
    boot: Option<&str>,
) -> rusqlite::Result<()> {
    let note = |key: &str| -> rusqlite::Result<Option<String>> {
        connection
            .query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0))
            .optional()
    };
    let closed = note("closed")?.is_some();
    let same_boot = boot.is_some() && note("boot")?.as_deref() == boot;
    synced(connection, || {
        let transaction = connection.unchecked_transaction()?;
        if !closed && !same_boot {
            // Raising the allowance of a day put every promise before it on the disk, so only the
            // last day can have lost some; and the one before it, around midnight.
            let mut days =
                transaction.prepare("SELECT day FROM allowance ORDER BY day DESC LIMIT 2")?;
            let days: Vec<i64> =
                days.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            for day in days.into_iter().map(Day) {
                let book = books.day(&transaction, day, &Limits::default())?;
                let lost = book.lost.max(book.allowed.saturating_sub(book.promised));
                transaction.execute(
                    "UPDATE allowance SET lost = ? WHERE day = ?",
                    params![Wide::new(lost), day.0],
                )?;
            }
            books.forget_days();
        }
        transaction.execute("DELETE FROM meta WHERE key IN ('closed', 'boot')", [])?;
        if let Some(boot) = boot {
            transaction.execute("INSERT INTO meta (key, value) VALUES ('boot', ?)", [boot])?;
        }
        transaction.commit()
    })
}

/// Notes that everything is on the disk.
pub(super) fn closed(connection: &Connection) -> rusqlite::Result<()> {
    synced(connection, || {
        let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES ('closed', 'yes')";
        connection.execute(sql, []).map(drop)
    })
}

/// How far the allowance is raised at once.
pub(super) fn step(limits: &Limits, rates: &Rates, value: U256, now: jiff::Timestamp) -> U256 {
    let payments = value.saturating_mul(U256::from(PAYMENTS));
    let daily = limits.daily();
    let wei = daily.filter_map(|amount| rates.wei(amount, now, limits.max_rate_age).ok());
    match wei.min() {
        Some(limit) => payments.clamp(limit / U256::from(PARTS), limit / U256::from(FEWEST_PARTS)),
        None => payments,
    }
}

/// Makes sure that the file allows `more`, waiting for the disk where it has to say so first.
pub(super) fn cover(
    connection: &Connection,
    book: &mut DayBook,
    more: U256,
    step: impl FnOnce() -> U256,
) -> rusqlite::Result<()> {
    let needed = book.used().saturating_add(more);
    if needed <= book.allowed {
        return Ok(());
    }
    let wei = needed.saturating_add(step());
    synced(connection, || {
        connection
            .prepare_cached("INSERT OR REPLACE INTO allowance (day, wei, lost) VALUES (?, ?, ?)")?
            .execute(params![book.day.0, Wide::new(wei), Wide::new(book.lost)])
            .map(drop)
    })?;
    book.allowed = wei;
    Ok(())
}

/// Runs a write whose commit waits for the disk.
fn synced<T>(
    connection: &Connection,
    write: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let written = write();
    connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    written
}
