//! Wall time as an input: the life of an auth token is counted in Unix seconds, and a test that waits
//! half an hour is no test. Durations inside the node use tokio's clock, never this one.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// A source of wall time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock enters")]
    pub fn system() -> Self {
        Self(Arc::new(SystemTime::now))
    }

    /// A clock that stands still until its [`ManualClock`] moves it. It starts at the machine's time.
    pub fn manual() -> (Self, ManualClock) {
        let hand = ManualClock { now: Arc::new(Mutex::new(Self::system().now())) };
        let reader = hand.clone();
        (Self(Arc::new(move || *reader.now.lock())), hand)
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// Time since 1970; zero for a clock set before it.
    pub fn since_epoch(&self) -> Duration {
        self.now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The hand of a clock made by [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<SystemTime>>,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock();
        *now += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::manual();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        hand.advance(Duration::from_mins(30));
        assert_eq!(clock.now(), before + Duration::from_mins(30));
    }
}
