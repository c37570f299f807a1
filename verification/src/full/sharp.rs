//! Detail: the energy of four bands of spatial frequency beside the source's.
//!
//! A picture that was made smaller and enlarged again, or blurred, has the block means of an honest
//! one and misses the bands.

use std::f32::consts::TAU;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use rustfft::{Fft, FftPlanner};
use waymark_media::pixels::Luma;

use super::{
    features::{Features, Spot},
    noise,
    stats::{count, median},
};

/// Inner edges of the bands in tenths of the Nyquist frequency; each is a tenth wide.
const EDGES: [f32; 4] = [3.0, 4.0, 5.0, 6.0];
/// A band of the source with less energy says nothing.
const DETAIL: f64 = 16.0;
/// Standard deviation of a source's noise floor from which on it counts as noise. Textures of the training clips have up
/// to 4.4, recorded noise 7.
const NOISE: f64 = 5.0;
/// Samples of a side below which the bands are empty, and of a picture above which none is looked at.
const LEAST: usize = 32;
const MOST: usize = 1 << 26;

/// One picture of a rendition and its source, scaled to the rendition's size, both in limited range.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// Index in the rendition.
    pub frame: u32,
    /// The source's picture.
    pub source: &'a Luma,
    /// The rendition's.
    pub rendition: &'a Luma,
}

/// Adds `sharp` and `noise` to what the block means showed. Pictures whose two planes differ in size
/// are left out.
pub fn sharpen(features: &mut Features, pictures: &[Whole<'_>]) {
    let mut planner = Planner::default();
    let mut ratios: [Vec<f64>; EDGES.len()] = Default::default();
    let mut noisy = false;
    let mut judged = Vec::new();
    for picture in pictures {
        let size = |plane: &Luma| (plane.width, plane.height);
        if size(picture.source) != size(picture.rendition) {
            continue;
        }
        let (Some(source), Some(shown)) =
            (planner.energy(picture.source), planner.energy(picture.rendition))
        else {
            continue;
        };
        judged.push(picture.frame);
        noisy |= noise::floor(picture.source).is_some_and(|floor| floor > NOISE);
        for ((ratios, s), r) in ratios.iter_mut().zip(source).zip(shown) {
            if s > DETAIL {
                ratios.push((r.max(f64::MIN_POSITIVE) / s).log2());
            }
        }
    }
    // Encoders of sources keep noise in key pictures and smear it in the others.
    features.noise = noisy;
    let worst = ratios.iter_mut().filter_map(|band| median(band)).min_by(f64::total_cmp);
    features.sharp = worst.map(|value| Spot {
        value,
        block: None,
        frames: (
            judged.iter().min().copied().unwrap_or(0),
            judged.iter().max().copied().unwrap_or(0),
        ),
        worst: judged,
    });
}

/// Transforms of the sizes seen so far.
struct Planner {
    rows: RealFftPlanner<f32>,
    columns: FftPlanner<f32>,
}

impl Default for Planner {
    fn default() -> Self {
        Self { rows: RealFftPlanner::new(), columns: FftPlanner::new() }
    }
}

impl Planner {
    /// Mean energy of each band; `None` for a plane that has not the samples it states, or too few.
    fn energy(&mut self, plane: &Luma) -> Option<[f64; EDGES.len()]> {
        let width = usize::try_from(plane.width).ok()?;
        let height = usize::try_from(plane.height).ok()?;
        let samples = width.checked_mul(height).filter(|samples| *samples <= MOST)?;
        if width < LEAST || height < LEAST || plane.samples.len() != samples {
            return None;
        }
        let rows = self.rows.plan_fft_forward(width);
        let columns = self.columns.plan_fft_forward(height);
        let spectrum = spectrum(plane, (width, height), rows.as_ref(), columns.as_ref())?;
        Some(energy(&spectrum, (width, height)))
    }
}

/// The columns of the spectrum up to the outermost band, one after the other.
fn spectrum(
    plane: &Luma,
    (width, height): (usize, usize),
    rows: &dyn RealToComplex<f32>,
    columns: &dyn Fft<f32>,
) -> Option<Vec<Complex<f32>>> {
    let sum: u64 = plane.samples.iter().map(|sample| u64::from(*sample)).sum();
    let mean = ratio(usize::try_from(sum).ok()?, plane.samples.len());
    let (across, down) = (hann(width), hann(height));
    let mut row = rows.make_input_vec();
    let mut line = rows.make_output_vec();
    let mut scratch = rows.make_scratch_vec();
    // Nothing beyond 0.7 of the Nyquist frequency is looked at.
    let kept = (width * 7).div_ceil(20).min(line.len());
    let mut turned = vec![Complex::default(); kept * height];
    for (y, (samples, weight)) in plane.samples.chunks_exact(width).zip(&down).enumerate() {
        for ((value, sample), w) in row.iter_mut().zip(samples).zip(&across) {
            *value = (f32::from(*sample) - mean) * w * weight;
        }
        rows.process_with_scratch(&mut row, &mut line, &mut scratch).ok()?;
        for (column, value) in turned.chunks_exact_mut(height).zip(&line) {
            column[y] = *value;
        }
    }
    columns.process(&mut turned);
    Some(turned)
}

/// Sums over half the plane: the other half mirrors it.
fn energy(spectrum: &[Complex<f32>], (width, height): (usize, usize)) -> [f64; EDGES.len()] {
    let squared = |i: usize, n: usize| (20.0 * ratio(i, n)).powi(2);
    // Squares of vertical frequencies in tenths of the Nyquist frequency, ascending.
    let down: Vec<f32> = (0..=height / 2).map(|y| squared(y, height)).collect();
    let mut sums = [0.0_f64; EDGES.len()];
    let mut counts = [0_usize; EDGES.len()];
    for (x, column) in spectrum.chunks_exact(height).enumerate() {
        let across = squared(x, width);
        for (edge, (sum, n)) in EDGES.iter().zip(sums.iter_mut().zip(&mut counts)) {
            let at = |edge: f32| down.partition_point(|down| down + across < edge * edge);
            let (from, to) = (at(*edge), at(*edge + 1.0));
            let mirror = (height - to + 1).max(height / 2 + 1)..(height + 1 - from).min(height);
            for part in [column.get(from..to), column.get(mirror)].into_iter().flatten() {
                *sum += f64::from(part.iter().map(Complex::norm_sqr).sum::<f32>());
                *n += part.len();
            }
        }
    }
    let samples = count(width * height);
    let mean = |i: usize| sums[i] / count(counts[i].max(1)) / samples;
    [mean(0), mean(1), mean(2), mean(3)]
}

/// Weights that fade a picture out towards its edges.
fn hann(n: usize) -> Vec<f32> {
    (0..n).map(|i| 0.5 - 0.5 * (TAU * ratio(2 * i + 1, 2 * n)).cos()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "sums and places in a picture: 24 bits are enough")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}
