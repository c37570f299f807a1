//! A place in a session: what a segment holds while it is with an orchestrator.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{MOST_WAITING, Session, Sessions};
use crate::orchestrator::error::{AttemptError, Next};

/// A place in a session for one segment. Dropping it frees the place.
#[derive(Debug)]
pub struct Place {
    /// The session.
    pub session: Arc<Session>,
    /// Segments sent before this one on the same session and not yet answered.
    pub ahead: usize,
    pub(super) sessions: Arc<Sessions>,
    pub(super) number: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Served,
    Retire { gone: bool },
}

impl Place {
    /// The segment came back whole.
    pub fn served(mut self) {
        self.finish(Some(Outcome::Served));
    }

    /// The segment failed here. A fault of the media, or a full queue, leaves the session as it is;
    /// anything else ends it and sets the orchestrator aside as the error says.
    pub fn failed(mut self, error: &AttemptError) {
        match error.next() {
            Next::GiveUp | Next::OtherBusy => self.finish(None),
            // Its credit is worth keeping: the next payment renews the terms first.
            Next::Renew
                if self.session.pay.is_some()
                    && !self.session.is_over()
                    && !error.needs_new_session() =>
            {
                self.finish(None);
            }
            Next::Renew => self.finish(Some(Outcome::Retire { gone: false })),
            Next::OtherFull | Next::OtherIncapable | Next::OtherUnpaid | Next::Other => {
                let directory = &self.sessions.opener.directory;
                if let Some(failure) = error.failure() {
                    directory.failed(self.session.node.id(), failure);
                }
                let gone = error.loses_session();
                self.finish(Some(Outcome::Retire { gone }));
            }
        }
    }

    fn finish(&mut self, result: Option<Outcome>) {
        self.sessions.give_back(self.number, result);
        // The place is given back; dropping must not do it again.
        self.number = u64::MAX;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.number != u64::MAX {
            self.sessions.give_back(self.number, None);
        }
    }
}

pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    pub(super) fn enter(waiting: &'a AtomicUsize) -> Option<Self> {
        let entered = waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING;
        let guard = Self(waiting);
        entered.then_some(guard)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
