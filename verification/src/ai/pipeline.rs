//! The pipelines of the network.

/// What a model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pipeline {
    /// A picture from a prompt.
    TextToImage,
    /// A picture from a picture and a prompt.
    ImageToImage,
    /// A larger picture.
    Upscale,
    /// A short video from a picture.
    ImageToVideo,
    /// Masks of the objects in a picture.
    SegmentAnything,
    /// A transcript.
    AudioToText,
    /// A voice.
    TextToSpeech,
    /// A caption.
    ImageToText,
    /// A conversation.
    Llm,
    /// Video changed while it runs.
    LiveVideo,
    /// Any container (bring your own container).
    Byoc,
}

impl Pipeline {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TextToImage,
        Self::ImageToImage,
        Self::Upscale,
        Self::ImageToVideo,
        Self::SegmentAnything,
        Self::AudioToText,
        Self::TextToSpeech,
        Self::ImageToText,
        Self::Llm,
        Self::LiveVideo,
        Self::Byoc,
    ];

    /// The name in paths, and in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TextToImage => "text-to-image",
            Self::ImageToImage => "image-to-image",
            Self::Upscale => "upscale",
            Self::ImageToVideo => "image-to-video",
            Self::SegmentAnything => "segment-anything-2",
            Self::AudioToText => "audio-to-text",
            Self::TextToSpeech => "text-to-speech",
            Self::ImageToText => "image-to-text",
            Self::Llm => "llm",
            Self::LiveVideo => "live-video-to-video",
            Self::Byoc => "byoc",
        }
    }

    /// By its name, with or without the slash of a path.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('/');
        Self::ALL.into_iter().find(|pipeline| pipeline.as_str() == name)
    }

    /// The number of the capability (core/capabilities.go:81-92).
    pub const fn capability(self) -> u32 {
        match self {
            Self::TextToImage => 27,
            Self::ImageToImage => 28,
            Self::ImageToVideo => 29,
            Self::Upscale => 30,
            Self::AudioToText => 31,
            Self::SegmentAnything => 32,
            Self::Llm => 33,
            Self::ImageToText => 34,
            Self::LiveVideo => 35,
            Self::TextToSpeech => 36,
            Self::Byoc => 37,
        }
    }
}
