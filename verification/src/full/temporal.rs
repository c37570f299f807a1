//! Time inside a segment: pictures in another order or late, and pictures that stand still.
//!
//! Where little moves, neither shows: a picture is close to its neighbours then, and coding noise is as large as what moves.
//! But noise lies across the way from one picture to another, not along it. So which of two known pictures is shown is told
//! all the same, and a few in a row that show older ones are late.

use super::{
    align::{Aligned, Pair, mean_difference},
    features::Spot,
    stats::count,
};

/// Mean difference of luma from which on a source moves.
const MOVES: f64 = 0.5;
/// Pictures before and after that a misplaced one is looked for in.
const REACH: usize = 10;
/// Two pictures of a source differ where one of their blocks does by so much: 4 steps of luma, as for the pictures of
/// earlier segments.
const APART: f64 = 1024.0;
/// A picture shows an older one from this share of the way to it on: what encoders without bits take over from the pictures
/// before is less.
const OLDER: f64 = 0.75;
/// A picture is another one where that fits so much better.
const BETTER: f64 = 0.6;
/// A picture stands still where it changes by less than this share of the source's change.
const STANDS: f64 = 0.15;

/// Share of moving pictures that show another picture than they must.
pub(super) fn order(aligned: &Aligned<'_>) -> Option<Spot> {
    let moving = |pair: &&Pair| {
        let next = aligned.motion(pair.of, pair.of.saturating_add(1));
        let last = pair.of.checked_sub(1).map_or(0.0, |before| aligned.motion(pair.of, before));
        next.max(last) > MOVES
    };
    let moving: Vec<&Pair> = aligned.pairs.iter().filter(moving).collect();
    let mut misplaced: Vec<(usize, f64)> =
        moving.iter().filter_map(|pair| Some((pair.shown, misplaced(aligned, **pair)?))).collect();
    misplaced.sort_by(|a, b| b.1.total_cmp(&a.1));
    let misplaced: Vec<usize> = misplaced.into_iter().map(|(shown, _)| shown).collect();
    share(&misplaced, moving.len())
}

/// How far a picture is from the one it must show, if it shows another.
fn misplaced(aligned: &Aligned<'_>, pair: Pair) -> Option<f64> {
    let shown = aligned.rendition(pair.shown)?;
    let in_place = mean_difference(&shown.y, &aligned.source(pair.of)?.y);
    let around = pair.of.saturating_sub(REACH)..=pair.of.saturating_add(REACH);
    let best = around
        .filter(|other| *other != pair.of)
        .filter_map(|other| Some(mean_difference(&shown.y, &aligned.source(other)?.y)))
        .min_by(f64::total_cmp)?;
    (best < BETTER * in_place).then_some(in_place)
}

/// Share of pictures that stand still where the source moves on, and the most of them in a row.
/// Pictures that repeat the source's, at a higher frame rate or in a still scene, are skipped.
pub(super) fn freeze(aligned: &Aligned<'_>) -> (Option<Spot>, Option<Spot>) {
    let mut advancing = 0;
    let mut still = Vec::new();
    let mut runs = Runs::default();
    for (before, after) in aligned.pairs.iter().zip(aligned.pairs.iter().skip(1)) {
        let change = aligned.motion(before.of, after.of);
        if change <= MOVES {
            continue;
        }
        advancing += 1;
        let shown = aligned.rendition(before.shown).zip(aligned.rendition(after.shown));
        let Some((a, b)) = shown else { continue };
        let stands = mean_difference(&a.y, &b.y) < STANDS * change;
        still.extend(stands.then_some(after.shown));
        runs.see(after.shown, stands);
    }
    // The end of a run is furthest from what it must show.
    still.reverse();
    (share(&still, advancing), (advancing > 0).then(|| runs.longest()))
}

/// The most pictures in a row that show one of the pictures before rather than the one they must show.
pub(super) fn late(aligned: &Aligned<'_>) -> Option<Spot> {
    let mut runs = Runs::default();
    let mut told = false;
    for pair in &aligned.pairs {
        let known = aligned.source(pair.of).zip(aligned.rendition(pair.shown));
        let Some((due, shown)) = known else { continue };
        let before = (1..=REACH).filter_map(|back| aligned.source(pair.of.checked_sub(back)?));
        let ways = before.filter_map(|old| way(&due.y, &shown.y, &old.y));
        let Some(furthest) = ways.max_by(f64::total_cmp) else { continue };
        told = true;
        runs.see(pair.shown, furthest > OLDER);
    }
    told.then(|| runs.longest())
}

/// Pictures in a row.
#[derive(Default)]
struct Runs {
    now: Vec<usize>,
    longest: Vec<usize>,
}

impl Runs {
    /// The next picture goes on with a run, or ends it.
    fn see(&mut self, shown: usize, goes_on: bool) {
        if goes_on {
            self.now.push(shown);
        } else {
            self.now.clear();
        }
        if self.now.len() > self.longest.len() {
            self.longest.clone_from(&self.now);
        }
    }

    /// How many the longest has, and which: its end, which is furthest from what it must show, first.
    fn longest(mut self) -> Spot {
        self.longest.reverse();
        Spot::of(count(self.longest.len()), &self.longest)
    }
}

/// How far `shown` lies on the way from what is due to an older picture; `None` where the two look the same.
fn way(due: &[u16], shown: &[u16], old: &[u16]) -> Option<f64> {
    let (mut along, mut square, mut most) = (0.0, 0.0, 0.0_f64);
    for ((due, shown), old) in due.iter().zip(shown).zip(old) {
        let step = f64::from(*old) - f64::from(*due);
        along += (f64::from(*shown) - f64::from(*due)) * step;
        square += step * step;
        most = most.max(step.abs());
    }
    (most >= APART).then(|| along / square)
}

fn share(found: &[usize], of: usize) -> Option<Spot> {
    (of > 0).then(|| Spot::of(count(found.len()) / count(of), found))
}
