//! Means of the blocks of one plane: exactly an area average, whatever the borders cut through.
//!
//! A border lies on a fraction of a sample whose denominator is 256 times the number of blocks, so that all weights
//! are whole numbers and the only rounding is the last one. Rows are added up first, column by column, which
//! compilers turn into wide additions; only the sums are cut into blocks.

use std::ops::Range;

use super::Lattice;

/// Rows of bytes whose sum fits 16 bits.
const BAND: usize = 256;

/// One block along one axis, in whole samples and weights of those its borders cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Samples that lie whole inside.
    full: (usize, usize),
    /// A sample cut at either end, and how much of it is inside. Weight 0 where none is.
    cut: [(usize, u64); 2],
    /// Length of the block, in the units of weights.
    size: u64,
}

/// One axis of a plane, divided.
#[derive(Clone, Debug)]
struct Axis {
    spans: Vec<Span>,
    /// Weight of a whole sample.
    unit: u64,
}

impl Axis {
    /// Divides `samples` into `blocks`, inner borders moved by `shift`/256 of a block.
    fn new(samples: u32, blocks: u8, shift: i8) -> Self {
        let (samples, blocks) = (u64::from(samples), u64::from(blocks));
        let unit = 256 * blocks;
        let border = |n: u64| {
            if n == 0 || n == blocks {
                samples * 256 * n
            } else {
                samples * (256 * n).saturating_add_signed(i64::from(shift))
            }
        };
        let spans = (0..blocks).map(|n| Span::between(border(n), border(n + 1), unit)).collect();
        Self { spans, unit }
    }
}

impl Span {
    /// From `start` to `end`, in 1/`unit` samples.
    fn between(start: u64, end: u64, unit: u64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "sides of pictures are far below 2^32")]
        let place = |sample: u64| sample as usize;
        let (whole_from, whole_to) = (start.div_ceil(unit), end / unit);
        let (first, last) = (start / unit, end / unit);
        let cut = if whole_from > whole_to {
            // inside a single sample
            [(place(first), end - start), (0, 0)]
        } else {
            [(place(first), whole_from * unit - start), (place(last), end - whole_to * unit)]
        };
        let full = (place(whole_from), place(whole_to.max(whole_from)));
        Self { full, cut, size: end - start }
    }
}

/// A plane's samples as libav lays them out.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    pub(super) data: &'a [u8],
    /// Bytes from one row to the next.
    pub(super) stride: usize,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of a sample, 8 to 16; above 8 each takes two bytes, the lower first.
    pub(super) depth: u32,
}

impl<'a> Plane<'a> {
    /// A row without its padding; empty beyond the plane.
    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        let bytes = self.width as usize * if self.depth > 8 { 2 } else { 1 };
        let start = y.saturating_mul(self.stride);
        self.data.get(start..start.saturating_add(bytes)).unwrap_or_default()
    }
}

/// Divides planes of one size; keeps what can be used again for the next picture.
#[derive(Debug)]
pub(super) struct Divider {
    size: (u32, u32),
    across: Axis,
    down: Axis,
    /// Sums of rows, for each column, and of a few rows at a time.
    columns: Vec<u32>,
    sums: Vec<u16>,
}

impl Divider {
    pub(super) fn new(size: (u32, u32), lattice: Lattice) -> Self {
        Self {
            size,
            across: Axis::new(size.0, lattice.columns, lattice.shift.0),
            down: Axis::new(size.1, lattice.rows, lattice.shift.1),
            columns: vec![0; size.0 as usize],
            sums: vec![0; size.0 as usize],
        }
    }

    pub(super) const fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Mean of each block, row by row, in 1/256 of an 8-bit sample's step, rounded to nearest.
    pub(super) fn means(&mut self, plane: &Plane<'_>) -> Vec<u16> {
        let mut means = Vec::with_capacity(self.across.spans.len() * self.down.spans.len());
        let mut totals = vec![0u64; self.across.spans.len()];
        let scale = 1u64 << 16u32.saturating_sub(plane.depth);
        for down in &self.down.spans {
            totals.fill(0);
            let (from, to) = down.full;
            add(plane, from..to, &mut self.columns, &mut self.sums);
            weigh(&self.across, &self.columns, self.down.unit, &mut totals);
            for (row, weight) in down.cut.into_iter().filter(|(_, weight)| *weight > 0) {
                add(plane, row..row + 1, &mut self.columns, &mut self.sums);
                weigh(&self.across, &self.columns, weight, &mut totals);
            }
            for (total, across) in totals.iter().zip(&self.across.spans) {
                let area = across.size.saturating_mul(down.size).max(1);
                let mean = total.saturating_mul(scale).saturating_add(area / 2) / area;
                means.push(u16::try_from(mean).unwrap_or(u16::MAX));
            }
        }
        means
    }
}

/// Sums `rows` of a plane into `columns`, whatever those held before.
fn add(plane: &Plane<'_>, rows: Range<usize>, columns: &mut [u32], sums: &mut [u16]) {
    columns.fill(0);
    if plane.depth > 8 {
        for y in rows {
            let samples = plane.row(y).chunks_exact(2);
            for (sum, sample) in columns.iter_mut().zip(samples) {
                if let [low, high] = sample {
                    *sum += u32::from(u16::from_le_bytes([*low, *high]));
                }
            }
        }
        return;
    }
    let mut start = rows.start;
    while start < rows.end {
        let end = rows.end.min(start + BAND);
        add_band(plane, start..end, sums);
        for (column, sum) in columns.iter_mut().zip(sums.iter()) {
            *column += u32::from(*sum);
        }
        start = end;
    }
}

/// Sums at most [`BAND`] rows of bytes. All of it in 16 bits, so that compilers add eight or more at once.
fn add_band(plane: &Plane<'_>, rows: Range<usize>, sums: &mut [u16]) {
    sums.fill(0);
    let mut next = rows.start;
    while next + 4 <= rows.end {
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|n| plane.row(next + n));
        let samples = first.iter().zip(second).zip(third).zip(fourth);
        for (sum, (((a, b), c), d)) in sums.iter_mut().zip(samples) {
            *sum += (u16::from(*a) + u16::from(*b)) + (u16::from(*c) + u16::from(*d));
        }
        next += 4;
    }
    for y in next..rows.end {
        for (sum, sample) in sums.iter_mut().zip(plane.row(y)) {
            *sum += u16::from(*sample);
        }
    }
}

/// Cuts sums of columns into blocks and adds them to `totals`, `weight` for each row in them.
fn weigh(across: &Axis, columns: &[u32], weight: u64, totals: &mut [u64]) {
    for (total, span) in totals.iter_mut().zip(&across.spans) {
        let (from, to) = span.full;
        let whole: u64 =
            columns.get(from..to).unwrap_or_default().iter().map(|v| u64::from(*v)).sum();
        let mut sum = whole.saturating_mul(across.unit);
        for (column, part) in span.cut {
            let value = columns.get(column).copied().unwrap_or(0);
            sum = sum.saturating_add(u64::from(value).saturating_mul(part));
        }
        *total = total.saturating_add(sum.saturating_mul(weight));
    }
}

#[cfg(test)]
mod tests;
