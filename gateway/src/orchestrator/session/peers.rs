//! Several orchestrators for one segment: who there is, and a place with one of them.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use waymark_selection::session::MAX_IN_FLIGHT;

use super::{Entry, FailedOpening, MOST_SESSIONS, Place, SEARCH, Session, Sessions};
use crate::orchestrator::node::Node;

/// Sessions of a stream whose results are compared: three at a time, and some that were before.
const MOST_COMPARED: usize = MOST_SESSIONS + 3;

/// Why there is no place with one orchestrator.
#[derive(Debug)]
pub enum NoPeer {
    /// It takes no more segments now, or the stream has too many sessions.
    Busy,
    /// No session could be opened.
    Failed(FailedOpening),
}

impl Sessions {
    /// Orchestrators that may do the stream's jobs, in the order they should be asked: those with an
    /// open session come first, so that comparing does not need a session with everybody.
    pub fn offered(&self) -> Vec<Arc<Node>> {
        let mut candidates = self.candidates(|_| true);
        let entries = self.entries.lock();
        let open = |node: &Arc<Node>| {
            entries.iter().any(|e| !e.retired && e.session.node.id() == node.id())
        };
        candidates.sort_by_key(|node| !open(node));
        candidates
    }

    /// A place with this orchestrator: in an open session, or in a new one.
    pub async fn place_with(
        self: &Arc<Self>,
        node: &Arc<Node>,
        media: Duration,
    ) -> Result<Place, NoPeer> {
        if let Some(place) = self.reserve_with(node, media) {
            return Ok(place);
        }
        let gate = Arc::clone(self.opening_with.lock().entry(node.id().clone()).or_default());
        let _alone = timeout(SEARCH, gate.lock()).await.map_err(|_| NoPeer::Busy)?;
        if let Some(place) = self.reserve_with(node, media) {
            return Ok(place);
        }
        let has_room = {
            let entries = self.entries.lock();
            let open = || entries.iter().filter(|e| !e.retired);
            open().count() < MOST_COMPARED && open().all(|e| e.session.node.id() != node.id())
        };
        if !has_room || self.opener.trusting.is_out(node) {
            return Err(NoPeer::Busy);
        }
        let started = self.opener.clock.now();
        match self.open_on(node, false).await {
            Ok(session) => {
                self.entries.lock().push(Entry::new(session));
                self.reserve_with(node, media).ok_or(NoPeer::Busy)
            }
            Err(error) => {
                let took = self.opener.clock.now().saturating_sub(started);
                if let Some(failure) = error.failure() {
                    self.opener.directory.failed(node.id(), failure);
                }
                Err(NoPeer::Failed(FailedOpening { node: Arc::clone(node), error, took }))
            }
        }
    }

    /// Gives a session no more segments; it ends when the last one is back.
    pub fn leave(&self, session: &Arc<Session>) {
        let mut entries = self.entries.lock();
        for entry in entries.iter_mut().filter(|e| Arc::ptr_eq(&e.session, session)) {
            entry.retired = true;
        }
        self.bury(&mut entries);
    }

    fn reserve_with(self: &Arc<Self>, node: &Node, media: Duration) -> Option<Place> {
        let now = self.opener.clock.now();
        let out = self.opener.trusting.is_out(node);
        let mut entries = self.entries.lock();
        let index = entries.iter().position(|e| {
            let usable = !out && !e.retired && !e.session.is_over();
            usable && e.session.node.id() == node.id() && e.in_flight.len() < MAX_IN_FLIGHT
        })?;
        Some(self.take(&mut entries, index, media, now))
    }
}
