//! What decoding may cost, and the errors that say which bound an input ran into.
//!
//! Everything that an input claims (streams, sizes, counts) is held against a limit before memory or time is spent
//! on it. A process limit around the caller is still needed: these bounds cover what this crate asks of libav,
//! not what libav does inside one call.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use crate::Container;
use crate::av::Fault;

/// Bounds of one decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelLimits {
    /// Largest file in bytes.
    pub bytes: usize,
    /// Most streams in it, of any kind.
    pub streams: u32,
    /// Largest picture, coded width times coded height.
    pub pixels: u64,
    /// Most coded pictures read.
    pub units: u32,
    /// Most pictures decoded.
    pub frames: u32,
    /// Most key frames decoded by [`key_grids`](super::key_grids), spread over the file, the first among them.
    pub key_frames: u32,
    /// Longest time for the whole call.
    pub time: Duration,
    /// Most bytes for coded pictures, the decoder's own pictures and what is handed back.
    pub memory: u64,
}

impl Default for PixelLimits {
    fn default() -> Self {
        Self {
            bytes: 300_000_000,
            streams: 16,
            pixels: 4096 * 4096,
            units: 40_000,
            frames: 40_000,
            key_frames: 4,
            time: Duration::from_secs(30),
            memory: 1 << 30,
        }
    }
}

/// What a limit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cap {
    /// Bytes of the file.
    Bytes,
    /// Streams in it.
    Streams,
    /// Coded width times coded height.
    Pixels,
    /// Coded pictures.
    Units,
    /// Decoded pictures.
    Frames,
    /// Milliseconds.
    Time,
    /// Bytes of memory.
    Memory,
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes in the file",
            Self::Streams => "streams in the file",
            Self::Pixels => "coded pixels in a picture",
            Self::Units => "coded pictures",
            Self::Frames => "decoded pictures",
            Self::Time => "milliseconds spent",
            Self::Memory => "bytes of memory needed",
        })
    }
}

/// Why there are no pictures to compare.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PixelError {
    /// A limit was reached.
    #[error("{value} {cap}, at most {limit} are accepted")]
    Limit {
        /// What there was too much of.
        cap: Cap,
        /// How much there was when the limit was noticed.
        value: u64,
        /// What is accepted.
        limit: u64,
    },
    /// The bytes are not what the container's name says.
    #[error("the file cannot be read as {container}")]
    Unreadable {
        /// The container it was read as.
        container: Container,
        /// libav's answer.
        #[source]
        source: ffmpeg_next::Error,
    },
    /// No video stream, or one without packets.
    #[error("the {container} file has no video")]
    NoVideo {
        /// The container it was read as.
        container: Container,
    },
    /// A codec that is not decoded here.
    #[error("video codec {codec} is not decoded: accepted are h264, hevc, av1 and vp9")]
    Codec {
        /// libav's name of the codec.
        codec: String,
    },
    /// A pixel format that cannot be converted.
    #[error("pictures in pixel format {format} cannot be converted")]
    Format {
        /// libav's name of the format.
        format: String,
    },
    /// No picture came out of the decoder.
    #[error("none of {units} coded pictures could be decoded ({errors} decoder errors)")]
    NoPicture {
        /// Coded pictures in the file.
        units: u32,
        /// Errors the decoder reported.
        errors: u32,
    },
    /// Key frames are asked of a file that has none.
    #[error("none of {units} coded pictures is a key frame that decoding can start at")]
    NoKeyFrame {
        /// Coded pictures in the file.
        units: u32,
    },
    /// A lattice without blocks.
    #[error("a lattice of {columns}x{rows} blocks has none: both must be above 0")]
    Lattice {
        /// Blocks across.
        columns: u8,
        /// Blocks down.
        rows: u8,
    },
    /// A size no picture can have.
    #[error("pictures cannot be scaled to {width}x{height}: both must be 1 to 16384")]
    Size {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// libav lacks a part or refused.
    #[error("libav could not {action}")]
    Libav {
        /// What it was asked to do.
        action: &'static str,
        /// Its answer, unless a part is missing from this build.
        #[source]
        source: Option<ffmpeg_next::Error>,
    },
}

impl From<Fault> for PixelError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(what) => Self::Libav { action: what, source: None },
            Fault::Failed { action, source } => Self::Libav { action, source: Some(source) },
        }
    }
}

/// The limits of one call, and what is spent of them.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    pub(super) limits: &'a PixelLimits,
    clock: Clock,
    memory: Cell<u64>,
}

#[allow(
    clippy::disallowed_types,
    reason = "times work of this thread, which no test's clock pauses"
)]
type Instant = std::time::Instant;

/// A deadline that can be handed to what outlives the borrow of the limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    allowed: Duration,
}

impl Clock {
    fn start(allowed: Duration) -> Self {
        Self { start: Instant::now(), allowed }
    }

    pub(super) fn is_over(&self) -> bool {
        self.start.elapsed() > self.allowed
    }
}

impl<'a> Budget<'a> {
    /// Starts the clock; refuses a file that is too large.
    pub(super) fn open(limits: &'a PixelLimits, file: &[u8]) -> Result<Self, PixelError> {
        exceeds(Cap::Bytes, file.len() as u64, limits.bytes as u64)?;
        Ok(Self { limits, clock: Clock::start(limits.time), memory: Cell::new(0) })
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether there is time left.
    pub(super) fn check_time(&self) -> Result<(), PixelError> {
        if !self.clock.is_over() {
            return Ok(());
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (value, limit) = (millis(self.clock.start.elapsed()), millis(self.limits.time));
        Err(PixelError::Limit { cap: Cap::Time, value, limit })
    }

    /// Counts memory that is about to be used.
    pub(super) fn take(&self, bytes: u64) -> Result<(), PixelError> {
        let memory = self.memory.get().saturating_add(bytes);
        self.memory.set(memory);
        exceeds(Cap::Memory, memory, self.limits.memory)
    }

    /// Whether a picture of this size may be decoded.
    pub(super) fn check_size(&self, width: u32, height: u32) -> Result<(), PixelError> {
        self.check_pixels(u64::from(width) * u64::from(height))
    }

    pub(super) fn check_pixels(&self, pixels: u64) -> Result<(), PixelError> {
        exceeds(Cap::Pixels, pixels, self.limits.pixels)
    }

    pub(super) fn check_streams(&self, streams: u32) -> Result<(), PixelError> {
        exceeds(Cap::Streams, u64::from(streams), u64::from(self.limits.streams))
    }

    pub(super) fn check_units(&self, units: usize) -> Result<(), PixelError> {
        exceeds(Cap::Units, units as u64, u64::from(self.limits.units))
    }

    pub(super) fn check_frames(&self, frames: u32) -> Result<(), PixelError> {
        exceeds(Cap::Frames, u64::from(frames), u64::from(self.limits.frames))
    }
}

fn exceeds(cap: Cap, value: u64, limit: u64) -> Result<(), PixelError> {
    if value > limit { Err(PixelError::Limit { cap, value, limit }) } else { Ok(()) }
}
