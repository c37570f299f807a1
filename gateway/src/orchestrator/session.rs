//! The sessions of one stream: opened, shared by its segments, renewed, and ended.
//!
//! A session is an authorisation token of one orchestrator, good for 30 minutes. Whatever was opened
//! is ended: when the stream ends, when it is replaced, when it fails.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use waymark_proto::net::{JobTag, OrchestratorRequest};
use waymark_selection::{
    Choice, Failure, Moment, NodeId, SessionView, choose, session::MAX_IN_FLIGHT,
};

use super::{
    directory::Directory,
    error::{AttemptError, Next},
    node::Node,
};
use crate::{
    capability::{JobCapabilities, compatible},
    clock::Clock,
    lifecycle::Tasks,
    wire::{InfoError, SessionInfo},
};

/// A token is renewed in the last tenth of its life, but never earlier than this before it expires
/// (go-livepeer `server/broadcast.go:1590-1659`).
const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(180);
/// A stream spreads over at most this many orchestrators at a time.
const MOST_SESSIONS: usize = 4;
/// Segments of one stream that wait for a free place; more are refused.
const MOST_WAITING: usize = 32;
/// Longest search for an orchestrator that opens a session, however many are tried.
const SEARCH: Duration = Duration::from_secs(8);
/// How long a segment waits for a free place in a session.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(20);

/// One open session.
#[derive(Debug)]
pub struct Session {
    /// The orchestrator.
    pub node: Arc<Node>,
    /// What it said of itself.
    pub info: SessionInfo,
    /// From when on it should be replaced.
    pub renew_at: Timestamp,
    /// Cancelled when the orchestrator turns out to be gone, so that waiting segments move on.
    pub lost: CancellationToken,
}

#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    in_flight: VecDeque<(u64, Moment, Duration)>,
    ratio: Option<f64>,
    /// Takes no more segments; ended once the last one is back.
    retired: bool,
    renewing: bool,
}

/// What opening sessions takes.
#[derive(Debug, Clone)]
pub struct Opener {
    /// Orchestrators to choose from.
    pub directory: Directory,
    /// Time.
    pub clock: Clock,
    /// Where the ending of sessions runs.
    pub tasks: Tasks,
    /// The request for a session, signed once.
    pub request: OrchestratorRequest,
    /// What the stream's jobs need.
    pub capabilities: Arc<JobCapabilities>,
    /// The stream's tag.
    pub tag: Option<JobTag>,
    /// Orchestrators that are told no tag.
    pub silent: Arc<HashSet<String>>,
    /// How many siblings of an orchestrator are used as well.
    pub extra_nodes: usize,
    /// Addresses never used.
    pub blocked: Arc<HashSet<alloy_primitives::Address>>,
}

/// The sessions of one stream.
#[derive(Debug)]
pub struct Sessions {
    opener: Opener,
    entries: Mutex<Vec<Entry>>,
    opening: tokio::sync::Mutex<()>,
    freed: Notify,
    waiting: AtomicUsize,
    next: AtomicU64,
    /// The stream is over: whatever is still opened ends with its last segment.
    over: AtomicBool,
}

/// A place in a session for one segment. Dropping it frees the place.
#[derive(Debug)]
pub struct Place {
    /// The session.
    pub session: Arc<Session>,
    /// Segments sent before this one on the same session and not yet answered.
    pub ahead: usize,
    sessions: Arc<Sessions>,
    number: u64,
}

/// Why there is no place.
#[derive(Debug)]
pub enum NoPlace {
    /// No orchestrator is left to ask.
    NoOrchestrator,
    /// Too many segments of this stream wait already, or waited too long.
    Full,
}

/// An attempt to open a session that failed, for the record.
#[derive(Debug)]
pub struct FailedOpening {
    /// Whom it was tried with.
    pub node: Arc<Node>,
    /// Why it failed.
    pub error: AttemptError,
    /// How long it took.
    pub took: Duration,
}

impl Sessions {
    /// None yet.
    pub fn new(opener: Opener) -> Arc<Self> {
        Arc::new(Self {
            opener,
            entries: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            over: AtomicBool::new(false),
        })
    }

    /// The tag as it goes to this orchestrator.
    pub fn tag_for(&self, node: &Node) -> Option<&JobTag> {
        self.opener.tag.as_ref().filter(|_| !self.opener.silent.contains(node.host()))
    }

    /// What the stream's jobs need.
    pub fn capabilities(&self) -> &JobCapabilities {
        &self.opener.capabilities
    }

    /// Finds a place for a segment of this duration, on no node in `avoid`. Sessions that could not
    /// be opened on the way are told to `failed`.
    pub async fn place(
        self: &Arc<Self>,
        media: Duration,
        avoid: &HashSet<NodeId>,
        failed: &mut Vec<FailedOpening>,
    ) -> Result<Place, NoPlace> {
        loop {
            // Asked for before looking, so that a place freed in between is not missed.
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Ok(place) = self.reserve(media, avoid, false) {
                return Ok(place);
            }
            let gate = timeout(SEARCH, self.opening.lock());
            let gate = gate.await.map_err(|_| NoPlace::NoOrchestrator)?;
            let fallback = match self.reserve(media, avoid, false) {
                Ok(place) => return Ok(place),
                Err(choice) => choice,
            };
            if self.open(avoid, failed).await {
                drop(gate);
                if let Ok(place) = self.reserve(media, avoid, true) {
                    return Ok(place);
                }
                continue;
            }
            drop(gate);
            if matches!(fallback, Choice::OpenOr(_))
                && let Ok(place) = self.reserve(media, avoid, true)
            {
                return Ok(place);
            }
            if !self.has_sessions(avoid) {
                return Err(NoPlace::NoOrchestrator);
            }
            let _waiting = Waiting::enter(&self.waiting).ok_or(NoPlace::Full)?;
            timeout(WAIT_FOR_PLACE, freed).await.map_err(|_| NoPlace::Full)?;
        }
    }

    /// Ends every session; those with segments in flight when the last one is back.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.bury(&mut self.entries.lock());
    }

    /// Orchestrators in use, for people to read.
    pub fn hosts(&self) -> Vec<String> {
        let entries = self.entries.lock();
        entries.iter().filter(|e| !e.retired).map(|e| e.session.node.host().to_owned()).collect()
    }

    fn has_sessions(&self, avoid: &HashSet<NodeId>) -> bool {
        self.entries.lock().iter().any(|e| !e.retired && !avoid.contains(e.session.node.id()))
    }

    /// Takes a place in an open session; `settle` takes a late one too.
    fn reserve(
        self: &Arc<Self>,
        media: Duration,
        avoid: &HashSet<NodeId>,
        settle: bool,
    ) -> Result<Place, Choice> {
        let now = self.opener.clock.now();
        let mut entries = self.entries.lock();
        let usable: Vec<usize> = (0..entries.len())
            .filter(|&i| {
                let e = &entries[i];
                !e.retired && !avoid.contains(e.session.node.id())
            })
            .collect();
        let views: Vec<SessionView> = usable.iter().map(|&i| entries[i].view()).collect();
        let index = match choose(&views, now) {
            Choice::Use(i) => usable[i],
            Choice::OpenOr(i) if settle || entries.len() >= MOST_SESSIONS => usable[i],
            choice => return Err(choice),
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = &mut entries[index];
        let ahead = entry.in_flight.len();
        debug_assert!(ahead < MAX_IN_FLIGHT, "an orchestrator refuses a sixth segment");
        entry.in_flight.push_back((number, now, media));
        let session = Arc::clone(&entry.session);
        if !entry.renewing && session.renew_at <= self.opener.clock.wall() {
            entry.renewing = true;
            self.renew(Arc::clone(&session));
        }
        Ok(Place { session, ahead, sessions: Arc::clone(self), number })
    }

    /// Replaces a session whose token runs out, while segments go on using the old one.
    fn renew(self: &Arc<Self>, old: Arc<Session>) {
        let sessions = Arc::clone(self);
        drop(self.opener.tasks.job("renewal", async move {
            let opened = sessions.open_on(&old.node).await;
            let mut entries = sessions.entries.lock();
            match opened {
                Ok(session) => {
                    for entry in entries.iter_mut().filter(|e| Arc::ptr_eq(&e.session, &old)) {
                        entry.retired = true;
                    }
                    entries.push(Entry::new(session));
                }
                Err(error) => {
                    let error = super::error::chain(&error);
                    tracing::info!(orchestrator = old.node.host(), error, "token not renewed");
                    let expired = old.info.expires_at <= sessions.opener.clock.wall();
                    for entry in entries.iter_mut().filter(|e| Arc::ptr_eq(&e.session, &old)) {
                        entry.renewing = false;
                        entry.retired |= expired;
                    }
                }
            }
            sessions.bury(&mut entries);
        }));
    }

    /// Opens one session on the best orchestrator that the stream does not use yet.
    async fn open(&self, avoid: &HashSet<NodeId>, failed: &mut Vec<FailedOpening>) -> bool {
        let mut used: HashSet<NodeId> = avoid.clone();
        {
            let entries = self.entries.lock();
            let open = entries.iter().filter(|e| !e.retired);
            used.extend(open.clone().map(|e| e.session.node.id().clone()));
            if open.count() >= MOST_SESSIONS {
                return false;
            }
        }
        let until = self.opener.clock.now() + SEARCH;
        for node in self.opener.directory.candidates() {
            if self.opener.clock.now() > until {
                break;
            }
            if used.contains(node.id()) || failed.iter().any(|f| f.node.id() == node.id()) {
                continue;
            }
            let started = self.opener.clock.now();
            match self.open_on(&node).await {
                Ok(session) => {
                    self.entries.lock().push(Entry::new(session));
                    return true;
                }
                Err(error) => {
                    let took = self.opener.clock.now().saturating_sub(started);
                    let failure = failure_of(&error);
                    self.opener.directory.failed(node.id(), failure);
                    failed.push(FailedOpening { node, error, took });
                }
            }
        }
        false
    }

    async fn open_on(&self, node: &Arc<Node>) -> Result<Arc<Session>, AttemptError> {
        self.opener.directory.opening(node.id());
        let opened = self.ask(node).await;
        if opened.is_err() {
            self.opener.directory.closed(node.id());
        }
        opened
    }

    async fn ask(&self, node: &Arc<Node>) -> Result<Arc<Session>, AttemptError> {
        let mut request = self.opener.request.clone();
        request.job_tag = self.tag_for(node).cloned();
        let started = self.opener.clock.now();
        let info = node.get_orchestrator(request).await?;
        let latency = self.opener.clock.now().saturating_sub(started);
        self.opener.directory.reached(node.id(), latency);
        let info = SessionInfo::read(info).map_err(|source| AttemptError::Info { source })?;
        if let Some(address) = info.address.filter(|a| self.opener.blocked.contains(a)) {
            return Err(AttemptError::Info { source: InfoError::Blocked { address } });
        }
        compatible(&self.opener.capabilities, &info.capabilities)
            .map_err(|source| AttemptError::Info { source: InfoError::Incompatible { source } })?;
        let siblings = &info.nodes[..info.nodes.len().min(self.opener.extra_nodes)];
        if !siblings.is_empty() {
            self.opener.directory.learn(siblings);
        }
        // Not its id: whoever knows that can fetch the renditions.
        tracing::debug!(orchestrator = node.host(), "session opened");
        let now = self.opener.clock.wall();
        let life = info.expires_at.duration_since(now);
        let before = (life / 10).clamp(SignedDuration::ZERO, RENEW_BEFORE);
        let renew_at = info.expires_at.checked_sub(before).unwrap_or(info.expires_at);
        let lost = CancellationToken::new();
        Ok(Arc::new(Session { node: Arc::clone(node), info, renew_at, lost }))
    }

    /// Drops retired sessions without segments in flight and tells their orchestrators.
    fn bury(&self, entries: &mut Vec<Entry>) {
        let over = self.over.load(Ordering::Acquire);
        entries.retain_mut(|entry| {
            entry.retired |= over;
            let keep = !entry.retired || !entry.in_flight.is_empty();
            if !keep {
                let session = Arc::clone(&entry.session);
                self.opener.directory.closed(session.node.id());
                drop(self.opener.tasks.job("end session", async move {
                    session.node.end_session(session.info.token.clone()).await;
                }));
            }
            keep
        });
    }

    /// Takes back a place; `result` is what came of it.
    fn give_back(&self, number: u64, result: Option<Outcome>) {
        let now = self.opener.clock.now();
        let mut entries = self.entries.lock();
        for entry in entries.iter_mut() {
            let Some(at) = entry.in_flight.iter().position(|(n, ..)| *n == number) else {
                continue;
            };
            let Some((_, sent, media)) = entry.in_flight.remove(at) else { continue };
            match result {
                Some(Outcome::Served) => {
                    let took = now.saturating_sub(sent);
                    // Waiting behind others of the same stream is not slowness.
                    if at == 0 {
                        let ratio = took.as_secs_f64() / media.as_secs_f64().max(1.5);
                        entry.ratio = Some(ratio);
                        self.opener.directory.succeeded(entry.session.node.id(), took, media);
                    }
                }
                Some(Outcome::Retire { gone }) => {
                    entry.retired = true;
                    if gone {
                        entry.session.lost.cancel();
                    }
                }
                None => {}
            }
            break;
        }
        self.bury(&mut entries);
        drop(entries);
        self.freed.notify_waiters();
    }
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Served,
    Retire { gone: bool },
}

impl Entry {
    fn new(session: Arc<Session>) -> Self {
        Self { session, in_flight: VecDeque::new(), ratio: None, retired: false, renewing: false }
    }

    fn view(&self) -> SessionView {
        SessionView {
            in_flight: self.in_flight.len(),
            oldest: self.in_flight.front().map(|(_, sent, media)| (*sent, *media)),
            ratio: self.ratio,
        }
    }
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
            Next::Renew => self.finish(Some(Outcome::Retire { gone: false })),
            Next::OtherFull | Next::OtherIncapable | Next::Other => {
                let directory = &self.sessions.opener.directory;
                if !matches!(error, AttemptError::SessionLost) {
                    directory.failed(self.session.node.id(), failure_of(error));
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

fn failure_of(error: &AttemptError) -> Failure {
    match error.next() {
        Next::OtherFull => Failure::Full,
        Next::OtherIncapable => Failure::Incapable,
        Next::OtherBusy | Next::GiveUp | Next::Renew | Next::Other => Failure::Fault,
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Option<Self> {
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
