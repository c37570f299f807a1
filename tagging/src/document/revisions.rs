//! The states that a gateway's classes went through, as far as readers may still ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Change, Head, Moment, Requirements};
use crate::Tag;
use crate::class::{ClassSet, MAX_CLASSES};

/// The classes of today and what was withdrawn, each with the state that led to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revisions {
    seq: u64,
    /// Readers with an older state get everything.
    floor: u64,
    latest: BTreeMap<Tag, Change>,
}

impl Revisions {
    /// Goes on from a state that was published earlier, by a process before this one: numbers never
    /// fall, and readers with an older state get everything.
    pub fn resume(seq: u64) -> Self {
        Self { seq, floor: seq, latest: BTreeMap::new() }
    }

    /// Goes on from what [`whole`](Self::whole) gave a process before this one.
    pub fn restore(saved: Requirements) -> Self {
        let latest = saved.changes.into_iter().map(|change| (change.tag.clone(), change));
        Self { seq: saved.head.seq, floor: saved.since_seq, latest: latest.collect() }
    }

    /// Everything that is known, withdrawals included, as an answer to the oldest state that readers
    /// may still have: what a process keeps for the one after it.
    pub fn whole(&self, head: Head) -> Requirements {
        let mut changes: Vec<_> = self.latest.values().cloned().collect();
        changes.sort_by_key(|change| change.seq);
        let head = Head { seq: self.seq, ..head };
        Requirements { head, since_seq: self.floor, complete: false, changes }
    }

    /// The last change of a tag.
    pub fn of(&self, tag: &Tag) -> Option<&Change> {
        self.latest.get(tag)
    }

    /// The oldest state for which there is an answer with changes alone.
    pub const fn floor(&self) -> u64 {
        self.floor
    }

    /// The number of the state of today; 0 before there was any.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Takes over a new set of classes and returns what changed, by rising `seq`.
    pub fn update(&mut self, set: &ClassSet, now: &Moment) -> Vec<Change> {
        let mut changes = Vec::new();
        let withdrawn: Vec<Tag> = self
            .current()
            .map(|change| &change.tag)
            .filter(|tag| set.get(tag).is_none())
            .cloned()
            .collect();
        for tag in withdrawn {
            changes.push(self.change(tag, None, now));
        }
        for class in set.classes() {
            let known = self.latest.get(&class.tag).and_then(|change| change.class.as_ref());
            if known != Some(class) {
                changes.push(self.change(class.tag.clone(), Some(Arc::clone(class)), now));
            }
        }
        self.prune();
        changes
    }

    /// The classes of today.
    pub fn current(&self) -> impl Iterator<Item = &Change> {
        self.latest.values().filter(|change| change.class.is_some())
    }

    /// Every change that is still known, by falling `seq`: what a feed shows.
    pub fn newest_first(&self) -> Vec<&Change> {
        let mut all: Vec<_> = self.latest.values().collect();
        all.sort_by_key(|change| std::cmp::Reverse(change.seq));
        all
    }

    /// The answer for a reader that has the state `since_seq`, 0 for none. A state that is too old,
    /// or that there never was, is answered with everything. `head.seq` becomes that of today.
    pub fn since(&self, since_seq: u64, head: Head) -> Requirements {
        let complete = since_seq == 0 || since_seq < self.floor || since_seq > self.seq;
        let wanted = |change: &&Change| {
            if complete { change.class.is_some() } else { change.seq > since_seq }
        };
        let mut changes: Vec<_> = self.latest.values().filter(wanted).cloned().collect();
        changes.sort_by_key(|change| change.seq);
        Requirements { head: Head { seq: self.seq, ..head }, since_seq, complete, changes }
    }

    fn change(&mut self, tag: Tag, class: Option<Arc<crate::JobClass>>, now: &Moment) -> Change {
        self.seq = self.seq.saturating_add(1);
        let change = Change { seq: self.seq, at: now.clone(), tag: tag.clone(), class };
        self.latest.insert(tag, change.clone());
        change
    }

    /// Forgets the oldest withdrawals beyond what an answer holds.
    fn prune(&mut self) {
        let mut gone: Vec<_> = self
            .latest
            .values()
            .filter(|change| change.class.is_none())
            .map(|change| (change.seq, change.tag.clone()))
            .collect();
        gone.sort();
        let beyond = gone.len().saturating_sub(MAX_CLASSES);
        for (seq, tag) in gone.into_iter().take(beyond) {
            self.floor = self.floor.max(seq);
            self.latest.remove(&tag);
        }
    }
}
