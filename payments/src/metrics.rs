//! What payments look like from outside: counts, values in wei, and how long the payment step takes.
//!
//! Registered into the registry of the caller. Labels are closed sets, or names out of the
//! configuration and the orchestrator pool whose number is bounded here: no stranger can make series.
//! Values of counters are floating point; what is exact stands in the ledger.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use num_traits::ToPrimitive as _;
use parking_lot::Mutex;
use prometheus::core::Collector;
use prometheus::{
    Counter, CounterVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry,
    Result,
};

use crate::money;
use crate::payer::{Job, PayError, Payment};
use crate::session::Outcome;

/// Combinations of tag, orchestrator and capability that are told apart; later ones are `other`.
const MOST_SERIES: usize = 2000;
const OTHER: &str = "other";
/// Seconds.
const STEP: &[f64] =
    &[0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0];
const BY: &[&str] = &["tag", "orchestrator", "capability"];

/// Counters of payments. A clone counts into the same.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    payments: IntCounterVec,
    errors: IntCounterVec,
    outcomes: IntCounterVec,
    seconds: Histogram,
    tickets: IntCounterVec,
    face_value: CounterVec,
    value: CounterVec,
    fee: CounterVec,
    known: Mutex<HashSet<String>>,
    legacy_value: Counter,
    legacy_tickets: IntCounter,
    legacy_errors: IntCounter,
}

impl Metrics {
    /// Makes all metrics known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let ints = |name, help, labels: &[&str]| {
            add(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let floats = |name, help| add(registry, CounterVec::new(Opts::new(name, help), BY)?);
        let seconds = HistogramOpts::new("waymark_payment_seconds", "Making a payment");
        Ok(Self(Arc::new(Inner {
            payments: ints(
                "waymark_payments_total",
                "Payments made: with tickets, from credit alone, or for nothing",
                &["kind"],
            )?,
            errors: ints(
                "waymark_payment_errors_total",
                "Payments that could not be made, by reason",
                &["reason"],
            )?,
            outcomes: ints(
                "waymark_payment_outcomes_total",
                "Payments by what came of them",
                &["outcome"],
            )?,
            seconds: add(registry, Histogram::with_opts(seconds.buckets(STEP.to_vec()))?)?,
            tickets: ints("waymark_tickets_total", "Tickets signed", BY)?,
            face_value: floats(
                "waymark_ticket_face_value_wei_total",
                "Face value of the tickets signed, wei",
            )?,
            value: floats(
                "waymark_ticket_value_wei_total",
                "Expected value of the tickets signed, wei",
            )?,
            fee: floats("waymark_payment_fee_wei_total", "Estimated cost of paid work, wei")?,
            known: Mutex::default(),
            legacy_value: add(
                registry,
                Counter::new("livepeer_ticket_value_sent", "Expected value of tickets sent, gwei")?,
            )?,
            legacy_tickets: add(
                registry,
                IntCounter::new("livepeer_tickets_sent", "Tickets sent")?,
            )?,
            legacy_errors: add(
                registry,
                IntCounter::new("livepeer_payment_create_errors", "Payments that failed")?,
            )?,
        })))
    }

    /// A payment was made.
    pub(crate) fn paid(&self, payment: &Payment, job: &Job<'_>, took: Duration) {
        let m = &*self.0;
        let tickets = payment.tickets();
        let kind = match tickets {
            _ if payment.price().is_free() => "free",
            0 => "credit",
            _ => "tickets",
        };
        m.payments.with_label_values(&[kind]).inc();
        m.seconds.observe(took.as_secs_f64());
        let orchestrator = payment.recipient().to_string();
        let labels = m.labels([job.tag_name, &orchestrator, job.capability]);
        m.fee.with_label_values(&labels).inc_by(money::approximate(payment.fee()));
        if tickets == 0 {
            return;
        }
        let value = money::approximate(payment.value());
        let face_value = money::integer(payment.face_value()).to_f64().unwrap_or(f64::MAX);
        m.tickets.with_label_values(&labels).inc_by(tickets.into());
        m.value.with_label_values(&labels).inc_by(value);
        m.face_value.with_label_values(&labels).inc_by(face_value * f64::from(tickets));
        m.legacy_value.inc_by(value / 1e9);
        m.legacy_tickets.inc_by(tickets.into());
    }

    /// A payment could not be made.
    pub(crate) fn failed(&self, error: &PayError) {
        self.0.errors.with_label_values(&[error.class()]).inc();
        self.0.legacy_errors.inc();
    }

    /// It is known what came of a payment.
    pub(crate) fn settled(&self, outcome: Outcome) {
        let name = match outcome {
            Outcome::NotSent => "not_sent",
            Outcome::Unanswered => "unanswered",
            Outcome::Spent => "spent",
            Outcome::Refused(refusal) => refusal.label(),
            Outcome::Received { .. } => "received",
        };
        self.0.outcomes.with_label_values(&[name]).inc();
    }

    /// Nobody said what came of a payment.
    pub(crate) fn forgotten(&self) {
        self.0.outcomes.with_label_values(&["forgotten"]).inc();
    }
}

impl Inner {
    fn labels<'a>(&self, labels: [&'a str; 3]) -> [&'a str; 3] {
        let key = labels.join("\n");
        let mut known = self.known.lock();
        if known.contains(&key) {
            return labels;
        }
        if known.len() >= MOST_SERIES {
            return [OTHER; 3];
        }
        known.insert(key);
        labels
    }
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
