//! What a gateway sees of a job that nobody tagged. A shape holds no identity: no stream key, no
//! manifest, no address. It is input of the default mapping and of the attributes, nothing else.

use crate::Fact;

/// A job as far as the default mapping cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobShape<'a> {
    /// Video in, renditions out.
    Transcode(&'a TranscodeShape),
    /// A capability by its number in go-livepeer (`core/capabilities.go:51-92`).
    Capability {
        /// The number.
        id: u16,
        /// Application, pipeline or container inside the capability; empty when there is none.
        name: &'a str,
    },
    /// A batch pipeline by name, such as `text-to-image`.
    Pipeline(&'a str),
    /// The `app` of a live runner, such as `live-video-to-video/scope`.
    App(&'a str),
    /// An offering of a registry manifest, such as `openai:/v1/chat/completions`.
    Offering(&'a str),
}

/// Whether somebody is waiting in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Ingest by RTMP, WHIP or HTTP push, at the pace of the source.
    Live,
    /// A file or another offline job.
    Vod,
}

/// A video codec, as far as it changes what a job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    Hevc,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// Anything else.
    Other,
}

impl Codec {
    /// The spelling in attributes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::Av1 => "av1",
            Self::Other => "other",
        }
    }
}

/// What the media is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// MPEG transport stream.
    MpegTs,
    /// MP4.
    Mp4,
}

impl Container {
    /// The spelling in attributes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MpegTs => "mpegts",
            Self::Mp4 => "mp4",
        }
    }
}

/// The source of a transcoding job. Zero and `None` mean unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceShape {
    /// What it is wrapped in.
    pub container: Option<Container>,
    /// Its video codec.
    pub codec: Option<Codec>,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Frames per second, rounded up.
    pub fps: u32,
    /// Bits per colour sample.
    pub bit_depth: u8,
}

/// One rendition that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenditionShape {
    /// Its video codec.
    pub codec: Codec,
    /// Height of the picture in pixels; 0 = unknown.
    pub height: u32,
}

/// A transcoding job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscodeShape {
    /// Live or not.
    pub delivery: Delivery,
    /// What comes in.
    pub source: SourceShape,
    /// What is asked for.
    pub renditions: Vec<RenditionShape>,
}

impl TranscodeShape {
    /// What is known of the job, by attribute name; unknown things are left out.
    pub fn facts(&self) -> Vec<(&'static str, Fact<'static>)> {
        let source = &self.source;
        let word = |name, word: Option<&'static str>| word.map(|word| (name, Fact::Word(word)));
        let number = |name, number: u64| (number != 0).then_some((name, Fact::Number(number)));
        let tallest = self.renditions.iter().map(|rendition| rendition.height).max();
        [
            word("src.container", source.container.map(Container::as_str)),
            word("src.codec", source.codec.map(Codec::as_str)),
            number("src.height", source.height.into()),
            number("src.fps", source.fps.into()),
            number("src.bit_depth", source.bit_depth.into()),
            word("out.codec", self.output_codec()),
            number("out.count", u64::try_from(self.renditions.len()).unwrap_or(u64::MAX)),
            number("out.height", tallest.unwrap_or_default().into()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The codec all renditions share, `mixed` when they differ.
    fn output_codec(&self) -> Option<&'static str> {
        let (first, rest) = self.renditions.split_first()?;
        let same = rest.iter().all(|rendition| rendition.codec == first.codec);
        Some(if same { first.codec.as_str() } else { "mixed" })
    }

    /// True when HEVC or samples of more than 8 bits are involved, which needs other hardware.
    pub(crate) fn needs_hevc_class(&self) -> bool {
        self.source.bit_depth > 8
            || self.source.codec == Some(Codec::Hevc)
            || self.renditions.iter().any(|rendition| rendition.codec == Codec::Hevc)
    }
}
