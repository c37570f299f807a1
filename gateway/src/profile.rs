//! Renditions: what a gateway asks an orchestrator to make of a segment.
//!
//! A profile comes from one of three places: a preset name, a JSON object (webhook answer, the
//! `Livepeer-Transcode-Configuration` header, the file of `-transcodingOptions`), or `waymark.yaml`.
//! All of them end in [`Profile`], whose values are checked here once. Names become path elements
//! and part headers, so a list that passed [`check_list`] can be used in both without escaping.
//! Nothing here reads files or knows the wire format.

use std::fmt;

use waymark_media::Container;

mod error;
mod json;
mod preset;
#[cfg(test)]
mod tests;

pub use error::{ProfileError, ProfileErrors};
pub use json::{KeyStyle, from_value, list_from_str, list_from_value};
pub use preset::PRESET_NAMES;

/// Most renditions one job may ask for.
pub const MAX_PROFILES: usize = 16;
/// Longest rendition name, in bytes.
pub const MAX_NAME: usize = 64;
/// Largest side an orchestrator encodes in HEVC, in pixels (lpms `ffmpeg/ffmpeg.go:555-635`).
pub const MAX_SIDE_HEVC: i32 = 8192;
/// Largest side an orchestrator encodes in the other codecs, in pixels (same lines).
pub const MAX_SIDE: i32 = 4096;
/// Highest bitrate taken, in bits per second.
pub const MAX_BITRATE: i32 = 500_000_000;
/// Highest frame rate taken, in frames per second.
pub const MAX_FPS: u32 = 240;
/// Largest numerator or denominator of a frame rate.
pub const MAX_FPS_TERM: u32 = 1_000_000;
/// Highest constant-quality value (CRF).
pub const MAX_QUALITY: u32 = 63;
/// Longest distance between key frames, in milliseconds.
pub const MAX_GOP_MILLIS: u32 = 3_600_000;

/// One rendition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Name, `[A-Za-z0-9_.-]{1,64}`, unique within a job.
    pub name: String,
    /// Width in pixels; 0 lets the orchestrator follow the height alone.
    pub width: i32,
    /// Height in pixels; 0 lets the orchestrator follow the width alone.
    pub height: i32,
    /// Bits per second; 0 leaves it to the encoder.
    pub bitrate: i32,
    /// Frames per `fps_den` seconds; 0 keeps the timestamps of the source.
    pub fps: u32,
    /// Denominator of the frame rate; 0 means 1.
    pub fps_den: u32,
    /// Output container; `None` follows the container of the pushed segment.
    pub container: Option<Container>,
    /// H.264 profile.
    pub encoder_profile: EncoderProfile,
    /// Distance between key frames.
    pub gop: Gop,
    /// Codec.
    pub encoder: Encoder,
    /// Bits per colour sample minus 8: 0, 2, 4 or 8.
    pub color_depth: i32,
    /// Chroma subsampling.
    pub chroma: Chroma,
    /// Constant quality (CRF) 0 to 63; 0 is unset. With a bitrate, the bitrate is the cap.
    pub quality: u32,
}

impl Profile {
    /// The profile of a preset such as `P720p30fps16x9`; surrounding spaces are ignored.
    pub fn preset(name: &str) -> Result<Self, ProfileError> {
        preset::find(name.trim())
    }

    /// The preset this profile is equal to in every field, if there is one.
    pub fn preset_name(&self) -> Option<&'static str> {
        PRESET_NAMES
            .iter()
            .find(|name| preset::find(name).is_ok_and(|preset| preset == *self))
            .copied()
    }

    /// Checks every value by itself; uniqueness is [`check_list`]'s.
    pub fn check(&self) -> Result<(), ProfileError> {
        check_name(&self.name)?;
        let side = if self.encoder == Encoder::Hevc { MAX_SIDE_HEVC } else { MAX_SIDE };
        in_range("width", i64::from(self.width), 0, i64::from(side))?;
        in_range("height", i64::from(self.height), 0, i64::from(side))?;
        if self.width == 0 && self.height == 0 {
            return Err(ProfileError::NoSize);
        }
        in_range("bitrate", i64::from(self.bitrate), 0, i64::from(MAX_BITRATE))?;
        in_range("fps", i64::from(self.fps), 0, i64::from(MAX_FPS_TERM))?;
        in_range("fpsDen", i64::from(self.fps_den), 0, i64::from(MAX_FPS_TERM))?;
        let den = u64::from(self.fps_den.max(1));
        if u64::from(self.fps) > u64::from(MAX_FPS) * den {
            return Err(ProfileError::FrameRate { fps: self.fps, den: self.fps_den.max(1) });
        }
        if !matches!(self.color_depth, 0 | 2 | 4 | 8) {
            return Err(ProfileError::ColorDepth { value: i64::from(self.color_depth) });
        }
        if let Gop::Millis(millis) = self.gop
            && !(1..=MAX_GOP_MILLIS).contains(&millis)
        {
            return Err(ProfileError::Gop { value: format!("{millis}ms") });
        }
        in_range("quality", i64::from(self.quality), 0, i64::from(MAX_QUALITY))
    }
}

/// What a job is transcoded to when nothing else is said: `P240p30fps16x9,P360p30fps16x9`
/// (go-livepeer `cmd/livepeer/starter/starter.go:225`).
pub fn default_profiles() -> Vec<Profile> {
    preset_list(["P240p30fps16x9", "P360p30fps16x9"])
        .expect("both names are in the table of presets, which a test checks")
}

/// Presets by name; every unknown name is reported.
pub fn preset_list<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Profile>, ProfileErrors> {
    let mut errors = ProfileErrors::default();
    let mut profiles = Vec::new();
    for (index, name) in names.into_iter().enumerate().take(MAX_PROFILES + 1) {
        match Profile::preset(name) {
            Ok(profile) => profiles.push(profile),
            Err(error) => errors.push(index, name.trim(), error),
        }
    }
    errors.or(profiles)
}

/// Checks each profile of a job, that there are no more than [`MAX_PROFILES`], and that no two
/// share a name. An empty list is fine: it means "do not transcode".
pub fn check_list(profiles: &[Profile]) -> Result<(), ProfileErrors> {
    let mut errors = ProfileErrors::default();
    if profiles.len() > MAX_PROFILES {
        errors.whole(ProfileError::TooMany { count: profiles.len() });
        return Err(errors);
    }
    for (index, profile) in profiles.iter().enumerate() {
        if let Err(error) = profile.check() {
            errors.push(index, &profile.name, error);
        } else if profiles.iter().take(index).any(|earlier| earlier.name == profile.name) {
            let error = ProfileError::DuplicateName { name: profile.name.clone() };
            errors.push(index, &profile.name, error);
        }
    }
    errors.or(())
}

/// Checks that a rendition name can be a path element, a playlist name and a part header.
pub fn check_name(name: &str) -> Result<(), ProfileError> {
    let fits = (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && name.bytes().any(|b| b != b'.');
    if !fits {
        Err(ProfileError::BadName { name: name.to_owned() })
    } else if name == "source" {
        Err(ProfileError::SourceName)
    } else if name.ends_with("live") {
        Err(ProfileError::LiveName { name: name.to_owned() })
    } else {
        Ok(())
    }
}

fn in_range(key: &'static str, value: i64, min: i64, max: i64) -> Result<(), ProfileError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ProfileError::OutOfRange { key, value, min, max })
    }
}

/// H.264 profile asked of the encoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum EncoderProfile {
    /// The encoder chooses.
    #[default]
    None,
    /// Baseline.
    H264Baseline,
    /// Main.
    H264Main,
    /// High.
    H264High,
    /// Constrained high: no B frames.
    H264ConstrainedHigh,
}

impl EncoderProfile {
    /// Every value with the name that JSON uses.
    pub const ALL: [Self; 5] =
        [Self::None, Self::H264Baseline, Self::H264Main, Self::H264High, Self::H264ConstrainedHigh];

    /// Name in JSON profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::H264Baseline => "H264Baseline",
            Self::H264Main => "H264Main",
            Self::H264High => "H264High",
            Self::H264ConstrainedHigh => "H264ConstrainedHigh",
        }
    }
}

/// Distance between key frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Gop {
    /// The encoder chooses.
    #[default]
    Unset,
    /// Every frame is a key frame.
    Intra,
    /// This many milliseconds, 1 to [`MAX_GOP_MILLIS`].
    Millis(u32),
}

/// Video codec of a rendition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Encoder {
    /// H.264.
    #[default]
    H264,
    /// H.265.
    Hevc,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
}

impl Encoder {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::H264, Self::Hevc, Self::Vp8, Self::Vp9];

    /// Name in JSON profiles; compared exactly.
    pub const fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
        }
    }
}

/// Chroma subsampling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// 4:2:0.
    #[default]
    C420,
    /// 4:2:2.
    C422,
    /// 4:4:4.
    C444,
}

impl Chroma {
    /// Number in JSON profiles and on the wire: 0, 1 or 2.
    pub const fn number(self) -> i32 {
        match self {
            Self::C420 => 0,
            Self::C422 => 1,
            Self::C444 => 2,
        }
    }

    /// Inverse of [`Chroma::number`].
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::C420),
            1 => Some(Self::C422),
            2 => Some(Self::C444),
            _ => None,
        }
    }
}

impl fmt::Display for Gop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("none"),
            Self::Intra => f.write_str("intra"),
            Self::Millis(millis) => write!(f, "{millis}ms"),
        }
    }
}
