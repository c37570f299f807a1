//! What a segment holds, found by parsing container and parameter sets in one pass.
//!
//! It must never decode, never allocate in proportion to its input, never panic, and never take more
//! than linear time, whatever the bytes are.

mod bits;
pub(crate) mod boxes;
pub(crate) mod entry;
pub(crate) mod fragments;
pub(crate) mod h264;
pub(crate) mod hevc;
pub(crate) mod mp4;
pub(crate) mod nal;
pub(crate) mod packets;
pub(crate) mod pictures;
pub(crate) mod psi;
pub(crate) mod rate;
pub(crate) mod recovery;
pub(crate) mod sequence;
pub(crate) mod tables;
mod ts;

#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use crate::Container;

/// What [`probe`] found. It describes only what was read, never what a header elsewhere claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Container the bytes really are in. It can differ from the one asked for: the extension is only a name.
    pub container: Container,
    /// The first video track with a known codec.
    pub video: Video,
    /// Codec of the first audio track that has data, if any.
    pub audio: Option<AudioCodec>,
    /// Video access units (coded pictures) in the file.
    pub frames: u32,
    /// Access units that decoding can start at: IDR pictures, recovery points, HEVC IRAP pictures, sync samples.
    pub key_frames: u32,
    /// Presentation time covered by the video, the last picture included where its length can be told.
    pub duration: Option<Duration>,
}

/// Properties of the video track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Video {
    /// Codec.
    pub codec: VideoCodec,
    /// Width in pixels after cropping; 0 where a codec's headers are not read (only possible for others than H.264 and HEVC).
    pub width: u32,
    /// Height in pixels after cropping; 0 as for `width`.
    pub height: u32,
    /// Chroma subsampling; `None` if unknown or monochrome.
    pub chroma: Option<Chroma>,
    /// Bits per luma sample.
    pub bit_depth: Option<u8>,
    /// Frames per second as numerator and denominator, from the bit stream's timing or, without it, from timestamps.
    pub frame_rate: Option<(u32, u32)>,
}

/// Codec of a video track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// AVC, H.264.
    H264,
    /// HEVC, H.265.
    Hevc,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// MPEG-1 or MPEG-2 video.
    Mpeg2,
    /// A video track in another codec.
    Other,
}

/// Codec of an audio track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// AAC in any framing.
    Aac,
    /// MPEG-1 or MPEG-2 audio, any layer.
    Mp3,
    /// AC-3.
    Ac3,
    /// Enhanced AC-3.
    Eac3,
    /// Opus.
    Opus,
    /// An audio track in another codec.
    Other,
}

/// Chroma subsampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// 4:2:0.
    C420,
    /// 4:2:2.
    C422,
    /// 4:4:4.
    C444,
}

/// Why a body is no segment that anyone could transcode. The texts are for the person who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// No bytes at all.
    #[error("the body is empty: send a whole MPEG-TS or MP4 segment")]
    Empty,
    /// Neither container's structure is there.
    #[error("the body is not media: neither MPEG-TS packets nor MP4 boxes were found in it")]
    NotMedia,
    /// Media, but without a video track.
    #[error("the segment has no video track: audio alone cannot be transcoded")]
    NoVideo,
    /// Pictures, but none that decoding can start at.
    #[error("the segment has no key frame: cut segments where a key frame starts")]
    NoKeyFrame,
    /// A video track is declared, but its parameter sets or its pictures are missing.
    #[error(
        "the segment has no decodable frame: a video track is declared, but its parameter sets or its pictures are missing"
    )]
    NoDecodableFrame,
}

/// Parses a whole segment. `container` is what the extension says; bytes that are clearly the other
/// container are read as that, since stock nodes let libav sniff.
///
/// One pass, no decoding, memory independent of the input; a few tens of microseconds per megabyte.
pub fn probe(bytes: &[u8], container: Container) -> Result<Probe, ProbeError> {
    read(bytes, container, Until::End)
}

/// The verdict of [`probe`] and the picture format it finds, from no more of a segment than they need:
/// a transport stream is left where its first key frame can be decoded, since nothing behind that
/// changes either. The frame rate is there only if the bit stream declares it.
pub fn outline(bytes: &[u8], container: Container) -> Result<Video, ProbeError> {
    read(bytes, container, Until::Decodable).map(|probe| probe.video)
}

/// How far to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    End,
    /// The first picture that decoding can start at, with its parameter sets.
    Decodable,
}

fn read(bytes: &[u8], container: Container, until: Until) -> Result<Probe, ProbeError> {
    if bytes.is_empty() {
        return Err(ProbeError::Empty);
    }
    let ts = packets::Packets::find;
    match container {
        Container::Mp4 if mp4::looks_like(bytes) => mp4::probe(bytes),
        _ => match ts(bytes) {
            Some(found) => ts::probe(found, until),
            None if mp4::looks_like(bytes) => mp4::probe(bytes),
            None => Err(ProbeError::NotMedia),
        },
    }
}
