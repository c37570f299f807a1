//! F14: the key frames show what the source shows.

use std::collections::HashMap;

use waymark_media::pixels::{Grid, Grids};

use crate::check::{Check, Kind};
use crate::expect::Expectation;
use crate::number::many;
use crate::thresholds;

/// One 8-bit step in the fixed point of a grid.
pub(super) const STEP: f64 = 256.0;

/// Differences of one picture from another, in 8-bit steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Difference {
    pub(super) luma_mean: f64,
    pub(super) luma_block: f64,
    chroma_mean: f64,
    chroma_block: f64,
}

/// Compares the pictures of a rendition, at least its first, with those of the source that they must show. Source
/// pictures that are not at hand are not compared. Both are divided by the same lattice.
///
/// Largest differences of all pairs, in 8-bit steps. A failure is no fact: noise, cheap encoders and odd sources
/// come near the bounds, so the full check decides.
pub fn key(
    expected: &Expectation,
    source: &Grids,
    rendition: &Grids,
    bounds: &thresholds::Key,
) -> Vec<Check> {
    let mut worst = Difference::default();
    let (mut compared, mut damaged) = (0_u32, false);
    let cells = rendition.lattice.cells();
    for (of, grid) in pairs(expected, source, rendition) {
        let Some(found) = difference((of, source.full_range), (grid, rendition.full_range), cells)
        else {
            continue;
        };
        worst.take(found);
        compared += 1;
        damaged |= grid.damaged && !of.damaged;
    }
    if compared == 0 {
        return vec![soft(Check::not_run("F14.luma_mean", "no pictures to compare"))];
    }
    let whole = if damaged {
        Check::fail("F14.whole", "a key frame is damaged")
    } else {
        Check::pass("F14.whole", "")
    };
    vec![
        soft(Check::at_most("F14.luma_mean", worst.luma_mean, bounds.luma_mean)),
        soft(Check::at_most("F14.luma_block", worst.luma_block, bounds.luma_block)),
        soft(Check::at_most("F14.chroma_mean", worst.chroma_mean, bounds.chroma_mean)),
        soft(Check::at_most("F14.chroma_block", worst.chroma_block, bounds.chroma_block)),
        soft(whole),
    ]
}

/// The rendition's pictures, each behind the source's that it must show. None where the two were divided differently.
pub(super) fn pairs<'a>(
    expected: &'a Expectation,
    source: &'a Grids,
    rendition: &'a Grids,
) -> impl Iterator<Item = (&'a Grid, &'a Grid)> {
    let at: HashMap<i64, &Grid> = source.frames.iter().map(|grid| (grid.pts, grid)).collect();
    let same = source.lattice == rendition.lattice;
    let frames = if same { rendition.frames.as_slice() } else { &[] };
    let times: Vec<i64> = frames.iter().map(|grid| grid.pts).collect();
    expected.align(&times).sources.into_iter().zip(frames).filter_map(move |(index, grid)| {
        let pts = expected.source_pts.get(usize::try_from(index?).ok()?)?;
        Some((*at.get(pts)?, grid))
    })
}

const fn soft(check: Check) -> Check {
    check.kind(Kind::Soft)
}

impl Difference {
    const fn take(&mut self, other: Self) {
        self.luma_mean = self.luma_mean.max(other.luma_mean);
        self.luma_block = self.luma_block.max(other.luma_block);
        self.chroma_mean = self.chroma_mean.max(other.chroma_mean);
        self.chroma_block = self.chroma_block.max(other.chroma_block);
    }
}

/// Difference of two pictures of `cells` blocks, each with whether it uses the full range; `None` if one of them has
/// another number of blocks.
pub(super) fn difference(
    (a, a_full): (&Grid, bool),
    (b, b_full): (&Grid, bool),
    cells: usize,
) -> Option<Difference> {
    let planes = |grid: &Grid| [&grid.y, &grid.u, &grid.v].iter().all(|plane| plane.len() == cells);
    if cells == 0 || !planes(a) || !planes(b) {
        return None;
    }
    let plane = |a: &[u16], b: &[u16], limited: fn(f64) -> f64| {
        let (mut sum, mut most) = (0.0, 0.0_f64);
        for (&a, &b) in a.iter().zip(b) {
            let value = |sample: u16, full: bool| {
                if full { limited(f64::from(sample)) } else { f64::from(sample) }
            };
            let off = (value(a, a_full) - value(b, b_full)).abs() / STEP;
            sum += off;
            most = most.max(off);
        }
        (sum / many(a.len()), most)
    };
    let (luma_mean, luma_block) = plane(&a.y, &b.y, limited);
    let chroma = |c: f64| 128.0 * STEP + (c - 128.0 * STEP) * 224.0 / 255.0;
    let (u, v) = (plane(&a.u, &b.u, chroma), plane(&a.v, &b.v, chroma));
    let chroma_mean = f64::midpoint(u.0, v.0);
    Some(Difference { luma_mean, luma_block, chroma_mean, chroma_block: u.1.max(v.1) })
}

/// Luma of the full range in the limited one, both in the fixed point of a grid.
pub(super) fn limited(y: f64) -> f64 {
    16.0 * STEP + y * 219.0 / 255.0
}
