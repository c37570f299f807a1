//! Encodes a reel as nodes do, or as they must not.

use ffmpeg_next::{Rational, Rescale};

use super::Reel;
use crate::encode::{Settings, VideoEncoder};
use crate::tape::{Tape, TapeError};
use crate::transcode::Speed;
use crate::{Container, Gop, H264Profile, Target};

/// How a reel is encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoding<'a> {
    /// libav's name of the encoder.
    pub codec: &'a str,
    /// Mean bits per second, and the ceiling of a second.
    pub bitrate: u32,
    /// Constant rate factor, 0 to 51, in place of the mean.
    pub quality: Option<u32>,
    /// Distance between key frames; the first picture is one in any case.
    pub gop: Gop,
    /// H.264 profile; `None` leaves it to the encoder.
    pub profile: Option<H264Profile>,
    /// Encoder effort.
    pub speed: Speed,
    /// Further options of the encoder, which win over those above.
    pub further: &'a [(&'a str, &'a str)],
    /// Container that the track is for.
    pub container: Container,
}

impl<'a> Encoding<'a> {
    /// What a node uses for a rendition of `target`.
    pub const fn of(target: &Target, speed: Speed) -> Self {
        Self {
            codec: "libx264",
            bitrate: target.bitrate,
            quality: target.quality,
            gop: target.gop,
            profile: target.h264_profile,
            speed,
            further: &[],
            container: target.container,
        }
    }

    /// H.264 of the best quality within reason, for sources.
    pub const fn source(bitrate: u32) -> Self {
        Self {
            codec: "libx264",
            bitrate,
            quality: Some(20),
            gop: Gop::Default,
            profile: None,
            speed: Speed::Superfast,
            further: &[],
            container: Container::MpegTs,
        }
    }

    /// The same with further options of the encoder.
    #[must_use]
    pub const fn with(self, further: &'a [(&'a str, &'a str)]) -> Self {
        Self { further, ..self }
    }
}

impl Reel {
    /// Encodes all pictures into a track of its own.
    pub fn encode(&self, encoding: &Encoding<'_>) -> Result<Tape, TapeError> {
        let (width, height) = self.size();
        let (gop, distance) = match encoding.gop {
            Gop::Default => (None, None),
            Gop::Intra => (Some(1), None),
            Gop::Seconds(seconds) => (Some(1 << 20), Some(seconds)),
        };
        let settings = Settings {
            width,
            height,
            time_base: self.clock,
            frame_rate: self.rate,
            bitrate: encoding.bitrate,
            quality: encoding.quality,
            gop,
            scene_cuts: true,
            profile: encoding.profile,
            speed: encoding.speed,
            threads: 1,
            container: encoding.container,
        };
        let mut encoder = VideoEncoder::open_with(&settings, encoding.codec, encoding.further)?;
        let mut packets = Vec::with_capacity(self.len());
        let mut last_key = None;
        for (picture, time) in self.pictures.iter().zip(&self.times) {
            let key = is_due(*time, last_key, distance, self.clock);
            if key {
                last_key = Some(*time);
            }
            // A copy, as the encoder may keep what it is given.
            encoder.send(&mut (**picture).clone(), *time, key)?;
            packets.extend(std::iter::from_fn(|| encoder.receive()));
        }
        encoder.end()?;
        packets.extend(std::iter::from_fn(|| encoder.receive()));
        Ok(Tape::of_encoder(encoder.context(), self.clock, packets))
    }
}

/// Whether a key frame is due at `time`: the first, and then by time.
fn is_due(time: i64, last: Option<i64>, distance: Option<f64>, clock: Rational) -> bool {
    let Some(last) = last else { return true };
    let Some(seconds) = distance else { return false };
    let micros = time.saturating_sub(last).rescale(clock, Rational::new(1, 1_000_000));
    #[allow(clippy::cast_precision_loss, reason = "minutes of microseconds")]
    let elapsed = micros as f64 / 1e6;
    // half a millisecond covers what rounding to the clock took away
    elapsed + 0.0005 >= seconds
}
