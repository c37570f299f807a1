//! Where the segments of every HLS window live: in memory up to a budget for the whole process, in
//! a file past it. So memory follows the work in flight, not the number of streams.
//!
//! Putting a segment in never waits and never touches the disk. What comes over the budget is
//! written to the file by one thread of its own. If the disk fails, or is so slow that more than the
//! backlog waits for it, the oldest of those that wait are dropped (players get 404 for them) and
//! counted. So memory is bounded whatever the disk does.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use prometheus::Registry;

mod file;
mod metrics;
mod shelf;
mod spill;

use metrics::StoreMetrics;
use shelf::{Found, Shelf};

/// Memory for the windows of all streams unless configured otherwise.
pub const DEFAULT_BUDGET: u64 = 128 << 20;

/// What may wait for the disk unless configured otherwise: two thirds of a second of a disk that
/// writes 100 MB a second.
pub const DEFAULT_BACKLOG: u64 = 64 << 20;

/// How to set up a [`SegmentStore`].
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Memory for segments, in bytes. 0: every segment goes to the file.
    pub budget: u64,
    /// Bytes beyond the budget that may wait to be written. The segment put in last is never
    /// dropped, so the bound is the budget, the backlog and one segment.
    pub backlog: u64,
    /// Directory for the file, `<dataDir>/hls`. The file has no name there.
    pub dir: PathBuf,
}

impl StoreConfig {
    /// The defaults, with the directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self { budget: DEFAULT_BUDGET, backlog: DEFAULT_BACKLOG, dir: dir.into() }
    }
}

/// The store cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory cannot be made or read.
    #[error("cannot use {} for HLS segments; it has to be a writable directory", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The thread that writes the file cannot be started.
    #[error("cannot start the thread that writes HLS segments")]
    Thread {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The registry has metrics of these names already.
    #[error("cannot register the metrics of the HLS store")]
    Metrics {
        /// What the registry said.
        #[source]
        source: prometheus::Error,
    },
}

/// The store. Cloning is cheap; the thread that writes the file ends with the last clone.
#[derive(Debug, Clone)]
pub struct SegmentStore {
    shelf: Arc<Shelf>,
    _writer: Arc<spill::Writer>,
}

impl SegmentStore {
    /// Makes the directory and the file, registers the metrics and starts the thread.
    pub fn open(config: StoreConfig, registry: &Registry) -> Result<Self, StoreError> {
        let metrics =
            StoreMetrics::register(registry).map_err(|source| StoreError::Metrics { source })?;
        let StoreConfig { budget, backlog, dir } = config;
        let file = file::SpillFile::create(&dir)
            .map_err(|source| StoreError::Directory { dir, source })?;
        let shelf = Arc::new(Shelf::new(budget, backlog, metrics));
        let writer = spill::Writer::start(Arc::clone(&shelf), file)
            .map_err(|source| StoreError::Thread { source })?;
        Ok(Self { shelf, _writer: Arc::new(writer) })
    }

    /// Keeps segments, each for as long as its reference or a clone of it lives. They come with what
    /// the bytes cost in memory: the capacity of the buffer they are a slice of, never less than their
    /// length. Never waits. What is put in at once is written at once if it has to be.
    pub fn put_all(&self, segments: impl IntoIterator<Item = (Bytes, u64)>) -> Vec<SegmentRef> {
        let mut lens = Vec::new();
        let held = segments.into_iter().map(|(bytes, held)| {
            let len = bytes.len() as u64;
            lens.push(len);
            (bytes, held.max(len))
        });
        let ids = self.shelf.put_all(held);
        let handle =
            |(id, len)| SegmentRef(Arc::new(Handle { shelf: Arc::clone(&self.shelf), id, len }));
        ids.into_iter().zip(lens).map(handle).collect()
    }
}

/// A segment in the store. The last clone that goes takes the segment along.
#[derive(Debug, Clone)]
pub struct SegmentRef(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    shelf: Arc<Shelf>,
    id: u64,
    len: u64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shelf.remove(self.id);
    }
}

impl SegmentRef {
    /// Length in bytes; known wherever the segment is.
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// True for a segment without bytes.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The bytes, from memory or from the file. Players that read one segment at the same
    /// time share one buffer. [`io::ErrorKind::NotFound`] when the segment had to be dropped.
    pub async fn read(&self) -> io::Result<Bytes> {
        match self.0.shelf.find(self.0.id) {
            Found::Memory(bytes) => Ok(bytes),
            Found::File(file) => {
                file.read().await.inspect_err(|_| self.0.shelf.metrics().read_errors.inc())
            }
            Found::Dropped => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the segment was dropped: the disk did not keep up with the memory budget",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
