//! Why a text is not a tag: which rule it breaks, at which byte, and what would be accepted
//! there. The text is quoted escaped and cut, because it comes from strangers and goes to logs.

use std::fmt;

use super::{MAX_NAMESPACE_BYTES, MAX_SEGMENT_BYTES, MAX_SEGMENTS, MAX_TAG_BYTES};

/// A text that is not a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tag {input:?} is not valid: at byte {position} {rule}")]
#[non_exhaustive]
pub struct TagError {
    /// The text, cut to the longest possible tag, with anything that is not UTF-8 replaced.
    pub input: String,
    /// Zero-based byte in the text where the rule is broken; the length of the text when
    /// something is missing at its end.
    pub position: usize,
    /// The first rule that is broken, reading from the left.
    pub rule: TagRule,
}

impl TagError {
    pub(super) fn new(input: &[u8], position: usize, rule: TagRule) -> Self {
        let shown = input.get(..MAX_TAG_BYTES).unwrap_or(input);
        Self { input: String::from_utf8_lossy(shown).into_owned(), position, rule }
    }
}

/// One rule of the grammar. Its text says what was found and what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TagRule {
    /// Nothing there.
    Empty,
    /// More than 96 bytes.
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// The first component is not a root.
    UnknownRoot,
    /// `x-` and nothing behind it.
    NamespaceEmpty,
    /// A byte that a namespace cannot hold.
    NamespaceByte,
    /// More than 24 bytes behind `x-`.
    NamespaceTooLong,
    /// A root alone.
    NoSegment,
    /// More than four segments.
    TooManySegments,
    /// Two slashes in a row, or one at the end.
    SegmentEmpty,
    /// A segment that begins with something else than a letter or a digit.
    SegmentStart,
    /// A byte that a segment cannot hold.
    SegmentByte,
    /// More than 32 bytes in a segment.
    SegmentTooLong,
}

impl fmt::Display for TagRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                write!(f, "it is empty; accepted: a root and 1 to {MAX_SEGMENTS} segments, such as transcode/live/abr")
            }
            Self::TooLong { bytes } => {
                write!(f, "it is too long with {bytes} bytes; accepted: at most {MAX_TAG_BYTES}")
            }
            Self::UnknownRoot => {
                f.write_str("the root is unknown; accepted: transcode, ai, compute or x-<namespace>, in lower case")
            }
            Self::NamespaceEmpty => {
                write!(f, "the namespace behind x- is missing; accepted: 1 to {MAX_NAMESPACE_BYTES} of a-z 0-9")
            }
            Self::NamespaceByte => {
                write!(f, "the namespace holds a character it may not; accepted: 1 to {MAX_NAMESPACE_BYTES} of a-z 0-9")
            }
            Self::NamespaceTooLong => {
                write!(f, "the namespace is too long; accepted: 1 to {MAX_NAMESPACE_BYTES} of a-z 0-9")
            }
            Self::NoSegment => {
                write!(f, "a segment is missing; accepted: 1 to {MAX_SEGMENTS} segments after the root, such as transcode/live")
            }
            Self::TooManySegments => {
                write!(f, "there is one segment too many; accepted: 1 to {MAX_SEGMENTS} after the root")
            }
            Self::SegmentEmpty => {
                f.write_str("a segment is empty; accepted: one slash between segments and none at the end")
            }
            Self::SegmentStart => {
                f.write_str("a segment begins with a character it may not; accepted: a-z 0-9")
            }
            Self::SegmentByte => {
                f.write_str("a segment holds a character it may not; accepted: a-z 0-9 . _ -")
            }
            Self::SegmentTooLong => {
                write!(f, "a segment is too long; accepted: at most {MAX_SEGMENT_BYTES} bytes")
            }
        }
    }
}
