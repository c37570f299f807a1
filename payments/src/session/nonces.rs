//! Which nonces were handed out.
//!
//! An orchestrator takes a nonce once and 600 of them for one set of parameters
//! (pm/recipient.go:369-393). Handed out is used: nothing ever gives one back. Parameters that come
//! back after others go on where they stopped; for those too long ago to be remembered here, the
//! ledger refuses what is on record.

use std::collections::VecDeque;

use alloy_primitives::B256;
use waymark_tagging::TagId;
use waymark_tagging::nonce::{self, MAX_COUNTER};

/// Sets of parameters that are remembered after they were replaced.
const REMEMBERED: usize = 64;

/// What a nonce is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Tag and counter (scheme 1).
    #[default]
    Tagged,
    /// The counter alone, as a stock gateway counts (scheme 0): for orchestrators that refuse the
    /// other.
    Plain,
}

/// Nonces of one payment, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nonces {
    pub(crate) first: u32,
    pub(crate) count: u16,
    /// They are the first ones of their parameters.
    pub(crate) fresh: bool,
}

impl Nonces {
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        self.first..self.first + u32::from(self.count)
    }
}

/// The highest nonce of a tag.
pub(super) fn highest(tag: TagId, scheme: Scheme) -> u32 {
    nonce::encode(effective(tag, scheme), MAX_COUNTER).expect("the highest counter is in range")
}

fn effective(tag: TagId, scheme: Scheme) -> TagId {
    match scheme {
        Scheme::Tagged => tag,
        Scheme::Plain => TagId::UNTAGGED,
    }
}

/// Counters of the current parameters and of some before.
#[derive(Debug)]
pub(super) struct Series {
    params: B256,
    used: u16,
    past: VecDeque<(B256, u16)>,
}

impl Series {
    pub(super) fn new(params: B256) -> Self {
        Self { params, used: 0, past: VecDeque::new() }
    }

    /// How many nonces of the current parameters are used.
    pub(super) fn used(&self) -> u16 {
        self.used
    }

    /// Goes over to other parameters.
    pub(super) fn switch(&mut self, params: B256) {
        if params == self.params {
            return;
        }
        if self.used > 0 {
            if self.past.len() >= REMEMBERED {
                self.past.pop_front();
            }
            self.past.push_back((self.params, self.used));
        }
        let known = self.past.iter().position(|(hash, _)| *hash == params);
        self.used = known.and_then(|at| self.past.remove(at)).map_or(0, |(_, used)| used);
        self.params = params;
    }

    /// Uses up `count` nonces; `None` if fewer are left.
    pub(super) fn take(&mut self, tag: TagId, scheme: Scheme, count: u16) -> Option<Nonces> {
        let last = self.used.checked_add(count).filter(|last| *last <= MAX_COUNTER)?;
        let first = nonce::encode(effective(tag, scheme), self.used + 1).ok()?;
        let fresh = self.used == 0;
        self.used = last;
        Some(Nonces { first, count, fresh })
    }

    /// Whatever is left of these parameters is not to be used.
    pub(super) fn burn(&mut self, params: B256) {
        if self.params == params {
            self.used = MAX_COUNTER;
        } else if let Some((_, used)) = self.past.iter_mut().find(|(hash, _)| *hash == params) {
            *used = MAX_COUNTER;
        }
    }
}
