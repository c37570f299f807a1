//! The fourteen presets (lpms `ffmpeg/videoprofile.go:108-139`).
//!
//! `P144p25fps16x9` is defined there without being selectable by name; here it is.

use super::{Chroma, Encoder, EncoderProfile, Gop, Profile, ProfileError};

/// Names of the presets, largest picture first.
pub const PRESET_NAMES: [&str; 14] = [
    "P720p60fps16x9",
    "P720p30fps16x9",
    "P720p25fps16x9",
    "P720p30fps4x3",
    "P576p30fps16x9",
    "P576p25fps16x9",
    "P360p30fps16x9",
    "P360p25fps16x9",
    "P360p30fps4x3",
    "P240p30fps16x9",
    "P240p25fps16x9",
    "P240p30fps4x3",
    "P144p30fps16x9",
    "P144p25fps16x9",
];

/// The preset with exactly this name.
pub(super) fn find(name: &str) -> Result<Profile, ProfileError> {
    let (width, height, kilobits, fps) = match name {
        "P720p60fps16x9" => (1280, 720, 6000, 60),
        "P720p30fps16x9" => (1280, 720, 4000, 30),
        "P720p25fps16x9" => (1280, 720, 3500, 25),
        "P720p30fps4x3" => (960, 720, 3500, 30),
        "P576p30fps16x9" => (1024, 576, 1500, 30),
        "P576p25fps16x9" => (1024, 576, 1500, 25),
        "P360p30fps16x9" => (640, 360, 1200, 30),
        "P360p25fps16x9" => (640, 360, 1000, 25),
        "P360p30fps4x3" => (480, 360, 1000, 30),
        "P240p30fps16x9" => (426, 240, 600, 30),
        "P240p25fps16x9" => (426, 240, 600, 25),
        "P240p30fps4x3" => (320, 240, 600, 30),
        "P144p30fps16x9" => (256, 144, 400, 30),
        "P144p25fps16x9" => (256, 144, 400, 25),
        _ => return Err(ProfileError::UnknownPreset { name: name.to_owned() }),
    };
    Ok(Profile {
        name: name.to_owned(),
        width,
        height,
        bitrate: kilobits * 1000,
        fps,
        fps_den: 0,
        container: None,
        encoder_profile: EncoderProfile::None,
        gop: Gop::Unset,
        encoder: Encoder::H264,
        color_depth: 0,
        chroma: Chroma::C420,
        quality: 0,
    })
}
