//! Two perceptual hashes: how far apart pictures of the same time are.
//!
//! The usual comparison looks for a common part anywhere and calls any of it equal. Renditions of one segment have the
//! same times, so pictures are compared one by one, and all of them count.

use std::sync::LazyLock;

use super::hash::{Frame, Hash, LARGEST};
use crate::check::{Check, Kind, Tier};
use crate::number::many;

/// Distance of a picture from another at which they are no longer the same. Of 760; the field uses 150, and honest
/// encoders stay at 4 where there is something to see.
pub const FAR: u32 = 150;
/// Median distance from which on two renditions are not of one source. Of clips: pictures of another stream are at
/// 296 and above, repeated and shifted ones at 46 and above.
pub const MEDIAN: u32 = 60;
/// Least share of pictures with a counterpart.
const PAIRED: f64 = 0.8;
/// Confidence at or below which a picture has so little texture that its values are noise.
const FAINT: u8 = 1;

/// Values per byte 0 to 242: five of three.
const VALUES: usize = LARGEST as usize + 1;

/// Distance of every pair of bytes.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let all = || 0..=LARGEST;
    all().flat_map(|a| all().map(move |b| of_bytes(a, b))).collect()
});

fn of_bytes(mut a: u8, mut b: u8) -> u8 {
    let mut distance = 0;
    for _ in 0..5 {
        distance += (a % 3).abs_diff(b % 3);
        (a, b) = (a / 3, b / 3);
    }
    distance
}

/// How far two hashes are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Pictures with a counterpart at the same time.
    pub pairs: usize,
    /// Share of the pictures of the longer hash that have one.
    pub paired: f64,
    /// Pairs in which there is something to see.
    pub clear: usize,
    /// Median distance of those, 0 to 760.
    pub median: u32,
    /// Largest distance of those.
    pub most: u32,
    /// Share of those further apart than [`FAR`].
    pub far: f64,
}

impl Distance {
    /// Compares pictures with equal times, or with the closest within `slack` ticks.
    pub fn of(a: &Hash, b: &Hash, slack: u32) -> Self {
        let mut found = Vec::new();
        let mut pairs = 0;
        for (one, other) in aligned(&a.frames, &b.frames, slack) {
            pairs += 1;
            if one.confidence > FAINT && other.confidence > FAINT {
                found.push(frames(one, other));
            }
        }
        found.sort_unstable();
        let longer = a.frames.len().max(b.frames.len());
        let far = found.iter().filter(|distance| **distance > FAR).count();
        Self {
            pairs,
            paired: many(pairs) / many(longer.max(1)),
            clear: found.len(),
            median: found.get(found.len() / 2).copied().unwrap_or_default(),
            most: found.last().copied().unwrap_or_default(),
            far: many(far) / many(found.len().max(1)),
        }
    }

    /// What follows from it: soft, as a hash says what was encoded and not what was delivered.
    pub fn check(&self) -> Check {
        const ID: &str = "stock.hash";
        let check = if self.paired < PAIRED {
            Check::fail(
                ID,
                format!("{:.0} % of the pictures have the same times", self.paired * 100.0),
            )
            .value(self.paired)
            .threshold(PAIRED)
        } else if self.clear == 0 {
            Check::not_run(ID, "pictures without texture: their hashes are noise")
        } else {
            Check::at_most(ID, f64::from(self.median), f64::from(MEDIAN))
        };
        check.kind(Kind::Soft).tier(Tier::Fast)
    }
}

/// Distance of two pictures: 0 to 760.
pub fn frames(a: &Frame, b: &Frame) -> u32 {
    let of = |(a, b): (&u8, &u8)| {
        // both are at most LARGEST: the reader refuses others
        TABLE.get(usize::from(*a) * VALUES + usize::from(*b)).copied().map_or(10, u32::from)
    };
    a.words.iter().zip(&b.words).map(of).sum()
}

/// Each picture of `a` with the one of `b` at its time. Times wrap at 32 bits.
fn aligned<'a>(a: &'a [Frame], b: &'a [Frame], slack: u32) -> Vec<(&'a Frame, &'a Frame)> {
    let Some(origin) = a.iter().chain(b).map(|frame| frame.pts).next() else { return Vec::new() };
    // signed distance from one picture, so that order survives the wrap
    let time = |frame: &Frame| i64::from(frame.pts.wrapping_sub(origin).cast_signed());
    let sorted = |frames: &'a [Frame]| {
        let mut sorted: Vec<&Frame> = frames.iter().collect();
        sorted.sort_by_key(|frame| time(frame));
        sorted
    };
    let (a, b) = (sorted(a), sorted(b));
    let mut others = b.into_iter().peekable();
    let mut pairs = Vec::new();
    for frame in a {
        let at = time(frame);
        while others.next_if(|other| time(other) < at - i64::from(slack)).is_some() {}
        let near = |other: &&&Frame| time(other) <= at + i64::from(slack);
        if let Some(other) = others.peek().filter(|other| near(other)).copied() {
            pairs.push((frame, other));
            others.next();
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::hash::WORDS;
    use super::*;

    fn hash(count: u32, start: u32, word: impl Fn(u32) -> u8) -> Hash {
        let frame = |n: u32| Frame {
            pts: start.wrapping_add(n * 3_000),
            confidence: 100,
            words: [word(n); WORDS],
        };
        Hash { size: (640, 360), ticks: 24_464, frames: (0..count).map(frame).collect() }
    }

    #[test]
    fn bytes_are_compared_value_by_value() {
        assert_eq!(of_bytes(0, 0), 0);
        assert_eq!(of_bytes(0, 242), 10);
        assert_eq!(of_bytes(1, 2), 1);
        assert_eq!(of_bytes(81 + 2, 0), 3);
    }

    #[test]
    fn the_same_pictures_agree_and_others_do_not() {
        let honest = hash(60, 132_000, |n| u8::try_from(n).unwrap());
        assert_eq!(Distance::of(&honest, &honest, 0).check().outcome, crate::Outcome::Pass);
        let other = hash(60, 132_000, |n| 242 - u8::try_from(n).unwrap());
        let found = Distance::of(&honest, &other, 0);
        assert!(found.median > MEDIAN, "{found:?}");
        assert_eq!(found.check().outcome, crate::Outcome::Fail);
    }

    #[test]
    fn half_of_another_stream_is_no_match() {
        let honest = hash(60, 0, |_| 0);
        let tail = hash(60, 0, |n| if n < 29 { 0 } else { 242 });
        let found = Distance::of(&honest, &tail, 0);
        assert_eq!((found.pairs, found.most), (60, 760));
        assert_eq!(found.check().outcome, crate::Outcome::Fail);
    }

    #[test]
    fn missing_pictures_and_other_times_are_found() {
        let honest = hash(60, 0, |_| 0);
        let outcome = |other: &Hash| Distance::of(&honest, other, 100).check().outcome;
        assert_eq!(outcome(&hash(20, 0, |_| 0)), crate::Outcome::Fail);
        assert_eq!(outcome(&hash(60, 900_000, |_| 0)), crate::Outcome::Fail);
        assert_eq!(outcome(&hash(60, 40, |_| 0)), crate::Outcome::Pass, "rounded times");
        let empty = Hash { frames: Vec::new(), ..honest.clone() };
        assert_eq!(outcome(&empty), crate::Outcome::Fail);
        assert_eq!(Distance::of(&empty, &empty, 0).pairs, 0);
    }

    #[test]
    fn times_that_wrap_are_still_the_same_times() {
        let wraps = hash(60, u32::MAX - 60_000, |n| u8::try_from(n).unwrap());
        assert_eq!(Distance::of(&wraps, &wraps, 0).pairs, 60);
    }

    #[test]
    fn flat_pictures_are_not_judged() {
        let flat = |word: u8| {
            let mut hash = hash(60, 0, |_| word);
            hash.frames.iter_mut().for_each(|frame| frame.confidence = 0);
            hash
        };
        assert_eq!(Distance::of(&flat(0), &flat(242), 0).check().outcome, crate::Outcome::NotRun);
    }
}
