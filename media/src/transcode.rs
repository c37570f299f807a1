//! One segment in, one rendition per target out: what a transcoding node does, for tests, demos and
//! reference checks.
//!
//! One decode feeds all encoders, all input and output is in memory, and the call blocks: run it on a
//! thread of its own. It must never let a claim of the input (sizes, rates, durations) decide how much
//! it allocates or how long it runs beyond [`Limits`].

mod job;
mod pacer;
mod rendition;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use ffmpeg_next::Rational;

use self::job::Job;
pub(crate) use self::pacer::Pacer;
use crate::source::{Event, Source};
use crate::{Gop, Target};

/// Encoder effort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Speed {
    /// libx264 `ultrafast`: for load runs.
    #[default]
    Ultrafast,
    /// libx264 `superfast`: B pictures and entropy coding as real nodes produce.
    Superfast,
    /// libx264 `veryfast`.
    Veryfast,
}

/// Bounds of one [`transcode`] call.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Threads of the decoder and of each encoder; at least 1.
    pub threads: u32,
    /// Encoder effort.
    pub speed: Speed,
    /// Largest input in bytes.
    pub max_bytes: usize,
    /// Most pictures decoded, and most encoded per rendition.
    pub max_frames: u32,
    /// Largest source picture, width times height.
    pub max_pixels: u64,
    /// Longest span of presentation time.
    pub max_duration: Duration,
    /// Most renditions of one call.
    pub max_targets: usize,
    /// Set from another thread to give up at the next picture.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 1,
            speed: Speed::default(),
            max_bytes: 300_000_000,
            max_frames: 40_000,
            max_pixels: 4096 * 4096,
            max_duration: Duration::from_mins(5),
            max_targets: 32,
            cancel: None,
        }
    }
}

/// A finished rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The whole file.
    pub bytes: Bytes,
    /// Real width in pixels.
    pub width: u32,
    /// Real height in pixels.
    pub height: u32,
    /// Pictures encoded.
    pub frames: u32,
    /// Pixels encoded, width times height times frames: what a node bills.
    pub pixels: i64,
}

/// Why there are no renditions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranscodeError {
    /// Empty, not media, no video, or no picture that could be decoded.
    #[error("the input has no decodable video")]
    InvalidVideo,
    /// The video's codec has no decoder here.
    #[error("no decoder for video codec {codec}")]
    UnsupportedCodec {
        /// libav's name of the codec.
        codec: String,
    },
    /// The decoded pictures are in a format that cannot be scaled.
    #[error("pictures in pixel format {format} cannot be converted")]
    UnsupportedPixelFormat {
        /// libav's name of the format.
        format: String,
    },
    /// More renditions than the limits allow.
    #[error("{count} renditions asked, at most {max} are accepted")]
    TooManyTargets {
        /// How many were asked.
        count: usize,
        /// How many are accepted.
        max: usize,
    },
    /// A frame rate that is zero or absurd.
    #[error("frame rate {num}/{den} is not accepted: it must be above 0 and at most 240")]
    InvalidFrameRate {
        /// Numerator.
        num: u32,
        /// Denominator.
        den: u32,
    },
    /// A key frame distance that is not a positive number of seconds.
    #[error("key frame distance of {seconds} s is not accepted: it must be above 0")]
    InvalidGop {
        /// What was asked.
        seconds: f64,
    },
    /// The input exceeds a limit.
    #[error("the input has more {what} than the limit of {max}")]
    TooLarge {
        /// What is too much: bytes, pixels or pictures.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// The input spans more presentation time than the limit.
    #[error("the input is longer than the limit of {max:?}")]
    TooLong {
        /// The limit.
        max: Duration,
    },
    /// The caller gave up.
    #[error("cancelled")]
    Cancelled,
    /// This build of libav lacks a part.
    #[error("libav has no {what}")]
    Missing {
        /// The encoder or muxer that is missing.
        what: &'static str,
    },
    /// libav refused.
    #[error("libav could not {action}")]
    Libav {
        /// What it was asked to do.
        action: &'static str,
        /// Its answer.
        #[source]
        source: ffmpeg_next::Error,
    },
}

impl TranscodeError {
    /// The text a stock node puts in its result for this error (go-livepeer v0.9.1, lpms `ffmpeg/ffmpeg_errors.go:13-76`).
    pub fn stock_text(&self) -> &'static str {
        match self {
            Self::InvalidVideo => "TranscoderInvalidVideo",
            Self::UnsupportedCodec { .. } => "Unsupported input codec",
            Self::UnsupportedPixelFormat { .. } => "Unsupported input pixel format",
            Self::TooManyTargets { .. } => "Too many outputs",
            Self::InvalidGop { .. } => "TranscoderInvalidGOP",
            Self::TooLarge { .. } => "Encoded frames runaway",
            Self::TooLong { .. } => "TranscoderInvalidDuration",
            Self::Cancelled => "TranscoderStopped",
            Self::Missing { .. } => "Encoder not found",
            Self::InvalidFrameRate { .. } | Self::Libav { .. } => "Invalid argument",
        }
    }
}

/// Transcodes a whole segment to every target, in order. H.264 by libx264; the first picture of each
/// rendition is a key frame, presentation times are the source's, audio is copied. Blocks.
pub fn transcode(
    input: &[u8],
    targets: &[Target],
    limits: &Limits,
) -> Result<Vec<Output>, TranscodeError> {
    check(input, targets, limits)?;
    let mut source = Source::open(Bytes::copy_from_slice(input), limits.threads)?;
    let mut job = Job::new(limits, source.time_base);
    while let Some(event) = source.next() {
        match event {
            Event::Picture(picture) => job.picture(picture, targets, &source)?,
            Event::AudioPacket(packet) => job.audio(packet)?,
        }
    }
    job.finish()
}

/// Refuses what no input can make right, before anything is opened.
fn check(input: &[u8], targets: &[Target], limits: &Limits) -> Result<(), TranscodeError> {
    if input.is_empty() {
        return Err(TranscodeError::InvalidVideo);
    }
    if input.len() > limits.max_bytes {
        return Err(TranscodeError::TooLarge { what: "bytes", max: limits.max_bytes as u64 });
    }
    if targets.len() > limits.max_targets {
        return Err(TranscodeError::TooManyTargets {
            count: targets.len(),
            max: limits.max_targets,
        });
    }
    for target in targets {
        if let Some(fps) = target.fps {
            checked_rate(fps)?;
        }
        if let Gop::Seconds(seconds) = target.gop
            && !(seconds.is_finite() && seconds > 0.0)
        {
            return Err(TranscodeError::InvalidGop { seconds });
        }
    }
    Ok(())
}

/// A frame rate above 0 and at most 240.
pub(crate) fn checked_rate((num, den): (u32, u32)) -> Result<Rational, TranscodeError> {
    let invalid = TranscodeError::InvalidFrameRate { num, den };
    match (i32::try_from(num), i32::try_from(den)) {
        (Ok(n), Ok(d)) if n > 0 && d > 0 && num / den <= 240 => Ok(Rational::new(n, d)),
        _ => Err(invalid),
    }
}
