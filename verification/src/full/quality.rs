//! Pictures at full resolution: SSIM and PSNR, of the whole and of its tiles.
//!
//! SSIM as the encoders of the field measure it: windows of 8x8 samples, every 4, equal weights.
//! (`av-metrics` has no tiles and gives decibels; the sums are quickly made.)

use serde::{Deserialize, Serialize};
use waymark_media::pixels::Luma;

use super::{stats::count, windows};

/// PSNR of equal pictures, in dB: there is no larger one.
pub const EQUAL: f64 = 60.0;
/// Samples of a step between windows.
pub(super) const STEP: usize = 4;
/// Tiles of a picture's height.
const TILES: usize = 18;
/// More samples than any rendition has.
const MOST: usize = 1 << 26;
/// Samples whose squared differences are summed in 32 bits.
const PART: usize = 1 << 16;

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
        let side = (height.div_ceil(TILES).div_ceil(STEP)).max(2);
        let (ssim, tiles) =
            windows::measure((&source.samples, &shown.samples), (width, blocks), side)?;
        let error = error(&source.samples, &shown.samples);
        Some(Self { frame, ssim, psnr: psnr(to_f64(error) / count(samples)), tiles })
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

/// Sum of squared differences.
fn error(a: &[u8], b: &[u8]) -> u64 {
    // So many squares stay below 2^32.
    let parts = a.chunks(PART).zip(b.chunks(PART));
    let squared = |(a, b): (&u8, &u8)| u32::from(a.abs_diff(*b)).pow(2);
    parts.map(|(a, b)| u64::from(a.iter().zip(b).map(squared).sum::<u32>())).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a sum over one picture: below 2^53")]
const fn to_f64(value: u64) -> f64 {
    value as f64
}
