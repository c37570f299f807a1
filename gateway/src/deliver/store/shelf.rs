//! The one table of segments and its accounting.
//!
//! Everything is under one lock that is held for a few map operations, never while bytes are
//! copied, freed, written or read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::StoreConfig;
use super::metrics::StoreMetrics;
use super::spill::SegmentFile;

/// The segments of all streams, oldest first.
#[derive(Debug)]
pub(super) struct Shelf {
    budget: u64,
    limit: u64,
    dir: PathBuf,
    metrics: StoreMetrics,
    table: Mutex<Table>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    entries: BTreeMap<u64, Entry>,
    /// Ids of the entries in memory: where the next one to be written is found without a search.
    in_memory: BTreeSet<u64>,
    memory: u64,
    disk: u64,
    files: u64,
    /// What the writer holds right now.
    writing: Option<u64>,
    /// Files of segments that are gone. As long as the writer hangs no file is added, so there are
    /// never more of these than there were files.
    discarded: Vec<Arc<SegmentFile>>,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    held: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Bytes),
    File(Arc<SegmentFile>),
    Dropped,
}

/// Where a segment is.
pub(super) enum Found {
    Memory(Bytes),
    File(Arc<SegmentFile>),
    Dropped,
}

/// What the writer is to do next.
pub(super) enum Work {
    Write { id: u64, bytes: Bytes },
    Remove(Vec<Arc<SegmentFile>>),
}

impl Shelf {
    pub(super) fn new(config: StoreConfig, metrics: StoreMetrics) -> Self {
        let StoreConfig { budget, backlog, dir } = config;
        let limit = budget.saturating_add(backlog);
        Self { budget, limit, dir, metrics, table: Mutex::default(), work: Condvar::new() }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) const fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    pub(super) fn put(&self, bytes: Bytes, held: u64) -> u64 {
        let mut given_up = Vec::new();
        let mut table = self.table.lock();
        let id = table.next_id;
        table.next_id += 1;
        table.entries.insert(id, Entry { held, place: Place::Memory(bytes) });
        table.in_memory.insert(id);
        table.memory = table.memory.saturating_add(held);
        while table.memory > self.limit {
            let Some(oldest) = table.oldest_idle(id) else { break };
            given_up.extend(table.drop_bytes(oldest));
        }
        let wake = table.memory > self.budget;
        self.show(&table);
        drop(table);
        if wake {
            self.work.notify_one();
        }
        self.metrics.dropped_slow.inc_by(given_up.len() as u64);
        id
    }

    pub(super) fn find(&self, id: u64) -> Found {
        match self.table.lock().entries.get(&id).map(|entry| &entry.place) {
            Some(Place::Memory(bytes)) => Found::Memory(bytes.clone()),
            Some(Place::File(file)) => Found::File(Arc::clone(file)),
            Some(Place::Dropped) | None => Found::Dropped,
        }
    }

    pub(super) fn remove(&self, id: u64) {
        let mut table = self.table.lock();
        let Some(entry) = table.entries.remove(&id) else { return };
        let (mut freed, mut unlinked) = (None, None);
        let mut wake = false;
        match entry.place {
            Place::Memory(bytes) => {
                table.in_memory.remove(&id);
                table.memory = table.memory.saturating_sub(entry.held);
                freed = Some(bytes);
            }
            Place::File(file) => {
                table.forget_file(&file);
                if table.closed {
                    unlinked = Some(file);
                } else {
                    table.discarded.push(file);
                    wake = true;
                }
            }
            Place::Dropped => {}
        }
        self.show(&table);
        drop(table);
        drop((freed, unlinked));
        if wake {
            self.work.notify_one();
        }
    }

    /// The next thing for the writer, or `None` when there is nothing.
    #[cfg(test)]
    pub(super) fn next_work(&self) -> Option<Work> {
        self.table.lock().next_work(self.budget)
    }

    /// Waits for the next thing for the writer; `None` when the store was closed.
    pub(super) fn wait_for_work(&self) -> Option<Work> {
        let mut table = self.table.lock();
        loop {
            if table.closed {
                return None;
            }
            let work = table.next_work(self.budget);
            if work.is_some() {
                return work;
            }
            self.work.wait(&mut table);
        }
    }

    /// The writer is done with segment `id`: it is in `file` now, or could not be written.
    pub(super) fn written(&self, id: u64, file: Option<SegmentFile>) {
        let file = file.map(Arc::new);
        let mut table = self.table.lock();
        table.writing = None;
        let mut freed = None;
        // A segment that was removed meanwhile takes its new file along at the end of this scope.
        if table.in_memory.contains(&id) {
            freed = table.drop_bytes(id);
            if let (Some(file), Some(entry)) = (&file, table.entries.get_mut(&id)) {
                entry.place = Place::File(Arc::clone(file));
                table.disk = table.disk.saturating_add(file.len());
                table.files += 1;
                self.metrics.spilled_bytes.inc_by(file.len());
            } else {
                self.metrics.dropped_failed.inc();
            }
        }
        self.show(&table);
        drop(table);
        drop(freed);
    }

    /// No more files are written; the writer's thread ends.
    pub(super) fn close(&self) {
        let mut table = self.table.lock();
        table.closed = true;
        let discarded = std::mem::take(&mut table.discarded);
        drop(table);
        drop(discarded);
        self.work.notify_all();
    }

    fn show(&self, table: &Table) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.metrics.memory_bytes.set(gauge(table.memory));
        self.metrics.memory_segments.set(gauge(table.in_memory.len() as u64));
        self.metrics.disk_bytes.set(gauge(table.disk));
        self.metrics.disk_segments.set(gauge(table.files));
    }
}

impl Table {
    /// The oldest entry in memory that the writer does not hold, `newest` left aside.
    fn oldest_idle(&self, newest: u64) -> Option<u64> {
        self.in_memory.iter().copied().find(|&id| Some(id) != self.writing && id != newest)
    }

    /// Takes the bytes of an entry out of memory and of the account.
    fn drop_bytes(&mut self, id: u64) -> Option<Bytes> {
        if !self.in_memory.remove(&id) {
            return None;
        }
        let entry = self.entries.get_mut(&id)?;
        self.memory = self.memory.saturating_sub(entry.held);
        match std::mem::replace(&mut entry.place, Place::Dropped) {
            Place::Memory(bytes) => Some(bytes),
            Place::File(_) | Place::Dropped => None,
        }
    }

    fn forget_file(&mut self, file: &SegmentFile) {
        self.disk = self.disk.saturating_sub(file.len());
        self.files = self.files.saturating_sub(1);
    }

    fn next_work(&mut self, budget: u64) -> Option<Work> {
        if !self.discarded.is_empty() {
            return Some(Work::Remove(std::mem::take(&mut self.discarded)));
        }
        if self.memory <= budget {
            return None;
        }
        let id = *self.in_memory.first()?;
        let Place::Memory(bytes) = &self.entries.get(&id)?.place else { return None };
        let bytes = bytes.clone();
        self.writing = Some(id);
        Some(Work::Write { id, bytes })
    }
}
