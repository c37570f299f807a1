//! `GET /payments?days=7`: what was spent, on what, how far limits are used, how long the deposit lasts.
//! Our own shape: wei as decimal text, moments as RFC 3339, spans in seconds.

use alloy_primitives::U256;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waymark_payments::{
    chain::{ChainState, Health},
    ledger::{GroupBy, Lag, LedgerError, Period, RunRate, Total, Usage},
};

use super::{
    Shared,
    reply::{Params, Refusal},
};
use crate::{
    orchestrator::error::chain as reason,
    payments::{Payments, redemption_lag},
};

const DAYS: u16 = 7;
const MOST_DAYS: u16 = 366;

pub(super) async fn payments(
    State(admin): State<Shared>,
    params: Params,
) -> Result<Response, Refusal> {
    let days = days(&params)?;
    let Some(money) = &admin.money else {
        let text = "off-chain: nothing is paid, so there is nothing to report";
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    };
    let payments = std::sync::Arc::clone(&money.payments);
    // The ledger is a file.
    match tokio::task::spawn_blocking(move || report(&payments, days)).await {
        Ok(Ok(report)) => Ok(Json(report).into_response()),
        Ok(Err(error)) => Err(Refusal::internal(reason(&error))),
        Err(error) => Err(Refusal::internal(error.to_string())),
    }
}

fn days(params: &Params) -> Result<u16, Refusal> {
    let Some(text) = params.get("days") else { return Ok(DAYS) };
    let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| {
        let text = format!("invalid days: {text:?} must be a number from 1 to {MOST_DAYS}");
        Refusal::new(StatusCode::BAD_REQUEST, text)
    })
}

#[derive(Debug, Serialize)]
struct Report {
    address: String,
    chain_id: u64,
    from: Timestamp,
    to: Timestamp,
    funds: Funds,
    spending: Spending,
    limits: Vec<Limit>,
    redemption_lag: Option<LagOf>,
    outstanding: Outstanding,
    by_tag: Vec<Row>,
    by_orchestrator: Vec<Row>,
    by_capability: Vec<Row>,
    by_day: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Funds {
    deposit: String,
    reserve: String,
    reserve_claimed_in_round: String,
    /// Round from which they can be withdrawn; 0 without an unlock.
    withdraw_round: u64,
    round: u64,
    pool_size: u64,
    chain: &'static str,
    read_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Spending {
    promised_per_day: String,
    paid_per_day: String,
    /// How long the deposit lasts at the faster of both; null when nothing is spent.
    runway_days: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Limit {
    #[serde(rename = "limit")]
    kind: &'static str,
    subject: Option<String>,
    set: String,
    /// Null while there is no rate for its currency; then it refuses.
    wei: Option<String>,
    used: String,
    resets: Timestamp,
}

#[derive(Debug, Serialize)]
struct LagOf {
    mean: f64,
    max: f64,
}

/// What was promised and not paid out. A ticket is worth its chance to win, so this is what is still
/// to be expected on average; luck makes it larger or smaller, and never less than 0 here.
#[derive(Debug, Serialize)]
struct Outstanding {
    expected: String,
    /// Payments whose end is not on record.
    open_payments: u64,
}

#[derive(Debug, Serialize)]
struct Row {
    key: String,
    payments: u64,
    tickets: u64,
    face_value: String,
    /// Expected value of the tickets.
    value: String,
    /// What jobs were expected to cost, by our own count of pixels.
    fee: String,
    /// What they cost by the orchestrators' count.
    debit: String,
    units: u64,
    not_sent: u64,
    accepted: u64,
    refused: u64,
    unknown: u64,
    open: u64,
    redeemed_tickets: u64,
    redeemed_face_value: String,
    /// What the chain's log says was paid.
    paid: String,
    redemption_lag: Option<LagOf>,
}

fn report(payments: &Payments, days: u16) -> Result<Report, LedgerError> {
    let (ledger, now) = (&payments.ledger, payments.now());
    let from = now - SignedDuration::from_hours(24 * (i64::from(days) - 1));
    let period = Period { from, to: now };
    let by_day = ledger.totals(GroupBy::Day, period)?;
    let rows = |by| -> Result<Vec<Row>, LedgerError> {
        Ok(ledger.totals(by, period)?.into_iter().map(Row::from).collect())
    };
    let state = payments.chain.state();
    Ok(Report {
        address: payments.chain.sender().to_string(),
        chain_id: payments.chain.rpc().chain_id().unwrap_or_default(),
        from,
        to: now,
        spending: Spending::new(&ledger.run_rate(now, days)?, state.sender.deposit),
        funds: Funds::from(&*state),
        limits: ledger.usage(now)?.into_iter().map(Limit::from).collect(),
        redemption_lag: redemption_lag(&by_day).map(LagOf::from),
        outstanding: Outstanding::new(&by_day),
        by_tag: rows(GroupBy::Tag)?,
        by_orchestrator: rows(GroupBy::Orchestrator)?,
        by_capability: rows(GroupBy::Capability)?,
        by_day: by_day.into_iter().map(Row::from).collect(),
    })
}

impl Outstanding {
    fn new(rows: &[Total]) -> Self {
        let sum =
            |of: fn(&Total) -> U256| rows.iter().map(of).fold(U256::ZERO, U256::saturating_add);
        let (promised, paid) = (sum(|row| row.value), sum(|row| row.redeemed.paid));
        Self {
            expected: promised.saturating_sub(paid).to_string(),
            open_payments: rows.iter().map(|row| row.outcomes.open).sum(),
        }
    }
}

impl Spending {
    fn new(rate: &RunRate, deposit: U256) -> Self {
        Self {
            promised_per_day: rate.promised.to_string(),
            paid_per_day: rate.redeemed.to_string(),
            runway_days: rate.runway_days(deposit),
        }
    }
}

impl From<&ChainState> for Funds {
    fn from(state: &ChainState) -> Self {
        Self {
            deposit: state.sender.deposit.to_string(),
            reserve: state.sender.reserve.remaining.to_string(),
            reserve_claimed_in_round: state.sender.reserve.claimed.to_string(),
            withdraw_round: state.sender.withdraw_round,
            round: state.round.number,
            pool_size: state.pool_size,
            chain: match state.health {
                Health::Fresh => "fresh",
                Health::Stale => "stale",
                Health::Suspect => "suspect",
            },
            read_at: state.read_at,
        }
    }
}

impl From<Usage> for Limit {
    fn from(usage: Usage) -> Self {
        Self {
            kind: usage.kind.name(),
            subject: usage.subject,
            set: usage.limit.to_string(),
            wei: usage.limit_wei.map(|wei| wei.to_string()),
            used: usage.used.to_string(),
            resets: usage.resets,
        }
    }
}

impl From<Lag> for LagOf {
    fn from(lag: Lag) -> Self {
        Self { mean: lag.mean.as_secs_f64(), max: lag.max.as_secs_f64() }
    }
}

impl From<Total> for Row {
    fn from(total: Total) -> Self {
        let (outcomes, redeemed) = (total.outcomes, total.redeemed);
        Self {
            key: total.key,
            payments: total.payments,
            tickets: total.tickets,
            face_value: total.face_value.to_string(),
            value: total.value.to_string(),
            fee: total.fee.to_string(),
            debit: total.debit.to_string(),
            units: total.units,
            not_sent: outcomes.not_sent,
            accepted: outcomes.accepted,
            refused: outcomes.refused,
            unknown: outcomes.unknown,
            open: outcomes.open,
            redeemed_tickets: redeemed.tickets,
            redeemed_face_value: redeemed.face_value.to_string(),
            paid: redeemed.paid.to_string(),
            redemption_lag: redeemed.lag.map(LagOf::from),
        }
    }
}
