//! The hash of a picture that stays nearly the same when the picture is scaled or coded anew.
//!
//! The usual one of 64 bits: 32x32 luma, cosine transform, the 8x8 lowest frequencies against their median. (The
//! crates for it bring colour conversion and their own picture types for what are 40 lines.)

use std::f64::consts::PI;

/// Samples on a side.
pub(super) const SIDE: usize = 32;
/// Frequencies on a side.
const LOW: usize = 8;

/// Of `SIDE * SIDE` samples, row by row; missing ones are black.
pub(super) fn hash(samples: &[u8]) -> u64 {
    let mut basis = [[0.0_f64; SIDE]; LOW];
    for (frequency, waves) in (0_u8..).zip(basis.iter_mut()) {
        for (at, wave) in (0_u8..).zip(waves.iter_mut()) {
            *wave = (PI / 32.0 * (f64::from(at) + 0.5) * f64::from(frequency)).cos();
        }
    }
    let mut rows = [[0.0_f64; LOW]; SIDE];
    for (row, line) in rows.iter_mut().zip(samples.chunks(SIDE)) {
        for (value, waves) in row.iter_mut().zip(&basis) {
            *value = line.iter().zip(waves).map(|(sample, wave)| f64::from(*sample) * wave).sum();
        }
    }
    let mut low = [0.0_f64; LOW * LOW];
    for (place, value) in low.iter_mut().enumerate() {
        let (down, across) = (place / LOW, place % LOW);
        *value = rows.iter().zip(&basis[down]).map(|(row, wave)| row[across] * wave).sum();
    }
    // the mean of the picture says nothing about what it shows
    let mut sorted: Vec<f64> = low.iter().skip(1).copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    low.iter().fold(0, |hash, value| hash << 1 | u64::from(*value > median))
}

/// Bits in which two hashes differ: 0 to 64.
pub(super) const fn distance(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}
