//! F13: a rendition that was returned before, for another source.
//!
//! Black, flat and still sources honestly give the same bytes again while the bytes of the source differ, so what
//! excuses a repetition is that the source's picture repeats as well.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use waymark_media::pixels::Grid;
use waymark_media::scan::VideoTrack;

use super::key::difference;
use crate::check::{Check, Kind};
use crate::thresholds::Replay;

const ID: &str = "F13.replay";

/// One rendition, as it came back.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The rendition's video.
    pub rendition: &'a VideoTrack,
    /// The source's video.
    pub source: &'a VideoTrack,
    /// The first picture of the source, if it is at hand.
    pub picture: Option<&'a Grid>,
}

/// The renditions of the last hours, by the hash of their video. It takes a fixed amount of memory, about a kilobyte
/// for each rendition, and forgets the oldest first.
#[derive(Debug)]
pub struct Memory {
    capacity: usize,
    seen: HashMap<[u8; 32], Entry>,
    order: VecDeque<([u8; 32], Duration)>,
}

#[derive(Debug)]
struct Entry {
    at: Duration,
    source: [u8; 32],
    picture: Option<Grid>,
}

impl Memory {
    /// A memory for up to `capacity` renditions.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, seen: HashMap::new(), order: VecDeque::new() }
    }

    /// Number of renditions remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Judges a rendition that came back at `now`, on any clock that does not go back, and remembers it.
    ///
    /// Soft where the pictures of both sources are known to differ, a hint where one is not at hand. The source that
    /// was first is kept, so that one replayed over and over is compared with its origin.
    pub fn see(&mut self, sighting: &Sighting<'_>, now: Duration, bounds: &Replay) -> Check {
        self.forget(now, Duration::from_hours(bounds.hours.into()));
        let hash = sighting.rendition.hash;
        let check = match self.seen.get(&hash) {
            None => Check::pass(ID, ""),
            Some(entry) if entry.source == sighting.source.hash => {
                Check::pass(ID, "seen before, for the same source")
            }
            Some(entry) => repeated(entry.picture.as_ref(), sighting.picture, bounds),
        };
        if !self.seen.contains_key(&hash) {
            self.remember(sighting, now);
        }
        check
    }

    fn remember(&mut self, sighting: &Sighting<'_>, now: Duration) {
        if self.capacity == 0 {
            return;
        }
        while self.seen.len() >= self.capacity
            && let Some((oldest, _)) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        let hash = sighting.rendition.hash;
        let picture = sighting.picture.map(|grid| {
            // luma decides; the rest is only there because a grid has it
            Grid { u: Vec::new(), v: Vec::new(), ..grid.clone() }
        });
        self.seen.insert(hash, Entry { at: now, source: sighting.source.hash, picture });
        self.order.push_back((hash, now));
    }

    fn forget(&mut self, now: Duration, horizon: Duration) {
        while let Some((hash, at)) = self.order.front()
            && now.saturating_sub(*at) > horizon
        {
            if self.seen.get(hash).is_some_and(|entry| entry.at == *at) {
                self.seen.remove(hash);
            }
            self.order.pop_front();
        }
    }
}

fn repeated(before: Option<&Grid>, now: Option<&Grid>, bounds: &Replay) -> Check {
    let (Some(before), Some(now)) = (before, now) else {
        return Check::fail(ID, "seen before, for another source").kind(Kind::Hint);
    };
    let luma = |grid: &Grid| Grid { u: grid.y.clone(), v: grid.y.clone(), ..grid.clone() };
    let found = difference((&luma(before), false), (&luma(now), false), now.y.len());
    let (mean, block) =
        found.map_or((f64::INFINITY, f64::INFINITY), |d| (d.luma_mean, d.luma_block));
    let check = if mean <= bounds.luma_mean && block <= bounds.luma_block {
        Check::pass(ID, "seen before, and the source's picture repeats as well")
    } else {
        Check::fail(ID, "seen before, for another source with another picture")
    };
    check.value(mean).threshold(bounds.luma_mean).kind(Kind::Soft)
}
