//! What money and chain look like from outside, brought up to date when somebody looks.
//!
//! Counters of payments as they are made are the payer's ([`waymark_payments::metrics`]); here is what
//! the ledger and the chain know. Sums of the ledger are those of the UTC day so far: they start again
//! at midnight, as counters may, so that looking costs the same after years. Looking more often than
//! every few seconds shows what was seen last. Labels are closed sets, tags and orchestrators that
//! were paid today.

mod chain;
mod counters;
mod registrar;

use std::time::Duration;

use alloy_primitives::U256;
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus::{Gauge, GaugeVec, IntGauge, IntGaugeVec, Registry, Result};
use tokio::time::Instant;
use waymark_payments::ledger::{GroupBy, Lag, LedgerError, Period, Total};

use self::chain::ChainMetrics;
use self::counters::{LedgerMetrics, Legacy};
use self::registrar::{Registrar, float, whole};
use super::Payments;

/// How long what was read of the ledger is shown.
const FRESH: Duration = Duration::from_secs(5);
/// Days of spending that the runway is reckoned from.
const RATE_DAYS: u16 = 7;
/// What the sums of a day are grouped by, with the name of the label.
const GROUPS: [(GroupBy, &str); 3] = [
    (GroupBy::Tag, "tag"),
    (GroupBy::Orchestrator, "orchestrator"),
    (GroupBy::Capability, "capability"),
];

/// A name for a sum over totals.
type View = (&'static str, fn(&Total) -> U256);

/// Gauges and counters of money and chain.
#[derive(Debug)]
pub struct MoneyMetrics {
    deposit: Gauge,
    reserve: Gauge,
    unlock_round: IntGauge,
    runway: Gauge,
    chain: ChainMetrics,
    spend: GaugeVec,
    groups: [Group; 3],
    lag: GaugeVec,
    limit: GaugeVec,
    used: GaugeVec,
    ledger: LedgerMetrics,
    legacy: Legacy,
    read_at: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Group {
    by: GroupBy,
    promised: GaugeVec,
    redeemed: GaugeVec,
    tickets: IntGaugeVec,
}

impl MoneyMetrics {
    /// Makes all of them known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let r = Registrar(registry);
        let [by_tag, by_orchestrator, by_capability] =
            GROUPS.map(|(by, label)| Group::register(&r, by, label));
        Ok(Self {
            deposit: r.float("waymark_deposit_wei", "Deposit in the TicketBroker")?,
            reserve: r.float("waymark_reserve_wei", "Reserve in the TicketBroker")?,
            unlock_round: r.int("waymark_unlock_round", "Round from which funds can be withdrawn; 0 without an unlock")?,
            runway: r.float("waymark_runway_days", "Days the deposit lasts at the spending of the last 7; infinite when nothing is spent")?,
            chain: ChainMetrics::register(&r)?,
            spend: r.floats("waymark_spend_today_wei", "Spending of the UTC day: fee and debit are what jobs cost by our and by the orchestrators' count, value what tickets are worth on average, paid what the chain's log says", &["view"])?,
            groups: [by_tag?, by_orchestrator?, by_capability?],
            lag: r.floats("waymark_redemption_lag_seconds", "From a ticket to its redemption, over 7 days", &["stat"])?,
            limit: r.floats("waymark_limit_wei", "Daily limits", &["limit", "subject"])?,
            used: r.floats("waymark_limit_used_wei", "What of them is used", &["limit", "subject"])?,
            ledger: LedgerMetrics::register(&r)?,
            legacy: Legacy::register(&r)?,
            read_at: Mutex::default(),
        })
    }

    /// Brings them up to date. Blocks: the ledger is read.
    pub fn refresh(&self, payments: &Payments, max_gas_price: Option<U256>) {
        let state = payments.chain.state();
        let (deposit, reserve) = (state.sender.deposit, state.sender.reserve.remaining);
        self.deposit.set(float(deposit));
        self.reserve.set(float(reserve));
        self.unlock_round.set(whole(state.sender.withdraw_round));
        self.chain.refresh(payments);
        self.ledger.refresh(payments);
        self.legacy.refresh(&state, max_gas_price);
        let mut read_at = self.read_at.lock();
        if read_at.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        *read_at = Some(Instant::now());
        if let Err(error) = self.read_ledger(payments, deposit, payments.now()) {
            let error = crate::orchestrator::error::chain(&error);
            tracing::error!(error, "metrics of money are old: the spend ledger cannot be read");
        }
    }

    fn read_ledger(
        &self,
        payments: &Payments,
        deposit: U256,
        now: Timestamp,
    ) -> std::result::Result<(), LedgerError> {
        let ledger = &payments.ledger;
        let today = Period { from: now, to: now };
        for group in &self.groups {
            let rows = ledger.totals(group.by, today)?;
            group.show(&rows);
            if group.by == GroupBy::Tag {
                self.show_spend(&rows);
            }
        }
        let rate = ledger.run_rate(now, RATE_DAYS)?;
        self.runway.set(rate.runway_days(deposit).unwrap_or(f64::INFINITY));
        let week = now - jiff::SignedDuration::from_hours(24 * (i64::from(RATE_DAYS) - 1));
        if let Some(lag) =
            redemption_lag(&ledger.totals(GroupBy::Day, Period { from: week, to: now })?)
        {
            self.lag.with_label_values(&["mean"]).set(lag.mean.as_secs_f64());
            self.lag.with_label_values(&["max"]).set(lag.max.as_secs_f64());
        }
        self.limit.reset();
        self.used.reset();
        for usage in ledger.usage(now)? {
            let labels = [usage.kind.name(), usage.subject.as_deref().unwrap_or_default()];
            if let Some(limit) = usage.limit_wei {
                self.limit.with_label_values(&labels).set(float(limit));
            }
            self.used.with_label_values(&labels).set(float(usage.used));
        }
        Ok(())
    }

    fn show_spend(&self, rows: &[Total]) {
        let views: [View; 5] = [
            ("fee", |row| row.fee),
            ("debit", |row| row.debit),
            ("value", |row| row.value),
            ("face_value", |row| row.face_value),
            ("paid", |row| row.redeemed.paid),
        ];
        for (view, of) in views {
            let sum = rows.iter().map(of).fold(U256::ZERO, U256::saturating_add);
            self.spend.with_label_values(&[view]).set(float(sum));
        }
    }
}

/// The lag over all rows, each with the weight of its tickets.
pub(crate) fn redemption_lag(rows: &[Total]) -> Option<Lag> {
    let mut all: Option<(i128, i128, jiff::SignedDuration)> = None;
    for (row, lag) in rows.iter().filter_map(|row| Some((row, row.redeemed.lag?))) {
        let tickets = i128::from(row.redeemed.tickets);
        let (sum, count, max) = all.unwrap_or((0, 0, lag.max));
        let sum = sum.saturating_add(lag.mean.as_millis().saturating_mul(tickets));
        all = Some((sum, count + tickets, max.max(lag.max)));
    }
    let (sum, count, max) = all.filter(|(_, count, _)| *count > 0)?;
    let mean = i64::try_from(sum / count).unwrap_or(i64::MAX);
    Some(Lag { mean: jiff::SignedDuration::from_millis(mean), max })
}

impl Group {
    fn register(r: &Registrar<'_>, by: GroupBy, label: &str) -> Result<Self> {
        let name = |what: &str| format!("waymark_{label}_{what}_today");
        let labels = &[label];
        Ok(Self {
            by,
            promised: r.floats(
                &name("promised_wei"),
                "Worth of the tickets of the UTC day",
                labels,
            )?,
            redeemed: r.floats(
                &name("paid_wei"),
                "Paid for tickets redeemed in the UTC day",
                labels,
            )?,
            tickets: r.ints(
                &name("redeemed_tickets"),
                "Tickets redeemed in the UTC day",
                labels,
            )?,
        })
    }

    fn show(&self, rows: &[Total]) {
        self.promised.reset();
        self.redeemed.reset();
        self.tickets.reset();
        for row in rows {
            let label = [row.key.as_str()];
            self.promised.with_label_values(&label).set(float(row.value));
            self.redeemed.with_label_values(&label).set(float(row.redeemed.paid));
            self.tickets.with_label_values(&label).set(whole(row.redeemed.tickets));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use waymark_payments::ledger::Redeemed;

    use super::*;

    fn day(tickets: u64, lag: Option<(i64, i64)>) -> Total {
        let lag = lag.map(|(mean, max)| Lag {
            mean: SignedDuration::from_secs(mean),
            max: SignedDuration::from_secs(max),
        });
        Total { redeemed: Redeemed { tickets, lag, ..Redeemed::default() }, ..Total::default() }
    }

    #[test]
    fn a_day_counts_for_the_lag_as_often_as_it_has_tickets() {
        let all = redemption_lag(&[day(3, Some((10, 20))), day(5, None), day(1, Some((50, 50)))])
            .unwrap();
        assert_eq!(all.mean, SignedDuration::from_secs(20));
        assert_eq!(all.max, SignedDuration::from_secs(50));
        assert_eq!(redemption_lag(&[day(5, None)]), None);
    }

    #[test]
    fn names_are_registered_once_and_a_counter_only_rises() {
        let registry = Registry::new();
        let metrics = MoneyMetrics::register(&registry).unwrap();
        assert!(MoneyMetrics::register(&registry).is_err());
        drop(metrics);
        let counter = prometheus::IntCounter::new("a", "b").unwrap();
        registrar::raise(&counter, 5);
        registrar::raise(&counter, 3);
        assert_eq!(counter.get(), 5);
    }
}
