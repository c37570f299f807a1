//! Pictures of a video as block means: how bright, how different, how still.

use waymark_media::pixels::{Grid, Grids};

use crate::number::many;

/// One 8-bit step in the fixed point of a grid.
const STEP: f64 = 256.0;

/// Mean difference of luma of two pictures in 8-bit steps; `None` where they have not the same blocks.
pub(super) fn difference(a: &Grid, b: &Grid) -> Option<f64> {
    if a.y.len() != b.y.len() || a.y.is_empty() {
        return None;
    }
    let sum: u64 = a.y.iter().zip(&b.y).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    Some(crate::number::float(sum) / many(a.y.len()) / STEP)
}

/// Mean luma of a picture in 8-bit steps of the limited range.
pub(super) fn brightness(grids: &Grids, grid: &Grid) -> f64 {
    let sum: u64 = grid.y.iter().map(|value| u64::from(*value)).sum();
    let mean = crate::number::float(sum) / many(grid.y.len().max(1)) / STEP;
    if grids.full_range { 16.0 + mean * 219.0 / 255.0 } else { mean }
}

/// Share of pictures at or below a brightness; `None` of no pictures.
pub(super) fn black(grids: &Grids, bound: f64) -> Option<f64> {
    let dark = grids.frames.iter().filter(|grid| brightness(grids, grid) <= bound).count();
    (!grids.frames.is_empty()).then(|| many(dark) / many(grids.frames.len()))
}

/// Share of steps between pictures in which nothing changes; `None` of fewer than two pictures.
pub(super) fn still(grids: &Grids, bound: f64) -> Option<f64> {
    let steps = grids.frames.len().checked_sub(1).filter(|steps| *steps > 0)?;
    let pairs = grids.frames.iter().zip(grids.frames.iter().skip(1));
    let still = pairs.filter(|(a, b)| difference(a, b).is_some_and(|d| d < bound)).count();
    Some(many(still) / many(steps))
}

/// The longest time between two pictures in milliseconds.
pub(super) fn longest_gap(grids: &Grids) -> Option<f64> {
    let pairs = grids.frames.iter().zip(grids.frames.iter().skip(1));
    let gap = pairs.map(|(a, b)| b.pts.saturating_sub(a.pts)).max()?;
    let gap = u64::try_from(gap.max(0)).unwrap_or_default();
    Some(crate::number::float(gap) * 1_000.0 / f64::from(waymark_media::scan::CLOCK))
}
