//! The recorder takes rows from the job path and puts them on disk.
//!
//! ```text
//!  record() ──► bounded queue ──► writer thread ──► JSON lines (flushed with every batch)
//!                  │ full: dropped and counted   └─► Parquet parts (when full, old, or at the end)
//! ```
//!
//! [`Recorder::record`] never blocks, awaits or fails: a full queue drops the new row and counts
//! it. A disk that refuses is counted, logged once, and tried again with the next batch; what waits
//! for it is bounded too. Nothing here reads a clock: dates come with the rows, ages from the
//! [`Clock`] it is given.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{JobRow, Row};

mod error;
mod jsonl;
mod layout;
mod metrics;
mod parquet;
mod queue;
#[cfg(test)]
mod tests;
mod writer;

pub use error::RecorderError;

use layout::Layout;
use metrics::Metrics;
use queue::{Queue, Refused};
use writer::Writer;

/// Wall time, given from outside so that tests decide it.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// What a recorder does.
#[derive(Clone)]
pub struct RecorderConfig {
    /// The gateway's data directory; records go to `data/` in it.
    pub data_dir: PathBuf,
    /// Rows that may wait for the disk; more are dropped. At least 1.
    pub capacity: usize,
    /// Write JSON lines.
    pub jsonl: bool,
    /// Write Parquet.
    pub parquet: bool,
    /// How long rows are collected before they are written: readers of the JSON lines see a row
    /// this much later. At most a second.
    pub flush_interval: Duration,
    /// A Parquet part is closed at this many rows. At least 1.
    pub parquet_max_rows: usize,
    /// A Parquet part is closed at this age.
    pub parquet_max_age: Duration,
    /// Wall time, for the age of Parquet parts.
    pub clock: Arc<dyn Clock>,
}

impl RecorderConfig {
    /// The longest time between a row and its line.
    pub const MAX_FLUSH_INTERVAL: Duration = Duration::from_secs(1);

    /// Both formats, 8192 rows of queue, lines within a quarter of a second, parts of at most
    /// 100,000 rows or ten minutes.
    pub fn new(data_dir: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self {
            data_dir: data_dir.into(),
            capacity: 8192,
            jsonl: true,
            parquet: true,
            flush_interval: Duration::from_millis(250),
            parquet_max_rows: 100_000,
            parquet_max_age: Duration::from_mins(10),
            clock,
        }
    }
}

impl fmt::Debug for RecorderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderConfig")
            .field("data_dir", &self.data_dir)
            .field("capacity", &self.capacity)
            .field("jsonl", &self.jsonl)
            .field("parquet", &self.parquet)
            .field("flush_interval", &self.flush_interval)
            .field("parquet_max_rows", &self.parquet_max_rows)
            .field("parquet_max_age", &self.parquet_max_age)
            .finish_non_exhaustive()
    }
}

/// What was recorded, as told at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderSummary {
    /// Rows in JSON lines.
    pub jsonl_rows: u64,
    /// Rows in complete Parquet parts.
    pub parquet_rows: u64,
    /// Rows that are missing from at least one of them, refused ones included.
    pub dropped_rows: u64,
}

/// The end that the job path holds. Cloning is cheap.
#[derive(Debug)]
pub struct Recorder<R = JobRow> {
    queue: Arc<Queue<R>>,
    metrics: Metrics,
}

impl<R> Clone for Recorder<R> {
    fn clone(&self) -> Self {
        Self { queue: Arc::clone(&self.queue), metrics: self.metrics.clone() }
    }
}

impl<R: Row> Recorder<R> {
    /// Takes the data directory into use and starts the writer thread.
    ///
    /// Fails when the directory cannot be made, another process uses it, the metrics are already
    /// registered, or the thread cannot start. A disk that fills up later is not a failure here.
    pub fn start(
        config: RecorderConfig,
        registry: &prometheus::Registry,
    ) -> Result<(Self, RecorderTask<R>), RecorderError> {
        let metrics = Metrics::register::<R>(registry)?;
        let layout = Layout::new(&config.data_dir, R::TABLE);
        let lock = prepare(&layout)?;
        let queue = Arc::new(Queue::new(config.capacity.max(1)));
        let (report, done) = oneshot::channel();
        let worker = {
            let (queue, metrics) = (Arc::clone(&queue), metrics.clone());
            move || {
                let summary = write_all(&queue, Writer::new(&config, layout, metrics), &config);
                // Given back before anybody hears that this is over, so that the next recorder can
                // start at once.
                drop(lock);
                // Nobody has to be waiting for the end.
                report.send(summary).ok();
            }
        };
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(worker)
            .map_err(|source| RecorderError::Thread { source })?;
        let task = RecorderTask { queue: Arc::clone(&queue), running: Some((done, thread)) };
        Ok((Self { queue, metrics }, task))
    }

    /// Hands over a row. Never waits: when the queue is full or closed the row is dropped and
    /// counted.
    pub fn record(&self, row: R) {
        match self.queue.push(row) {
            Ok(()) => {}
            Err(Refused::Full) => self.metrics.dropped_at_the_door("queue_full"),
            Err(Refused::Closed) => self.metrics.dropped_at_the_door("closed"),
        }
    }

    /// Waits until every row recorded before this call is in its JSON lines file.
    ///
    /// Parquet parts are not closed by this, only by their size, their age or the end.
    pub async fn flush(&self) -> Result<(), RecorderError> {
        let (reply, answer) = oneshot::channel();
        self.queue.ask_flush(reply).map_err(|_| RecorderError::Closed)?;
        match answer.await {
            Ok(0) => Ok(()),
            Ok(rows) => Err(RecorderError::Unwritten { rows }),
            Err(_) => Err(RecorderError::Closed),
        }
    }
}

/// The end that whoever runs the process holds. Dropping it closes the recorder, too, but does not
/// wait.
#[derive(Debug)]
pub struct RecorderTask<R = JobRow> {
    queue: Arc<Queue<R>>,
    running: Option<(oneshot::Receiver<RecorderSummary>, JoinHandle<()>)>,
}

impl<R> RecorderTask<R> {
    /// Refuses new rows, writes what is waiting, closes all files and ends the thread.
    pub async fn shutdown(mut self) -> Result<RecorderSummary, RecorderError> {
        self.queue.close();
        let Some((done, thread)) = self.running.take() else {
            return Err(RecorderError::Closed);
        };
        let summary = done.await;
        // After the report (or its loss in a panic) the thread has nothing left to do.
        match (summary, thread.join()) {
            (Ok(summary), Ok(())) => Ok(summary),
            _ => Err(RecorderError::WriterPanicked),
        }
    }
}

impl<R> Drop for RecorderTask<R> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Makes the directories, takes the lock and removes what a crash left half-written.
fn prepare(layout: &Layout) -> Result<File, RecorderError> {
    let unusable = |path: PathBuf| move |source| RecorderError::Directory { path, source };
    let root = layout.root();
    std::fs::create_dir_all(root).map_err(unusable(root.to_owned()))?;
    let path = layout.lock_file();
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(unusable(path.clone()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(RecorderError::InUse { path: root.to_owned() });
        }
        Err(TryLockError::Error(source)) => return Err(RecorderError::Directory { path, source }),
    }
    let temporary = layout.temporary();
    match std::fs::remove_dir_all(&temporary) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(RecorderError::Directory { path: temporary, source })
        }
        _ => Ok(lock),
    }
}

/// The life of the writer thread.
fn write_all<R: Row>(
    queue: &Queue<R>,
    mut writer: Writer<R>,
    config: &RecorderConfig,
) -> RecorderSummary {
    let collect = config.flush_interval.min(RecorderConfig::MAX_FLUSH_INTERVAL);
    let mut rows = queue.buffer();
    loop {
        let asked = queue.take(&mut rows, writer.wake_after(), collect);
        writer.write(&mut rows, config.clock.now());
        for reply in asked.flushes {
            // Whoever asked may have stopped waiting.
            reply.send(writer.unwritten_lines()).ok();
        }
        if asked.closed {
            return writer.finish();
        }
    }
}
