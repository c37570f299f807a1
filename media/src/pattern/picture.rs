//! Draws the test picture: moving diagonal bands, drifting colours, a sweeping bar, the frame's number.
//!
//! Rows are copied and filled, never computed sample by sample, so that drawing costs little even in an
//! unoptimised build.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;

/// Samples after which the bands repeat.
const PERIOD: usize = 256;
/// Rows of a digit, and columns without the gap.
const DIGIT: (usize, usize) = (5, 3);
/// Digits 0 to 9, three columns in five rows, one bit a block.
const FONT: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];
/// Digits of the counter.
const DIGITS: usize = 6;
const BLACK: u8 = 16;
const WHITE: u8 = 235;

/// Draws one picture after another.
#[derive(Debug)]
pub(super) struct Painter {
    width: usize,
    height: usize,
    seed: usize,
    /// One row of bands, long enough for any shift.
    bands: Vec<u8>,
}

impl Painter {
    pub(super) fn new(width: u32, height: u32, seed: u32) -> Self {
        let side = |value: u32| usize::try_from(value).unwrap_or(0);
        let (width, height) = (side(width), side(height));
        // a triangle wave between 48 and 175
        let wave =
            |x: usize| u8::try_from(48 + (x % PERIOD).min(PERIOD - 1 - x % PERIOD)).unwrap_or(0);
        Self { width, height, seed: side(seed), bands: (0..width + PERIOD).map(wave).collect() }
    }

    /// Picture number `n`, in memory of its own.
    pub(super) fn draw(&self, n: u64) -> Video {
        let sides = (u32::try_from(self.width), u32::try_from(self.height));
        let mut picture = Video::new(Pixel::YUV420P, sides.0.unwrap_or(0), sides.1.unwrap_or(0));
        let n = usize::try_from(n % 1_000_000).unwrap_or(0);
        let stride = picture.stride(0);
        self.luma(picture.data_mut(0), stride, n);
        for plane in [1, 2] {
            let stride = picture.stride(plane);
            self.chroma(picture.data_mut(plane), stride, n, plane);
        }
        picture
    }

    fn luma(&self, plane: &mut [u8], stride: usize, n: usize) {
        let bar = self.width / 16;
        let bar_at = (n * self.width / 90) % (self.width - bar);
        for (y, row) in plane.chunks_exact_mut(stride).enumerate() {
            let shift = (n * 3 + y / 2 + self.seed * 37) % PERIOD;
            if let (Some(to), Some(from)) =
                (row.get_mut(..self.width), self.bands.get(shift..shift + self.width))
            {
                to.copy_from_slice(from);
            }
            if y >= self.height - self.height / 8 {
                fill(row, bar_at, bar, WHITE);
            }
        }
        self.counter(plane, stride, n);
    }

    /// The frame's number, white on black in the upper left.
    fn counter(&self, plane: &mut [u8], stride: usize, n: usize) {
        let block = (self.height / 40).min(self.width / (4 * DIGITS + 2)).max(1);
        for (y, row) in plane.chunks_exact_mut(stride).take(block * (DIGIT.0 + 2)).enumerate() {
            fill(row, 0, block * (4 * DIGITS + 1), BLACK);
            let Some(line) = (y / block).checked_sub(1).filter(|line| *line < DIGIT.0) else {
                continue;
            };
            let mut rest = n;
            for place in (0..DIGITS).rev() {
                let bits =
                    FONT.get(rest % 10).and_then(|rows| rows.get(line)).copied().unwrap_or(0);
                rest /= 10;
                for column in (0..DIGIT.1).filter(|column| bits & (4 >> column) != 0) {
                    fill(row, block * (1 + place * 4 + column), block, WHITE);
                }
            }
        }
    }

    /// Colours that drift with time and change from top to bottom.
    fn chroma(&self, plane: &mut [u8], stride: usize, n: usize, which: usize) {
        let drift = n / 2 + which * 64 + self.seed * 29;
        for (y, row) in plane.chunks_exact_mut(stride).enumerate() {
            let x = (drift + y * PERIOD / self.height) % PERIOD;
            let value = u8::try_from(64 + x.min(PERIOD - 1 - x)).unwrap_or(128);
            fill(row, 0, self.width / 2, value);
        }
    }
}

fn fill(row: &mut [u8], at: usize, len: usize, value: u8) {
    if let Some(part) = row.get_mut(at..at + len) {
        part.fill(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the counter back as a person would: from the middle of each block.
    fn read_counter(picture: &Video) -> usize {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let block = (height / 40).min(width / 26).max(1);
        let lit = |x: usize, y: usize| {
            let at = (y * block + block / 2) * picture.stride(0) + x * block + block / 2;
            *picture.data(0).get(at).unwrap() > 128
        };
        (0..DIGITS).fold(0, |number, place| {
            let rows: [u8; 5] = std::array::from_fn(|y| {
                (0..3).fold(0, |bits, x| bits << 1 | u8::from(lit(1 + place * 4 + x, y + 1)))
            });
            number * 10 + FONT.iter().position(|digit| *digit == rows).expect("a digit")
        })
    }

    #[test]
    fn the_number_of_a_picture_can_be_read_in_it() {
        for (size, n) in [((1280, 720), 7), ((320, 180), 123_456), ((64, 64), 900_081)] {
            let picture = Painter::new(size.0, size.1, 3).draw(n);
            assert_eq!(read_counter(&picture) as u64, n);
        }
    }

    #[test]
    fn consecutive_pictures_and_other_seeds_differ_beyond_the_counter() {
        let lower = |picture: &Video| {
            let plane = picture.data(0);
            plane[plane.len() / 2..].to_vec()
        };
        let painter = Painter::new(320, 180, 0);
        assert_ne!(lower(&painter.draw(1)), lower(&painter.draw(2)));
        assert_ne!(lower(&painter.draw(1)), lower(&Painter::new(320, 180, 1).draw(1)));
    }
}
