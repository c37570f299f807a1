//! How strong four bands of spatial frequency are in a picture.
//!
//! Of a picture larger than a window only that is transformed, at another place in each picture: who blurs does so
//! everywhere, and the whole of three 720p pictures and their sources takes a seventh of decoding all sixty. A window is
//! large, since a part without detail says nothing of the rest.

use std::{f32::consts::TAU, ops::Range, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use rustfft::{Fft, FftPlanner};
use waymark_media::pixels::Luma;

use super::stats::count;

/// Inner edges of the bands in tenths of the Nyquist frequency; each is a tenth wide.
const EDGES: [f32; BANDS] = [3.0, 4.0, 5.0, 6.0];
pub(super) const BANDS: usize = 4;
/// Samples of a side below which the bands are empty.
const LEAST: usize = 32;
/// Width and height of what is transformed of a picture, at most.
const WINDOW: (usize, usize) = (640, 360);
/// Samples of a picture above which it is not looked at.
const MOST: usize = 1 << 26;

/// Mean energy of each band.
pub(super) type Energy = [f64; BANDS];

/// Transforms of pictures of one size, with the memory they need.
pub(super) struct Spectrum {
    picture: (usize, usize),
    /// Width and height of the window.
    window: (usize, usize),
    rows: Arc<dyn RealToComplex<f32>>,
    columns: Arc<dyn Fft<f32>>,
    /// Fade the window out towards its edges.
    across: Vec<f32>,
    down: Vec<f32>,
    /// Which parts of the kept half of a spectrum each band is made of.
    parts: [Vec<Range<usize>>; BANDS],
    work: Work,
}

/// Memory of one transform after the other.
struct Work {
    row: Vec<f32>,
    line: Vec<Complex<f32>>,
    /// The columns of the spectrum up to the outermost band, one after the other.
    turned: Vec<Complex<f32>>,
    rows: Vec<Complex<f32>>,
    columns: Vec<Complex<f32>>,
}

impl Spectrum {
    /// For pictures of this size; `None` for those that are too small for the bands, or too large.
    pub(super) fn new(size: (u32, u32)) -> Option<Self> {
        let (width, height) = (usize::try_from(size.0).ok()?, usize::try_from(size.1).ok()?);
        width.checked_mul(height).filter(|samples| *samples <= MOST)?;
        if width.min(height) < LEAST {
            return None;
        }
        let window = (width.min(WINDOW.0), height.min(WINDOW.1));
        let rows = RealFftPlanner::new().plan_fft_forward(window.0);
        let columns = FftPlanner::new().plan_fft_forward(window.1);
        // Nothing beyond 0.7 of the Nyquist frequency is looked at.
        let kept = (window.0 * 7).div_ceil(20).min(window.0 / 2 + 1);
        let work = Work {
            row: rows.make_input_vec(),
            line: rows.make_output_vec(),
            turned: vec![Complex::default(); kept * window.1],
            rows: rows.make_scratch_vec(),
            columns: vec![Complex::default(); columns.get_inplace_scratch_len()],
        };
        Some(Self {
            picture: (width, height),
            window,
            rows,
            columns,
            across: hann(window.0),
            down: hann(window.1),
            parts: parts(window, kept),
            work,
        })
    }

    /// Whether it is for pictures of this size.
    pub(super) fn fits(&self, plane: &Luma) -> bool {
        let side = |side: u32| usize::try_from(side).ok();
        (Some(self.picture.0), Some(self.picture.1)) == (side(plane.width), side(plane.height))
    }

    /// Energies of a picture. `moved` places the window. `None` of a plane that has another size or not the samples
    /// it states.
    pub(super) fn energy(&mut self, plane: &Luma, moved: u32) -> Option<Energy> {
        let (width, height) = self.picture;
        if !self.fits(plane) || plane.samples.len() != width * height {
            return None;
        }
        let at = place(self.window.1, height, moved) * width + place(self.window.0, width, !moved);
        self.transform(plane.samples.get(at..)?, width)?;
        let samples = count(self.window.0 * self.window.1);
        Some(std::array::from_fn(|band| {
            let parts = self.parts.get(band).into_iter().flatten();
            let (mut sum, mut n) = (0.0, 0);
            for part in parts.filter_map(|part| self.work.turned.get(part.clone())) {
                sum += f64::from(part.iter().map(Complex::norm_sqr).sum::<f32>());
                n += part.len();
            }
            sum / count(n.max(1)) / samples
        }))
    }

    /// Of the window that begins with these samples, in lines of a picture this wide.
    fn transform(&mut self, samples: &[u8], stride: usize) -> Option<()> {
        let (width, height) = self.window;
        let lines = || samples.chunks(stride).take(height).filter_map(|line| line.get(..width));
        let sum: u64 = lines().flatten().map(|sample| u64::from(*sample)).sum();
        let mean = ratio(usize::try_from(sum).ok()?, width * height);
        let Work { row, line, turned, rows, columns } = &mut self.work;
        for (y, (samples, weight)) in lines().zip(&self.down).enumerate() {
            for ((value, sample), w) in row.iter_mut().zip(samples).zip(&self.across) {
                *value = (f32::from(*sample) - mean) * w * weight;
            }
            self.rows.process_with_scratch(row, line, rows).ok()?;
            for (column, value) in turned.chunks_exact_mut(height).zip(&*line) {
                column[y] = *value;
            }
        }
        self.columns.process_with_scratch(turned, columns);
        Some(())
    }
}

/// Where a window begins along a side that is no shorter.
fn place(window: usize, side: usize, moved: u32) -> usize {
    // Neighbours are as far apart as others (multiplicative hashing, Knuth).
    let moved = usize::try_from(moved.wrapping_mul(2_654_435_769) >> 8).unwrap_or(0);
    moved % (side - window + 1)
}

/// The parts of the first `kept` columns of a spectrum that lie in each band: half of it, which the other mirrors.
fn parts((width, height): (usize, usize), kept: usize) -> [Vec<Range<usize>>; BANDS] {
    let squared = |i: usize, n: usize| (20.0 * ratio(i, n)).powi(2);
    // Squares of vertical frequencies in tenths of the Nyquist frequency, ascending.
    let down: Vec<f32> = (0..=height / 2).map(|y| squared(y, height)).collect();
    EDGES.map(|edge| {
        let of = |x: usize| {
            let across = squared(x, width);
            let at = |edge: f32| down.partition_point(|down| down + across < edge * edge);
            let (from, to) = (at(edge), at(edge + 1.0));
            let mirror = (height - to + 1).max(height / 2 + 1)..(height + 1 - from).min(height);
            [from..to, mirror].map(|part| x * height + part.start..x * height + part.end)
        };
        (0..kept).flat_map(of).filter(|part| !part.is_empty()).collect()
    })
}

/// Weights that fade something out towards its edges.
fn hann(n: usize) -> Vec<f32> {
    (0..n).map(|i| 0.5 - 0.5 * (TAU * ratio(2 * i + 1, 2 * n)).cos()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "sums and places in a picture: 24 bits are enough")]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width: u32, height: u32, sample: impl Fn(u32, u32) -> u8) -> Luma {
        let at = |i: u32| sample(i % width, i / width);
        Luma { pts: 0, width, height, samples: (0..width * height).map(at).collect() }
    }

    #[test]
    fn a_wave_is_in_its_band_alone_wherever_the_window_lies() {
        // 0.45 of the Nyquist frequency: a period of 4.44 samples
        let wave = |width, height| {
            plane(width, height, |x, _| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a sample"
                )]
                let value =
                    (128.5 + 60.0 * (f64::from(x) * 0.45 * std::f64::consts::PI).sin()) as u8;
                value
            })
        };
        for (width, height) in [(333, 222), (901, 403)] {
            let wave = wave(width, height);
            for moved in 0..5 {
                let energy = Spectrum::new((width, height)).unwrap().energy(&wave, moved).unwrap();
                let rest = energy[0].max(energy[2]).max(energy[3]);
                assert!(energy[1] > 100.0 * rest, "{energy:?}");
            }
        }
    }

    #[test]
    fn windows_stay_inside_and_reach_both_ends() {
        for side in (640..2000).step_by(13) {
            let all: Vec<usize> = (0..50_000).map(|moved| place(640, side, moved)).collect();
            let ends = (all.iter().min().copied(), all.iter().max().copied());
            assert_eq!(ends, (Some(0), Some(side - 640)));
        }
        assert_eq!(place(300, 300, 7), 0);
    }

    #[test]
    fn what_is_too_small_or_does_not_fit_has_no_spectrum() {
        assert!(Spectrum::new((31, 400)).is_none());
        assert!(Spectrum::new((0, 0)).is_none());
        assert!(Spectrum::new((u32::MAX, u32::MAX)).is_none());
        let mut spectrum = Spectrum::new((40, 64)).unwrap();
        let mut plane = plane(40, 64, |x, y| (x * y % 251).to_le_bytes()[0]);
        assert!(spectrum.energy(&plane, u32::MAX).is_some());
        plane.samples.pop();
        assert!(spectrum.energy(&plane, 0).is_none());
    }
}
