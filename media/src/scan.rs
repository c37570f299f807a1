//! All that a finished file says about itself without being decoded: tracks, access units, times, sizes, hashes.
//!
//! Where [`probe`](crate::probe()) answers "can this be sent", a [`Scan`] is the evidence for "is this what was
//! asked for". It must never decode, never panic, take linear time, and use no more memory than a few dozen bytes
//! for each access unit and audio packet that really is in the file, of which there is a limit.

mod audio;
mod clock;
mod coded;
mod digest;
mod framing;
mod limits;
mod mp4;
mod shown;
mod stamps;
mod ts;

#[cfg(test)]
mod tests;

pub use limits::{Bounded, ScanError, ScanLimits};

use crate::probe::{mp4 as boxes, packets::Packets};
use crate::{AudioCodec, Chroma, Container, VideoCodec};

/// Ticks of a second in which all times of a [`Scan`] of an MPEG-TS file are given; MP4 tracks are converted to it.
pub const CLOCK: u32 = 90_000;

/// What one pass over a whole file found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Container the bytes really are in.
    pub container: Container,
    /// Video tracks, in the order of the file's tables. An honest rendition has one.
    pub video: Vec<VideoTrack>,
    /// Audio tracks that are declared, with or without packets.
    pub audio: Vec<AudioTrack>,
    /// Tracks that are neither, declared or with packets.
    pub others: u32,
    /// Bytes that belong to no packet, box or declared track.
    pub stray_bytes: u64,
}

/// The one video track of a rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTrack {
    /// Codec.
    pub codec: VideoCodec,
    /// `profile_idc` and the byte of constraint flags of the first sequence parameter set (H.264).
    pub profile: Option<(u8, u8)>,
    /// Width and height as coded, before cropping.
    pub coded: (u32, u32),
    /// Width and height after cropping.
    pub cropped: (u32, u32),
    /// Chroma subsampling.
    pub chroma: Option<Chroma>,
    /// Bits of a luma sample.
    pub bit_depth: Option<u8>,
    /// Samples use the full range 0 to 255 (`video_full_range_flag`).
    pub full_range: bool,
    /// A second sequence parameter set that describes another picture format follows later in the file.
    pub format_changes: bool,
    /// The first access unit can be decoded with what is before it: parameter sets in band, or in the MP4's sample entry.
    pub has_parameter_sets: bool,
    /// A recovery point message announces pictures that are right only some pictures later: a refresh that is spread over
    /// them.
    pub gradual: bool,
    /// How much of the file it takes to decode its instantaneous decoder refreshes.
    pub keys: KeyEnds,
    /// Coded pictures in the order of the file (decoding order).
    pub units: Vec<AccessUnit>,
    /// BLAKE3 of the elementary stream: the payload of all PES packets, or of all samples, in order.
    pub hash: [u8; 32],
}

/// Bytes of a file, from its start, that hold its instantaneous decoder refreshes and all it takes to decode them.
///
/// Known of transport streams; of others, and of those without any, it is the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEnds {
    /// The first of them.
    pub first: usize,
    /// All of them.
    pub last: usize,
}

impl KeyEnds {
    /// A whole file of so many bytes.
    pub const fn whole(bytes: usize) -> Self {
        Self { first: bytes, last: bytes }
    }
}

/// One coded picture (both fields, where there are two).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Presentation time, in ticks of [`CLOCK`], unwrapped: a 33-bit wrap inside the file does not show.
    pub pts: i64,
    /// Decoding time, as `pts`.
    pub dts: i64,
    /// Duration where the container states one (MP4), in ticks.
    pub duration: Option<u32>,
    /// Bytes of the access unit in the elementary stream.
    pub bytes: u32,
    /// Bytes among them that carry nothing: filler data units (type 12) and zero padding.
    pub filler: u32,
    /// What decoding can do with it.
    pub kind: UnitKind,
}

/// Whether decoding can start at a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// An instantaneous decoder refresh (H.264 IDR; HEVC IDR).
    Idr,
    /// An entry point that is none: HEVC CRA or BLA, a recovery point, an MP4 sync sample in a codec that is not read.
    /// Where a recovery point says that pictures are right only some frames later, it is the first that is.
    Entry,
    /// Any other picture.
    Other,
}

/// An audio track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTrack {
    /// Codec.
    pub codec: AudioCodec,
    /// Its frames as the demultiplexer of a stock node hands them on: one ADTS, MPEG or AC-3 frame, or one sample each.
    pub packets: Vec<AudioPacket>,
}

/// One frame of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioPacket {
    /// Presentation time in ticks of [`CLOCK`], unwrapped with the video's.
    pub pts: i64,
    /// Bytes.
    pub bytes: u32,
    /// The first 16 bytes of its BLAKE3 hash.
    pub hash: [u8; 16],
    /// The same of what an MP4 file holds of it: AAC without its ADTS header.
    pub bare: [u8; 16],
}

/// Reads a whole file. Which container it is in is told by its bytes alone.
///
/// One pass in time linear in the file; nothing is decoded. Files that are damaged, cut off or empty of tracks are
/// still described: an error means that there is nothing to describe, or more than `limits` allow.
pub fn scan(bytes: &[u8], limits: &ScanLimits) -> Result<Scan, ScanError> {
    scan_audio(bytes, limits, &mut |_, _| {})
}

/// As [`scan`], and hands on every audio packet's bytes with the number of its track, in the order they end in the
/// file.
pub fn scan_audio(
    bytes: &[u8],
    limits: &ScanLimits,
    each: &mut dyn FnMut(usize, &[u8]),
) -> Result<Scan, ScanError> {
    let len = bytes.len() as u64;
    if bytes.is_empty() {
        return Err(ScanError::Empty);
    }
    Bounded::Bytes.check(len, limits.bytes)?;
    if boxes::looks_like(bytes) {
        return mp4::scan(bytes, limits, each);
    }
    match Packets::find(bytes) {
        Some(packets) => ts::scan(packets, limits, each),
        None => Err(ScanError::NotMedia { bytes: len }),
    }
}
