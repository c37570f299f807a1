//! What a job needs of an orchestrator, from its input and the renditions it asks for
//! (core/capabilities.go:349-443).

use waymark_media::{Chroma, Video, VideoCodec};
use waymark_proto::net;

use super::{Bitstring, Capability};
use crate::profile::{Encoder, EncoderProfile, Gop, Profile};

/// Where the gateway keeps renditions, as far as orchestrators have to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StreamStorage {
    /// The gateway fetches renditions from the orchestrator; asks for nothing.
    #[default]
    Memory,
    /// Another node keeps them.
    Direct,
    /// The orchestrator uploads them to S3 or what speaks it.
    S3,
    /// The orchestrator uploads them to Google's store.
    Gcs,
}

/// What is known of the video that comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Codec; an unknown one counts as H.264.
    pub codec: Option<VideoCodec>,
    /// Chroma subsampling, if known.
    pub chroma: Option<Chroma>,
    /// Bits per sample, if known.
    pub bit_depth: Option<u8>,
}

impl From<&Video> for Input {
    fn from(video: &Video) -> Self {
        Self { codec: Some(video.codec), chroma: video.chroma, bit_depth: video.bit_depth }
    }
}

/// A job, as far as it decides what an orchestrator must be able to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobNeeds<'a> {
    /// The video that comes in.
    pub input: Input,
    /// The renditions asked for; one without a container is MPEG-TS.
    pub profiles: &'a [Profile],
    /// Whether the segments come by HTTP push: these may be clipped, so clipping is always asked for
    /// (server/mediaserver.go:791, 898). RTMP segments are not.
    pub push: bool,
    /// One in this many segments is compared between orchestrators by perceptual hash; 0 = none.
    pub verification_freq: u32,
    /// Where renditions are kept.
    pub storage: StreamStorage,
    /// Oldest orchestrator version accepted, if any.
    pub min_version: Option<&'a str>,
}

/// What a job needs of an orchestrator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobCapabilities {
    /// Capabilities.
    pub bitstring: Bitstring,
    /// Oldest version accepted, if any.
    pub min_version: Option<String>,
}

/// The input cannot be asked of any orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedInput {
    /// H.264 in a sample format that no orchestrator decodes.
    #[error(
        "the video has {bit_depth} bits per sample ({}), which no orchestrator decodes: send H.264 with 8 or 10 bits",
        chroma_name(*.chroma)
    )]
    PixelFormat {
        /// Chroma subsampling of the input.
        chroma: Chroma,
        /// Bits per sample of the input.
        bit_depth: u8,
    },
    /// A codec that no orchestrator takes.
    #[error("no orchestrator takes {} video: send H.264, HEVC, VP8 or VP9", codec_name(*.codec))]
    Codec {
        /// Codec of the input.
        codec: VideoCodec,
    },
}

/// The set of capabilities a job needs.
pub fn job_capabilities(job: &JobNeeds<'_>) -> Result<JobCapabilities, UnsupportedInput> {
    let mut set = Bitstring::new();
    set.insert(Capability::AuthToken);
    if job.verification_freq > 0 {
        set.insert(Capability::Mpeg7VideoSignature);
    }
    if job.push {
        set.insert(Capability::SegmentSlicing);
    }
    for capability in decoding(job.input)? {
        set.insert(capability);
    }
    for profile in job.profiles {
        for capability in encoding(profile) {
            set.insert(capability);
        }
    }
    match job.storage {
        StreamStorage::Memory => {}
        StreamStorage::Direct => set.insert(Capability::StorageDirect),
        StreamStorage::S3 => set.insert(Capability::StorageS3),
        StreamStorage::Gcs => set.insert(Capability::StorageGcs),
    }
    let min_version = job.min_version.filter(|version| !version.is_empty()).map(str::to_owned);
    Ok(JobCapabilities { bitstring: set, min_version })
}

impl JobCapabilities {
    /// The message as stock gateways send it: the set, and a constraints message that is there even
    /// when it is empty.
    pub fn to_wire(&self) -> net::Capabilities {
        net::Capabilities {
            bitstring: self.bitstring.words().to_vec(),
            constraints: Some(net::capabilities::Constraints {
                min_version: self.min_version.clone().unwrap_or_default(),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

fn decoding(input: Input) -> Result<impl Iterator<Item = Capability>, UnsupportedInput> {
    let codec = input.codec.unwrap_or(VideoCodec::H264);
    let capability = match codec {
        VideoCodec::H264 => Capability::H264,
        VideoCodec::Hevc => Capability::HevcDecode,
        VideoCodec::Vp8 => Capability::Vp8Decode,
        VideoCodec::Vp9 => Capability::Vp9Decode,
        _ => return Err(UnsupportedInput::Codec { codec }),
    };
    let sampling = match (codec, input.chroma, input.bit_depth) {
        (VideoCodec::H264, Some(chroma), Some(bit_depth)) => h264_sampling(chroma, bit_depth)?,
        _ => None,
    };
    Ok([Some(capability), sampling].into_iter().flatten())
}

/// Formats that stock nodes do not name, such as 9 bits, are left to the orchestrator's decoder.
fn h264_sampling(chroma: Chroma, bit_depth: u8) -> Result<Option<Capability>, UnsupportedInput> {
    Ok(match (chroma, bit_depth) {
        (_, 12 | 16) => return Err(UnsupportedInput::PixelFormat { chroma, bit_depth }),
        (Chroma::C444, 8) => Some(Capability::H264Decode444Bits8),
        (Chroma::C422, 8) => Some(Capability::H264Decode422Bits8),
        (Chroma::C444, 10) => Some(Capability::H264Decode444Bits10),
        (Chroma::C422, 10) => Some(Capability::H264Decode422Bits10),
        (Chroma::C420, 10) => Some(Capability::H264Decode420Bits10),
        _ => None,
    })
}

fn encoding(profile: &Profile) -> impl Iterator<Item = Capability> {
    let container = match profile.container.unwrap_or_default() {
        waymark_media::Container::MpegTs => Capability::MpegTs,
        waymark_media::Container::Mp4 => Capability::Mp4,
    };
    let codec = match profile.encoder {
        Encoder::H264 => Capability::H264,
        Encoder::Hevc => Capability::HevcEncode,
        Encoder::Vp8 => Capability::Vp8Encode,
        Encoder::Vp9 => Capability::Vp9Encode,
    };
    let encoder_profile = match profile.encoder_profile {
        EncoderProfile::None => None,
        EncoderProfile::H264Baseline => Some(Capability::ProfileH264Baseline),
        EncoderProfile::H264Main => Some(Capability::ProfileH264Main),
        EncoderProfile::H264High => Some(Capability::ProfileH264High),
        EncoderProfile::H264ConstrainedHigh => Some(Capability::ProfileH264ConstrainedHigh),
    };
    let fractional = (profile.fps_den > 0).then_some(Capability::FractionalFramerates);
    let gop = (profile.gop != Gop::Unset).then_some(Capability::Gop);
    [Some(container), Some(codec), encoder_profile, fractional, gop].into_iter().flatten()
}

fn chroma_name(chroma: Chroma) -> &'static str {
    match chroma {
        Chroma::C420 => "4:2:0",
        Chroma::C422 => "4:2:2",
        Chroma::C444 => "4:4:4",
    }
}

fn codec_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "H.264",
        VideoCodec::Hevc => "HEVC",
        VideoCodec::Vp8 => "VP8",
        VideoCodec::Vp9 => "VP9",
        VideoCodec::Av1 => "AV1",
        VideoCodec::Mpeg2 => "MPEG-2",
        VideoCodec::Other => "such",
    }
}

#[cfg(test)]
mod tests;
