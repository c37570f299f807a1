//! Sums over promises that are kept for good: for each day, orchestrator, tag and kind of work.
//! They only grow, and they outlive the promises they were made from.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::column::{Day, Wide, count, int};
use super::{Outcome, Promise, Settlement};

/// What totals are kept for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) day: Day,
    pub(super) recipient: Address,
    pub(super) tag_name: String,
    pub(super) capability: String,
}

/// Sums over promises of one [`Key`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) payments: u64,
    pub(super) tickets: u64,
    pub(super) face_value: U256,
    pub(super) value: U256,
    pub(super) fee: U256,
    /// How many of the payments ended how, by [`Outcome`].
    pub(super) outcomes: [u64; 4],
    pub(super) units: u64,
    pub(super) debit: U256,
}

impl Sums {
    pub(super) fn of(promise: &Promise<'_>) -> Self {
        Self {
            payments: 1,
            tickets: promise.tickets.into(),
            face_value: promise.face_value.saturating_mul(U256::from(promise.tickets)),
            value: promise.value,
            fee: promise.fee,
            ..Self::default()
        }
    }

    pub(super) fn settled(settlement: &Settlement) -> Self {
        let mut sums = Self { units: settlement.units, debit: settlement.debit, ..Self::default() };
        sums.outcomes[settlement.outcome as usize] = 1;
        sums
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.payments = self.payments.saturating_add(other.payments);
        self.tickets = self.tickets.saturating_add(other.tickets);
        self.face_value = self.face_value.saturating_add(other.face_value);
        self.value = self.value.saturating_add(other.value);
        self.fee = self.fee.saturating_add(other.fee);
        for (sum, more) in self.outcomes.iter_mut().zip(other.outcomes) {
            *sum = sum.saturating_add(more);
        }
        self.units = self.units.saturating_add(other.units);
        self.debit = self.debit.saturating_add(other.debit);
    }
}

/// The sums of one row of `promises`, as [`Books::load`](super::books::Books::load) asks for it.
pub(super) fn sums_of_row(row: &Row<'_>) -> rusqlite::Result<Sums> {
    let tickets = count(row.get(7)?);
    let wide = |column| row.get::<_, Wide>(column).map(Wide::value);
    let mut sums = Sums {
        payments: 1,
        tickets,
        face_value: wide(8)?.saturating_mul(U256::from(tickets)),
        value: wide(9)?,
        fee: wide(10)?,
        ..Sums::default()
    };
    if let Some(outcome) = row.get::<_, Option<i64>>(11)?.and_then(Outcome::of) {
        let units = row.get::<_, Option<i64>>(12)?.map_or(0, count);
        let debit = row.get::<_, Option<Wide>>(13)?.map_or(U256::ZERO, Wide::value);
        sums.outcomes[outcome as usize] = 1;
        (sums.units, sums.debit) = (units, debit);
    }
    Ok(sums)
}

/// The columns of sums in `totals`, from the given one on.
pub(super) fn sums_of_totals(row: &Row<'_>, from: usize) -> rusqlite::Result<Sums> {
    let int = |column: usize| row.get(from + column).map(count);
    let wide = |column: usize| row.get::<_, Wide>(from + column).map(Wide::value);
    Ok(Sums {
        payments: int(0)?,
        tickets: int(1)?,
        face_value: wide(2)?,
        value: wide(3)?,
        fee: wide(4)?,
        outcomes: [int(5)?, int(6)?, int(7)?, int(8)?],
        units: int(9)?,
        debit: wide(10)?,
    })
}

/// Adds to the file's totals, in the caller's transaction.
pub(super) fn add_totals(
    connection: &Connection,
    more: &HashMap<Key, Sums>,
) -> rusqlite::Result<()> {
    let mut get = connection.prepare_cached(
        "SELECT payments, tickets, face_value, value, fee, not_sent, accepted, refused, unknown,
                units, debit
         FROM totals WHERE day = ? AND recipient = ? AND tag_name = ? AND capability = ?",
    )?;
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO totals
           (day, recipient, tag_name, capability, payments, tickets, face_value, value, fee,
            not_sent, accepted, refused, unknown, units, debit)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (key, more) in more {
        let mut sums = on_file(&mut get, key)?;
        sums.add(more);
        let [not_sent, accepted, refused, unknown] = sums.outcomes.map(int);
        put.execute(params![
            key.day.0,
            key.recipient.as_slice(),
            key.tag_name,
            key.capability,
            int(sums.payments),
            int(sums.tickets),
            Wide::new(sums.face_value),
            Wide::new(sums.value),
            Wide::new(sums.fee),
            not_sent,
            accepted,
            refused,
            unknown,
            int(sums.units),
            Wide::new(sums.debit),
        ])?;
    }
    Ok(())
}

fn on_file(get: &mut CachedStatement<'_>, key: &Key) -> rusqlite::Result<Sums> {
    let key = params![key.day.0, key.recipient.as_slice(), key.tag_name, key.capability];
    get.query_row(key, |row| sums_of_totals(row, 0)).optional().map(Option::unwrap_or_default)
}
