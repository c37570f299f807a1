//! One rendition in the making: scale, pace, encode, multiplex.

use std::rc::Rc;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use ffmpeg_next::{Packet, Rational};

use super::pacer::{Pacer, Shown};
use super::{Limits, Output, Speed, TranscodeError};
use crate::encode::{Settings, VideoEncoder};
use crate::mux::Muxer;
use crate::sizing::output_size;
use crate::source::Source;
use crate::{Gop, Target};

/// A rendition that takes pictures and audio packets of one source.
pub(super) struct Rendition {
    width: u32,
    height: u32,
    encoder: VideoEncoder,
    scaler: Option<Scaler>,
    scaling: scaling::Flags,
    pacer: Pacer,
    held: Option<Rc<Video>>,
    /// Seconds between key frames, and when the last one was.
    key_distance: Option<f64>,
    last_key: Option<i64>,
    muxer: Muxer,
    video: usize,
    audio: Option<usize>,
    frames: u32,
    max_frames: u32,
}

struct Scaler {
    context: scaling::Context,
    from: (Pixel, u32, u32),
}

impl Rendition {
    /// Opens the encoder for a source whose first picture is `first`.
    pub(super) fn open(
        target: &Target,
        source: &Source,
        first: &Video,
        limits: &Limits,
    ) -> Result<Self, TranscodeError> {
        let (width, height) =
            output_size((first.width(), first.height()), (target.width, target.height));
        let nominal = source.frame_rate.unwrap_or_else(|| Rational::new(30, 1));
        let (pacer, time_base, frame_rate) = match target.fps {
            None => (Pacer::source(), source.time_base, nominal),
            Some(fps) => {
                let rate = super::checked_rate(fps)?;
                (Pacer::constant(rate.invert()), rate.invert(), rate)
            }
        };
        let (gop, key_distance) = match target.gop {
            Gop::Default => (None, None),
            Gop::Intra => (Some(1), None),
            // Placed by time, so that it is right for pictures at any distance.
            Gop::Seconds(seconds) => (Some(1 << 20), Some(seconds)),
        };
        let encoder = VideoEncoder::open(&Settings {
            width,
            height,
            time_base,
            frame_rate,
            bitrate: target.bitrate,
            quality: target.quality,
            gop,
            scene_cuts: true,
            profile: target.h264_profile,
            speed: limits.speed,
            threads: limits.threads,
            container: target.container,
        })?;
        let mut muxer = Muxer::new(target.container)?;
        let video = muxer.add_encoder(encoder.context(), encoder.time_base)?;
        let audio = match &source.audio {
            Some(audio) => Some(muxer.add_copy(&audio.parameters, audio.time_base)?),
            None => None,
        };
        muxer.begin()?;
        let scaling = match limits.speed {
            Speed::Ultrafast => scaling::Flags::BILINEAR,
            Speed::Superfast | Speed::Veryfast => scaling::Flags::BICUBIC,
        };
        Ok(Self {
            width,
            height,
            encoder,
            scaler: None,
            scaling,
            pacer,
            held: None,
            key_distance,
            last_key: None,
            muxer,
            video,
            audio,
            frames: 0,
            max_frames: limits.max_frames,
        })
    }

    /// Takes the next decoded picture, at `pts` in `time_base`.
    pub(super) fn picture(
        &mut self,
        picture: &Rc<Video>,
        pts: i64,
        time_base: Rational,
    ) -> Result<(), TranscodeError> {
        let shown = self.pacer.arrive(pts, time_base);
        if self.pacer.holds() {
            let held = self.held.replace(Rc::clone(picture));
            if let Some(held) = held {
                self.show(&held, shown)?;
            }
        } else {
            self.show(picture, shown)?;
        }
        Ok(())
    }

    pub(super) fn audio(&mut self, packet: &Packet) -> Result<(), TranscodeError> {
        if let Some(stream) = self.audio {
            self.muxer.write(stream, packet.clone())?;
        }
        Ok(())
    }

    /// Ends the rendition; its last picture ends at `end` in `time_base`.
    pub(super) fn finish(
        mut self,
        end: i64,
        time_base: Rational,
    ) -> Result<Output, TranscodeError> {
        if let Some(held) = self.held.take() {
            let shown = self.pacer.finish(end, time_base, self.frames > 0);
            self.show(&held, shown)?;
        }
        self.encoder.end()?;
        self.write_packets()?;
        let pixels = i64::from(self.width) * i64::from(self.height) * i64::from(self.frames);
        Ok(Output {
            bytes: self.muxer.finish()?,
            width: self.width,
            height: self.height,
            frames: self.frames,
            pixels,
        })
    }

    /// Encodes a picture once for every tick at which it is shown.
    fn show(&mut self, picture: &Video, shown: Shown) -> Result<(), TranscodeError> {
        if shown.is_empty() {
            return Ok(());
        }
        let mut scaled = self.scale(picture)?;
        for pts in shown {
            if self.frames >= self.max_frames {
                let max = u64::from(self.max_frames);
                return Err(TranscodeError::TooLarge { what: "pictures", max });
            }
            let key = self.is_key(pts);
            self.encoder.send(&mut scaled, pts, key)?;
            self.frames += 1;
            self.write_packets()?;
        }
        Ok(())
    }

    fn is_key(&mut self, pts: i64) -> bool {
        let due = match (self.last_key, self.key_distance) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(last), Some(seconds)) => {
                let clock = self.encoder.time_base;
                #[allow(clippy::cast_precision_loss, reason = "ticks of minutes, not of millennia")]
                let elapsed = pts.saturating_sub(last) as f64 * f64::from(clock);
                // half a millisecond covers what rounding to the clock took away
                elapsed + 0.0005 >= seconds
            }
        };
        if due {
            self.last_key = Some(pts);
        }
        due
    }

    fn write_packets(&mut self) -> Result<(), TranscodeError> {
        while let Some(packet) = self.encoder.receive() {
            self.muxer.write(self.video, packet)?;
        }
        Ok(())
    }

    /// A picture of the rendition's size, in memory of its own because the encoder may keep it.
    fn scale(&mut self, picture: &Video) -> Result<Video, TranscodeError> {
        let from = (picture.format(), picture.width(), picture.height());
        let unsupported = || TranscodeError::UnsupportedPixelFormat {
            format: format!("{:?}", from.0).to_lowercase(),
        };
        let scaler = match &mut self.scaler {
            Some(scaler) if scaler.from == from => scaler,
            slot => {
                let context = scaling::Context::get(
                    from.0,
                    from.1,
                    from.2,
                    Pixel::YUV420P,
                    self.width,
                    self.height,
                    self.scaling,
                )
                .map_err(|_| unsupported())?;
                slot.insert(Scaler { context, from })
            }
        };
        let mut scaled = Video::empty();
        scaler.context.run(picture, &mut scaled).map_err(|_| unsupported())?;
        Ok(scaled)
    }
}
