//! What a rendition is asked to be, for those who make it and those who judge it.

use crate::Container;

/// One rendition asked for, as a wire profile states it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Target {
    /// Requested width in pixels; the source's aspect ratio decides the real one, see [`output_size`](crate::output_size).
    pub width: i32,
    /// Requested height in pixels, as for `width`.
    pub height: i32,
    /// Mean bits per second of the video.
    pub bitrate: u32,
    /// Constant frame rate as numerator and denominator; `None` keeps the source's pictures and timestamps.
    pub fps: Option<(u32, u32)>,
    /// Distance between key frames. The first picture is one in any case.
    pub gop: Gop,
    /// Container of the rendition.
    pub container: Container,
    /// H.264 profile; `None` leaves it to the encoder's preset.
    pub h264_profile: Option<H264Profile>,
    /// Constant rate factor, 0 (best) to 51, with `bitrate` then only a ceiling; `None` encodes to `bitrate`.
    pub quality: Option<u32>,
}

impl Target {
    /// A target of this size and bit rate in MPEG-TS with the source's frame rate and the default key frame distance.
    pub const fn new(width: i32, height: i32, bitrate: u32) -> Self {
        Self {
            width,
            height,
            bitrate,
            fps: None,
            gop: Gop::Default,
            container: Container::MpegTs,
            h264_profile: None,
            quality: None,
        }
    }
}

/// Distance between key frames.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Gop {
    /// The encoder's own choice: one key frame per segment of ordinary length.
    #[default]
    Default,
    /// At most this many seconds, more than 0.
    Seconds(f64),
    /// Every picture is a key frame.
    Intra,
}

/// H.264 profiles a wire profile can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum H264Profile {
    /// Baseline.
    Baseline,
    /// Main.
    Main,
    /// High.
    High,
    /// High without B pictures.
    ConstrainedHigh,
}
