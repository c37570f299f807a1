//! What a job needs and what an orchestrator can do, as the protocol counts it.
//!
//! A capability is a bit. A job carries the set of bits it needs, an orchestrator advertises the set
//! it has, and [`compatible`] compares the two exactly as the orchestrator will compare them again
//! for every segment (core/capabilities.go:263-335, 445-511). An orchestrator does not check at
//! GetOrchestrator whether it can do the job, so the gateway must.
//!
//! Sets are never padded with empty words: a longer set is refused even if the rest is zero.

mod bitstring;
mod compatible;
mod job;

use std::fmt;

pub use bitstring::Bitstring;
pub use compatible::{Incompatible, compatible};
pub use job::{
    Input, JobCapabilities, JobNeeds, StreamStorage, UnsupportedInput, job_capabilities,
};

/// A capability that v0.9.1 knows, with its number on the wire (core/capabilities.go:51-92).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Capability {
    /// H.264, decoding and encoding.
    H264 = 0,
    /// Output in MPEG-TS.
    MpegTs = 1,
    /// Output in MP4.
    Mp4 = 2,
    /// Frame rates with a denominator.
    FractionalFramerates = 3,
    /// The gateway's store is another node.
    StorageDirect = 4,
    /// The gateway's store is S3 or speaks it.
    StorageS3 = 5,
    /// The gateway's store is Google's.
    StorageGcs = 6,
    /// H.264 Baseline.
    ProfileH264Baseline = 7,
    /// H.264 Main.
    ProfileH264Main = 8,
    /// H.264 High.
    ProfileH264High = 9,
    /// H.264 High without B-frames.
    ProfileH264ConstrainedHigh = 10,
    /// A key-frame distance of the job's choice.
    Gop = 11,
    /// Authorisation tokens.
    AuthToken = 12,
    /// No longer served by anyone.
    SceneClassification = 13,
    /// Perceptual hashes of renditions.
    Mpeg7VideoSignature = 14,
    /// HEVC input.
    HevcDecode = 15,
    /// HEVC output.
    HevcEncode = 16,
    /// VP8 input.
    Vp8Decode = 17,
    /// VP9 input.
    Vp9Decode = 18,
    /// VP8 output; no stock orchestrator advertises it.
    Vp8Encode = 19,
    /// VP9 output; no stock orchestrator advertises it.
    Vp9Encode = 20,
    /// H.264 input, 4:4:4, 8 bits.
    H264Decode444Bits8 = 21,
    /// H.264 input, 4:2:2, 8 bits.
    H264Decode422Bits8 = 22,
    /// H.264 input, 4:4:4, 10 bits.
    H264Decode444Bits10 = 23,
    /// H.264 input, 4:2:2, 10 bits.
    H264Decode422Bits10 = 24,
    /// H.264 input, 4:2:0, 10 bits.
    H264Decode420Bits10 = 25,
    /// Clips of a segment; every HTTP push asks for it.
    SegmentSlicing = 26,
    /// AI.
    TextToImage = 27,
    /// AI.
    ImageToImage = 28,
    /// AI.
    ImageToVideo = 29,
    /// AI.
    Upscale = 30,
    /// AI.
    AudioToText = 31,
    /// AI.
    SegmentAnything2 = 32,
    /// AI.
    Llm = 33,
    /// AI.
    ImageToText = 34,
    /// AI.
    LiveVideoToVideo = 35,
    /// AI.
    TextToSpeech = 36,
    /// The client's own container.
    Byoc = 37,
}

impl Capability {
    /// Every capability with the name that logs and the protocol's documentation use, by number.
    pub const ALL: [(Self, &'static str); 38] = [
        (Self::H264, "H264"),
        (Self::MpegTs, "MPEGTS"),
        (Self::Mp4, "MP4"),
        (Self::FractionalFramerates, "FractionalFramerates"),
        (Self::StorageDirect, "StorageDirect"),
        (Self::StorageS3, "StorageS3"),
        (Self::StorageGcs, "StorageGCS"),
        (Self::ProfileH264Baseline, "ProfileH264Baseline"),
        (Self::ProfileH264Main, "ProfileH264Main"),
        (Self::ProfileH264High, "ProfileH264High"),
        (Self::ProfileH264ConstrainedHigh, "ProfileH264ConstrainedHigh"),
        (Self::Gop, "GOP"),
        (Self::AuthToken, "AuthToken"),
        (Self::SceneClassification, "SceneClassification"),
        (Self::Mpeg7VideoSignature, "MPEG7VideoSignature"),
        (Self::HevcDecode, "HEVC_Decode"),
        (Self::HevcEncode, "HEVC_Encode"),
        (Self::Vp8Decode, "VP8_Decode"),
        (Self::Vp9Decode, "VP9_Decode"),
        (Self::Vp8Encode, "VP8_Encode"),
        (Self::Vp9Encode, "VP9_Encode"),
        (Self::H264Decode444Bits8, "H264_Decode_444_8bit"),
        (Self::H264Decode422Bits8, "H264_Decode_422_8bit"),
        (Self::H264Decode444Bits10, "H264_Decode_444_10bit"),
        (Self::H264Decode422Bits10, "H264_Decode_422_10bit"),
        (Self::H264Decode420Bits10, "H264_Decode_420_10bit"),
        (Self::SegmentSlicing, "SegmentSlicing"),
        (Self::TextToImage, "TextToImage"),
        (Self::ImageToImage, "ImageToImage"),
        (Self::ImageToVideo, "ImageToVideo"),
        (Self::Upscale, "Upscale"),
        (Self::AudioToText, "AudioToText"),
        (Self::SegmentAnything2, "SegmentAnything2"),
        (Self::Llm, "LLM"),
        (Self::ImageToText, "ImageToText"),
        (Self::LiveVideoToVideo, "LiveVideoToVideo"),
        (Self::TextToSpeech, "TextToSpeech"),
        (Self::Byoc, "BYOC"),
    ];

    /// Number on the wire: bit `id mod 64` of word `id div 64`.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// Name of the capability with this number, if this version knows it.
    pub fn name_of(id: u32) -> Option<&'static str> {
        let index = usize::try_from(id).ok()?;
        Self::ALL.get(index).map(|(_, name)| *name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::name_of(self.id()).unwrap_or("unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_from_0_to_37_without_a_gap() {
        for (expected, (capability, name)) in (0..).zip(Capability::ALL) {
            assert_eq!(capability.id(), expected);
            assert_eq!(capability.to_string(), name);
        }
        assert_eq!(Capability::Byoc.id(), 37);
        assert_eq!(Capability::name_of(38), None);
        assert_eq!(Capability::name_of(u32::MAX), None);
    }
}
