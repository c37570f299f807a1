//! What can be wrong with a request head, and which answer it gets.

use http::Method;

use super::{ConfigError, METHODS, ManifestIdError};
use crate::errors::{Problem, Reason};

/// A request under `/live/` that cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Not POST, PUT or DELETE.
    #[error("{method} is not possible here; accepted: {METHODS}")]
    Method {
        /// The method.
        method: Method,
    },
    /// Nothing that could name a stream.
    #[error("the path names no stream; accepted: /live/{{manifest}}/{{sequence}}.ts or .mp4")]
    NoManifest,
    /// `DELETE` of something inside a stream.
    #[error("only a whole stream can be ended; accepted: DELETE /live/{{manifest}}")]
    NotAStream,
    /// `.` or `..`, written out or escaped.
    #[error("the path has an element `.` or `..`; accepted: names only")]
    Traversal,
    /// A broken escape, or an escaped slash, backslash or control character.
    #[error(
        "an element of the path cannot be decoded to a name; accepted: UTF-8 without slashes and control characters"
    )]
    Encoding,
    /// A name no stream can have.
    #[error(transparent)]
    Manifest(#[from] ManifestIdError),
    /// Too much between manifest and file name.
    #[error("the stream key is longer than {limit} bytes")]
    LongKey {
        /// The bound in bytes.
        limit: usize,
    },
    /// Neither `.ts` nor `.mp4`.
    #[error("the extension is {given:?}; accepted, in lower case: \"ts\", \"mp4\"")]
    Extension {
        /// What was there, cut to 16 characters.
        given: String,
    },
    /// `Content-Duration` out of range.
    #[error("Content-Duration is {given}; accepted: 0 to 300000 milliseconds")]
    Duration {
        /// The value, cut to 24 characters.
        given: String,
    },
    /// `Content-Resolution` not legible.
    #[error("Content-Resolution is {given:?}; accepted: WIDTHxHEIGHT, each 0 to 65535 pixels")]
    Resolution {
        /// The value, cut to 24 characters.
        given: String,
    },
    /// A slice that ends before it begins.
    #[error(
        "the slice goes from {from_ms} to {to_ms} ms; accepted: Content-Slice-From up to Content-Slice-To"
    )]
    Slice {
        /// `Content-Slice-From`.
        from_ms: u64,
        /// `Content-Slice-To`.
        to_ms: u64,
    },
    /// `Livepeer-Transcode-Configuration` not legible.
    #[error("Livepeer-Transcode-Configuration cannot be used")]
    Configuration {
        /// What is wrong with it.
        #[from]
        source: ConfigError,
    },
    /// Two tags.
    #[error("the request names the tags {one:?} and {other:?}; accepted: one")]
    ConflictingTags {
        /// The first, cut to 96 characters.
        one: String,
        /// The second, cut to 96 characters.
        other: String,
    },
}

impl PushError {
    /// The reason a client is told.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Method { .. } => Reason::MethodNotAllowed,
            Self::NoManifest
            | Self::NotAStream
            | Self::Traversal
            | Self::Encoding
            | Self::Manifest(_)
            | Self::LongKey { .. } => Reason::InvalidPath,
            Self::Extension { .. } => Reason::UnsupportedExtension,
            Self::Duration { .. } => Reason::InvalidDuration,
            Self::Resolution { .. } => Reason::InvalidResolution,
            Self::Slice { .. } => Reason::InvalidSlice,
            Self::Configuration { source } => source.reason(),
            Self::ConflictingTags { .. } => Reason::ConflictingTags,
        }
    }
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        match &error {
            PushError::Method { method } => Self::method_not_allowed(method, METHODS),
            PushError::Configuration { source } => {
                Self::new(error.reason(), format!("{error}: {}", source.whole_text()))
            }
            _ => Self::new(error.reason(), error.to_string()),
        }
    }
}
