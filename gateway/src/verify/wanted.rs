//! A profile in the terms that results are judged in.

use waymark_media::{
    Container, Gop, H264Profile, VideoCodec,
    scan::{CLOCK, Scan},
};
use waymark_verification::expect::Wanted;

use crate::profile::{self, Encoder, EncoderProfile, Profile};

/// What a profile asks for, of a source in this container.
pub fn of_profile(profile: &Profile, source: Container) -> Wanted {
    Wanted {
        codec: match profile.encoder {
            Encoder::H264 => VideoCodec::H264,
            Encoder::Hevc => VideoCodec::Hevc,
            Encoder::Vp8 => VideoCodec::Vp8,
            Encoder::Vp9 => VideoCodec::Vp9,
        },
        width: profile.width,
        height: profile.height,
        bitrate: u32::try_from(profile.bitrate).unwrap_or(0),
        fps: (profile.fps > 0).then(|| (profile.fps, profile.fps_den.max(1))),
        gop: match profile.gop {
            profile::Gop::Unset => Gop::Default,
            profile::Gop::Intra => Gop::Intra,
            profile::Gop::Millis(millis) => Gop::Seconds(f64::from(millis) / 1000.0),
        },
        container: profile.container.unwrap_or(source),
        h264_profile: match profile.encoder_profile {
            EncoderProfile::None => None,
            EncoderProfile::H264Baseline => Some(H264Profile::Baseline),
            EncoderProfile::H264Main => Some(H264Profile::Main),
            EncoderProfile::H264High => Some(H264Profile::High),
            EncoderProfile::H264ConstrainedHigh => Some(H264Profile::ConstrainedHigh),
        },
        quality: (profile.quality > 0).then_some(profile.quality),
    }
}

/// What a rendition seems to have been asked to be, where nobody says: its own size and codec, any
/// bit rate, and the source's times or the constant rate that its own are on.
pub fn of_rendition(source: &Scan, rendition: &Scan) -> Wanted {
    let track = rendition.video.first();
    let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
    let (width, height) = track.map_or((0, 0), |track| track.cropped);
    Wanted {
        codec: track.map_or(VideoCodec::H264, |track| track.codec),
        width: side(width),
        height: side(height),
        bitrate: 0,
        fps: rate(source, rendition),
        gop: Gop::Default,
        container: rendition.container,
        h264_profile: None,
        quality: None,
    }
}

/// `None` where the rendition has a picture for each of the source.
fn rate(source: &Scan, rendition: &Scan) -> Option<(u32, u32)> {
    let times = |scan: &Scan| {
        let units = scan.video.first().map(|track| track.units.as_slice()).unwrap_or_default();
        let mut times: Vec<i64> = units.iter().map(|unit| unit.pts).collect();
        times.sort_unstable();
        times
    };
    let (source, rendition) = (times(source), times(rendition));
    if source.len() == rendition.len() {
        return None;
    }
    let (first, last) = (rendition.first()?, rendition.last()?);
    let steps = u64::try_from(rendition.len()).ok()?.checked_sub(1)?;
    let span = last.abs_diff(*first);
    // Rates with two decimals tell 29.97 from 30.
    let hundredths = steps.checked_mul(u64::from(CLOCK) * 100)?.checked_add(span / 2)?;
    let hundredths = u32::try_from(hundredths.checked_div(span)?).ok()?;
    let whole = hundredths.is_multiple_of(100);
    Some(if whole { (hundredths / 100, 1) } else { rational(hundredths) })
}

/// The rates of television are over 1001.
fn rational(hundredths: u32) -> (u32, u32) {
    match hundredths {
        2397 | 2398 => (24_000, 1001),
        2997 => (30_000, 1001),
        5994 => (60_000, 1001),
        other => (other, 100),
    }
}
