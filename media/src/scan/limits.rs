//! What a scan refuses to read, so that no file makes it slow or large.

use std::fmt;

/// Most of each that [`scan`](super::scan()) reads of one file.
///
/// The defaults leave room for five minutes of video, the longest a stock node passes on, at 120 frames per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// Bytes of the file. 300 MB: five minutes at 8 Mbit/s, what a stock node downloads at most.
    pub bytes: u64,
    /// Coded pictures of all tracks together: 36,000.
    pub access_units: u32,
    /// Audio frames of all tracks together: 120,000, five minutes of Opus at its shortest frames of 2.5 ms.
    pub audio_packets: u32,
    /// Tracks of any kind: 32.
    pub tracks: u32,
    /// Width and height of a coded picture, in samples: 16,384.
    pub side: u32,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            bytes: 300_000_000,
            access_units: 36_000,
            audio_packets: 120_000,
            tracks: 32,
            side: 16_384,
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bounded {
    /// [`ScanLimits::bytes`].
    Bytes,
    /// [`ScanLimits::access_units`].
    AccessUnits,
    /// [`ScanLimits::audio_packets`].
    AudioPackets,
    /// [`ScanLimits::tracks`].
    Tracks,
    /// [`ScanLimits::side`].
    Side,
    /// Bytes of all samples of an MP4 file, which cannot be more than the file has unless samples overlap.
    SampleBytes,
}

impl Bounded {
    /// Refuses a `value` above its `limit`.
    pub(super) fn check(
        self,
        value: impl Into<u64>,
        limit: impl Into<u64>,
    ) -> Result<(), ScanError> {
        let (value, limit) = (value.into(), limit.into());
        if value <= limit {
            return Ok(());
        }
        Err(ScanError::Exceeded { what: self, value, limit })
    }
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::AccessUnits => "coded pictures",
            Self::AudioPackets => "audio packets",
            Self::Tracks => "tracks",
            Self::Side => "samples on one side of the picture",
            Self::SampleBytes => "bytes claimed by samples",
        })
    }
}

/// Why a file was not scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// No bytes at all.
    #[error("the file is empty: a whole MPEG-TS or MP4 file is needed")]
    Empty,
    /// Neither container's structure is there.
    #[error(
        "the file is not media: neither MPEG-TS packets nor MP4 boxes are in its {bytes} bytes"
    )]
    NotMedia {
        /// Length of the file.
        bytes: u64,
    },
    /// More than [`ScanLimits`] allow; reading stopped there, so the file may have still more.
    #[error("the file has {value} {what} or more, at most {limit} are read")]
    Exceeded {
        /// Of what.
        what: Bounded,
        /// How many there are at least.
        value: u64,
        /// How many are read.
        limit: u64,
    },
}
