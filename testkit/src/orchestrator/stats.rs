//! What a node saw, for tests to look at and wait for.
//!
//! Counts are exact; lists keep the newest entries only, and maps a bounded number of keys, so that a
//! load run or hostile traffic cannot fill memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use waymark_proto::net;

use super::payee::PaymentStats;

/// Entries kept in each list.
const KEPT: usize = 4096;
/// Keys kept in each map; further ones count under `other`.
const MAX_KEYS: usize = 64;

/// Counts and records of one orchestrator since it was started, restarts included.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// GetOrchestrator calls that arrived, whatever became of them.
    pub get_orchestrator: u64,
    /// GetOrchestrator calls refused, by text.
    pub get_orchestrator_refused: BTreeMap<String, u64>,
    /// EndTranscodingSession calls with a good token.
    pub sessions_ended: u64,
    /// EndTranscodingSession calls refused.
    pub end_session_refused: u64,
    /// Segments that got the early 200.
    pub segments_accepted: u64,
    /// Segments refused before it, by text.
    pub segments_refused: BTreeMap<String, u64>,
    /// Results with renditions sent.
    pub results: u64,
    /// Results with an error sent, by text.
    pub result_errors: BTreeMap<String, u64>,
    /// Downloads asked for.
    pub downloads: u64,
    /// Downloads answered 404.
    pub downloads_missing: u64,
    /// Sessions that hold a slot now.
    pub open_sessions: usize,
    /// TCP connections accepted.
    pub connections: u64,
    /// TCP connections open now.
    pub open_connections: usize,
    /// TLS handshakes that failed.
    pub handshakes_failed: u64,
    /// Faults that struck, by name.
    pub faults: BTreeMap<String, u64>,
    /// Payments; all zero off-chain.
    pub payments: PaymentStats,
    /// The newest GetOrchestrator calls, oldest first.
    pub requests: VecDeque<Arc<OrchestratorRequestSeen>>,
    /// The newest segments with a header that decodes, oldest first.
    pub segments: VecDeque<Arc<ReceivedSegment>>,
    /// Session ids of the newest good EndTranscodingSession calls, oldest first.
    pub ended: VecDeque<String>,
    /// Their headers `Livepeer-Job-Tag`, in the same order.
    pub ended_tag_headers: VecDeque<Option<String>>,
}

impl Stats {
    /// Segments refused before the early 200, for any reason.
    pub fn refused(&self) -> u64 {
        self.segments_refused.values().sum()
    }

    /// Results with an error, for any reason.
    pub fn errors(&self) -> u64 {
        self.result_errors.values().sum()
    }

    /// Faults that struck, of any kind.
    pub fn faults_struck(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// A GetOrchestrator call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrchestratorRequestSeen {
    /// The message.
    pub message: net::OrchestratorRequest,
    /// Header `Livepeer-Job-Tag`, if it was there.
    pub tag_header: Option<String>,
}

/// A segment with a header that decodes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReceivedSegment {
    /// Manifest id; bytes that are no UTF-8 are replaced.
    pub manifest: String,
    /// Sequence number.
    pub seq: i64,
    /// Session of its token; empty without one.
    pub session_id: String,
    /// Announced duration; 2 s where it was 0.
    pub duration: Duration,
    /// The list its profiles came in.
    pub list: ProfileList,
    /// Names of its profiles, in order.
    pub profiles: Vec<String>,
    /// Header `Livepeer-Job-Tag`, if it was there.
    pub tag_header: Option<String>,
    /// The whole decoded header, its tag and its token's tag included.
    pub data: net::SegData,
    /// Header `Livepeer-Segment` as it came.
    pub segment_header: Bytes,
    /// Header `Livepeer-Payment` as it came; `None` when absent.
    pub payment_header: Option<Bytes>,
    /// Header `Content-Type` as it came.
    pub content_type: Option<String>,
    /// Bytes of the body, as far as it was read.
    pub body_len: u64,
    /// Whether it came over HTTP/2.
    pub http2: bool,
    /// What was decided.
    pub verdict: Verdict,
}

impl ReceivedSegment {
    /// Tag in the segment's message.
    pub fn tag(&self) -> Option<&net::JobTag> {
        self.data.job_tag.as_ref()
    }

    /// Tag inside the auth token, the only one that is echoed.
    pub fn token_tag(&self) -> Option<&net::JobTag> {
        self.data.auth_token.as_ref().and_then(|token| token.job_tag.as_ref())
    }
}

/// What was decided about a segment before any work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It got the early 200.
    Accepted,
    /// It was refused with this status and text.
    Refused {
        /// HTTP status.
        status: u16,
        /// Body without its line feed.
        text: String,
    },
    /// A fault left it without an answer.
    Dropped,
}

/// Which of the three lists of a segment's header held its profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProfileList {
    /// None of them.
    None,
    /// `full_profiles`, field 33.
    Full1,
    /// `full_profiles2`, field 34.
    Full2,
    /// `full_profiles3`, field 35.
    Full3,
}

/// Where the node's parts write, and tests listen.
#[derive(Debug)]
pub(crate) struct Recorder {
    stats: watch::Sender<Stats>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { stats: watch::Sender::new(Stats::default()) }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        self.stats.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Stats> {
        self.stats.subscribe()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Stats)) {
        self.stats.send_modify(change);
    }

    pub(crate) fn open_sessions(&self, count: usize) {
        self.stats.send_if_modified(|stats| {
            let changed = stats.open_sessions != count;
            stats.open_sessions = count;
            changed
        });
    }

    pub(crate) fn fault(&self, name: &str) {
        self.update(|stats| count(&mut stats.faults, name));
    }

    pub(crate) fn request(&self, request: OrchestratorRequestSeen) {
        self.update(|stats| {
            stats.get_orchestrator += 1;
            push(&mut stats.requests, Arc::new(request));
        });
    }

    pub(crate) fn ended(&self, session_id: String, tag_header: Option<String>) {
        self.update(|stats| {
            stats.sessions_ended += 1;
            push(&mut stats.ended, session_id);
            push(&mut stats.ended_tag_headers, tag_header);
        });
    }
}

/// Counts one more under `key`.
pub(crate) fn count(map: &mut BTreeMap<String, u64>, key: &str) {
    let key = if map.contains_key(key) || map.len() < MAX_KEYS { key } else { "other" };
    *map.entry(key.to_owned()).or_default() += 1;
}

/// Appends, and drops the oldest entry of a full list.
pub(crate) fn push<T>(list: &mut VecDeque<T>, entry: T) {
    if list.len() >= KEPT {
        list.pop_front();
    }
    list.push_back(entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beyond_the_bound_count_under_other() {
        let mut map = BTreeMap::new();
        for key in 0..1000 {
            count(&mut map, &key.to_string());
        }
        assert_eq!(map.len(), MAX_KEYS + 1);
        assert_eq!(map.values().sum::<u64>(), 1000);
    }

    #[test]
    fn a_full_list_drops_its_oldest_entry() {
        let mut list = VecDeque::new();
        for entry in 0..=KEPT {
            push(&mut list, entry);
        }
        assert_eq!((list.len(), list.front().copied()), (KEPT, Some(1)));
    }
}
