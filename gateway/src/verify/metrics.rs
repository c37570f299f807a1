//! What verification counts. Every label value is from a closed set.

use std::time::Duration;

use prometheus::{
    CounterVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    Result,
};
use waymark_verification::{Decision, Kind, Outcome, Tier, Verdict};

use super::{record, worker::Pool};

/// Ratios of a value to its bound.
const RATIOS: &[f64] = &[0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0, 8.0];
/// Seconds a segment waits for its verdict.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];

/// Counters of verification.
#[derive(Debug)]
pub struct Metrics {
    runs: IntCounterVec,
    ratios: HistogramVec,
    cpu: CounterVec,
    wait: HistogramVec,
    not_run: IntCounterVec,
    pixels: IntCounterVec,
    published: IntCounter,
    workers: IntGauge,
    waiting: IntGauge,
    lost: IntGauge,
    audits: IntGauge,
    pool: Option<Pool>,
}

impl Metrics {
    /// Makes them known to the registry.
    pub fn register(registry: &Registry, pool: Option<Pool>) -> Result<Self> {
        let counters = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec> {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let histograms = |name: &str, help: &str, bounds: &[f64], label| -> Result<HistogramVec> {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            let histograms = HistogramVec::new(options, &[label])?;
            registry.register(Box::new(histograms.clone()))?;
            Ok(histograms)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let cpu = CounterVec::new(
            Opts::new("waymark_verify_cpu_seconds_total", "CPU time of workers, by tier"),
            &["tier"],
        )?;
        registry.register(Box::new(cpu.clone()))?;
        let published = IntCounter::new(
            "waymark_bad_segments_published_total",
            "Segments that were delivered and found to be bad afterwards, or delivered by policy",
        )?;
        registry.register(Box::new(published.clone()))?;
        Ok(Self {
            runs: counters(
                "waymark_verify_total",
                "Verifications, by tier, verdict and what spoke against the result",
                &["tier", "verdict", "reason"],
            )?,
            ratios: histograms(
                "waymark_verify_check_ratio",
                "Values of checks by their bounds: above 1 is bad",
                RATIOS,
                "check",
            )?,
            cpu,
            wait: histograms(
                "waymark_verify_wait_seconds",
                "Time from a segment's last rendition to its verdict",
                SECONDS,
                "tier",
            )?,
            not_run: counters(
                "waymark_verify_not_run_total",
                "Checks that were not made, by reason",
                &["reason"],
            )?,
            pixels: counters(
                "waymark_verify_pixels_total",
                "Pixels of results: billed by orchestrators, expected of them, and owed after checks",
                &["kind"],
            )?,
            published,
            workers: gauge("waymark_verify_workers", "Verification workers that run")?,
            waiting: gauge("waymark_verify_queue", "Measurements that wait for a worker")?,
            audits: gauge("waymark_verify_audits", "Full audits under way or waiting")?,
            lost: gauge("waymark_verify_workers_lost", "Workers lost while they measured")?,
            pool,
        })
    }

    /// A run ended.
    pub fn judged(&self, tier: Tier, verdict: &Verdict, cpu: Duration) {
        let reason =
            record::reason_of(verdict).map_or("none", waymark_opendata::VerifyReason::as_str);
        let decision: Decision = verdict.decision();
        self.runs.with_label_values(&[tier.as_str(), decision.as_str(), reason]).inc();
        self.cpu.with_label_values(&[tier.as_str()]).inc_by(cpu.as_secs_f64());
        for check in verdict.checks() {
            if let (Some(ratio), Kind::Soft) = (check.ratio, check.kind) {
                self.ratios.with_label_values(&[check.id]).observe(ratio);
            }
            if check.outcome == Outcome::NotRun && check.kind == Kind::Soft {
                self.not_run.with_label_values(&[check.id]).inc();
            }
        }
    }

    /// A segment had to wait this long for its verdict.
    pub fn waited(&self, tier: Tier, time: Duration) {
        self.wait.with_label_values(&[tier.as_str()]).observe(time.as_secs_f64());
    }

    /// Pixels of a result.
    pub fn paid(&self, debit: waymark_verification::Debit) {
        let pixels =
            [("claimed", debit.claimed), ("expected", debit.expected), ("owed", debit.pixels())];
        for (kind, pixels) in pixels {
            self.pixels.with_label_values(&[kind]).inc_by(pixels);
        }
    }

    /// An audit begins; it is over when the guard is dropped.
    pub fn audit(&self) -> UnderWay {
        self.audits.inc();
        UnderWay(self.audits.clone())
    }

    /// An audit could not be made.
    pub fn not_made(&self) {
        self.not_run.with_label_values(&["audit"]).inc();
    }

    /// The external verifier gave no opinion.
    pub fn no_opinion(&self) {
        self.not_run.with_label_values(&["stock.verifier"]).inc();
    }

    /// A bad segment was delivered.
    pub fn published_bad(&self) {
        self.published.inc();
    }

    /// Brings gauges up to date; called when somebody looks.
    pub fn refresh(&self) {
        let Some(status) = self.pool.as_ref().map(Pool::status) else { return };
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.workers.set(count(status.running));
        self.waiting.set(count(status.waiting));
        self.lost.set(i64::try_from(status.lost).unwrap_or(i64::MAX));
    }
}

/// An audit that is being made.
#[derive(Debug)]
pub struct UnderWay(IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}
