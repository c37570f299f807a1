//! Pictures at another size, as transcoders make them, and their luma planes.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use super::Luma;
use super::decode::Shown;
use super::limits::PixelError;
use super::planes::{Layout, unsupported};
use crate::reel::Scaling;

/// Scales pictures to one size.
pub(super) struct Scaler {
    /// `None` keeps each picture's own.
    size: Option<(u32, u32)>,
    /// Whether full-range samples are mapped to the limited range.
    limited: bool,
    scaling: Scaling,
    /// The last one used, for the next picture like it.
    context: Option<(Like, scaling::Context)>,
}

/// What a scaling context is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Like {
    from: Pixel,
    own: (u32, u32),
    to: Pixel,
}

impl Scaler {
    pub(super) const fn new(size: Option<(u32, u32)>, limited: bool) -> Self {
        Self { size, limited, scaling: Scaling::Bicubic, context: None }
    }

    /// The same by another method than bicubically.
    pub(super) fn by(self, scaling: Scaling) -> Self {
        Self { scaling, ..self }
    }

    /// The luma plane alone.
    pub(super) fn luma(&mut self, picture: &mut Video, shown: Shown) -> Result<Luma, PixelError> {
        let layout = Layout::of(picture.format());
        let own = (picture.width(), picture.height());
        let (width, height) = self.size.unwrap_or(own);
        let mut samples = match layout {
            Some(layout) if layout.is_8_bit() && (width, height) == own => {
                rows(picture, layout).ok_or_else(|| unsupported(picture))?
            }
            _ => {
                let scaled = match layout.and_then(Layout::grey) {
                    // a plane is a picture in grey: chroma is neither read nor scaled
                    Some(grey) => {
                        let format = picture.format();
                        picture.set_format(grey);
                        let scaled = self.scaled(picture, Pixel::GRAY8);
                        picture.set_format(format);
                        scaled?
                    }
                    None => self.scaled(picture, Pixel::YUV420P)?,
                };
                samples_of(&scaled).ok_or_else(|| unsupported(picture))?
            }
        };
        if self.limited && shown.full_range {
            map(&mut samples, limited_luma);
        }
        Ok(Luma { pts: shown.pts, width, height, samples })
    }

    /// The whole picture in 8-bit 4:2:0, in memory of its own.
    pub(super) fn picture(&mut self, picture: &Video, shown: Shown) -> Result<Video, PixelError> {
        let mut scaled = self.scaled(picture, Pixel::YUV420P)?;
        if self.limited && shown.full_range {
            map(scaled.data_mut(0), limited_luma);
            map(scaled.data_mut(1), limited_chroma);
            map(scaled.data_mut(2), limited_chroma);
        }
        Ok(scaled)
    }

    fn scaled(&mut self, picture: &Video, to: Pixel) -> Result<Video, PixelError> {
        let (from, own) = (picture.format(), (picture.width(), picture.height()));
        let (width, height) = self.size.unwrap_or(own);
        let like = Like { from, own, to };
        if self.context.as_ref().is_none_or(|(last, _)| *last != like) {
            let flags = self.scaling.flags();
            let context = scaling::Context::get(from, own.0, own.1, to, width, height, flags)
                .map_err(|_| unsupported(picture))?;
            self.context = Some((like, context));
        }
        let mut scaled = Video::empty();
        if let Some((_, context)) = &mut self.context {
            context.run(picture, &mut scaled).map_err(|_| unsupported(picture))?;
        }
        Ok(scaled)
    }
}

fn samples_of(picture: &Video) -> Option<Vec<u8>> {
    rows(picture, Layout::of(picture.format())?)
}

/// The luma plane without padding.
fn rows(picture: &Video, layout: Layout) -> Option<Vec<u8>> {
    let plane = layout.luma(picture)?;
    let (width, height) = (plane.width as usize, plane.height as usize);
    let mut samples = Vec::with_capacity(width * height);
    for y in 0..height {
        samples.extend_from_slice(plane.row(y));
    }
    (samples.len() == width * height).then_some(samples)
}

fn map(samples: &mut [u8], to: impl Fn(u8) -> u8) {
    for sample in samples {
        *sample = to(*sample);
    }
}

/// Luma 0 to 255 as 16 to 235 (ITU-R BT.601).
fn limited_luma(sample: u8) -> u8 {
    u8::try_from(16 + (u32::from(sample) * 219 + 127) / 255).unwrap_or(235)
}

/// Chroma 0 to 255 around 128 as 16 to 240.
fn limited_chroma(sample: u8) -> u8 {
    // moved up by 128, so that all is positive: 128 + 224/255 (c - 128) + 1/2
    u8::try_from((u32::from(sample) * 448 + 255 * 257 - 448 * 128) / 510).unwrap_or(240)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_range_is_mapped_to_the_nearest_limited_step() {
        for sample in 0..=255u8 {
            let value = f64::from(sample);
            let luma = 16.0 + 219.0 / 255.0 * value;
            let chroma = 128.0 + 224.0 / 255.0 * (value - 128.0);
            assert!((f64::from(limited_luma(sample)) - luma).abs() <= 0.5, "{sample}");
            assert!((f64::from(limited_chroma(sample)) - chroma).abs() <= 0.5, "{sample}");
        }
    }
}
