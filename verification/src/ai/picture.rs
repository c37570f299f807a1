//! One picture, decoded under limits and reduced to what checks compare.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, RgbImage};
use serde::{Deserialize, Serialize};
use waymark_media::pixels::Luma;

use super::perceptual::{self, SIDE};
use crate::number::{float, many};

/// Side of the small copy that is compared.
const SMALL: u32 = 256;

/// What is refused before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file: 64 MiB.
    pub bytes: usize,
    /// Samples of a side: 16,384.
    pub side: u32,
    /// Pixels: 2^26, a picture of 8192x8192.
    pub pixels: u64,
    /// Bytes that decoding may hold: 320 MiB.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, side: 16_384, pixels: 1 << 26, memory: 320 << 20 }
    }
}

/// Why bytes are no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// More bytes, pixels or samples of a side than the limit.
    #[error("{what} of a picture: {value}, at most {limit} are read")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        value: u64,
        /// How much is accepted.
        limit: u64,
    },
    /// The first bytes are of none of the formats.
    #[error("not a PNG, JPEG or WebP file")]
    Format,
    /// The file is damaged.
    #[error("the picture cannot be decoded")]
    Damaged {
        /// What the decoder says.
        #[source]
        source: image::ImageError,
    },
}

/// What is known about a decoded picture. Small, but for the copy of 256x256.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// `png`, `jpeg` or `webp`.
    pub format: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Standard deviation of luma, in 8-bit steps.
    pub sigma: f64,
    /// Different colours, counted up to 256.
    pub colours: u32,
    /// Perceptual hash.
    pub hash: u64,
    /// BLAKE3 of the pixels: equal pictures in other files are still equal.
    pub pixels: [u8; 32],
    /// Luma of a copy of 256x256 without regard to the aspect, row by row.
    pub small: Vec<u8>,
}

impl Picture {
    /// Decodes a file.
    pub fn measure(bytes: &[u8], limits: &Limits) -> Result<Self, PictureError> {
        let (format, rgb) = decode(bytes, limits)?;
        let luma = luma(&rgb);
        let (width, height) = rgb.dimensions();
        let small = shrink(&luma, (width, height), SMALL);
        let tiny = shrink(&luma, (width, height), u32::try_from(SIDE).unwrap_or(32));
        Ok(Self {
            format: format.to_owned(),
            width,
            height,
            sigma: sigma(&luma),
            colours: colours(&rgb),
            hash: perceptual::hash(&tiny),
            pixels: blake3::hash(rgb.as_raw()).into(),
            small,
        })
    }

    /// Bits in which the hashes of two pictures differ: 0 to 64.
    pub const fn distance(&self, other: &Self) -> u32 {
        perceptual::distance(self.hash, other.hash)
    }

    /// SSIM of the small copies, at most 1.
    pub fn ssim(&self, other: &Self) -> Option<f64> {
        crate::full::Quality::of(0, &self.luma(), &other.luma()).map(|quality| quality.ssim)
    }

    /// The small copy.
    pub(super) fn luma(&self) -> Luma {
        Luma { pts: 0, width: SMALL, height: SMALL, samples: self.small.clone() }
    }
}

/// The format and the pixels of a file.
pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(&'static str, RgbImage), PictureError> {
    let at_most = |what, value: u64, limit: u64| {
        if value > limit { Err(PictureError::TooLarge { what, value, limit }) } else { Ok(()) }
    };
    let length = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    at_most("bytes", length(bytes.len()), length(limits.bytes))?;
    let (name, format) = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => ("png", ImageFormat::Png),
        Ok(ImageFormat::Jpeg) => ("jpeg", ImageFormat::Jpeg),
        Ok(ImageFormat::WebP) => ("webp", ImageFormat::WebP),
        _ => return Err(PictureError::Format),
    };
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut bounds = image::Limits::default();
        bounds.max_image_width = Some(limits.side);
        bounds.max_image_height = Some(limits.side);
        bounds.max_alloc = Some(limits.memory);
        reader.limits(bounds);
        reader
    };
    let damaged = |source| PictureError::Damaged { source };
    let (width, height) = reader().into_dimensions().map_err(damaged)?;
    at_most("samples of a side", width.max(height).into(), limits.side.into())?;
    at_most("pixels", u64::from(width) * u64::from(height), limits.pixels)?;
    Ok((name, reader().decode().map_err(damaged)?.into_rgb8()))
}

/// Luma of BT.601, as the encoders of pictures use it.
pub(super) fn luma(rgb: &RgbImage) -> Vec<u8> {
    let of = |[r, g, b]: &[u8; 3]| {
        let sum = 299 * u32::from(*r) + 587 * u32::from(*g) + 114 * u32::from(*b);
        u8::try_from((sum + 500) / 1_000).unwrap_or(u8::MAX)
    };
    rgb.as_raw().as_chunks::<3>().0.iter().map(of).collect()
}

/// Means of `side * side` equal parts. A picture smaller than that repeats its samples.
fn shrink(luma: &[u8], (width, height): (u32, u32), side: u32) -> Vec<u8> {
    let edges = |length: u32| {
        (0..side).map(move |part| {
            let edge = |part: u32| u64::from(part) * u64::from(length) / u64::from(side);
            let from = usize::try_from(edge(part)).unwrap_or_default();
            from..usize::try_from(edge(part + 1)).unwrap_or_default().max(from + 1)
        })
    };
    let width_samples = usize::try_from(width).unwrap_or_default();
    let columns: Vec<_> = edges(width).collect();
    let mut means = Vec::with_capacity(columns.len() * columns.len());
    for rows in edges(height) {
        for columns in &columns {
            let lines = rows.clone().filter_map(|row| {
                let start = row.checked_mul(width_samples)?;
                luma.get(start + columns.start..start + columns.end)
            });
            let (sum, count) = lines.fold((0_u64, 0_u64), |(sum, count), line| {
                let of_line: u64 = line.iter().map(|sample| u64::from(*sample)).sum();
                (sum + of_line, count + u64::try_from(line.len()).unwrap_or_default())
            });
            means.push(u8::try_from((sum + count / 2) / count.max(1)).unwrap_or(u8::MAX));
        }
    }
    means
}

fn sigma(luma: &[u8]) -> f64 {
    let (mut sum, mut squares) = (0_u64, 0_u64);
    for sample in luma {
        sum += u64::from(*sample);
        squares += u64::from(*sample) * u64::from(*sample);
    }
    let count = many(luma.len().max(1));
    let mean = float(sum) / count;
    (float(squares) / count - mean * mean).max(0.0).sqrt()
}

fn colours(rgb: &RgbImage) -> u32 {
    const MOST: usize = 256;
    let mut seen = std::collections::HashSet::with_capacity(MOST);
    for pixel in rgb.as_raw().as_chunks::<3>().0 {
        seen.insert(*pixel);
        if seen.len() >= MOST {
            break;
        }
    }
    u32::try_from(seen.len()).unwrap_or(u32::MAX)
}
