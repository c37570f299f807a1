//! Structural similarity window by window, in passes over whole rows that a compiler makes vectors of.
//!
//! Sums are whole numbers, and so are variances: only the last quotient is rounded.

use super::quality::{STEP, Tile};

/// Samples of a window.
const SAMPLES: u32 = 64;
/// Stabilisers for 8-bit samples, (0.01 * 255)^2 and (0.03 * 255)^2, for sums over a window.
const C1: f32 = 6.502_5 * 64.0 * 64.0;
const C2: f32 = 58.522_5 * 64.0 * 63.0;

/// Sums over each of the blocks in a row, or over each column of samples, or over each window.
#[derive(Clone, Default)]
struct Sums {
    a: Vec<u32>,
    b: Vec<u32>,
    squares: Vec<u32>,
    product: Vec<u32>,
}

/// What is known of a tile so far.
#[derive(Clone, Copy, Default)]
struct Sum {
    ssim: f64,
    windows: u32,
    error: u64,
    samples: u32,
}

/// Mean SSIM of all windows, and the tiles, row by row: `blocks` are the blocks of [`STEP`] samples across and down,
/// `side` those of a tile. `None` where there is no window.
pub(super) fn measure(
    planes: (&[u8], &[u8]),
    (width, (across, down)): (usize, (usize, usize)),
    side: usize,
) -> Option<(f64, Vec<Tile>)> {
    let columns = across.div_ceil(side);
    let mut tiles = vec![Sum::default(); columns * down.div_ceil(side)];
    let mut lines = Sums::of(across * STEP);
    let (mut upper, mut lower) = (Sums::of(across), Sums::of(across));
    let mut windows = Sums::of(across - 1);
    let mut found = vec![0.0; across - 1];
    for row in 0..down {
        let from = row * STEP * width;
        let part = from..from + STEP * width;
        lines.add(planes.0.get(part.clone())?, planes.1.get(part)?, width);
        std::mem::swap(&mut upper, &mut lower);
        lower.fold(&lines);
        let of_row = |row: usize| row / side * columns..(row / side + 1) * columns;
        for (tile, part) in tiles.get_mut(of_row(row))?.iter_mut().zip(lower.errors(side)) {
            tile.error += part.0;
            tile.samples += part.1;
        }
        if row == 0 {
            continue;
        }
        windows.add_four(&upper, &lower);
        windows.ssim(&mut found);
        for (tile, part) in tiles.get_mut(of_row(row - 1))?.iter_mut().zip(found.chunks(side)) {
            tile.ssim += f64::from(part.iter().sum::<f32>());
            tile.windows += u32::try_from(part.len()).unwrap_or(0);
        }
    }
    let windows: u32 = tiles.iter().map(|tile| tile.windows).sum();
    let ssim: f64 = tiles.iter().map(|tile| tile.ssim).sum();
    let mean = (windows > 0).then(|| ssim / f64::from(windows))?;
    Some((mean, tiles.iter().filter(|tile| tile.windows > 0).map(Tile::from).collect()))
}

impl Sums {
    fn of(length: usize) -> Self {
        let zeros = || vec![0; length];
        Self { a: zeros(), b: zeros(), squares: zeros(), product: zeros() }
    }

    /// Sums of columns over these lines.
    fn add(&mut self, a: &[u8], b: &[u8], width: usize) {
        for sums in [&mut self.a, &mut self.b, &mut self.squares, &mut self.product] {
            sums.fill(0);
        }
        let Self { a: sum_a, b: sum_b, squares, product } = self;
        for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
            let sums = sum_a.iter_mut().zip(sum_b.iter_mut()).zip(&mut *squares).zip(&mut *product);
            for ((a, b), (((sum_a, sum_b), squares), product)) in a.iter().zip(b).zip(sums) {
                let (a, b) = (u32::from(*a), u32::from(*b));
                *sum_a += a;
                *sum_b += b;
                *squares += a * a + b * b;
                *product += a * b;
            }
        }
    }

    /// Sums of blocks from those of their columns.
    fn fold(&mut self, lines: &Self) {
        let pairs = [
            (&mut self.a, &lines.a),
            (&mut self.b, &lines.b),
            (&mut self.squares, &lines.squares),
            (&mut self.product, &lines.product),
        ];
        for (blocks, lines) in pairs {
            for (block, [a, b, c, d]) in blocks.iter_mut().zip(lines.as_chunks::<STEP>().0) {
                *block = a + b + c + d;
            }
        }
    }

    /// Sums of windows from those of their four blocks.
    fn add_four(&mut self, upper: &Self, lower: &Self) {
        let all = [
            (&mut self.a, &upper.a, &lower.a),
            (&mut self.b, &upper.b, &lower.b),
            (&mut self.squares, &upper.squares, &lower.squares),
            (&mut self.product, &upper.product, &lower.product),
        ];
        for (windows, upper, lower) in all {
            let right = upper.iter().skip(1).zip(lower.iter().skip(1));
            for ((window, (a, b)), (c, d)) in
                windows.iter_mut().zip(upper.iter().zip(lower)).zip(right)
            {
                *window = a + b + c + d;
            }
        }
    }

    /// Similarity of each window.
    fn ssim(&self, found: &mut [f32]) {
        let sums = self.a.iter().zip(&self.b).zip(&self.squares).zip(&self.product);
        for (ssim, (((a, b), squares), product)) in found.iter_mut().zip(sums) {
            // 64 * 255 squared, twice, fits into 30 bits; so does what is subtracted from.
            let (both, means) = (a * b, a * a + b * b);
            let variances = number((squares * SAMPLES).wrapping_sub(means));
            let shared = number((product * SAMPLES).wrapping_sub(both));
            *ssim = ((2.0 * number(both) + C1) * (2.0 * shared + C2))
                / ((number(means) + C1) * (variances + C2));
        }
    }

    /// Squared differences and samples of each `side` blocks.
    fn errors(&self, side: usize) -> impl Iterator<Item = (u64, u32)> {
        let of = |(squares, product): (&[u32], &[u32])| {
            let differences = squares.iter().zip(product).map(|(s, p)| s - 2 * p);
            let samples = STEP * STEP * squares.len();
            (differences.map(u64::from).sum(), u32::try_from(samples).unwrap_or(0))
        };
        self.squares.chunks(side).zip(self.product.chunks(side)).map(of)
    }
}

impl From<&Sum> for Tile {
    fn from(sum: &Sum) -> Self {
        Self {
            ssim: to_f32(sum.ssim / f64::from(sum.windows.max(1))),
            error: to_f32(sum_of(sum.error) / f64::from(sum.samples.max(1))),
        }
    }
}

/// A difference of two sums over a window, as a number.
#[expect(clippy::cast_precision_loss, reason = "of a quotient: 24 bits are enough")]
#[expect(clippy::cast_possible_wrap, reason = "a negative one was stored like this")]
const fn number(difference: u32) -> f32 {
    difference as i32 as f32
}

#[expect(clippy::cast_possible_truncation, reason = "a record of a mean: 24 bits are enough")]
const fn to_f32(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_precision_loss, reason = "a sum over one picture: below 2^53")]
const fn sum_of(value: u64) -> f64 {
    value as f64
}
