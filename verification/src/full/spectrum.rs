//! How strong four bands of spatial frequency are in a picture: its mean spectrum over tiles (Welch, 1967).
//!
//! Tiles are few and small, so that this costs a twentieth of decoding a segment: a tile stays in the fastest
//! cache, and nothing is transformed that no band reads.

use std::{f32::consts::TAU, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use rustfft::{Fft, FftPlanner};
use waymark_media::pixels::Luma;

use super::stats::count;

/// Inner edges of the bands in tenths of the Nyquist frequency; each is a tenth wide.
const EDGES: [f32; BANDS] = [3.0, 4.0, 5.0, 6.0];
pub(super) const BANDS: usize = 4;
/// Samples of a tile's side: as many as its bands need, in a picture with that many.
const SIDES: [usize; 2] = [64, 32];
/// Tiles across and down, at most.
const TILES: (usize, usize) = (10, 6);
/// Samples of a picture above which it is not looked at.
const MOST: usize = 1 << 26;

/// Mean energy of each band.
pub(super) type Energy = [f64; BANDS];

/// Transforms of the tiles of pictures of one size, with the memory they need.
pub(super) struct Spectrum {
    size: (u32, u32),
    side: usize,
    /// Places of the tiles' first columns and rows, before they are moved, and by how much they may be.
    across: Places,
    down: Places,
    rows: Arc<dyn RealToComplex<f32>>,
    columns: Arc<dyn Fft<f32>>,
    /// Fades a tile out towards its edges.
    window: Vec<f32>,
    /// Which parts of the kept half of a spectrum each band is made of.
    parts: [Vec<std::ops::Range<usize>>; BANDS],
    work: Work,
}

/// Memory of one transform after the other.
struct Work {
    row: Vec<f32>,
    line: Vec<Complex<f32>>,
    /// The columns of a tile's spectrum up to the outermost band, one after the other.
    turned: Vec<Complex<f32>>,
    rows: Vec<Complex<f32>>,
    columns: Vec<Complex<f32>>,
    /// Squares of `turned`, summed over tiles.
    power: Vec<f32>,
}

impl Spectrum {
    /// For pictures of this size; `None` for those that are too small for the bands, or too large.
    pub(super) fn new(size: (u32, u32)) -> Option<Self> {
        let (width, height) = (usize::try_from(size.0).ok()?, usize::try_from(size.1).ok()?);
        width.checked_mul(height).filter(|samples| *samples <= MOST)?;
        let side = SIDES.into_iter().find(|side| *side <= width.min(height))?;
        let rows = RealFftPlanner::new().plan_fft_forward(side);
        let columns = FftPlanner::new().plan_fft_forward(side);
        // Nothing beyond 0.7 of the Nyquist frequency is looked at.
        let kept = (side * 7).div_ceil(20).min(side / 2 + 1);
        let fade = hann(side);
        let work = Work {
            row: rows.make_input_vec(),
            line: rows.make_output_vec(),
            turned: vec![Complex::default(); kept * side],
            rows: rows.make_scratch_vec(),
            columns: vec![Complex::default(); columns.get_inplace_scratch_len()],
            power: vec![0.0; kept * side],
        };
        Some(Self {
            size,
            side,
            across: Places::of(width, side, TILES.0),
            down: Places::of(height, side, TILES.1),
            rows,
            columns,
            window: fade.iter().flat_map(|down| fade.iter().map(move |w| w * down)).collect(),
            parts: parts(side, kept),
            work,
        })
    }

    /// Whether it is for pictures of this size.
    pub(super) fn fits(&self, plane: &Luma) -> bool {
        self.size == (plane.width, plane.height)
    }

    /// Energies of a picture. `moved` places the tiles: other ones are seen for another number. `None` of a plane
    /// that has another size or not the samples it states.
    pub(super) fn energy(&mut self, plane: &Luma, moved: u32) -> Option<Energy> {
        let width = usize::try_from(plane.width).ok()?;
        let samples = width.checked_mul(usize::try_from(plane.height).ok()?)?;
        if !self.fits(plane) || plane.samples.len() != samples {
            return None;
        }
        self.work.power.fill(0.0);
        let mut tiles = 0;
        for y in self.down.moved(moved) {
            for x in self.across.moved(!moved) {
                self.add(plane.samples.get(y * width + x..)?, width)?;
                tiles += 1;
            }
        }
        let samples = count(self.side * self.side * tiles);
        Some(std::array::from_fn(|band| {
            let parts = self.parts.get(band).into_iter().flatten();
            let (mut sum, mut n) = (0.0, 0);
            for part in parts.filter_map(|part| self.work.power.get(part.clone())) {
                sum += part.iter().copied().map(f64::from).sum::<f64>();
                n += part.len();
            }
            sum / count(n.max(1)) / samples
        }))
    }

    /// Adds the squares of the spectrum of a tile that begins here.
    fn add(&mut self, samples: &[u8], stride: usize) -> Option<()> {
        let Work { row, line, turned, rows, columns, power } = &mut self.work;
        let weights = self.window.chunks_exact(self.side);
        for (y, (samples, weights)) in samples.chunks(stride).zip(weights).enumerate() {
            for ((value, sample), weight) in row.iter_mut().zip(samples).zip(weights) {
                *value = (f32::from(*sample) - 128.0) * weight;
            }
            self.rows.process_with_scratch(row, line, rows).ok()?;
            for (column, value) in turned.chunks_exact_mut(self.side).zip(&*line) {
                column[y] = *value;
            }
        }
        self.columns.process_with_scratch(turned, columns);
        for (sum, value) in power.iter_mut().zip(&*turned) {
            *sum += value.norm_sqr();
        }
        Some(())
    }
}

/// Where tiles begin along one side of a picture.
struct Places {
    /// Distance between two, and how many there are.
    step: usize,
    tiles: usize,
    /// The last sample at which one may begin.
    last: usize,
    /// By how much all may be moved.
    slack: usize,
}

impl Places {
    /// At most `most`, spread over a side that is no shorter than a tile.
    fn of(length: usize, side: usize, most: usize) -> Self {
        let tiles = length.div_ceil(side).clamp(1, most);
        let step = (length / tiles).max(1);
        Self { step, tiles, last: length - side, slack: step.saturating_sub(side) }
    }

    /// In order. Where there is less room than tiles, the last ones overlap.
    fn moved(&self, by: u32) -> impl Iterator<Item = usize> + use<> {
        // Neighbours are moved by as different amounts as others (multiplicative hashing, Knuth).
        let by =
            usize::try_from(by.wrapping_mul(2_654_435_769) >> 8).unwrap_or(0) % (self.slack + 1);
        let (step, last) = (self.step, self.last);
        (0..self.tiles).map(move |tile| (tile * step + by).min(last))
    }
}

/// The parts of the first `kept` columns of a spectrum that lie in each band: half of it, which the other mirrors.
fn parts(side: usize, kept: usize) -> [Vec<std::ops::Range<usize>>; BANDS] {
    let squared = |i: usize| (20.0 * ratio(i, side)).powi(2);
    // Squares of vertical frequencies in tenths of the Nyquist frequency, ascending.
    let down: Vec<f32> = (0..=side / 2).map(squared).collect();
    EDGES.map(|edge| {
        let of = |x: usize| {
            let at = |edge: f32| down.partition_point(|down| down + squared(x) < edge * edge);
            let (from, to) = (at(edge), at(edge + 1.0));
            let mirror = (side - to + 1).max(side / 2 + 1)..(side + 1 - from).min(side);
            [from..to, mirror].map(|part| x * side + part.start..x * side + part.end)
        };
        (0..kept).flat_map(of).filter(|part| !part.is_empty()).collect()
    })
}

/// Weights that fade a tile out towards its edges.
fn hann(n: usize) -> Vec<f32> {
    (0..n).map(|i| 0.5 - 0.5 * (TAU * ratio(2 * i + 1, 2 * n)).cos()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "places in a tile")]
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
    fn a_wave_is_in_its_band_alone_wherever_tiles_lie() {
        // 0.45 of the Nyquist frequency: a period of 4.44 samples
        let wave = plane(333, 222, |x, _| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample")]
            let value = (128.5 + 60.0 * (f64::from(x) * 0.45 * std::f64::consts::PI).sin()) as u8;
            value
        });
        for moved in 0..5 {
            let energy = Spectrum::new((333, 222)).unwrap().energy(&wave, moved).unwrap();
            let rest = energy[0].max(energy[2]).max(energy[3]);
            assert!(energy[1] > 100.0 * rest, "{energy:?}");
        }
    }

    #[test]
    fn tiles_stay_inside_and_reach_both_ends() {
        for length in (64..2000).step_by(13) {
            let places = Places::of(length, 64, TILES.0);
            let reach = |by| places.moved(by).collect::<Vec<_>>();
            let all: Vec<usize> = (0..1000).flat_map(reach).collect();
            assert!(all.iter().all(|at| at + 64 <= length), "{length}");
            let ends = (all.iter().min().copied(), all.iter().max().copied());
            assert_eq!(ends.0, Some(0), "{length}");
            assert!(ends.1.unwrap() + 64 + 10 > length, "{length}: {ends:?}");
        }
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
