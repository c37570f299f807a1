//! How much two reels differ: whether an edit changed anything that a viewer could see.

use ffmpeg_next::frame::Video;

use super::Reel;

/// Blocks across and down a picture.
const BLOCKS: (usize, usize) = (32, 18);

/// Differences of the pictures of two reels, in samples of 8 bits; of the nth with the nth.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Difference {
    /// Largest difference of the mean luma of a block, of 32x18 a picture.
    pub luma: f64,
    /// The same of chroma.
    pub chroma: f64,
    /// log2 of the detail (mean absolute step between neighbours) of this reel over the other's; negative: blurred.
    pub detail: f64,
    /// Mean squared error of luma.
    pub mse: f64,
}

impl Reel {
    /// Compares with another reel of the same size; pictures beyond the end of the shorter are not looked at.
    pub fn difference(&self, other: &Self) -> Difference {
        let mut worst = Difference::default();
        let (mut own_detail, mut other_detail, mut squares, mut count) = (0.0, 0.0, 0.0, 0.0);
        for (own, other) in self.pictures.iter().zip(&other.pictures) {
            worst.luma = worst.luma.max(block_move(own, other, 0));
            worst.chroma = worst.chroma.max(block_move(own, other, 1));
            worst.chroma = worst.chroma.max(block_move(own, other, 2));
            own_detail += detail(own);
            other_detail += detail(other);
            squares += squared_error(own, other);
            count += 1.0;
        }
        worst.detail = ((own_detail + 0.01) / (other_detail + 0.01)).log2();
        worst.mse = squares / f64::max(count, 1.0);
        worst
    }
}

/// Rows of a plane without padding.
fn rows(picture: &Video, plane: usize) -> impl Iterator<Item = &[u8]> {
    let width = usize::try_from(picture.plane_width(plane)).unwrap_or(0);
    let height = usize::try_from(picture.plane_height(plane)).unwrap_or(0);
    let stride = picture.stride(plane).max(1);
    picture.data(plane).chunks(stride).take(height).filter_map(move |row| row.get(..width))
}

fn block_move(own: &Video, other: &Video, plane: usize) -> f64 {
    let (own, other) = (means(own, plane), means(other, plane));
    own.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Means of the blocks, every second sample and row of them.
fn means(picture: &Video, plane: usize) -> Vec<f64> {
    let height = usize::try_from(picture.plane_height(plane)).unwrap_or(1).max(1);
    let mut sums = vec![(0u64, 0u64); BLOCKS.0 * BLOCKS.1];
    for (y, row) in rows(picture, plane).enumerate().step_by(2) {
        let line = y * BLOCKS.1 / height * BLOCKS.0;
        for block in 0..BLOCKS.0 {
            let (from, to) = (block * row.len() / BLOCKS.0, (block + 1) * row.len() / BLOCKS.0);
            let samples = row.get(from..to).unwrap_or_default();
            if let Some((sum, count)) = sums.get_mut(line + block) {
                *sum += samples.iter().step_by(2).map(|sample| u64::from(*sample)).sum::<u64>();
                *count += samples.len().div_ceil(2) as u64;
            }
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "sums of a few thousand samples")]
    let mean = |(sum, count): (u64, u64)| sum as f64 / count.max(1) as f64;
    sums.into_iter().map(mean).collect()
}

/// Mean absolute step between luma samples beside each other, in every fourth row.
fn detail(picture: &Video) -> f64 {
    let (mut sum, mut count) = (0u64, 0u64);
    for row in rows(picture, 0).step_by(4) {
        let next = row.iter().skip(1);
        sum += row.iter().zip(next).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        count += row.len() as u64;
    }
    #[allow(clippy::cast_precision_loss, reason = "sums of a few million samples")]
    let mean = sum as f64 / count.max(1) as f64;
    mean
}

/// Mean squared error of luma, in every fourth row.
fn squared_error(own: &Video, other: &Video) -> f64 {
    let (mut sum, mut count) = (0u64, 0u64);
    for (own, other) in rows(own, 0).zip(rows(other, 0)).step_by(4) {
        let square = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b)).pow(2);
        sum += own.iter().zip(other).map(square).sum::<u64>();
        count += own.len() as u64;
    }
    #[allow(clippy::cast_precision_loss, reason = "sums of a few million samples")]
    let mean = sum as f64 / count.max(1) as f64;
    mean
}
