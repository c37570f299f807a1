//! What the ledger counted since the start, and go-livepeer's names.

use alloy_primitives::U256;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Result};
use waymark_payments::{chain::ChainState, limits::LimitKind};

use super::registrar::{Registrar, float, raise};
use crate::payments::Payments;

#[derive(Debug)]
pub(super) struct LedgerMetrics {
    promises: IntCounter,
    refused: IntCounterVec,
    reused: IntCounter,
    failed: IntCounter,
    waiting: IntGauge,
    dropped: IntCounter,
}

/// go-livepeer's names; gwei.
#[derive(Debug)]
pub(super) struct Legacy {
    deposits: [Gauge; 2],
    reserves: [Gauge; 2],
    gas_price: Gauge,
    max_gas_price: Gauge,
}

impl LedgerMetrics {
    pub(super) fn register(r: &Registrar<'_>) -> Result<Self> {
        Ok(Self {
            promises: r.counter("waymark_promises_total", "Promises put on record")?,
            refused: r.counters(
                "waymark_promises_refused_total",
                "Promises that a limit refused",
                &["limit"],
            )?,
            reused: r.counter(
                "waymark_nonces_refused_total",
                "Promises refused because a nonce was on record",
            )?,
            failed: r
                .counter("waymark_promise_failures_total", "Promises that could not be written")?,
            waiting: r.int("waymark_settlements_waiting", "Settlements to be written")?,
            dropped: r.counter(
                "waymark_settlements_dropped_total",
                "Settlements dropped; totals stay pessimistic",
            )?,
        })
    }

    pub(super) fn refresh(&self, payments: &Payments) {
        let counters = payments.ledger.counters();
        raise(&self.promises, counters.promised);
        for (kind, refused) in LimitKind::ALL.into_iter().zip(counters.refused) {
            raise(&self.refused.with_label_values(&[kind.name()]), refused);
        }
        raise(&self.reused, counters.nonces_reused);
        raise(&self.failed, counters.failed);
        self.waiting.set(i64::try_from(counters.settlements_waiting).unwrap_or(i64::MAX));
        raise(&self.dropped, counters.settlements_dropped);
    }
}

impl Legacy {
    pub(super) fn register(r: &Registrar<'_>) -> Result<Self> {
        let gauge = |name, help| r.float(name, help);
        Ok(Self {
            deposits: [
                gauge("livepeer_gateway_deposit", "Deposit, gwei")?,
                gauge("livepeer_broadcaster_deposit", "Deposit, gwei")?,
            ],
            reserves: [
                gauge("livepeer_gateway_reserve", "Reserve, gwei")?,
                gauge("livepeer_broadcaster_reserve", "Reserve, gwei")?,
            ],
            gas_price: gauge("livepeer_suggested_gas_price", "Price of a unit of gas, gwei")?,
            max_gas_price: gauge("livepeer_max_gas_price", "Its maximum, gwei; 0 for none")?,
        })
    }

    pub(super) fn refresh(&self, state: &ChainState, max_gas_price: Option<U256>) {
        let gwei = |wei: U256| float(wei) / 1e9;
        for gauge in &self.deposits {
            gauge.set(gwei(state.sender.deposit));
        }
        for gauge in &self.reserves {
            gauge.set(gwei(state.sender.reserve.remaining));
        }
        self.gas_price.set(state.gas_price.map_or(0.0, gwei));
        self.max_gas_price.set(max_gas_price.map_or(0.0, gwei));
    }
}
