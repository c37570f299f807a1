//! What a job asked for, in the terms that results are judged in.

use waymark_media::{Container, Gop, H264Profile, Target, VideoCodec};

/// One rendition as the job asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Codec of the video.
    pub codec: VideoCodec,
    /// Requested width in pixels; 0 or less follows the height.
    pub width: i32,
    /// Requested height in pixels; 0 or less follows the width.
    pub height: i32,
    /// Bits per second of the video; 0 leaves it to the encoder.
    pub bitrate: u32,
    /// Constant frame rate as numerator and denominator; `None` keeps the source's pictures and times.
    pub fps: Option<(u32, u32)>,
    /// Distance between key frames.
    pub gop: Gop,
    /// Container of the rendition.
    pub container: Container,
    /// H.264 profile; `None` leaves it to the encoder.
    pub h264_profile: Option<H264Profile>,
    /// Constant rate factor; `bitrate` is then a ceiling.
    pub quality: Option<u32>,
}

impl Wanted {
    /// The frame rate, where it is one: both terms above 0.
    pub fn rate(&self) -> Option<(u32, u32)> {
        self.fps.filter(|&(num, den)| num > 0 && den > 0)
    }
}

/// A target is always H.264.
impl From<&Target> for Wanted {
    fn from(target: &Target) -> Self {
        Self {
            codec: VideoCodec::H264,
            width: target.width,
            height: target.height,
            bitrate: target.bitrate,
            fps: target.fps,
            gop: target.gop,
            container: target.container,
            h264_profile: target.h264_profile,
            quality: target.quality,
        }
    }
}

/// What our own encoder is asked for, which makes H.264 whatever the codec.
impl From<&Wanted> for Target {
    fn from(wanted: &Wanted) -> Self {
        Self {
            width: wanted.width,
            height: wanted.height,
            bitrate: wanted.bitrate,
            fps: wanted.fps,
            gop: wanted.gop,
            container: wanted.container,
            h264_profile: wanted.h264_profile,
            quality: wanted.quality,
        }
    }
}
