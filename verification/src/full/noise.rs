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
    let mut sums = vec![0_u32; across];
    for row in 0..(height - 2) / TILE * TILE {
        let line = |y: usize| plane.samples.get(y * width..(y + 1) * width).unwrap_or_default();
        let (above, middle, below) = (line(row), line(row + 1), line(row + 2));
        for (tile, sum) in sums.iter_mut().enumerate() {
            let part = tile * TILE..tile * TILE + TILE + 2;
            let three =
                [above, middle, below].map(|line| line.get(part.clone()).unwrap_or_default());
            *sum += response(three);
        }
        if (row + 1).is_multiple_of(TILE) {
            tiles.extend(sums.iter().map(|sum| f64::from(*sum)));
            sums.fill(0);
        }
    }
    Some(percentile(&mut tiles, CALM)? / count(TILE * TILE) / UNIT)
}

/// Sum of absolute responses to `1 -2 1 / -2 4 -2 / 1 -2 1` along three lines.
fn response([above, middle, below]: [&[u8]; 3]) -> u32 {
    let lines = above.windows(3).zip(middle.windows(3)).zip(below.windows(3));
    let second = |line: &[u8]| i32::from(line[0]) - 2 * i32::from(line[1]) + i32::from(line[2]);
    lines.map(|((a, m), b)| (second(a) - 2 * second(m) + second(b)).unsigned_abs()).sum()
}
