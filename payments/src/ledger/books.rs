//! What the ledger knows by heart: sums of today, of sessions, and of promises that are not in the
//! file's totals yet. All of it can be rebuilt from the file at any moment, and is after every
//! failed write. Sums only ever grow.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Promise;
use super::column::{Day, Wide, count};
use super::totals::{Key, Sums, add_totals, sums_of_row};
use crate::limits::Limits;

/// Sums of one day, as its limits need them.
#[derive(Debug)]
pub(super) struct DayBook {
    pub(super) day: Day,
    pub(super) promised: U256,
    pub(super) orchestrators: HashMap<Address, U256>,
    tags: HashMap<String, U256>,
    /// What each of the limits for tags has used, in their order.
    pub(super) rules: Vec<U256>,
    /// Counted as promised although no row says so: see `allowance`.
    pub(super) lost: U256,
    /// How far `promised + lost` may grow before the file must say so first.
    pub(super) allowed: U256,
}

impl DayBook {
    pub(super) fn used(&self) -> U256 {
        self.promised.saturating_add(self.lost)
    }

    fn add(&mut self, recipient: Address, tag_name: &str, value: U256, limits: &Limits) {
        self.promised = self.promised.saturating_add(value);
        let orchestrator = self.orchestrators.entry(recipient).or_default();
        *orchestrator = orchestrator.saturating_add(value);
        match self.tags.get_mut(tag_name) {
            Some(sum) => *sum = sum.saturating_add(value),
            None => {
                self.tags.insert(tag_name.to_owned(), value);
            }
        }
        for (used, (pattern, _)) in self.rules.iter_mut().zip(&limits.tags) {
            if pattern.covers(tag_name) {
                *used = used.saturating_add(value);
            }
        }
    }

    /// Counts for other limits than before.
    fn apply(&mut self, limits: &Limits) {
        let used = |pattern: &crate::limits::TagPattern| {
            let covered = self.tags.iter().filter(|(tag, _)| pattern.covers(tag));
            covered.fold(U256::ZERO, |sum, (_, value)| sum.saturating_add(*value))
        };
        self.rules = limits.tags.iter().map(|(pattern, _)| used(pattern)).collect();
    }
}

#[derive(Debug, Clone, Copy)]
struct SessionUse {
    value: U256,
    last_at: i64,
    /// Not in the file's table yet.
    dirty: bool,
}

/// How many days are kept at hand: jobs around midnight come in any order.
const DAYS: usize = 2;

/// Everything known by heart.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// The last promise in the file's totals.
    pub(super) rolled: i64,
    /// The last promise that was given a number.
    pub(super) last: i64,
    pending: HashMap<Key, Sums>,
    sessions: HashMap<Address, HashMap<String, SessionUse>>,
    days: Vec<DayBook>,
}

impl Books {
    /// Reads what the totals do not hold yet.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let rolled: Option<i64> = connection
            .query_row("SELECT value FROM meta WHERE key = 'rolled'", [], |row| row.get(0))
            .optional()?;
        let rolled = rolled.unwrap_or(0);
        let mut books = Self { rolled, last: rolled, ..Self::default() };
        let mut rows = connection.prepare(
            "SELECT id, at, day, recipient, session, tag_name, capability, tickets, face_value,
                    value, fee, outcome, units, debit
             FROM promises WHERE id > ? ORDER BY id",
        )?;
        let mut rows = rows.query([rolled])?;
        while let Some(row) = rows.next()? {
            books.last = row.get(0)?;
            let recipient = Address::from(row.get::<_, [u8; 20]>(3)?);
            let key = Key {
                day: Day(row.get(2)?),
                recipient,
                tag_name: row.get(5)?,
                capability: row.get(6)?,
            };
            let sums = sums_of_row(row)?;
            books.use_session(connection, recipient, &row.get::<_, String>(4)?)?;
            books.add_session(recipient, row.get_ref(4)?.as_str()?, sums.value, row.get(1)?);
            books.pending.entry(key).or_default().add(&sums);
        }
        Ok(books)
    }

    /// Counts a promise that is on record.
    pub(super) fn add(&mut self, promise: &Promise<'_>, day: Day, limits: &Limits) {
        let sums = Sums::of(promise);
        if let Some(book) = self.days.iter_mut().find(|book| book.day == day) {
            book.add(promise.recipient, promise.tag_name, promise.value, limits);
        }
        let at = promise.at.as_millisecond();
        self.add_session(promise.recipient, promise.session, promise.value, at);
        let key = Key {
            day,
            recipient: promise.recipient,
            tag_name: promise.tag_name.to_owned(),
            capability: promise.capability.to_owned(),
        };
        self.pending.entry(key).or_default().add(&sums);
    }

    /// Counts what became of promises that the totals do not hold yet.
    pub(super) fn add_pending(&mut self, sums: HashMap<Key, Sums>) {
        for (key, more) in sums {
            self.pending.entry(key).or_default().add(&more);
        }
    }

    /// The sums of a day, read from the file where they are not at hand.
    pub(super) fn day(
        &mut self,
        connection: &Connection,
        day: Day,
        limits: &Limits,
    ) -> rusqlite::Result<&mut DayBook> {
        if let Some(at) = self.days.iter().position(|book| book.day == day) {
            return Ok(&mut self.days[at]);
        }
        let book = self.read_day(connection, day, limits)?;
        if self.days.len() >= DAYS {
            self.days.remove(0);
        }
        self.days.push(book);
        Ok(self.days.last_mut().expect("just pushed"))
    }

    fn read_day(
        &self,
        connection: &Connection,
        day: Day,
        limits: &Limits,
    ) -> rusqlite::Result<DayBook> {
        let (allowed, lost) = super::allowance::of_day(connection, day)?;
        let mut book = DayBook {
            day,
            promised: U256::ZERO,
            orchestrators: HashMap::new(),
            tags: HashMap::new(),
            rules: Vec::new(),
            lost,
            allowed,
        };
        let none = Limits::default();
        let mut rows = connection
            .prepare_cached("SELECT recipient, tag_name, value FROM totals WHERE day = ?")?;
        let mut rows = rows.query([day.0])?;
        while let Some(row) = rows.next()? {
            let recipient = Address::from(row.get::<_, [u8; 20]>(0)?);
            book.add(recipient, row.get_ref(1)?.as_str()?, row.get::<_, Wide>(2)?.value(), &none);
        }
        for (key, sums) in self.pending.iter().filter(|(key, _)| key.day == day) {
            book.add(key.recipient, &key.tag_name, sums.value, &none);
        }
        book.apply(limits);
        Ok(book)
    }

    /// Sums of days are read again when they are needed.
    pub(super) fn forget_days(&mut self) {
        self.days.clear();
    }

    /// Counts for other limits than before.
    pub(super) fn apply(&mut self, limits: &Limits) {
        for book in &mut self.days {
            book.apply(limits);
        }
    }

    /// What was promised in a session; afterwards it is known by heart.
    pub(super) fn use_session(
        &mut self,
        connection: &Connection,
        recipient: Address,
        session: &str,
    ) -> rusqlite::Result<U256> {
        let sessions = self.sessions.entry(recipient).or_default();
        if let Some(known) = sessions.get(session) {
            return Ok(known.value);
        }
        let on_file = connection
            .prepare_cached(
                "SELECT value, last_at FROM sessions WHERE recipient = ? AND session = ?",
            )?
            .query_row(params![recipient.as_slice(), session], |row| {
                Ok((row.get::<_, Wide>(0)?.value(), row.get(1)?))
            })
            .optional()?;
        let (value, last_at) = on_file.unwrap_or((U256::ZERO, 0));
        sessions.insert(session.to_owned(), SessionUse { value, last_at, dirty: false });
        Ok(value)
    }

    /// After [`use_session`](Self::use_session): the sum on file is part of it.
    fn add_session(&mut self, recipient: Address, session: &str, value: U256, at: i64) {
        let known = self.sessions.get_mut(&recipient).and_then(|all| all.get_mut(session));
        if let Some(known) = known {
            known.value = known.value.saturating_add(value);
            known.last_at = known.last_at.max(at);
            known.dirty = true;
        }
    }

    /// Writes everything that is not in the file's totals yet, in the caller's transaction. After
    /// its commit the caller says [`rolled_up`](Self::rolled_up).
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        add_totals(connection, &self.pending)?;
        let mut put = connection.prepare_cached(
            "INSERT OR REPLACE INTO sessions (recipient, session, value, last_at)
             VALUES (?, ?, ?, ?)",
        )?;
        for (recipient, sessions) in &self.sessions {
            for (session, known) in sessions.iter().filter(|(_, known)| known.dirty) {
                let value = Wide::new(known.value);
                put.execute(params![recipient.as_slice(), session, value, known.last_at])?;
            }
        }
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES ('rolled', ?)")?
            .execute([self.last])?;
        Ok(())
    }

    /// Everything is in the file's totals. Sessions unused since `idle` are forgotten here.
    pub(super) fn rolled_up(&mut self, idle: i64) {
        self.rolled = self.last;
        self.pending.clear();
        self.sessions.retain(|_, sessions| {
            sessions.retain(|_, known| {
                known.dirty = false;
                known.last_at >= idle
            });
            !sessions.is_empty()
        });
    }

    /// How many promises the file's totals do not hold yet, at most.
    pub(super) fn behind(&self) -> u64 {
        count(self.last - self.rolled)
    }

    /// Whether there is something to write.
    pub(super) fn is_behind(&self) -> bool {
        self.last > self.rolled || !self.pending.is_empty()
    }
}
