//! Sessions of a node: a slot each, one segment at a time with four waiting, and the files made.
//!
//! A slot is taken by the first segment that carries the session's token, not by handing out the token,
//! and freed by `EndTranscodingSession` or after 70 s without a segment (go-livepeer
//! `core/orchestrator.go:36-40, 638-678, 844-862`). Files live in a ring of twelve per profile and go
//! with the session. Callers give the time, so nothing here waits.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Segments of one session inside the node at the same time: one running, four waiting.
const MAX_IN_FLIGHT: usize = 5;
/// Files kept per session and profile.
const RING: usize = 12;

/// All sessions of one life of a node.
#[derive(Debug)]
pub(crate) struct Sessions {
    max: usize,
    idle: Duration,
    open: Mutex<HashMap<String, Arc<Session>>>,
}

/// No slot is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capped;

/// Why a segment does not get into its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnterError {
    Capped,
    Busy,
}

#[derive(Debug)]
struct Session {
    /// Held while a segment runs; fair, so segments run in the order they came.
    running: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    last_used: Instant,
    files: HashMap<String, VecDeque<(String, Bytes)>>,
    /// The newest segment, which a cheater may answer the next one with.
    newest: Option<Bytes>,
}

/// A segment inside its session. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Entered {
    session: Arc<Session>,
}

impl Sessions {
    pub(crate) fn new(max: usize, idle: Duration) -> Self {
        Self { max, idle, open: Mutex::default() }
    }

    /// Whether a segment of session `id` could come in; an empty id asks for any new session.
    pub(crate) fn check_capacity(&self, id: &str, now: Instant) -> Result<(), Capped> {
        let mut open = self.open.lock();
        self.expire(&mut open, now);
        if open.contains_key(id) || open.len() < self.max { Ok(()) } else { Err(Capped) }
    }

    /// Takes a place in session `id`, opening it if it is new.
    pub(crate) fn enter(&self, id: &str, now: Instant) -> Result<Entered, EnterError> {
        let mut open = self.open.lock();
        self.expire(&mut open, now);
        let session = match open.get(id) {
            Some(session) => Arc::clone(session),
            None if open.len() >= self.max => return Err(EnterError::Capped),
            None => {
                let session = Arc::new(Session::new(now));
                open.insert(id.to_owned(), Arc::clone(&session));
                session
            }
        };
        {
            let mut state = session.state.lock();
            if state.in_flight >= MAX_IN_FLIGHT {
                return Err(EnterError::Busy);
            }
            state.in_flight += 1;
            state.last_used = now;
        }
        Ok(Entered { session })
    }

    /// Ends a session: slot and files are gone. Whether there was one.
    pub(crate) fn end(&self, id: &str) -> bool {
        self.open.lock().remove(id).is_some()
    }

    /// How many sessions hold a slot.
    pub(crate) fn count(&self, now: Instant) -> usize {
        let mut open = self.open.lock();
        self.expire(&mut open, now);
        open.len()
    }

    /// A file of an open session. Reading it does not keep the session open.
    pub(crate) fn file(&self, id: &str, profile: &str, name: &str, now: Instant) -> Option<Bytes> {
        let session = {
            let mut open = self.open.lock();
            self.expire(&mut open, now);
            Arc::clone(open.get(id)?)
        };
        let state = session.state.lock();
        let ring = state.files.get(profile)?;
        ring.iter().find(|(file, _)| file == name).map(|(_, bytes)| bytes.clone())
    }

    fn expire(&self, open: &mut HashMap<String, Arc<Session>>, now: Instant) {
        open.retain(|_, session| {
            let state = session.state.lock();
            state.in_flight > 0 || now.saturating_duration_since(state.last_used) < self.idle
        });
    }
}

impl Session {
    fn new(now: Instant) -> Self {
        Self {
            running: Arc::default(),
            state: Mutex::new(State {
                in_flight: 0,
                last_used: now,
                files: HashMap::new(),
                newest: None,
            }),
        }
    }
}

impl Entered {
    /// Waits until the segments that came before are done.
    pub(crate) async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.session.running).lock_owned().await
    }

    /// Keeps a segment, and gives the one before it.
    pub(crate) fn follow(&self, segment: Bytes) -> Option<Bytes> {
        self.session.state.lock().newest.replace(segment)
    }

    /// Keeps a file; the thirteenth of a profile pushes out the first.
    pub(crate) fn store(&self, profile: &str, name: String, bytes: Bytes) {
        let mut state = self.session.state.lock();
        let ring = state.files.entry(profile.to_owned()).or_default();
        if let Some((_, old)) = ring.iter_mut().find(|(file, _)| *file == name) {
            *old = bytes;
            return;
        }
        if ring.len() >= RING {
            ring.pop_front();
        }
        ring.push_back((name, bytes));
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut state = self.session.state.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.last_used = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(70);

    #[tokio::test(start_paused = true)]
    async fn a_slot_is_freed_by_the_end_of_its_session() {
        let sessions = Sessions::new(1, IDLE);
        let now = Instant::now();
        drop(sessions.enter("a", now).unwrap());
        assert_eq!(sessions.check_capacity("", now), Err(Capped));
        assert_eq!(sessions.check_capacity("b", now), Err(Capped));
        assert_eq!(sessions.check_capacity("a", now), Ok(()));
        assert_eq!(sessions.enter("b", now).unwrap_err(), EnterError::Capped);
        assert!(sessions.end("a"));
        assert!(!sessions.end("a"));
        assert!(sessions.enter("b", now).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_is_freed_after_seventy_seconds_without_a_segment() {
        let sessions = Sessions::new(1, IDLE);
        let start = Instant::now();
        let entered = sessions.enter("a", start).unwrap();
        assert_eq!(sessions.count(start + IDLE * 2), 1, "it is running");
        drop(entered);
        assert_eq!(sessions.count(start + IDLE - Duration::from_millis(1)), 1);
        assert_eq!(sessions.count(start + IDLE), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_sixth_segment_at_once_is_too_many() {
        let sessions = Sessions::new(2, IDLE);
        let now = Instant::now();
        let inside: Vec<_> = (0..5).map(|_| sessions.enter("a", now).unwrap()).collect();
        assert_eq!(sessions.enter("a", now).unwrap_err(), EnterError::Busy);
        assert!(sessions.enter("b", now).is_ok(), "another session is not concerned");
        drop(inside);
        assert!(sessions.enter("a", now).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn twelve_files_of_a_profile_are_kept_until_the_session_ends() {
        let sessions = Sessions::new(1, IDLE);
        let now = Instant::now();
        let entered = sessions.enter("a", now).unwrap();
        for seq in 0..13 {
            entered.store("p", format!("{seq}.ts"), Bytes::from(vec![seq]));
        }
        entered.store("p", "12.ts".to_owned(), Bytes::from_static(b"again"));
        entered.store("q", "0.ts".to_owned(), Bytes::from_static(b"q"));
        assert_eq!(sessions.file("a", "p", "0.ts", now), None);
        assert_eq!(sessions.file("a", "p", "1.ts", now), Some(Bytes::from(vec![1])));
        assert_eq!(sessions.file("a", "p", "12.ts", now), Some(Bytes::from_static(b"again")));
        assert!(sessions.file("a", "q", "0.ts", now).is_some());
        assert!(sessions.file("b", "q", "0.ts", now).is_none());
        sessions.end("a");
        assert!(sessions.file("a", "q", "0.ts", now).is_none());
    }
}
