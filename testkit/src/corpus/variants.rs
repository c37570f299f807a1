//! What honest nodes with other encoders and settings would return for a clip: none of these may be refused.

use bytes::Bytes;
use waymark_media::{
    Container, Encoding, Gop, H264Profile, Limits, Reel, Scaling, Speed, Tape, Target, TrackKind,
    transcode,
};

use super::Clip;

/// One honest way to make a rendition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Variant {
    /// Name, unique among variants.
    pub name: &'static str,
    /// What was asked for.
    pub target: Target,
    speed: Speed,
    scaling: Scaling,
    further: &'static [(&'static str, &'static str)],
}

/// An honest rendition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Honest {
    /// The whole file.
    pub bytes: Bytes,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Pictures.
    pub frames: usize,
    /// Width times height times pictures.
    pub pixels: i64,
}

/// The variants of a clip: sizes, rates 15, 24 and 60, encoder efforts and tools, scaling, container. Bit rates are
/// those of the usual ladder (2.5 Mb/s for 720p at 30) per pixel and picture, so that only `cheap` is starved.
pub fn variants(clip: &Clip) -> Vec<Variant> {
    let (width, height) = clip.size;
    let side = |pixels: u32, num: u32, den: u32| i32::try_from(pixels * num / den).unwrap_or(0);
    let small =
        |num, den, bits: f64| target(clip, (side(width, num, den), side(height, num, den)), bits);
    let full = |bits| small(1, 1, bits);
    let base = |name, target| Variant {
        name,
        target,
        speed: Speed::Veryfast,
        scaling: Scaling::Bicubic,
        further: &[],
    };
    let paced = |name, num, den, fps: u32| {
        let mut target = small(num, den, 0.13);
        target.fps = Some((fps, 1));
        if fps > 30 {
            target.bitrate = target.bitrate.saturating_mul(2);
        }
        base(name, target)
    };
    vec![
        base("two-thirds", small(2, 3, 0.13)),
        base("three-quarters", small(3, 4, 0.13)),
        paced("three-quarters-15", 3, 4, 15),
        paced("three-quarters-24", 3, 4, 24),
        base("full", full(0.1)),
        paced("two-thirds-60", 2, 3, 60),
        Variant {
            speed: Speed::Superfast,
            scaling: Scaling::Bilinear,
            further: &[("bf", "0")],
            ..base("hardware-like", small(3, 4, 0.13))
        },
        Variant {
            speed: Speed::Superfast,
            scaling: Scaling::Bilinear,
            ..base("low-effort", small(3, 4, 0.13))
        },
        // The least effort alone makes baseline, which nobody may return where none was asked for.
        Variant {
            speed: Speed::Ultrafast,
            ..base("cheap", Target { h264_profile: Some(H264Profile::High), ..full(0.045) })
        },
        base("keys", {
            let target = small(3, 4, 0.13);
            Target { gop: Gop::Seconds(1.0), h264_profile: Some(H264Profile::Main), ..target }
        }),
        base("mp4", {
            let target = small(2, 3, 0.13);
            let h264_profile = Some(H264Profile::ConstrainedHigh);
            Target { container: Container::Mp4, h264_profile, ..target }
        }),
        Variant { further: &[("preset", "medium")], ..base("stock", small(3, 4, 0.13)) },
    ]
}

/// A target of this size with so many bits for a pixel of a picture at the clip's rate.
fn target(clip: &Clip, (width, height): (i32, i32), bits: f64) -> Target {
    let pixels =
        f64::from(width) * f64::from(height) * f64::from(clip.rate.0) / f64::from(clip.rate.1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bit rate")]
    let bitrate = (pixels * bits) as u32;
    Target { container: clip.container, ..Target::new(width, height, bitrate.max(50_000)) }
}

impl Variant {
    /// The honest rendition of a source. Blocks.
    pub fn make(&self, source: &[u8]) -> anyhow::Result<Honest> {
        if self.scaling == Scaling::Bicubic && self.further.is_empty() {
            let limits = Limits { speed: self.speed, ..Limits::default() };
            let made = transcode(source, std::slice::from_ref(&self.target), &limits)?;
            let output = made.into_iter().next().ok_or_else(|| anyhow::anyhow!("no rendition"))?;
            return Ok(Honest {
                size: (output.width, output.height),
                frames: usize::try_from(output.frames)?,
                pixels: output.pixels,
                bytes: output.bytes,
            });
        }
        let reel = Reel::decode(source)?.fit(&self.target, self.scaling)?;
        let encoding = Encoding::of(&self.target, self.speed).with(self.further);
        let tape = reel.encode(&encoding)?.with(&Tape::read(source)?, TrackKind::Audio);
        let (width, height) = reel.size();
        Ok(Honest {
            bytes: tape.write(self.target.container)?,
            size: (width, height),
            frames: reel.len(),
            pixels: i64::from(width) * i64::from(height) * i64::try_from(reel.len())?,
        })
    }
}
