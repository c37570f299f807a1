//! What a verification found, in one word.

/// What spoke against a result, or why it could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerifyReason {
    /// Number, order or size of the renditions.
    Shape,
    /// The signature over them.
    Signature,
    /// More was billed than was made.
    Claim,
    /// The container, its tracks, or bytes that belong to none.
    Container,
    /// Codec, profile, chroma or bit depth.
    Codec,
    /// Coded or cropped size.
    Size,
    /// Number of pictures.
    Frames,
    /// Times of pictures and audio.
    Time,
    /// Where decoding can start.
    KeyFrames,
    /// Bytes, or how they are spread.
    Rate,
    /// Audio that is not the source's.
    Audio,
    /// The source itself.
    Passthrough,
    /// What was returned before.
    Replay,
    /// Key pictures that are not the source's.
    KeyPicture,
    /// Pictures that are not the source's.
    Picture,
    /// Pictures that stand still or are out of order.
    Motion,
    /// Detail that is missing.
    Sharpness,
    /// Worse than a transcode of our own.
    Quality,
    /// Pictures that cannot be decoded.
    Undecodable,
    /// The source is unusable, so nothing can be said.
    Source,
    /// The measurement failed for a reason of our own.
    Tool,
    /// Anything else.
    Other,
}

impl VerifyReason {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 22] = [
        Self::Shape,
        Self::Signature,
        Self::Claim,
        Self::Container,
        Self::Codec,
        Self::Size,
        Self::Frames,
        Self::Time,
        Self::KeyFrames,
        Self::Rate,
        Self::Audio,
        Self::Passthrough,
        Self::Replay,
        Self::KeyPicture,
        Self::Picture,
        Self::Motion,
        Self::Sharpness,
        Self::Quality,
        Self::Undecodable,
        Self::Source,
        Self::Tool,
        Self::Other,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Signature => "signature",
            Self::Claim => "claim",
            Self::Container => "container",
            Self::Codec => "codec",
            Self::Size => "size",
            Self::Frames => "frames",
            Self::Time => "time",
            Self::KeyFrames => "key_frames",
            Self::Rate => "rate",
            Self::Audio => "audio",
            Self::Passthrough => "passthrough",
            Self::Replay => "replay",
            Self::KeyPicture => "key_picture",
            Self::Picture => "picture",
            Self::Motion => "motion",
            Self::Sharpness => "sharpness",
            Self::Quality => "quality",
            Self::Undecodable => "undecodable",
            Self::Source => "source",
            Self::Tool => "tool",
            Self::Other => "other",
        }
    }
}
