//! The chain as it is heard, and what hearing it costs.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Result};
use waymark_payments::chain::Health;

use super::registrar::{Registrar, float, raise, whole};
use crate::payments::Payments;

const HEALTH: [(Health, &str); 3] =
    [(Health::Fresh, "fresh"), (Health::Stale, "stale"), (Health::Suspect, "suspect")];
#[derive(Debug)]
pub(super) struct ChainMetrics {
    health: IntGaugeVec,
    head: IntGauge,
    l1_block: IntGauge,
    round: IntGauge,
    initialized: IntGauge,
    pool: IntGauge,
    gas_price: Gauge,
    calls: IntCounterVec,
    messages: IntCounter,
    failures: IntCounter,
    reorgs: IntCounter,
    redeemed: IntCounter,
    removed: IntCounter,
}

impl ChainMetrics {
    pub(super) fn register(r: &Registrar<'_>) -> Result<Self> {
        Ok(Self {
            health: r.ints(
                "waymark_chain_health",
                "1 for how the chain is heard at the moment",
                &["health"],
            )?,
            head: r.int("waymark_chain_head", "Newest block")?,
            l1_block: r.int("waymark_chain_l1_block", "Newest L1 block: what tickets expire by")?,
            round: r.int("waymark_round", "Last initialised round")?,
            initialized: r
                .int("waymark_round_initialized", "Whether the current round is initialised")?,
            pool: r.int("waymark_pool_size", "Orchestrators among which the reserve is split")?,
            gas_price: r.float(
                "waymark_gas_price_wei",
                "Price of a unit of gas when it was last asked for",
            )?,
            calls: r.counters("waymark_rpc_calls_total", "JSON-RPC calls", &["method"])?,
            messages: r
                .counter("waymark_rpc_messages_total", "JSON-RPC messages; a batch is one")?,
            failures: r.counter("waymark_rpc_failures_total", "JSON-RPC messages that failed")?,
            reorgs: r.counter("waymark_chain_reorgs_total", "Reorganisations noticed")?,
            redeemed: r.counter(
                "waymark_redemptions_seen_total",
                "Redemptions read from the chain's logs",
            )?,
            removed: r.counter(
                "waymark_redemptions_removed_total",
                "Redemptions that a reorganisation took back",
            )?,
        })
    }

    pub(super) fn refresh(&self, payments: &Payments) {
        let state = payments.chain.state();
        for (health, name) in HEALTH {
            self.health.with_label_values(&[name]).set(i64::from(state.health == health));
        }
        self.head.set(whole(state.head));
        self.l1_block.set(whole(state.l1_block));
        self.round.set(whole(state.round.number));
        self.initialized.set(i64::from(state.round.initialized));
        self.pool.set(whole(state.pool_size));
        self.gas_price.set(state.gas_price.map_or(0.0, float));
        let counts = payments.chain.rpc().counts();
        for (method, calls) in &counts.calls {
            raise(&self.calls.with_label_values(&[*method]), *calls);
        }
        raise(&self.messages, counts.messages);
        raise(&self.failures, counts.failures);
        let tally = payments.chain.tally();
        raise(&self.reorgs, tally.reorgs);
        raise(&self.redeemed, tally.redeemed);
        raise(&self.removed, tally.removed);
    }
}
