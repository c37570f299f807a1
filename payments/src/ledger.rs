//! The spend ledger: what was promised to whom, for which job and tag, on record before any ticket
//! is signed.
//!
//! ```text
//!  promise() ─► nonces free? ─► room in every limit? ─► row committed ─► counted ─► may be signed
//!               └────────────── one lock over all of it, about 50 µs ───────────┘
//!  settle()  ─► bounded queue ─┐
//!                              ├─► maintain(), once a second: rows, totals, allowance, checkpoint
//!  redemption logs ────────────┘
//! ```
//!
//! What must hold, whatever happens:
//!
//! * The total of the ledger is never below what left the process. A crash at any instruction leaves
//!   a promise whose ticket was never sent, at worst; a power failure is covered by an allowance.
//! * No limit is passed, by concurrency or by a restart: checking and counting are one critical
//!   section, and what is counted is rebuilt from the file.
//! * No nonce is promised twice for the same ticket parameters.
//! * Nothing lowers a total: not a failed job, not a refusal, not pruning.
//!
//! One process uses a file at a time. All calls block for as long as SQLite needs:
//! [`promise`](Ledger::promise) for microseconds, [`maintain`](Ledger::maintain) for as long as the
//! disk takes, so that it belongs on a thread for blocking work.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use alloy_primitives::{B256, U256};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use rusqlite::Connection;

use crate::limits::{LimitKind, Limits, Rate, Rates};

mod admit;
mod allowance;
mod books;
mod column;
mod critical;
mod error;
mod file;
mod promise;
mod queue;
mod redemption;
mod report;
mod rounds;
mod sink;
#[cfg(test)]
mod tests;
mod totals;
mod viewer;

use self::books::Books;
use self::column::Day;
use self::critical::Core;
use self::queue::Queue;

pub use self::error::{LedgerError, PromiseError};
pub use self::promise::{Outcome, Promise, PromiseId, Settlement};
pub use self::redemption::{Cursor, Paid, Redemption};
pub use self::report::{GroupBy, Lag, Outcomes, Period, Redeemed, RunRate, Spent, Total, Usage};
pub use self::rounds::{BookFile, BookRecord, BookState, Sent, SessionTickets};
pub use self::sink::ChainSink;
pub use self::viewer::Viewer;

/// Settlements that are written while payments wait.
const BATCH: usize = 16;
/// Commits after which the write-ahead log is copied into the database and starts over. One commit
/// after each time waits for the disk, so it must not come often; but writing over the old log costs
/// a fraction of making it longer, so it must not be rare either. The log is a dozen megabytes then.
const CHECKPOINT: u64 = 1_024;
/// How long the file's totals may trail behind. A restart reads that many promises again.
const ROLL: SignedDuration = SignedDuration::from_secs(30);
/// Pages in the log that say that a reader keeps it from starting over.
const LONG_LOG: u64 = 65_536;

/// The spend ledger of a gateway. Shared by reference; closed by the last one, or earlier by
/// [`close`](Self::close).
#[derive(Debug)]
pub struct Ledger {
    core: Mutex<Core>,
    queue: Mutex<Queue>,
    /// For reports and checkpoints. Taken before `core` where both are needed, and never by
    /// [`promise`](Self::promise).
    upkeep: Mutex<Connection>,
    counts: Counts,
    path: PathBuf,
    /// Keeps other processes out; freed last.
    _lock: File,
}

#[derive(Debug, Default)]
struct Counts {
    promised: AtomicU64,
    refused: [AtomicU64; LimitKind::ALL.len()],
    reused: AtomicU64,
    failed: AtomicU64,
    warned: AtomicBool,
}

/// What the ledger did since it was opened, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Promises on record.
    pub promised: u64,
    /// Promises refused, by limit, in the order of [`LimitKind::ALL`].
    pub refused: [u64; LimitKind::ALL.len()],
    /// Promises refused because a nonce was on record.
    pub nonces_reused: u64,
    /// Promises that could not be written.
    pub failed: u64,
    /// Settlements waiting to be written.
    pub settlements_waiting: usize,
    /// Settlements dropped because too many waited; their promises stay without an outcome.
    pub settlements_dropped: u64,
}

/// What one call of [`Ledger::maintain`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Promises that got an outcome.
    pub settled: usize,
    /// Pages in the write-ahead log, where it was copied.
    pub log_pages: Option<u64>,
}

impl Ledger {
    /// Opens the ledger at `path`, or starts one, and counts everything that is on record.
    pub fn open(
        path: impl AsRef<Path>,
        limits: Limits,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        Self::open_in(path.as_ref(), limits, now, allowance::boot_id().as_deref())
    }

    /// [`open`](Self::open) during the given boot of the machine.
    fn open_in(
        path: &Path,
        limits: Limits,
        now: Timestamp,
        boot: Option<&str>,
    ) -> Result<Self, LedgerError> {
        let file::Opened { writer, upkeep, lock } = file::open(path)?;
        let mut books = Books::load(&writer).map_err(|source| file::trouble(path, source))?;
        allowance::recover(&writer, &mut books, boot)
            .map_err(|source| file::trouble(path, source))?;
        let mut core = Core {
            writer,
            limits,
            rates: Rates::default(),
            books,
            stale: false,
            closed: false,
            commits: 0,
            rolled_at: now,
            typical: U256::ZERO,
        };
        core.roll(now)?;
        Ok(Self {
            core: Mutex::new(core),
            queue: Mutex::default(),
            upkeep: Mutex::new(upkeep),
            counts: Counts::default(),
            path: path.into(),
            _lock: lock,
        })
    }

    /// Puts a promise on record if every limit has room for it and its nonces are new. Only after
    /// this returns may the tickets be signed.
    pub fn promise(&self, promise: &Promise<'_>) -> Result<PromiseId, PromiseError> {
        let result = self.core.lock().promise(promise);
        let counter = match &result {
            Ok(_) => &self.counts.promised,
            Err(PromiseError::Limit(hit)) => &self.counts.refused[hit.kind as usize],
            Err(PromiseError::NonceReused { .. }) => &self.counts.reused,
            Err(_) => &self.counts.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Notes what became of a promise; written by the next [`maintain`](Self::maintain). The first
    /// note on a promise is the last.
    pub fn settle(&self, id: PromiseId, settlement: Settlement) {
        self.queue.lock().push(id, settlement);
    }

    /// The highest nonce on record for these ticket parameters.
    pub fn last_nonce(&self, params: &B256) -> Result<Option<u32>, LedgerError> {
        let core = self.core.lock();
        critical::nonces_up_to(&core.writer, params, u32::MAX)
            .map(|found| found.map(|(_, last)| last))
            .map_err(LedgerError::at("look for used nonces"))
    }

    /// Replaces the limits. What is used already counts against the new ones.
    pub fn set_limits(&self, limits: Limits) {
        let mut core = self.core.lock();
        core.books.apply(&limits);
        core.limits = limits;
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.core.lock().limits.clone()
    }

    /// Tells what a currency is worth. An older rate than the one known changes nothing.
    pub fn set_rate(&self, rate: Rate) {
        self.core.lock().rates.set(rate);
    }

    /// What currencies are worth, as far as it was told.
    pub fn rates(&self) -> Rates {
        self.core.lock().rates.clone()
    }

    /// Does what need not be done while a payment waits: writes settlements and totals, raises the
    /// allowance, and copies the write-ahead log. Call it about once a second, where blocking is
    /// allowed. After an error the work is still there for the next call.
    pub fn maintain(&self, now: Timestamp) -> Result<Upkeep, LedgerError> {
        let mut done = Upkeep { settled: self.write_settlements()?, log_pages: None };
        let due = {
            let mut core = self.core.lock();
            if core.closed {
                return Ok(done);
            }
            core.allow_ahead(now)?;
            let since = now.duration_since(core.rolled_at);
            if since >= ROLL || since.is_negative() {
                core.roll(now)?;
            }
            core.commits >= CHECKPOINT
        };
        if due {
            done.log_pages = Some(self.checkpoint()?);
        }
        Ok(done)
    }

    /// Writes everything down for good. Afterwards nothing can be promised; reports still work.
    /// Dropping the ledger does the same, but can only log what goes wrong.
    pub fn close(&self, now: Timestamp) -> Result<(), LedgerError> {
        self.core.lock().closed = true;
        self.write_settlements()?;
        let upkeep = self.upkeep.lock();
        let mut core = self.core.lock();
        core.roll(now)?;
        let truncated = critical::checkpoint(&upkeep, "PRAGMA wal_checkpoint(TRUNCATE)");
        truncated.map_err(LedgerError::at("copy its log"))?;
        allowance::closed(&core.writer).map_err(LedgerError::at("note that it was closed"))
    }

    /// Deletes promises made before `before`, and sessions not paid since. Totals and redemptions
    /// stay, and so does every limit's count of today and yesterday, and what a round book that is not
    /// closed is made of.
    pub fn prune(&self, before: Timestamp, now: Timestamp) -> Result<usize, LedgerError> {
        self.core.lock().roll(now)?;
        // Nothing that a limit still counts, whatever the caller asks for.
        let before = before.min(Day(Day::of(now).0 - 1).start());
        let mut pruned = 0;
        loop {
            let mut core = self.core.lock();
            core.refresh()?;
            let deleted = prune_some(&core.writer, before, core.books.rolled)
                .inspect_err(|_| core.stale = true)
                .map_err(LedgerError::at("delete old promises"))?;
            core.commits += 1;
            drop(core);
            if deleted == 0 {
                return Ok(pruned);
            }
            pruned += deleted;
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What happened since the ledger was opened.
    pub fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let queue = self.queue.lock();
        Counters {
            promised: read(&self.counts.promised),
            refused: std::array::from_fn(|kind| read(&self.counts.refused[kind])),
            nonces_reused: read(&self.counts.reused),
            failed: read(&self.counts.failed),
            settlements_waiting: queue.len(),
            settlements_dropped: queue.dropped(),
        }
    }

    /// Writes waiting settlements, few at a time so that payments get in between.
    fn write_settlements(&self) -> Result<usize, LedgerError> {
        let mut settled = 0;
        // No more than wait now: others keep adding.
        let waiting = self.queue.lock().len();
        for _ in 0..waiting.div_ceil(BATCH) {
            let batch = self.queue.lock().take(BATCH);
            let written = self.core.lock().settle(&batch);
            match written {
                Ok(new) => settled += new,
                Err(error) => {
                    self.queue.lock().give_back(batch);
                    return Err(error);
                }
            }
        }
        Ok(settled)
    }

    /// Copies the write-ahead log into the database: the bulk of it while payments go on, and what
    /// they added meanwhile while they wait, so that the log can start over.
    fn checkpoint(&self) -> Result<u64, LedgerError> {
        const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
        let upkeep = self.upkeep.lock();
        critical::checkpoint(&upkeep, PASSIVE).map_err(LedgerError::at("copy its log"))?;
        let mut core = self.core.lock();
        let copied = critical::checkpoint(&upkeep, PASSIVE);
        let (log, moved) = copied.map_err(LedgerError::at("copy its log"))?;
        core.commits = 0;
        drop(core);
        if moved < log && log > LONG_LOG && !self.counts.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                pages = log,
                path = %self.path.display(),
                "a reader keeps the ledger's log from starting over; close other programs that have the file open"
            );
        }
        Ok(log)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let (closed, last) = {
            let core = self.core.lock();
            (core.closed, core.rolled_at)
        };
        if closed {
            return;
        }
        if let Err(error) = self.close(last) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the spend ledger was not closed well; it will be checked when it is opened"
            );
        }
    }
}

/// Deletes some of the oldest promises that are in the totals.
fn prune_some(connection: &Connection, before: Timestamp, rolled: i64) -> rusqlite::Result<usize> {
    let before = before.as_millisecond();
    connection
        .prepare_cached("DELETE FROM sessions WHERE last_at < ? AND last_at > 0")?
        .execute([before])?;
    // Promises are numbered in the order they were made, nearly: the oldest are the first.
    connection
        .prepare_cached(
            "DELETE FROM promises WHERE id IN
               (SELECT id FROM (SELECT id, at FROM promises ORDER BY id LIMIT 512)
                WHERE at < ? AND id <= ? AND (round IS NULL OR round <= COALESCE(
                  (SELECT value FROM meta WHERE key = 'booked'), 9223372036854775807)))",
        )?
        .execute([before, rolled])
}
