//! Scales and paces a reel as transcoding nodes do.

use std::sync::Arc;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use super::{Reel, Scaling};
use crate::Target;
use crate::av::failed;
use crate::sizing::output_size;
use crate::tape::TapeError;
use crate::transcode::{Pacer, checked_rate};

impl Reel {
    /// Scaled to the size and paced to the rate that a node gives a rendition of `target`.
    pub fn fit(&self, target: &Target, scaling: Scaling) -> Result<Self, TapeError> {
        let (width, height) = output_size(self.size(), (target.width, target.height));
        let scaled = self.scale(width, height, scaling)?;
        let Some(fps) = target.fps else { return Ok(scaled) };
        let rate = checked_rate(fps)?;
        let mut pacer = Pacer::constant(rate.invert());
        let (mut pictures, mut times) = (Vec::new(), Vec::new());
        let mut held: Option<&Arc<Video>> = None;
        for (picture, time) in scaled.pictures.iter().zip(&scaled.times) {
            let shown = pacer.arrive(*time, self.clock);
            if let Some(held) = held.replace(picture) {
                for at in shown {
                    pictures.push(Arc::clone(held));
                    times.push(at);
                }
            }
        }
        if let Some(held) = held {
            // A single picture's length is a guess, and nodes do not use it.
            let end = if scaled.len() == 1 { scaled.times.first().copied() } else { None };
            let shown = pacer.finish(end.unwrap_or(self.end), self.clock, !times.is_empty());
            for at in shown {
                pictures.push(Arc::clone(held));
                times.push(at);
            }
        }
        let end = times.last().map_or(0, |last| last + 1);
        Self::checked(pictures, times, rate.invert(), rate, end)
    }

    /// Scaled to a size, in 8-bit 4:2:0.
    pub fn scale(&self, width: u32, height: u32, scaling: Scaling) -> Result<Self, TapeError> {
        let flags = scaling.flags();
        let mut scaler: Option<(scaling::Context, (Pixel, u32, u32))> = None;
        let mut pictures = Vec::with_capacity(self.len());
        for picture in &self.pictures {
            let from = (picture.format(), picture.width(), picture.height());
            let context = match &mut scaler {
                Some((context, of)) if *of == from => context,
                slot => {
                    let (format, w, h) = from;
                    let to = (Pixel::YUV420P, width, height);
                    let context = scaling::Context::get(format, w, h, to.0, to.1, to.2, flags)
                        .map_err(failed("scale pictures"))?;
                    &mut slot.insert((context, from)).0
                }
            };
            let mut scaled = Video::empty();
            context.run(picture, &mut scaled).map_err(failed("scale a picture"))?;
            pictures.push(Arc::new(scaled));
        }
        Ok(self.with(pictures, self.times.clone()))
    }
}
