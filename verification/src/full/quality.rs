//! Pictures at full resolution: SSIM and PSNR, of the whole and of its tiles.
//!
//! SSIM as the encoders of the field measure it: windows of 8x8 samples, every 4, equal weights.
//! (`av-metrics` has no tiles and gives decibels; the sums are quickly made.)

use serde::{Deserialize, Serialize};
use waymark_media::pixels::Luma;

use super::stats::count;

/// PSNR of equal pictures, in dB: there is no larger one.
pub const EQUAL: f64 = 60.0;
/// Stabilisers for 8-bit samples: (0.01 * 255)^2 and (0.03 * 255)^2.
const C1: f64 = 6.502_5;
const C2: f64 = 58.522_5;
/// Samples of a step between windows.
const STEP: usize = 4;
/// Tiles of a picture's height.
const TILES: usize = 18;
/// More samples than any rendition has.
const MOST: usize = 1 << 26;

/// One picture against the source's, scaled to its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Index in the rendition.
    pub frame: u32,
    /// Mean structural similarity, at most 1.
    pub ssim: f64,
    /// Peak signal to noise ratio in dB, at most [`EQUAL`].
    pub psnr: f64,
    /// Tiles of 1/18 of the height (at least 8 samples), row by row.
    pub tiles: Vec<Tile>,
}

/// A square part of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// Mean structural similarity of its windows.
    pub ssim: f32,
    /// Mean squared difference of its samples.
    pub error: f32,
}

/// Means over pictures, for records.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean SSIM of the pictures.
    pub ssim: f64,
    /// Mean PSNR of the pictures, dB.
    pub psnr: f64,
    /// The worst tile's SSIM.
    pub tile: f64,
}

impl Quality {
    /// Compares two planes of equal size; `None` where they differ in size, are smaller than a
    /// window or have not the samples they state.
    pub fn of(frame: u32, source: &Luma, shown: &Luma) -> Option<Self> {
        let width = usize::try_from(source.width).ok()?;
        let height = usize::try_from(source.height).ok()?;
        let samples = width.checked_mul(height).filter(|samples| *samples <= MOST)?;
        let same = (source.width, source.height) == (shown.width, shown.height);
        let whole = source.samples.len() == samples && shown.samples.len() == samples;
        let blocks = (width / STEP, height / STEP);
        if !same || !whole || blocks.0 < 2 || blocks.1 < 2 {
            return None;
        }
        let sums = sums(&source.samples, &shown.samples, width, blocks);
        let side = (height.div_ceil(TILES).div_ceil(STEP)).max(2);
        let tiles = tiles(&sums, blocks, side);
        let windows: Vec<f64> = windows(&sums, blocks).map(|(_, ssim)| ssim).collect();
        let errors = source.samples.iter().zip(&shown.samples);
        let error: u64 = errors.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        Some(Self {
            frame,
            ssim: super::stats::mean(&windows)?,
            psnr: psnr(to_f64(error) / count(samples)),
            tiles,
        })
    }
}

impl Summary {
    /// Of these pictures; `None` of none.
    pub fn of(pictures: &[Quality]) -> Option<Self> {
        let mean = |of: fn(&Quality) -> f64| {
            super::stats::mean(&pictures.iter().map(of).collect::<Vec<_>>())
        };
        let tiles = pictures.iter().flat_map(|picture| &picture.tiles);
        let tile = tiles.map(|tile| f64::from(tile.ssim)).min_by(f64::total_cmp)?;
        Some(Self {
            ssim: mean(|picture| picture.ssim)?,
            psnr: mean(|picture| picture.psnr)?,
            tile,
        })
    }
}

/// PSNR in dB of a mean squared difference, at most [`EQUAL`].
pub fn psnr(error: f64) -> f64 {
    if error <= 0.0 { EQUAL } else { (10.0 * (65_025.0 / error).log10()).clamp(0.0, EQUAL) }
}

/// Sums over a block of 4x4 samples, and over the four of a window.
#[derive(Clone, Copy, Default)]
struct Sums {
    a: u32,
    b: u32,
    squares: u32,
    product: u32,
}

fn sums(a: &[u8], b: &[u8], width: usize, (across, down): (usize, usize)) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); across * down];
    for (row, sums) in sums.chunks_exact_mut(across).enumerate() {
        for line in row * STEP..(row + 1) * STEP {
            let (from, to) = (line * width, line * width + across * STEP);
            let (Some(a), Some(b)) = (a.get(from..to), b.get(from..to)) else { continue };
            let blocks = a.as_chunks::<STEP>().0.iter().zip(b.as_chunks::<STEP>().0);
            for (sum, (a, b)) in sums.iter_mut().zip(blocks) {
                for (a, b) in a.iter().zip(b) {
                    let (a, b) = (u32::from(*a), u32::from(*b));
                    sum.a += a;
                    sum.b += b;
                    sum.squares += a * a + b * b;
                    sum.product += a * b;
                }
            }
        }
    }
    sums
}

/// Each window with the place of its first block.
fn windows(
    sums: &[Sums],
    (across, _): (usize, usize),
) -> impl Iterator<Item = ((usize, usize), f64)> {
    let rows = sums.chunks_exact(across).zip(sums.chunks_exact(across).skip(1)).enumerate();
    rows.flat_map(|(row, (upper, lower))| {
        let blocks = upper.windows(2).zip(lower.windows(2)).enumerate();
        blocks.map(move |(column, (upper, lower))| {
            let four = [upper[0], upper[1], lower[0], lower[1]];
            ((column, row), ssim(&four))
        })
    })
}

fn ssim(blocks: &[Sums; 4]) -> f64 {
    let n = 64.0;
    let total = |of: fn(&Sums) -> u32| f64::from(blocks.iter().map(of).sum::<u32>());
    let (a, b) = (total(|sums| sums.a), total(|sums| sums.b));
    let variances = total(|sums| sums.squares) * n - a * a - b * b;
    let shared = total(|sums| sums.product) * n - a * b;
    let (c1, c2) = (C1 * n * n, C2 * n * (n - 1.0));
    ((2.0 * a * b + c1) * (2.0 * shared + c2)) / ((a * a + b * b + c1) * (variances + c2))
}

fn tiles(sums: &[Sums], (across, down): (usize, usize), side: usize) -> Vec<Tile> {
    let columns = across.div_ceil(side);
    let mut found = vec![(0.0_f64, 0_u32, 0_u64, 0_u32); columns * down.div_ceil(side)];
    for ((column, row), ssim) in windows(sums, (across, down)) {
        if let Some(tile) = found.get_mut(row / side * columns + column / side) {
            tile.0 += ssim;
            tile.1 += 1;
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        if let Some(tile) = found.get_mut(i / across / side * columns + i % across / side) {
            tile.2 += u64::from(sums.squares.saturating_sub(2 * sums.product));
            tile.3 += 16;
        }
    }
    found
        .into_iter()
        .filter(|tile| tile.1 > 0)
        .map(|(ssim, windows, error, samples)| Tile {
            ssim: to_f32(ssim / f64::from(windows)),
            error: to_f32(to_f64(error) / f64::from(samples.max(1))),
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a record of a mean: 24 bits are enough")]
const fn to_f32(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_precision_loss, reason = "a sum over one picture: below 2^53")]
const fn to_f64(value: u64) -> f64 {
    value as f64
}
