//! F05: the codec and profile asked for, in 8-bit 4:2:0.

use waymark_media::{Chroma, H264Profile, VideoCodec};

use super::{Check, Evidence};

/// `profile_idc` of the profiles.
const BASELINE: u8 = 66;
const MAIN: u8 = 77;
const HIGH: u8 = 100;

/// Codec, profile and picture format. The level is the encoder's choice and not looked at.
pub(super) fn checks(evidence: &Evidence<'_>) -> Vec<Check> {
    let wanted = evidence.wanted;
    let Some(track) = evidence.video() else {
        return vec![Check::not_run("F05.codec", "no video")];
    };
    let codec = if track.codec == wanted.codec {
        Check::pass("F05.codec", "")
    } else {
        Check::fail("F05.codec", format!("{:?}, expected {:?}", track.codec, wanted.codec))
    };
    let codec = codec.value(format!("{:?}", track.codec)).threshold(format!("{:?}", wanted.codec));
    if track.codec != VideoCodec::H264 || wanted.codec != VideoCodec::H264 {
        return vec![codec];
    }
    let allowed = allowed(wanted.h264_profile);
    let found = track.profile.map(|(idc, _)| idc);
    let text = found.map_or_else(|| "none".to_owned(), |idc| idc.to_string());
    let profile = if found.is_some_and(|idc| allowed.contains(&idc)) {
        Check::pass("F05.profile", "")
    } else {
        Check::fail("F05.profile", format!("profile_idc {text}, expected {allowed:?}"))
    };
    let plain = track.chroma == Some(Chroma::C420) && track.bit_depth == Some(8);
    let found = format!("{:?}, {:?} bits", track.chroma, track.bit_depth);
    let format = if plain {
        Check::pass("F05.format", "")
    } else {
        Check::fail("F05.format", format!("{found}, expected 8-bit 4:2:0"))
    };
    vec![codec, profile.value(text), format.value(found)]
}

/// `profile_idc` values that fulfil a profile. Constrained high shows only as the absence of B pictures. Where none
/// is asked for, libx264 makes high and hardware encoders make main.
const fn allowed(profile: Option<H264Profile>) -> &'static [u8] {
    match profile {
        Some(H264Profile::Baseline) => &[BASELINE],
        Some(H264Profile::Main) => &[MAIN],
        Some(H264Profile::High | H264Profile::ConstrainedHigh) => &[HIGH],
        None => &[MAIN, HIGH],
    }
}
