//! Whether a source is noise all over, which no encoder can keep.
//!
//! Detail is somewhere in a picture; noise is everywhere. So the calm parts decide: the strength of
//! noise in the calmest fifth of a picture's tiles, by the mean response to a kernel that is blind to
//! slopes and edges (Immerkær, "Fast noise variance estimation", 1996).

use waymark_media::pixels::Luma;

use super::stats::{count, percentile};

/// Samples of a tile's side.
const TILE: usize = 16;
/// Which tiles are calm: this percentile.
const CALM: u32 = 20;
/// Mean absolute response to white noise of standard deviation 1: 6 times the square root of 2/pi.
const UNIT: f64 = 4.787_307_364_817_193;

/// Standard deviation of noise in the calm parts of a picture, in samples; `None` of a plane that is
/// smaller than a tile or has not the samples it states.
pub(super) fn floor(plane: &Luma) -> Option<f64> {
    let width = usize::try_from(plane.width).ok()?;
    let height = usize::try_from(plane.height).ok()?;
    if plane.samples.len() != width.checked_mul(height)? || width < TILE + 2 || height < TILE + 2 {
        return None;
    }
    let across = (width - 2) / TILE;
    let mut tiles = Vec::new();
    // Of a tile's lines in each column: 16 times 2,040 at most.
    let mut columns = vec![0_i16; across * TILE];
    let mut down = vec![0_i16; across * TILE + 2];
    for row in 0..(height - 2) / TILE * TILE {
        let line = |y: usize| plane.samples.get(y * width..(y + 1) * width).unwrap_or_default();
        respond(&mut columns, &mut down, [line(row), line(row + 1), line(row + 2)]);
        if (row + 1).is_multiple_of(TILE) {
            let sum = |tile: &[i16]| tile.iter().copied().map(f64::from).sum::<f64>();
            tiles.extend(columns.chunks_exact(TILE).map(sum));
            columns.fill(0);
        }
    }
    Some(percentile(&mut tiles, CALM)? / count(TILE * TILE) / UNIT)
}

/// Adds absolute responses to `1 -2 1 / -2 4 -2 / 1 -2 1` along three lines, column by column. `down` is memory.
fn respond(columns: &mut [i16], down: &mut [i16], [above, middle, below]: [&[u8]; 3]) {
    for (second, ((a, m), b)) in down.iter_mut().zip(above.iter().zip(middle).zip(below)) {
        *second = i16::from(*a) - 2 * i16::from(*m) + i16::from(*b);
    }
    let next = down.iter().skip(1).zip(down.iter().skip(2));
    for (sum, (a, (m, b))) in columns.iter_mut().zip(down.iter().zip(next)) {
        *sum += (a - 2 * m + b).abs();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_noise_there_is_fits() {
        let samples = |at: u32| if (at % 66 + at / 66).is_multiple_of(2) { 0 } else { 255 };
        let plane =
            Luma { pts: 0, width: 66, height: 34, samples: (0..66 * 34).map(samples).collect() };
        assert!((floor(&plane).unwrap() - 8.0 * 255.0 / UNIT).abs() < 1e-9);
    }

    #[test]
    fn slopes_and_flat_pictures_have_none_and_edges_are_elsewhere() {
        let samples = |at: u32| u8::try_from((at % 66 + at / 66) * 2).unwrap();
        let mut plane =
            Luma { pts: 0, width: 66, height: 34, samples: (0..66 * 34).map(samples).collect() };
        assert_eq!(floor(&plane), Some(0.0));
        plane.samples[70] = 255;
        assert_eq!(floor(&plane), Some(0.0));
        plane.samples.pop();
        assert_eq!(floor(&plane), None);
    }
}
