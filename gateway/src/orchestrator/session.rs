//! The sessions of one stream: opened, shared by its segments, renewed, and ended.
//!
//! A session is an authorisation token of one orchestrator, good for 30 minutes. Whatever was opened
//! is ended: when the stream ends, when it is replaced, when it fails.

mod opening;
mod peers;
mod place;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use waymark_payments::session::{PaymentSession, Renewal};
use waymark_proto::net::{AuthToken, JobTag};
use waymark_selection::{Choice, Moment, NodeId, SessionView, choose, session::MAX_IN_FLIGHT};
use waymark_verification::sampling::{Draw, Strata, Stratum};

use super::node::Node;
use crate::{capability::JobCapabilities, payments::Paying, wire::SessionInfo};

pub use opening::{FailedOpening, Opener};
pub use peers::NoPeer;
pub use place::Place;

use place::{Outcome, Waiting};

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
    /// What it said of itself. Its token is the first one; [`token`](Self::token) is the newest.
    pub info: SessionInfo,
    /// How it is paid; `None` off-chain.
    pub pay: Option<PaymentSession>,
    /// Cancelled when the orchestrator turns out to be gone, so that waiting segments move on.
    pub lost: CancellationToken,
    /// Opened although its price is above the maximum, because nobody is below it.
    any_price: bool,
    live: Mutex<Live>,
    /// When its results were audited.
    audits: Mutex<Strata>,
    /// Held while its terms are renewed: segments that need new ones wait for the same ones.
    refreshing: tokio::sync::Mutex<()>,
}

/// What a refresh replaces.
#[derive(Debug)]
struct Live {
    token: AuthToken,
    expires_at: Timestamp,
    /// From when on it should be replaced.
    renew_at: Timestamp,
}

impl Live {
    fn new(token: AuthToken, expires_at: Timestamp, now: Timestamp) -> Self {
        let life = expires_at.duration_since(now);
        let before = (life / 10).clamp(SignedDuration::ZERO, RENEW_BEFORE);
        let renew_at = expires_at.checked_sub(before).unwrap_or(expires_at);
        Self { token, expires_at, renew_at }
    }
}

impl Session {
    /// The token to send, exactly as the orchestrator issued it.
    pub fn token(&self) -> AuthToken {
        self.live.lock().token.clone()
    }

    /// A result arrived at `now`; says whether an audit is due whatever the draw says. `secret` are the
    /// bits of a span of time that the orchestrator cannot know.
    pub fn due(&self, now: Moment, secret: impl FnOnce(u64) -> Draw) -> Option<Stratum> {
        self.audits.lock().arrived(now, secret)
    }

    /// The newest result is audited.
    pub fn audited(&self, now: Moment) {
        self.audits.lock().audited(now);
    }

    /// Whether paying in it came to an end.
    fn is_over(&self) -> bool {
        self.pay.as_ref().is_some_and(|pay| pay.ended().is_some())
    }
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

/// The sessions of one stream.
#[derive(Debug)]
pub struct Sessions {
    opener: Opener,
    entries: Mutex<Vec<Entry>>,
    opening: tokio::sync::Mutex<()>,
    /// Held while a session with one orchestrator is opened, so that two segments open one.
    opening_with: Mutex<HashMap<NodeId, Arc<tokio::sync::Mutex<()>>>>,
    freed: Notify,
    waiting: AtomicUsize,
    next: AtomicU64,
    /// The stream is over: whatever is still opened ends with its last segment.
    over: AtomicBool,
}

/// Why there is no place.
#[derive(Debug)]
pub enum NoPlace {
    /// No orchestrator is left to ask.
    NoOrchestrator,
    /// Too many segments of this stream wait already, or waited too long.
    Full,
}

impl Sessions {
    /// None yet.
    pub fn new(opener: Opener) -> Arc<Self> {
        Arc::new(Self {
            opener,
            entries: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            opening_with: Mutex::default(),
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

    /// The header that tells the tag to this orchestrator.
    pub fn tag_header_for(&self, node: &Node) -> Option<&HeaderValue> {
        self.opener.tag_header.as_ref().filter(|_| self.tag_for(node).is_some())
    }

    /// How the stream pays; `None` off-chain.
    pub fn paying(&self) -> Option<&Arc<Paying>> {
        self.opener.paying.as_ref()
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
        if let Some(paying) = &self.opener.paying {
            paying.end();
        }
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
        // Whoever turned out to cheat gets nothing more, whatever is open with it.
        for entry in entries.iter_mut().filter(|entry| !entry.retired) {
            entry.retired = self.opener.trusting.is_out(&entry.session.node);
        }
        let usable: Vec<usize> = (0..entries.len())
            .filter(|&i| {
                let e = &entries[i];
                !e.retired && !e.session.is_over() && !avoid.contains(e.session.node.id())
            })
            .collect();
        let views: Vec<SessionView> = usable.iter().map(|&i| entries[i].view()).collect();
        let index = match choose(&views, now) {
            Choice::Use(i) => usable[i],
            Choice::OpenOr(i) if settle || entries.len() >= MOST_SESSIONS => usable[i],
            choice => return Err(choice),
        };
        Ok(self.take(&mut entries, index, media, now))
    }

    fn take(
        self: &Arc<Self>,
        entries: &mut [Entry],
        index: usize,
        media: Duration,
        now: Moment,
    ) -> Place {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = &mut entries[index];
        let ahead = entry.in_flight.len();
        debug_assert!(ahead < MAX_IN_FLIGHT, "an orchestrator refuses a sixth segment");
        entry.in_flight.push_back((number, now, media));
        let session = Arc::clone(&entry.session);
        if !entry.renewing && self.should_renew(&session) {
            entry.renewing = true;
            self.renew(Arc::clone(&session));
        }
        Place { session, ahead, sessions: Arc::clone(self), number }
    }

    fn should_renew(&self, session: &Session) -> bool {
        if session.live.lock().renew_at <= self.opener.clock.wall() {
            return true;
        }
        match (&self.opener.paying, &session.pay) {
            // What is needed at once, the payment itself does first.
            (Some(paying), Some(pay)) => paying.renewal(pay) == Renewal::Wanted,
            _ => false,
        }
    }

    /// Drops retired sessions without segments in flight and tells their orchestrators.
    fn bury(&self, entries: &mut Vec<Entry>) {
        let over = self.over.load(Ordering::Acquire);
        entries.retain_mut(|entry| {
            entry.retired |= over || entry.session.is_over();
            let keep = !entry.retired || !entry.in_flight.is_empty();
            if !keep {
                let session = Arc::clone(&entry.session);
                let tag = self.tag_for(&session.node).cloned();
                self.opener.directory.closed(session.node.id());
                drop(self.opener.tasks.job("end session", async move {
                    session.node.end_session(session.token(), tag.as_ref()).await;
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
