//! The one table of segments and its accounting.
//!
//! What comes in when the memory is full goes to the disk; what is in memory stays there. So the
//! bytes are written while they are in the processor's caches, their buffers are free again at once,
//! and a segment that was kept in memory for the whole window is never written. Writing out the
//! oldest instead would, in the end, write every segment.
//!
//! Everything is under one lock that is held for a few map operations, never while bytes are
//! copied, freed, written or read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::file::{MOST_AT_ONCE, SpilledSegment};
use super::metrics::StoreMetrics;

/// Bytes that may go from the disk before the file is looked at: cutting it at every one that goes
/// would give pages away that the next segment needs.
const TRIM: u64 = 64 << 20;
/// Bytes of segments that are written at once; a larger segment is written alone.
const MOST_BYTES: usize = 4 << 20;

/// The segments of all streams, oldest first.
#[derive(Debug)]
pub(super) struct Shelf {
    budget: u64,
    /// More memory than this, and the disk is behind.
    hurry: u64,
    limit: u64,
    metrics: StoreMetrics,
    table: Mutex<Table>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    entries: BTreeMap<u64, Entry>,
    /// Entries to be written, oldest first; some of them may be gone.
    waiting: VecDeque<u64>,
    memory: u64,
    in_memory: u64,
    disk: u64,
    files: u64,
    /// Bytes on disk that went since the file was last cut.
    freed: u64,
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
    File(Arc<SpilledSegment>),
    Dropped,
}

/// Where a segment is.
pub(super) enum Found {
    Memory(Bytes),
    File(Arc<SpilledSegment>),
    Dropped,
}

/// What the writer is to do next.
pub(super) enum Work {
    /// `hurry`: the disk is behind.
    Write { ids: Vec<u64>, segments: Vec<Bytes>, hurry: bool },
    /// The end of the file may be free.
    Trim,
}

impl Shelf {
    pub(super) fn new(budget: u64, backlog: u64, metrics: StoreMetrics) -> Self {
        let (hurry, limit) = (budget.saturating_add(backlog / 2), budget.saturating_add(backlog));
        Self { budget, hurry, limit, metrics, table: Mutex::default(), work: Condvar::new() }
    }

    pub(super) const fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    /// Takes segments in, with the memory each holds. They come at once, so that they can be written
    /// at once.
    pub(super) fn put_all(&self, segments: impl Iterator<Item = (Bytes, u64)>) -> Vec<u64> {
        let mut given_up = Vec::new();
        let mut wake = false;
        let mut table = self.table.lock();
        let ids = segments.map(|(bytes, held)| {
            let id = table.add(bytes, held);
            if table.memory > self.budget {
                table.wait(id);
                wake = true;
            }
            while table.memory > self.limit {
                let Some(oldest) = table.oldest_waiting(id) else { break };
                given_up.extend(table.drop_bytes(oldest));
            }
            id
        });
        let ids = ids.collect();
        self.show(&table);
        drop(table);
        if wake {
            self.work.notify_one();
        }
        self.metrics.dropped_slow.inc_by(given_up.len() as u64);
        ids
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
        let (mut in_memory, mut in_file) = (None, None);
        match entry.place {
            Place::Memory(bytes) => {
                table.in_memory -= 1;
                table.memory = table.memory.saturating_sub(entry.held);
                in_memory = Some(bytes);
            }
            Place::File(file) => {
                table.disk = table.disk.saturating_sub(file.len());
                table.files = table.files.saturating_sub(1);
                table.freed = table.freed.saturating_add(file.len());
                in_file = Some(file);
            }
            Place::Dropped => {}
        }
        let wake = table.is_worth_trimming();
        self.show(&table);
        drop(table);
        drop((in_memory, in_file));
        if wake {
            self.work.notify_one();
        }
    }

    /// How many ids are in the line of those to be written.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.table.lock().waiting.len()
    }

    /// The next thing for the writer, or `None` when there is nothing.
    #[cfg(test)]
    pub(super) fn next_work(&self) -> Option<Work> {
        self.table.lock().next_work(self.hurry)
    }

    /// Waits for the next thing for the writer; `None` when the store was closed.
    pub(super) fn wait_for_work(&self) -> Option<Work> {
        let mut table = self.table.lock();
        loop {
            if table.closed {
                return None;
            }
            let work = table.next_work(self.hurry);
            if work.is_some() {
                return work;
            }
            self.work.wait(&mut table);
        }
    }

    /// The writer is done with segment `id`: it is in `file` now, or could not be written.
    pub(super) fn written(&self, id: u64, file: Option<SpilledSegment>) {
        let file = file.map(Arc::new);
        let mut table = self.table.lock();
        let mut freed = None;
        // A segment that was removed meanwhile leaves its place in the file at the end of this scope.
        if let Some(bytes) = table.drop_bytes(id) {
            freed = Some(bytes);
            if let (Some(file), Some(entry)) = (&file, table.entries.get_mut(&id)) {
                entry.place = Place::File(Arc::clone(file));
                table.disk = table.disk.saturating_add(file.len());
                table.files += 1;
                self.metrics.spilled_bytes.inc_by(file.len());
            } else {
                self.metrics.dropped_failed.inc();
            }
        } else if let Some(file) = &file {
            table.freed = table.freed.saturating_add(file.len());
        }
        self.show(&table);
        drop(table);
        drop(freed);
    }

    /// No more files are written; the writer's thread ends.
    pub(super) fn close(&self) {
        let mut table = self.table.lock();
        table.closed = true;
        drop(table);
        self.work.notify_all();
    }

    fn show(&self, table: &Table) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.metrics.memory_bytes.set(gauge(table.memory));
        self.metrics.memory_segments.set(gauge(table.in_memory));
        self.metrics.disk_bytes.set(gauge(table.disk));
        self.metrics.disk_segments.set(gauge(table.files));
    }
}

impl Table {
    fn add(&mut self, bytes: Bytes, held: u64) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.entries.insert(id, Entry { held, place: Place::Memory(bytes) });
        self.in_memory += 1;
        self.memory = self.memory.saturating_add(held);
        id
    }

    /// Puts an entry into the line of those to be written. Ids of entries that are gone leave it when
    /// they are the larger part, so that a disk that hangs does not make it grow.
    fn wait(&mut self, id: u64) {
        if self.waiting.len() > 2 * self.entries.len() {
            self.waiting.retain(|id| self.entries.contains_key(id));
        }
        self.waiting.push_back(id);
    }

    /// The oldest entry that waits to be written, `newest` left aside, taken out of the line.
    fn oldest_waiting(&mut self, newest: u64) -> Option<u64> {
        let oldest = *self.waiting.front()?;
        if oldest == newest { None } else { self.waiting.pop_front() }
    }

    /// Takes the bytes of an entry out of memory and of the account.
    fn drop_bytes(&mut self, id: u64) -> Option<Bytes> {
        let entry = self.entries.get_mut(&id)?;
        if !matches!(entry.place, Place::Memory(_)) {
            return None;
        }
        self.memory = self.memory.saturating_sub(entry.held);
        self.in_memory -= 1;
        match std::mem::replace(&mut entry.place, Place::Dropped) {
            Place::Memory(bytes) => Some(bytes),
            Place::File(_) | Place::Dropped => None,
        }
    }

    /// Much went, or the last one.
    const fn is_worth_trimming(&self) -> bool {
        self.freed > TRIM || (self.freed > 0 && self.files == 0)
    }

    fn next_work(&mut self, hurry: u64) -> Option<Work> {
        if self.is_worth_trimming() {
            self.freed = 0;
            return Some(Work::Trim);
        }
        let (mut ids, mut segments, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(id) = self.waiting.front()
            && ids.len() < MOST_AT_ONCE
        {
            if let Some(Place::Memory(segment)) = self.entries.get(id).map(|entry| &entry.place) {
                bytes += segment.len();
                if bytes > MOST_BYTES && !ids.is_empty() {
                    break;
                }
                ids.push(*id);
                segments.push(segment.clone());
            }
            self.waiting.pop_front();
        }
        let hurry = self.memory > hurry;
        (!ids.is_empty()).then_some(Work::Write { ids, segments, hurry })
    }
}
