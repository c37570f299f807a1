//! The critical section: check the nonces, check the limits, write, count. Whoever holds the lock
//! over a [`Core`] is the only one who writes to the file.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::admit::Admission;
use super::books::Books;
use super::column::{Day, Wide, count, int};
use super::totals::{Key, Sums, add_totals};
use super::{LedgerError, Promise, PromiseError, PromiseId, Settlement, allowance};
use crate::limits::{Limits, Rates};

/// A session that was not paid for so long is looked up in the file again.
const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(2);
/// The totals in the file follow at the latest after so many promises, even if nobody calls
/// `maintain`, which does it much sooner.
const MOST_BEHIND: u64 = 65_536;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) writer: Connection,
    pub(super) limits: Limits,
    pub(super) rates: Rates,
    pub(super) books: Books,
    /// A write failed, and nobody knows whether it reached the file: read everything again first.
    pub(super) stale: bool,
    pub(super) closed: bool,
    /// Commits since the last checkpoint.
    pub(super) commits: u64,
    /// When the file's totals were last brought up to date.
    pub(super) rolled_at: Timestamp,
    /// What the last payment was worth.
    pub(super) typical: U256,
}

impl Core {
    pub(super) fn promise(&mut self, promise: &Promise<'_>) -> Result<PromiseId, PromiseError> {
        promise.check()?;
        if self.closed {
            return Err(PromiseError::Closed);
        }
        self.refresh()?;
        self.check_nonces(promise)?;
        let Self { writer, limits, rates, books, .. } = self;
        let session = books
            .use_session(writer, promise.recipient, promise.session)
            .map_err(LedgerError::at("read a session's total"))?;
        let day = Day::of(promise.at);
        let book =
            books.day(writer, day, limits).map_err(LedgerError::at("read a day's totals"))?;
        Admission { limits, rates, day: book, session }.check(promise)?;
        let step = || allowance::step(limits, rates, promise.value, promise.at);
        let written = allowance::cover(writer, book, promise.value, step)
            .and_then(|()| self.insert(promise, day));
        if written.is_err() {
            self.stale = true;
        }
        let id = written.map_err(LedgerError::at("write a promise"))?;
        self.books.add(promise, day, &self.limits);
        self.typical = promise.value;
        self.commits += 1;
        if self.books.behind() >= MOST_BEHIND {
            self.roll(promise.at)?;
        }
        Ok(PromiseId(id))
    }

    /// Reads everything again if a write failed.
    pub(super) fn refresh(&mut self) -> Result<(), LedgerError> {
        if self.stale {
            self.books = Books::load(&self.writer).map_err(LedgerError::at("read its file"))?;
            self.stale = false;
        }
        Ok(())
    }

    /// Brings the file's totals up to date.
    pub(super) fn roll(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        self.refresh()?;
        self.rolled_at = now;
        if !self.books.is_behind() {
            return Ok(());
        }
        let written = self.writer.unchecked_transaction().and_then(|transaction| {
            self.books.write(&transaction)?;
            transaction.commit()
        });
        self.wrote(written, "write its totals")?;
        let idle = now.checked_sub(SESSION_IDLE).unwrap_or(Timestamp::MIN);
        self.books.rolled_up(idle.as_millisecond());
        Ok(())
    }

    /// Writes down what became of promises. The first word on each is the last, and no total of what
    /// was promised changes. Returns how many were new.
    pub(super) fn settle(
        &mut self,
        settlements: &[(PromiseId, Settlement)],
    ) -> Result<usize, LedgerError> {
        self.refresh()?;
        let rolled = self.books.rolled;
        let (mut on_file, mut pending) = (HashMap::new(), HashMap::new());
        let mut new = 0;
        let written = self.writer.unchecked_transaction().and_then(|transaction| {
            for (id, settlement) in settlements {
                let Some(key) = settle_one(&transaction, *id, settlement)? else { continue };
                let sums: &mut HashMap<Key, Sums> =
                    if id.0 <= rolled { &mut on_file } else { &mut pending };
                sums.entry(key).or_default().add(&Sums::settled(settlement));
                new += 1;
            }
            add_totals(&transaction, &on_file)?;
            transaction.commit()
        });
        self.wrote(written, "write what became of promises")?;
        self.books.add_pending(pending);
        Ok(new)
    }

    /// Raises the day's allowance before a payment has to wait for it.
    pub(super) fn allow_ahead(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        self.refresh()?;
        if self.typical.is_zero() {
            return Ok(());
        }
        let step = allowance::step(&self.limits, &self.rates, self.typical, now);
        let covered = self
            .books
            .day(&self.writer, Day::of(now), &self.limits)
            .and_then(|book| allowance::cover(&self.writer, book, step >> 1, || step));
        self.wrote(covered, "write its allowance")
    }

    /// Counts a commit, or remembers that nobody knows whether there was one.
    pub(super) fn wrote(
        &mut self,
        written: rusqlite::Result<()>,
        action: &'static str,
    ) -> Result<(), LedgerError> {
        match written {
            Ok(()) => self.commits += 1,
            Err(_) => self.stale = true,
        }
        written.map_err(LedgerError::at(action))
    }

    fn check_nonces(&self, promise: &Promise<'_>) -> Result<(), PromiseError> {
        let Some((first, last)) = promise.nonces() else { return Ok(()) };
        let found = nonces_up_to(&self.writer, &promise.params, last)
            .map_err(LedgerError::at("look for used nonces"))?;
        match found {
            Some((on_record_first, on_record_last)) if on_record_last >= first => {
                let params = promise.params;
                Err(PromiseError::NonceReused {
                    params,
                    first,
                    last,
                    on_record_first,
                    on_record_last,
                })
            }
            _ => Ok(()),
        }
    }

    fn insert(&mut self, promise: &Promise<'_>, day: Day) -> rusqlite::Result<i64> {
        // Taken even if writing fails: that may have reached the file all the same.
        self.books.last += 1;
        let id = self.books.last;
        let params = promise.nonces().map(|_| promise.params.as_slice());
        self.writer
            .prepare_cached(
                "INSERT INTO promises
                   (id, at, day, recipient, session, job, attempt, tag, tag_name, capability,
                    params, first_nonce, tickets, face_value, win_prob, value, fee,
                    price_per_unit, pixels_per_unit, round)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                promise.at.as_millisecond(),
                day.0,
                promise.recipient.as_slice(),
                promise.session,
                promise.job,
                promise.attempt,
                promise.tag.get(),
                promise.tag_name,
                promise.capability,
                params,
                promise.first_nonce,
                promise.tickets,
                Wide::new(promise.face_value),
                Wide::new(promise.win_prob),
                Wide::new(promise.value),
                Wide::new(promise.fee),
                promise.price_per_unit,
                promise.pixels_per_unit,
                promise.nonces().map(|_| int(promise.round)),
            ])?;
        Ok(id)
    }
}

/// The promise with the highest first nonce up to `last`, as its first and last nonce. Promises never
/// overlap, so no other one reaches further.
pub(super) fn nonces_up_to(
    connection: &Connection,
    params: &B256,
    last: u32,
) -> rusqlite::Result<Option<(u32, u32)>> {
    connection
        .prepare_cached(
            "SELECT first_nonce, tickets FROM promises
             WHERE params = ? AND first_nonce <= ? ORDER BY first_nonce DESC LIMIT 1",
        )?
        .query_row(params![params.as_slice(), last], |row| {
            let (first, tickets): (u32, u32) = (row.get(0)?, row.get(1)?);
            Ok((first, first.saturating_add(tickets.saturating_sub(1))))
        })
        .optional()
}

/// Notes what became of one promise; `None` where that is known already or the promise was pruned.
fn settle_one(
    connection: &Connection,
    id: PromiseId,
    settlement: &Settlement,
) -> rusqlite::Result<Option<Key>> {
    let changed = connection
        .prepare_cached(
            "UPDATE promises SET outcome = ?, settled_at = ?, units = ?, debit = ?
             WHERE id = ? AND outcome IS NULL",
        )?
        .execute(params![
            settlement.outcome as i64,
            settlement.at.as_millisecond(),
            int(settlement.units),
            Wide::new(settlement.debit),
            id.0,
        ])?;
    if changed == 0 {
        return Ok(None);
    }
    connection
        .prepare_cached("SELECT day, recipient, tag_name, capability FROM promises WHERE id = ?")?
        .query_row([id.0], |row| {
            Ok(Some(Key {
                day: Day(row.get(0)?),
                recipient: Address::from(row.get::<_, [u8; 20]>(1)?),
                tag_name: row.get(2)?,
                capability: row.get(3)?,
            }))
        })
}

/// The answer of `PRAGMA wal_checkpoint`: frames in the log, and frames of them in the database.
pub(super) fn checkpoint(
    connection: &Connection,
    mode: &'static str,
) -> rusqlite::Result<(u64, u64)> {
    connection.query_row(mode, [], |row| {
        let (log, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok((count(log), count(moved)))
    })
}
