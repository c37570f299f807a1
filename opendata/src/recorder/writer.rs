//! The writer: gives each batch of rows to the formats that are switched on, and sees to it that
//! trouble with one of them neither reaches the other nor fills the log.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use super::jsonl::JsonLines;
use super::layout::Layout;
use super::metrics::Metrics;
use super::parquet::Parquet;
use super::{RecorderConfig, RecorderSummary};
use crate::Row;

/// How soon a disk that refused is tried again when no rows come.
const RETRY: Duration = Duration::from_secs(1);

/// How exactly the age of a Parquet part is kept.
const AGE_STEP: Duration = Duration::from_secs(5);

pub(super) struct Writer<R: Row> {
    jsonl: Option<JsonLines>,
    parquet: Option<Parquet<R>>,
    jsonl_health: Health,
    parquet_health: Health,
    max_age: Duration,
    metrics: Metrics,
    summary: RecorderSummary,
}

/// What came of one attempt to write everything that waits.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Rows that are now on disk.
    pub(super) written: u64,
    /// Rows given up because too many wait.
    pub(super) dropped: u64,
    /// Why it stopped early, if it did.
    pub(super) failure: Option<String>,
}

impl<R: Row> Writer<R> {
    pub(super) fn new(config: &RecorderConfig, layout: Layout, metrics: Metrics) -> Self {
        let jsonl = config.jsonl.then(|| JsonLines::new(layout.clone(), config.capacity));
        let parquet = config
            .parquet
            .then(|| Parquet::new(layout, config.parquet_max_rows.max(1), config.parquet_max_age));
        Self {
            jsonl,
            parquet,
            jsonl_health: Health::new("jsonl"),
            parquet_health: Health::new("parquet"),
            max_age: config.parquet_max_age,
            metrics,
            summary: RecorderSummary::default(),
        }
    }

    /// Writes `rows` and whatever could not be written before; leaves `rows` empty.
    pub(super) fn write(&mut self, rows: &mut Vec<R>, now: Timestamp) {
        if let Some(jsonl) = &mut self.jsonl {
            jsonl.append(rows);
            let progress = jsonl.write();
            self.jsonl_health.note(&progress, &self.metrics);
            self.summary.jsonl_rows = self.summary.jsonl_rows.saturating_add(progress.written);
            self.summary.dropped_rows = self.summary.dropped_rows.saturating_add(progress.dropped);
        }
        if let Some(parquet) = &mut self.parquet {
            parquet.append(rows.drain(..), now);
            let progress = parquet.write(now);
            self.note_parquet(&progress);
        }
        rows.clear();
    }

    /// Writes what can still be written, gives up the rest, and says what became of all of it.
    pub(super) fn finish(mut self) -> RecorderSummary {
        if let Some(jsonl) = self.jsonl.take() {
            let lost = jsonl.waiting();
            self.metrics.dropped("jsonl", lost);
            self.summary.dropped_rows = self.summary.dropped_rows.saturating_add(lost);
        }
        if let Some(mut parquet) = self.parquet.take() {
            parquet.close_all();
            let mut progress = parquet.write_closed();
            progress.dropped = progress.dropped.saturating_add(parquet.waiting());
            self.note_parquet(&progress);
        }
        self.summary.dropped_rows =
            self.summary.dropped_rows.saturating_add(self.metrics.refused());
        self.summary
    }

    /// Rows that should be in a JSON lines file and are not.
    pub(super) fn unwritten_lines(&self) -> u64 {
        self.jsonl.as_ref().map_or(0, JsonLines::waiting)
    }

    /// When to look again although no row has come; `None` when there is nothing to look after.
    pub(super) fn wake_after(&self) -> Option<Duration> {
        let failing = self.jsonl_health.failing || self.parquet_health.failing;
        let parts = self.parquet.as_ref().is_some_and(Parquet::has_open_parts);
        let age = self.max_age.clamp(Duration::from_millis(10), AGE_STEP);
        match (failing, parts) {
            (true, _) => Some(RETRY),
            (false, true) => Some(age),
            (false, false) => None,
        }
    }

    fn note_parquet(&mut self, progress: &Progress) {
        self.parquet_health.note(progress, &self.metrics);
        self.summary.parquet_rows = self.summary.parquet_rows.saturating_add(progress.written);
        self.summary.dropped_rows = self.summary.dropped_rows.saturating_add(progress.dropped);
    }
}

/// Whether a format works, so that the log says when that changes and not with every batch.
struct Health {
    format: &'static str,
    failing: bool,
}

impl Health {
    fn new(format: &'static str) -> Self {
        Self { format, failing: false }
    }

    fn note(&mut self, progress: &Progress, metrics: &Metrics) {
        let format = self.format;
        metrics.written(format, progress.written);
        metrics.dropped(format, progress.dropped);
        match &progress.failure {
            Some(error) => {
                metrics.failed(format);
                if !self.failing {
                    warn!(
                        format,
                        error, "records cannot be written; they are kept and tried again"
                    );
                }
                self.failing = true;
            }
            None if self.failing => {
                info!(format, "records are written again");
                self.failing = false;
            }
            None => {}
        }
    }
}
