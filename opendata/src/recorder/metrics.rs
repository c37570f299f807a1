//! What the recorder counts. Every row that was handed over is either written or dropped, once for
//! each format; a row dropped at the door is dropped once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::{IntCounterVec, Opts, Registry};

use super::RecorderError;
use crate::Row;

#[derive(Debug, Clone)]
pub(super) struct Metrics {
    written: IntCounterVec,
    dropped: IntCounterVec,
    failures: IntCounterVec,
    refused: Arc<AtomicU64>,
}

impl Metrics {
    pub(super) fn register<R: Row>(registry: &Registry) -> Result<Self, RecorderError> {
        let counter = |name: &str, help: &str, label: &str, values: &[&str]| {
            let name = format!("waymark_{}{name}", R::METRICS);
            let help = format!("Records of the table {}{help}", R::TABLE);
            counter(registry, Opts::new(name, help), label, values)
                .map_err(|source| RecorderError::Metrics { source })
        };
        Ok(Self {
            written: counter(
                "records_written_total",
                " that are on disk, by format",
                "format",
                &["jsonl", "parquet"],
            )?,
            dropped: counter(
                "records_dropped_total",
                " that were given up, by reason",
                "reason",
                &["queue_full", "closed", "jsonl", "parquet"],
            )?,
            failures: counter(
                "record_write_failures_total",
                ": writes that failed and are tried again, by format",
                "format",
                &["jsonl", "parquet"],
            )?,
            refused: Arc::default(),
        })
    }

    pub(super) fn written(&self, format: &str, rows: u64) {
        self.written.with_label_values(&[format]).inc_by(rows);
    }

    pub(super) fn dropped(&self, format: &str, rows: u64) {
        self.dropped.with_label_values(&[format]).inc_by(rows);
    }

    pub(super) fn dropped_at_the_door(&self, reason: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.dropped.with_label_values(&[reason]).inc();
    }

    /// Rows that never reached the writer.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self, format: &str) {
        self.failures.with_label_values(&[format]).inc();
    }
}

fn counter(
    registry: &Registry,
    options: Opts,
    label: &str,
    values: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let counter = IntCounterVec::new(options, &[label])?;
    registry.register(Box::new(counter.clone()))?;
    // A counter that exists at 0 can be alerted on before the first loss.
    for value in values {
        counter.with_label_values(&[*value]);
    }
    Ok(counter)
}
