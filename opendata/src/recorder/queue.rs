//! The bounded queue between the job path and the writer thread.
//!
//! Two buffers of full capacity are allocated once and swapped, so a push never allocates, copies
//! or waits for more than a swap of pointers. The writer sleeps until the first row and then a
//! little longer to collect more, so that a busy gateway wakes it a few times a second and not
//! once a row.

use std::fmt;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

/// Tells the asker how many rows are not in their JSON lines file.
pub(super) type FlushReply = oneshot::Sender<u64>;

pub(super) struct Queue<R> {
    capacity: usize,
    state: Mutex<State<R>>,
    wake: Condvar,
}

struct State<R> {
    rows: Vec<R>,
    flushes: Vec<FlushReply>,
    closed: bool,
}

/// Why a row was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
}

/// What the writer was woken for, apart from rows.
pub(super) struct Asked {
    pub(super) flushes: Vec<FlushReply>,
    pub(super) closed: bool,
}

/// Callers of `flush` that may wait at once; more are told that the recorder is closed to them.
const MAX_FLUSHES: usize = 1024;

impl<R> Queue<R> {
    pub(super) fn new(capacity: usize) -> Self {
        let rows = Vec::with_capacity(capacity);
        let state = State { rows, flushes: Vec::new(), closed: false };
        Self { capacity, state: Mutex::new(state), wake: Condvar::new() }
    }

    /// An empty buffer of the queue's size, for [`Queue::take`].
    pub(super) fn buffer(&self) -> Vec<R> {
        Vec::with_capacity(self.capacity)
    }

    pub(super) fn push(&self, row: R) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.rows.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.rows.push(row);
        let waiting = state.rows.len();
        drop(state);
        if waiting == 1 || waiting == self.high_water() {
            self.wake.notify_one();
        }
        Ok(())
    }

    pub(super) fn ask_flush(&self, reply: FlushReply) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closed || state.flushes.len() >= MAX_FLUSHES {
            return Err(Refused::Closed);
        }
        state.flushes.push(reply);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.wake.notify_one();
    }

    /// Waits for something to do, at most `idle` if given, then up to `collect` for more rows, and
    /// swaps what is there into `rows`, which must be empty.
    pub(super) fn take(
        &self,
        rows: &mut Vec<R>,
        idle: Option<Duration>,
        collect: Duration,
    ) -> Asked {
        let mut state = self.state.lock();
        let nothing = |state: &mut State<R>| state.rows.is_empty() && !state.is_urgent(usize::MAX);
        if let Some(idle) = idle {
            self.wake.wait_while_for(&mut state, nothing, idle);
        } else {
            self.wake.wait_while(&mut state, nothing);
        }
        if !state.rows.is_empty() {
            let high_water = self.high_water();
            self.wake.wait_while_for(&mut state, |state| !state.is_urgent(high_water), collect);
        }
        std::mem::swap(&mut state.rows, rows);
        Asked { flushes: std::mem::take(&mut state.flushes), closed: state.closed }
    }

    /// Half full: time to write, whatever the interval says.
    fn high_water(&self) -> usize {
        self.capacity.div_ceil(2)
    }
}

impl<R> State<R> {
    fn is_urgent(&self, high_water: usize) -> bool {
        self.closed || !self.flushes.is_empty() || self.rows.len() >= high_water
    }
}

impl<R> fmt::Debug for Queue<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
