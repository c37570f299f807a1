//! The two clocks: one that only moves forward, one that people read. Nothing else reads time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use waymark_selection::Moment;

/// Where the gateway takes the time from. Durations follow tokio's clock, so that tests can pause
/// it; wall time can be shifted, so that tests need not wait half an hour for a token to expire.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: Instant,
    wall_shift_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock whose [`Moment`]s count from now.
    pub fn start() -> Self {
        Self { origin: Instant::now(), wall_shift_ms: Arc::default() }
    }

    /// Time since the clock was started.
    pub fn now(&self) -> Moment {
        self.origin.elapsed()
    }

    /// Wall time, UTC.
    pub fn wall(&self) -> Timestamp {
        let shift = SignedDuration::from_millis(self.wall_shift_ms.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(shift).unwrap_or(now)
    }

    /// Moves wall time forward for every clone of this clock; durations are not affected.
    pub fn shift_wall(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.wall_shift_ms.fetch_add(by, Ordering::Relaxed);
    }
}
