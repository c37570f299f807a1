//! What trust counts.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, Result};
use waymark_verification::trust::{Report, Sign, State};

/// Counters and gauges.
#[derive(Debug)]
pub(super) struct TrustMetrics {
    orchestrators: IntGaugeVec,
    found: IntCounterVec,
    changes: IntCounterVec,
    unwritten: IntCounter,
}

impl TrustMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self> {
        let metrics = Self {
            orchestrators: IntGaugeVec::new(
                Opts::new(
                    "waymark_trust_orchestrators",
                    "Orchestrators that results were judged of, by the worst state of their work.",
                ),
                &["state"],
            )?,
            found: IntCounterVec::new(
                Opts::new(
                    "waymark_trust_findings_total",
                    "What audits and checks told the trust store, by sign.",
                ),
                &["sign"],
            )?,
            changes: IntCounterVec::new(
                Opts::new("waymark_trust_changes_total", "Changes of state, by the new one."),
                &["state"],
            )?,
            unwritten: IntCounter::new(
                "waymark_trust_write_failures_total",
                "Times that what is known of orchestrators could not be written to the disk.",
            )?,
        };
        registry.register(Box::new(metrics.orchestrators.clone()))?;
        registry.register(Box::new(metrics.found.clone()))?;
        registry.register(Box::new(metrics.changes.clone()))?;
        registry.register(Box::new(metrics.unwritten.clone()))?;
        // There from the start, so that a first change is a change from zero.
        for state in State::ALL {
            metrics.orchestrators.with_label_values(&[state.as_str()]).set(0);
            drop(metrics.changes.with_label_values(&[state.as_str()]));
        }
        Ok(metrics)
    }

    pub(super) fn found(&self, sign: Sign) {
        let sign = match sign {
            Sign::Clean => "clean",
            Sign::Near => "near",
            Sign::Soft { confirmed: false } => "soft",
            Sign::Soft { confirmed: true } => "confirmed",
            Sign::Hard => "hard",
        };
        self.found.with_label_values(&[sign]).inc();
    }

    pub(super) fn changed(&self, to: State) {
        self.changes.with_label_values(&[to.as_str()]).inc();
    }

    pub(super) fn unwritten(&self) {
        self.unwritten.inc();
    }

    pub(super) fn refresh(&self, report: &[Report]) {
        for state in State::ALL {
            let count = report.iter().filter(|one| one.state == state).count();
            let gauge = self.orchestrators.with_label_values(&[state.as_str()]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
