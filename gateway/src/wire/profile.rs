//! Renditions as messages, and the short ids under which they are signed.

use std::borrow::Cow;

use alloy_primitives::{hex, keccak256};
use waymark_media::Container;
use waymark_proto::net::{self, video_profile as wire};

use crate::profile::{Chroma, Encoder, EncoderProfile, Gop, Profile};

/// Key-frame distance on the wire that makes every frame a key frame.
const INTRA: i32 = -1;

/// Id of a profile: the first four bytes of the Keccak-256 of its name.
pub fn profile_id(name: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = keccak256(name).0;
    [a, b, c, d]
}

/// The ids of all profiles as they are signed: lower-case hex text, eight characters each, in the
/// job's order (common/util.go:192-202).
pub fn profile_ids(profiles: &[Profile]) -> String {
    profiles.iter().map(|profile| hex::encode(profile_id(&wire_name(profile)))).collect()
}

/// A profile as a message (common/util.go:103-190). Without a container it is MPEG-TS.
pub fn video_profile(profile: &Profile) -> net::VideoProfile {
    let format = match profile.container.unwrap_or_default() {
        Container::MpegTs => wire::Format::Mpegts,
        Container::Mp4 => wire::Format::Mp4,
    };
    let encoder_profile = match profile.encoder_profile {
        EncoderProfile::None => wire::Profile::EncoderDefault,
        EncoderProfile::H264Baseline => wire::Profile::H264Baseline,
        EncoderProfile::H264Main => wire::Profile::H264Main,
        EncoderProfile::H264High => wire::Profile::H264High,
        EncoderProfile::H264ConstrainedHigh => wire::Profile::H264ConstrainedHigh,
    };
    let encoder = match profile.encoder {
        Encoder::H264 => wire::VideoCodec::H264,
        Encoder::Hevc => wire::VideoCodec::H265,
        Encoder::Vp8 => wire::VideoCodec::Vp8,
        Encoder::Vp9 => wire::VideoCodec::Vp9,
    };
    let chroma = match profile.chroma {
        Chroma::C420 => wire::ChromaSubsampling::Chroma420,
        Chroma::C422 => wire::ChromaSubsampling::Chroma422,
        Chroma::C444 => wire::ChromaSubsampling::Chroma444,
    };
    let gop = match profile.gop {
        Gop::Unset => 0,
        Gop::Intra => INTRA,
        Gop::Millis(millis) => i32::try_from(millis).unwrap_or(i32::MAX),
    };
    net::VideoProfile {
        name: wire_name(profile).into_owned(),
        width: profile.width,
        height: profile.height,
        bitrate: profile.bitrate,
        fps: profile.fps,
        format: format.into(),
        fps_den: profile.fps_den,
        profile: encoder_profile.into(),
        gop,
        encoder: encoder.into(),
        color_depth: profile.color_depth,
        chroma_format: chroma.into(),
        quality: profile.quality,
    }
}

/// The three lists of which a job fills exactly one: older peers know only the first.
#[derive(Debug, Default)]
pub(super) struct ProfileLists {
    /// MPEG-TS only, none of what the third list is for.
    pub(super) plain: Vec<net::VideoProfile>,
    /// At least one MP4.
    pub(super) with_container: Vec<net::VideoProfile>,
    /// At least one with a frame-rate denominator, an encoder profile or a key-frame distance.
    pub(super) full: Vec<net::VideoProfile>,
}

/// Chooses the list for all profiles of a job (core/streamdata.go:118-151).
pub(super) fn profile_lists(profiles: &[Profile]) -> ProfileLists {
    let messages = profiles.iter().map(video_profile).collect();
    let needs_full = profiles.iter().any(|profile| {
        profile.fps_den != 0
            || profile.encoder_profile != EncoderProfile::None
            || profile.gop != Gop::Unset
    });
    if needs_full {
        ProfileLists { full: messages, ..ProfileLists::default() }
    } else if profiles.iter().all(|p| p.container.unwrap_or_default() == Container::MpegTs) {
        ProfileLists { plain: messages, ..ProfileLists::default() }
    } else {
        ProfileLists { with_container: messages, ..ProfileLists::default() }
    }
}

/// The name that is sent, and therefore the one that is signed: the two must never differ, because
/// the orchestrator rebuilds the signed text from what it received.
fn wire_name(profile: &Profile) -> Cow<'_, str> {
    if profile.name.is_empty() {
        let Profile { width, height, bitrate, .. } = profile;
        Cow::Owned(format!("ffmpeg_{width}x{height}_{bitrate}"))
    } else {
        Cow::Borrowed(&profile.name)
    }
}
