//! Which head is believed, since when, and who contradicts it.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::chain::{
    head::{Doubt, Head, HeadRules},
    rpc::Fault,
};

/// Two endpoints agree on something not believed only if both said so lately.
const LATELY: Duration = Duration::from_mins(1);

/// What becomes of a head that was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It follows from the last one. `replaced`: the last one is no longer part of the chain.
    Believed { replaced: bool },
    /// It contradicts the past, but others say so too, or the same endpoint for long enough.
    Accepted,
    /// It cannot be.
    Doubted(Doubt),
}

/// A head that an endpoint keeps to though it is not believed.
#[derive(Debug)]
struct Claim {
    first: Head,
    since: Instant,
    last: Head,
    at: Instant,
}

#[derive(Debug)]
pub(super) struct Beliefs {
    rules: HeadRules,
    accept_after: Duration,
    head: Head,
    endpoint: usize,
    /// When the head became this one.
    since: Instant,
    /// When an endpoint last told something that is believed.
    heard: Instant,
    read_at: Timestamp,
    claims: BTreeMap<usize, Claim>,
    /// Nothing but contradictions since the last believed head.
    suspect: bool,
}

impl Beliefs {
    pub(super) fn new(
        rules: HeadRules,
        accept_after: Duration,
        head: Head,
        endpoint: usize,
        read_at: Timestamp,
    ) -> Self {
        let now = Instant::now();
        Self {
            rules,
            accept_after,
            head,
            endpoint,
            since: now,
            heard: now,
            read_at,
            claims: BTreeMap::new(),
            suspect: false,
        }
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn endpoint(&self) -> usize {
        self.endpoint
    }

    pub(super) fn heard_at(&self) -> Instant {
        self.heard
    }

    pub(super) fn read_at(&self) -> Timestamp {
        self.read_at
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    pub(super) fn has_l1(&self) -> bool {
        self.head.has_l1
    }

    /// Whether the last thing heard is believed and recent.
    pub(super) fn is_current(&self) -> bool {
        !self.suspect && self.heard.elapsed() < LATELY
    }

    /// The L1 block by the time that has passed, for when nobody tells.
    pub(super) fn reckoned_l1(&self) -> u64 {
        self.head.l1_block.saturating_add(self.rules.blocks_in(self.since.elapsed()))
    }

    /// An endpoint told its newest block.
    pub(super) fn hear(&mut self, endpoint: usize, head: Head, now: Timestamp) -> Verdict {
        if let Err(doubt) = self.rules.judge(&self.head, self.since, &head) {
            return self.doubt(endpoint, head, doubt, now);
        }
        let same = head.hash == self.head.hash;
        if same && let Some(pause) = self.rules.max_pause {
            let since = self.since.elapsed();
            if since > pause {
                // No news is not a lie: the state becomes stale, not suspect.
                return Verdict::Doubted(Doubt::StandsStill { number: head.number, since });
            }
        }
        let next = head.number == self.head.number + 1;
        let replaced = !same
            && (head.number == self.head.number
                || (next && head.parent != self.head.hash)
                || head.number < self.head.number && endpoint == self.endpoint);
        self.believe(endpoint, head, now, false);
        Verdict::Believed { replaced }
    }

    fn doubt(&mut self, endpoint: usize, head: Head, doubt: Doubt, now: Timestamp) -> Verdict {
        let at = Instant::now();
        let agrees = |claim: &Claim| {
            claim.at.elapsed() <= LATELY
                && claim.last.l1_block.abs_diff(head.l1_block) <= self.rules.max_lag
        };
        let seconded = self.claims.iter().any(|(who, claim)| *who != endpoint && agrees(claim));
        let claim = self.claims.entry(endpoint).or_insert_with(|| Claim {
            first: head.clone(),
            since: at,
            last: head.clone(),
            at,
        });
        // A story that changes starts anew.
        if self.rules.judge(&claim.first, claim.since, &head).is_err() {
            (claim.first, claim.since) = (head.clone(), at);
        }
        (claim.last, claim.at) = (head.clone(), at);
        if seconded || claim.since.elapsed() >= self.accept_after {
            self.believe(endpoint, head, now, true);
            return Verdict::Accepted;
        }
        self.suspect = true;
        Verdict::Doubted(doubt)
    }

    fn believe(&mut self, endpoint: usize, mut head: Head, now: Timestamp, anew: bool) {
        if !anew {
            head.l1_block = head.l1_block.max(self.head.l1_block);
        }
        let at = Instant::now();
        if head.hash != self.head.hash {
            self.since = at;
        }
        (self.head, self.endpoint, self.heard, self.read_at) = (head, endpoint, at, now);
        self.suspect = false;
        if anew {
            self.claims.clear();
        } else {
            self.claims.remove(&endpoint);
        }
    }

    /// Another endpoint's head beside the believed one: who is to be set aside, if anybody.
    ///
    /// Being behind is not enough: the one behind must also be old by the clock, or the one ahead
    /// could have anybody set aside.
    pub(super) fn compare(
        &self,
        endpoint: usize,
        other: &Head,
        now: Timestamp,
    ) -> Option<(usize, Fault)> {
        if let Err(doubt) = self.rules.judge(&self.head, self.since, other) {
            return Some((endpoint, Fault::Contradicts(doubt)));
        }
        let (ours, theirs) = (self.head.l1_block, other.l1_block);
        let blocks = ours.abs_diff(theirs);
        if blocks <= self.rules.max_lag {
            return None;
        }
        if theirs < ours {
            return Some((endpoint, Fault::Lags { blocks }));
        }
        let lag = self.rules.block_time.as_secs().saturating_mul(self.rules.max_lag);
        let old = age(&self.head, now) > lag;
        Some(if old {
            (self.endpoint, Fault::Lags { blocks })
        } else {
            let most = ours.saturating_add(self.rules.max_lag);
            let doubt = Doubt::TooFarAhead { claimed: theirs, most };
            (endpoint, Fault::Contradicts(doubt))
        })
    }
}

/// How old a block is by the clock, in seconds; 0 for one from the future.
fn age(head: &Head, now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0).saturating_sub(head.timestamp)
}
