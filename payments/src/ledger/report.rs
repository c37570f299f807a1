//! What was spent: sums by tag, orchestrator, day or kind of work, beside what the chain's logs say
//! was really paid; how much of each limit is used; how fast the deposit goes.
//!
//! Reads a snapshot on a connection of its own, so payments do not wait for a report.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row};

use super::column::{Day, Wide, moment};
use super::totals::{Sums, sums_of_totals};
use super::{Ledger, LedgerError};
use crate::limits::{Amount, LimitKind};

/// What the rows of a report are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Tags, by name; redemptions whose promise is not known are under `unknown`.
    Tag,
    /// Orchestrators, by checksummed address.
    Orchestrator,
    /// UTC days: of the promise, and of the redemption.
    Day,
    /// Kinds of work.
    Capability,
}

/// The UTC days from the one of `from` to the one of `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// A moment in the first day.
    pub from: Timestamp,
    /// A moment in the last day.
    pub to: Timestamp,
}

/// One row of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Total {
    /// What it is about.
    pub key: String,
    /// Payments on record.
    pub payments: u64,
    /// Their tickets.
    pub tickets: u64,
    /// Face value of all tickets.
    pub face_value: U256,
    /// Expected value of all tickets: what was promised.
    pub value: U256,
    /// What jobs were expected to cost.
    pub fee: U256,
    /// How the payments ended.
    pub outcomes: Outcomes,
    /// Units of work that orchestrators claimed.
    pub units: u64,
    /// What those cost.
    pub debit: U256,
    /// What was really paid.
    pub redeemed: Redeemed,
}

/// How payments ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// Never sent.
    pub not_sent: u64,
    /// The work was done.
    pub accepted: u64,
    /// The payment was refused.
    pub refused: u64,
    /// Sent without an answer.
    pub unknown: u64,
    /// Not over yet, or the process ended before it was.
    pub open: u64,
}

/// Tickets that won and were redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redeemed {
    /// How many.
    pub tickets: u64,
    /// Their face value.
    pub face_value: U256,
    /// What was paid for them.
    pub paid: U256,
    /// Time from promise to redemption, where there is one whose promise is known.
    pub lag: Option<Lag>,
}

/// Time from promise to redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// On average.
    pub mean: SignedDuration,
    /// At most.
    pub max: SignedDuration,
}

/// What was promised in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// The sum of everything on record.
    pub promised: U256,
    /// Counted besides, because the machine went down and may have taken promises with it.
    pub unaccounted: U256,
}

/// How much of a daily limit is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Which limit.
    pub kind: LimitKind,
    /// Whose.
    pub subject: Option<String>,
    /// The limit as it was set.
    pub limit: Amount,
    /// The limit in wei; `None` while there is no rate for its currency, when it refuses.
    pub limit_wei: Option<U256>,
    /// What is used of it, in wei.
    pub used: U256,
    /// When the count starts again.
    pub resets: Timestamp,
}

/// How fast money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRate {
    /// Expected value promised in 24 hours, in wei.
    pub promised: U256,
    /// Paid out in 24 hours, in wei.
    pub redeemed: U256,
    /// How much time was looked at.
    pub over: SignedDuration,
}

impl RunRate {
    /// How many days a deposit lasts at the faster of both rates; `None` if nothing is spent.
    pub fn runway_days(&self, deposit: U256) -> Option<f64> {
        let rate = self.promised.max(self.redeemed);
        let thousandths = deposit.saturating_mul(U256::from(1_000)).checked_div(rate)?;
        Some(f64::from(thousandths.saturating_to::<u32>()) / 1_000.0)
    }
}

/// Sums of a row, with what lag needs.
#[derive(Debug, Default)]
struct Entry {
    sums: Sums,
    redeemed: Redeemed,
    lag_ms: i128,
    lags: u32,
}

impl Ledger {
    /// Sums of a period, ordered by key.
    pub fn totals(&self, by: GroupBy, period: Period) -> Result<Vec<Total>, LedgerError> {
        self.core.lock().roll(period.to)?;
        let upkeep = self.upkeep.lock();
        read(&upkeep, by, period).map_err(LedgerError::at("read its totals"))
    }

    /// What was promised on the day of `now`.
    pub fn spent(&self, now: Timestamp) -> Result<Spent, LedgerError> {
        let mut core = self.core.lock();
        core.refresh()?;
        let core = &mut *core;
        let book = core
            .books
            .day(&core.writer, Day::of(now), &core.limits)
            .map_err(LedgerError::at("read a day's totals"))?;
        Ok(Spent { promised: book.promised, unaccounted: book.lost })
    }

    /// How much of every daily limit is used; of the limit for each orchestrator, by those that were
    /// promised something or are named in it.
    pub fn usage(&self, now: Timestamp) -> Result<Vec<Usage>, LedgerError> {
        let mut core = self.core.lock();
        core.refresh()?;
        let core = &mut *core;
        let (limits, rates) = (&core.limits, &core.rates);
        let book = core
            .books
            .day(&core.writer, Day::of(now), limits)
            .map_err(LedgerError::at("read a day's totals"))?;
        let usage = |kind, subject, limit: &Amount, used: U256| Usage {
            kind,
            subject,
            limit: *limit,
            limit_wei: rates.wei(limit, now, limits.max_rate_age).ok(),
            used: used.saturating_add(book.lost),
            resets: book.day.end(),
        };
        let mut all = Vec::new();
        for ((pattern, limit), used) in limits.tags.iter().zip(&book.rules) {
            all.push(usage(LimitKind::Tag, Some(pattern.to_string()), limit, *used));
        }
        let mut orchestrators: BTreeMap<Address, U256> =
            limits.orchestrators.keys().map(|address| (*address, U256::ZERO)).collect();
        orchestrators.extend(&book.orchestrators);
        for (address, used) in orchestrators {
            if let Some(limit) = limits.of_orchestrator(&address) {
                let subject = Some(address.to_string());
                all.push(usage(LimitKind::Orchestrator, subject, limit, used));
            }
        }
        if let Some(limit) = &limits.day {
            all.push(usage(LimitKind::Day, None, limit, book.promised));
        }
        Ok(all)
    }

    /// How fast money went in the last `days` days, or since the first promise in them.
    pub fn run_rate(&self, now: Timestamp, days: u16) -> Result<RunRate, LedgerError> {
        let period = Period { from: begin(now, days), to: now };
        Ok(rate_of(&self.totals(GroupBy::Day, period)?, period))
    }
}

/// Midnight before the last `days` days, today included.
pub(super) fn begin(now: Timestamp, days: u16) -> Timestamp {
    Day(Day::of(now).0 - i64::from(days)).end()
}

/// What the days of a period make in 24 hours.
pub(super) fn rate_of(rows: &[Total], period: Period) -> RunRate {
    let first = rows.first().and_then(|row| row.key.parse::<jiff::civil::Date>().ok());
    let first = first
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map_or(period.from, |zoned| zoned.timestamp());
    // An hour at least, so that a single payment does not look like a flood.
    let over = period.to.duration_since(first).max(SignedDuration::from_hours(1));
    let seconds = U256::from(over.as_secs().unsigned_abs());
    let rate = |of: fn(&Total) -> U256| {
        let sum = rows.iter().map(of).fold(U256::ZERO, U256::saturating_add);
        sum.saturating_mul(U256::from(86_400)) / seconds
    };
    RunRate { promised: rate(|row| row.value), redeemed: rate(|row| row.redeemed.paid), over }
}

pub(super) fn read(
    connection: &Connection,
    by: GroupBy,
    period: Period,
) -> rusqlite::Result<Vec<Total>> {
    let (from, to) = (Day::of(period.from), Day::of(period.to));
    let mut rows: BTreeMap<String, Entry> = BTreeMap::new();

    let mut totals = connection.prepare_cached(
        "SELECT day, recipient, tag_name, capability, payments, tickets, face_value, value, fee,
                not_sent, accepted, refused, unknown, units, debit
         FROM totals WHERE day BETWEEN ? AND ?",
    )?;
    let mut totals = totals.query([from.0, to.0])?;
    while let Some(row) = totals.next()? {
        let key = key(by, row, Day(row.get(0)?))?;
        rows.entry(key).or_default().sums.add(&sums_of_totals(row, 4)?);
    }

    let mut redemptions = connection.prepare_cached(
        "SELECT at, recipient, tag_name, capability, face_value, paid, promised_at
         FROM redemptions WHERE removed = 0 AND at >= ? AND at < ?",
    )?;
    let span = [from.start().as_millisecond(), to.end().as_millisecond()];
    let mut redemptions = redemptions.query(span)?;
    while let Some(row) = redemptions.next()? {
        let at: i64 = row.get(0)?;
        let entry = rows.entry(key(by, row, Day::of(moment(at)?))?).or_default();
        let redeemed = &mut entry.redeemed;
        redeemed.tickets += 1;
        redeemed.face_value = redeemed.face_value.saturating_add(row.get::<_, Wide>(4)?.value());
        redeemed.paid = redeemed.paid.saturating_add(row.get::<_, Wide>(5)?.value());
        if let Some(promised_at) = row.get::<_, Option<i64>>(6)? {
            let lag = SignedDuration::from_millis(at.saturating_sub(promised_at).max(0));
            entry.lags += 1;
            entry.lag_ms += lag.as_millis();
            let mean = entry.lag_ms / i128::from(entry.lags);
            let mean = SignedDuration::from_millis(i64::try_from(mean).unwrap_or(i64::MAX));
            let max = redeemed.lag.map_or(lag, |known| known.max.max(lag));
            redeemed.lag = Some(Lag { mean, max });
        }
    }
    Ok(rows.into_iter().map(|(key, row)| total(key, &row)).collect())
}

/// The key of a row whose columns 1 to 3 are recipient, tag and capability.
fn key(by: GroupBy, row: &Row<'_>, day: Day) -> rusqlite::Result<String> {
    let text = |column: usize| -> rusqlite::Result<String> {
        Ok(row.get::<_, Option<String>>(column)?.unwrap_or_else(|| "unknown".to_owned()))
    };
    Ok(match by {
        GroupBy::Tag => text(2)?,
        GroupBy::Orchestrator => Address::from(row.get::<_, [u8; 20]>(1)?).to_string(),
        GroupBy::Day => day.text(),
        GroupBy::Capability => text(3)?,
    })
}

fn total(key: String, row: &Entry) -> Total {
    let Sums { payments, tickets, face_value, value, fee, outcomes, units, debit } = row.sums;
    let [not_sent, accepted, refused, unknown] = outcomes;
    let open = payments.saturating_sub(outcomes.iter().sum());
    let outcomes = Outcomes { not_sent, accepted, refused, unknown, open };
    let redeemed = row.redeemed;
    Total { key, payments, tickets, face_value, value, fee, outcomes, units, debit, redeemed }
}
