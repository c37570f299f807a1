//! What the ledger knows for round books: the payment sessions of a round, which books were made and
//! told to the chain, which data files belong to which, and the transaction that is on its way.
//!
//! A book is written down before anything is sent about it, and so is each transaction, with its
//! nonce: whoever starts again goes on with the same nonce, so that of two transactions at most one
//! can count. Promises are pruned only when the books that need them are closed.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use super::column::{Wide, count, int};
use super::{Ledger, LedgerError, Outcome};
use crate::fund::Fees;

/// The tickets of one payment session that name one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTickets {
    /// Who is paid.
    pub recipient: Address,
    /// The session: hash of the recipient's random number.
    pub params: B256,
    /// Number of the tag when it was paid; 0 for none.
    pub tag: u32,
    /// Name of the tag; empty for none.
    pub tag_name: String,
    /// The first job that was paid for.
    pub job: [u8; 16],
    /// Nonce of the first ticket.
    pub first_nonce: u32,
    /// Tickets that left this process, or may have.
    pub tickets: u32,
    /// Face value of each, wei.
    pub face_value: U256,
    /// Chance of each to win, of 2^256 - 1.
    pub win_prob: U256,
}

/// How far a book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BookState {
    /// Written, not on chain.
    Written = 0,
    /// On chain as it is, and may still be revised.
    Committed = 1,
    /// Nothing about it can change any more.
    Final = 2,
    /// Its window went by without a commitment to it as it is.
    Missed = 3,
    /// Written and never to be on chain: there is no registry.
    Kept = 4,
}

impl BookState {
    const ALL: [Self; 5] = [Self::Written, Self::Committed, Self::Final, Self::Missed, Self::Kept];

    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Committed => "committed",
            Self::Final => "final",
            Self::Missed => "missed",
            Self::Kept => "kept",
        }
    }

    /// Whether nothing is done about it any more.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Final | Self::Missed | Self::Kept)
    }
}

impl FromSql for BookState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let state = usize::try_from(number).ok().and_then(|number| Self::ALL.get(number));
        state.copied().ok_or(FromSqlError::OutOfRange(number))
    }
}

/// A book on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookRecord {
    /// The round.
    pub round: u64,
    /// How far it is.
    pub state: BookState,
    /// Root of its leaves; zero without any.
    pub root: B256,
    /// Root over its data files; zero without any.
    pub dataset_root: B256,
    /// Payment sessions.
    pub leaves: u32,
    /// Expected value of all tickets, wei.
    pub total_ev: u128,
    /// Revision of the last commitment known; 0 for none.
    pub revision: u32,
    /// Both roots as they were committed to last.
    pub told: (B256, B256),
    /// The transaction that did.
    pub transaction: Option<B256>,
}

/// A data file in a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFile {
    /// Below `<dataDir>/data/v1`, with `/` between names.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: B256,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// A transaction that was signed and may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its nonce.
    pub nonce: u64,
    /// What it is for.
    pub purpose: String,
    /// Its hash.
    pub hash: B256,
    /// What it offers for gas.
    pub fees: Fees,
}

impl Ledger {
    /// The sessions whose tickets name this round, in the order of their first promise. Tickets that
    /// are known not to have been sent are left out.
    pub fn round_sessions(&self, round: u64) -> Result<Vec<SessionTickets>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let read = || -> rusqlite::Result<Vec<SessionTickets>> {
            let mut statement = upkeep.prepare_cached(
                "SELECT recipient, params, tag, tag_name, job, first_nonce, tickets, face_value,
                        win_prob
                 FROM promises WHERE round = ? AND params IS NOT NULL AND tickets > 0
                   AND (outcome IS NULL OR outcome <> ?)
                 ORDER BY id",
            )?;
            let mut rows = statement.query(params![int(round), Outcome::NotSent as i64])?;
            let mut sessions: Vec<SessionTickets> = Vec::new();
            let mut places: BTreeMap<B256, usize> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let session = session(row)?;
                let place = *places.entry(session.params).or_insert(sessions.len());
                match sessions.get_mut(place) {
                    Some(known) => known.tickets = known.tickets.saturating_add(session.tickets),
                    None => sessions.push(session),
                }
            }
            Ok(sessions)
        };
        read().map_err(LedgerError::at("read the sessions of a round"))
    }

    /// The rounds after `after` that promises name, in order.
    pub fn rounds_after(&self, after: Option<u64>) -> Result<Vec<u64>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let read = || -> rusqlite::Result<Vec<u64>> {
            let mut statement = upkeep.prepare_cached(
                "SELECT DISTINCT round FROM promises WHERE round > ? ORDER BY round",
            )?;
            let after = after.map_or(-1, int);
            let rows = statement.query_map([after], |row| row.get(0).map(count))?;
            rows.collect()
        };
        read().map_err(LedgerError::at("read the rounds of promises"))
    }

    /// Whether it is still to be seen what became of a promise of this round made after `since`.
    pub fn has_open_promises(&self, round: u64, since: Timestamp) -> Result<bool, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached(
                "SELECT 1 FROM promises WHERE round = ? AND outcome IS NULL AND at > ? LIMIT 1",
            )
            .and_then(|mut statement| statement.exists(params![int(round), since.as_millisecond()]))
            .map_err(LedgerError::at("look for open promises"))
    }

    /// The book of a round, if one was made.
    pub fn book(&self, round: u64) -> Result<Option<BookRecord>, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached("SELECT * FROM books WHERE round = ?")
            .and_then(|mut statement| statement.query_row([int(round)], book).optional())
            .map_err(LedgerError::at("read a round book"))
    }

    /// Books that are not closed, and the newest ones that are, in order.
    pub fn books(&self, closed: usize) -> Result<Vec<BookRecord>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let read = || -> rusqlite::Result<Vec<BookRecord>> {
            let mut statement = upkeep.prepare_cached(
                "SELECT * FROM books WHERE state < 2 OR round IN
                   (SELECT round FROM books WHERE state >= 2 ORDER BY round DESC LIMIT ?)
                 ORDER BY round",
            )?;
            let rows = statement.query_map([int(closed as u64)], book)?;
            rows.collect()
        };
        read().map_err(LedgerError::at("read round books"))
    }

    /// Writes a book down, with the data files that are new in it.
    pub fn put_book(&self, record: &BookRecord, files: &[BookFile]) -> Result<(), LedgerError> {
        let mut core = self.core.lock();
        let written = core.writer.unchecked_transaction().and_then(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO books
                       (round, state, root, dataset_root, leaves, total_ev, revision, told_root,
                        told_dataset, tx)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    int(record.round),
                    record.state as i64,
                    record.root.as_slice(),
                    record.dataset_root.as_slice(),
                    record.leaves,
                    Wide::new(U256::from(record.total_ev)),
                    record.revision,
                    record.told.0.as_slice(),
                    record.told.1.as_slice(),
                    record.transaction.as_ref().map(B256::as_slice),
                ])?;
            let mut put = transaction.prepare_cached(
                "INSERT OR IGNORE INTO book_files (path, round, sha256, bytes, rows)
                 VALUES (?, ?, ?, ?, ?)",
            )?;
            for file in files {
                let (bytes, rows) = (int(file.bytes), int(file.rows));
                put.execute(params![
                    file.path,
                    int(record.round),
                    file.sha256.as_slice(),
                    bytes,
                    rows
                ])?;
            }
            drop(put);
            transaction.commit()
        });
        core.wrote(written, "write a round book")
    }

    /// The data files in the book of a round, by path.
    pub fn book_files(&self, round: u64) -> Result<Vec<BookFile>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let read = || -> rusqlite::Result<Vec<BookFile>> {
            let mut statement = upkeep.prepare_cached(
                "SELECT path, sha256, bytes, rows FROM book_files WHERE round = ? ORDER BY path",
            )?;
            let rows = statement.query_map([int(round)], |row| {
                Ok(BookFile {
                    path: row.get(0)?,
                    sha256: hash(row, 1)?,
                    bytes: count(row.get(2)?),
                    rows: count(row.get(3)?),
                })
            })?;
            rows.collect()
        };
        read().map_err(LedgerError::at("read the data files of a round"))
    }

    /// Whether a data file is in a book.
    pub fn is_in_a_book(&self, path: &str) -> Result<bool, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached("SELECT 1 FROM book_files WHERE path = ?")
            .and_then(|mut statement| statement.exists([path]))
            .map_err(LedgerError::at("look for a data file"))
    }

    /// Books up to this round are closed; what later ones are made of is not pruned.
    pub fn set_booked(&self, round: u64) -> Result<(), LedgerError> {
        self.put_meta("booked", int(round))
    }

    /// The round up to which books are closed; nothing if no book was ever kept.
    pub fn booked(&self) -> Result<Option<u64>, LedgerError> {
        Ok(self.meta::<i64>("booked")?.map(count))
    }

    /// The secret that salts jobs in books, made by `fresh` the first time. Who knows it can tell
    /// which job each leaf is of.
    pub fn book_secret(&self, fresh: impl FnOnce() -> B256) -> Result<B256, LedgerError> {
        if let Some(known) = self.meta::<[u8; 32]>("book_secret")? {
            return Ok(known.into());
        }
        let secret = fresh();
        self.put_meta("book_secret", secret.as_slice())?;
        Ok(secret)
    }

    /// The transaction that may be on its way.
    pub fn outbox(&self) -> Result<Option<Sent>, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached(
                "SELECT nonce, purpose, hash, cap, tip FROM outbox ORDER BY nonce DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                let sent = |row: &Row<'_>| {
                    let (cap, tip) = (row.get::<_, Wide>(3)?, row.get::<_, Wide>(4)?);
                    Ok(Sent {
                        nonce: count(row.get(0)?),
                        purpose: row.get(1)?,
                        hash: hash(row, 2)?,
                        fees: Fees { cap: cap.value(), tip: tip.value() },
                    })
                };
                statement.query_row([], sent).optional()
            })
            .map_err(LedgerError::at("read its outbox"))
    }

    /// Writes a transaction down that is about to be sent, instead of the one before.
    pub fn put_outbox(&self, sent: &Sent) -> Result<(), LedgerError> {
        let mut core = self.core.lock();
        let written = core.writer.unchecked_transaction().and_then(|transaction| {
            transaction.execute("DELETE FROM outbox", [])?;
            transaction
                .prepare_cached(
                    "INSERT INTO outbox (nonce, purpose, hash, cap, tip) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    int(sent.nonce),
                    sent.purpose,
                    sent.hash.as_slice(),
                    Wide::new(sent.fees.cap),
                    Wide::new(sent.fees.tip),
                ])?;
            transaction.commit()
        });
        core.wrote(written, "write its outbox")
    }

    /// Nothing is on its way.
    pub fn clear_outbox(&self) -> Result<(), LedgerError> {
        let mut core = self.core.lock();
        let written = core.writer.execute("DELETE FROM outbox", []).map(drop);
        core.wrote(written, "write its outbox")
    }

    fn meta<T: FromSql>(&self, key: &str) -> Result<Option<T>, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached("SELECT value FROM meta WHERE key = ?")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(LedgerError::at("read a note"))
    }

    fn put_meta(&self, key: &str, value: impl rusqlite::ToSql) -> Result<(), LedgerError> {
        let mut core = self.core.lock();
        let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";
        let written = core.writer.execute(sql, params![key, value]).map(drop);
        core.wrote(written, "write a note")
    }
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionTickets> {
    Ok(SessionTickets {
        recipient: row.get::<_, [u8; 20]>(0)?.into(),
        params: hash(row, 1)?,
        tag: row.get(2)?,
        tag_name: row.get(3)?,
        job: row.get(4)?,
        first_nonce: row.get(5)?,
        tickets: row.get(6)?,
        face_value: row.get::<_, Wide>(7)?.value(),
        win_prob: row.get::<_, Wide>(8)?.value(),
    })
}

fn book(row: &Row<'_>) -> rusqlite::Result<BookRecord> {
    let transaction: Option<[u8; 32]> = row.get("tx")?;
    let at = |name: &str| row.get::<_, [u8; 32]>(name).map(B256::from);
    Ok(BookRecord {
        round: count(row.get("round")?),
        state: row.get("state")?,
        root: at("root")?,
        dataset_root: at("dataset_root")?,
        leaves: row.get("leaves")?,
        total_ev: row.get::<_, Wide>("total_ev")?.value().saturating_to(),
        revision: row.get("revision")?,
        told: (at("told_root")?, at("told_dataset")?),
        transaction: transaction.map(B256::from),
    })
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<B256> {
    row.get::<_, [u8; 32]>(column).map(B256::from)
}
