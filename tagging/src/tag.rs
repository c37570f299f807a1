//! The tag itself: a short path such as `transcode/live/abr` that names one kind of demand.
//!
//! ```text
//! tag       = root 1*4("/" segment)                        lower case, at most 96 bytes
//! root      = "transcode" / "ai" / "compute" / "x-" namespace
//! namespace = 1*24(a-z 0-9)
//! segment   = (a-z / 0-9) *31(a-z / 0-9 / "." / "_" / "-")
//! key("")   = 32 zero bytes;  key(p/s) = keccak256(key(p) || keccak256(s))
//! ```
//!
//! A [`Tag`] that exists is valid: there is no other way to get one than [`Tag::parse`]. Nothing
//! is corrected on the way (no trimming, no lower-casing), because the key is a hash of the text.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod error;
#[cfg(test)]
mod tests;

pub use error::{TagError, TagRule};

/// The longest tag, in bytes.
pub const MAX_TAG_BYTES: usize = 96;

/// The most segments after the root.
pub const MAX_SEGMENTS: usize = 4;

/// The longest namespace after `x-`, in bytes.
pub(crate) const MAX_NAMESPACE_BYTES: usize = 24;

/// The longest segment, in bytes.
pub(crate) const MAX_SEGMENT_BYTES: usize = 32;

const CORE_ROOTS: [&[u8]; 3] = [b"transcode", b"ai", b"compute"];

/// A valid tag. Cloning is cheap: the text is shared.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// Reads a tag from bytes that may hold anything, of any length.
    pub fn parse(input: &[u8]) -> Result<Self, TagError> {
        check(input).map_err(|(position, rule)| TagError::new(input, position, rule))?;
        // Every byte that passed the grammar is ASCII, so bytes and characters agree.
        Ok(Self(input.iter().copied().map(char::from).collect::<String>().into()))
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first component: `transcode`, `ai`, `compute` or `x-<namespace>`.
    pub fn root(&self) -> &str {
        self.0.split_once('/').map_or(&*self.0, |(root, _)| root)
    }

    /// The components after the root: one to four.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }

    /// The tag without its last segment, or `None` when only the root would be left (a root alone
    /// is not a tag).
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        parent.contains('/').then(|| Self(parent.into()))
    }

    /// This tag, then its parent, and so on while a tag is left.
    pub fn lineage(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// True when `self` is `other` or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        match self.0.strip_prefix(&*other.0) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    /// The namehash that identifies the tag in the registry contract.
    pub fn key(&self) -> B256 {
        self.0.split('/').fold(B256::ZERO, |parent, part| {
            let mut pair = [0_u8; 64];
            let (left, right) = pair.split_at_mut(32);
            left.copy_from_slice(parent.as_slice());
            right.copy_from_slice(keccak256(part).as_slice());
            keccak256(pair)
        })
    }
}

/// The first rule that `input` breaks, and the byte where it does.
fn check(input: &[u8]) -> Result<(), (usize, TagRule)> {
    if input.is_empty() {
        return Err((0, TagRule::Empty));
    }
    if input.len() > MAX_TAG_BYTES {
        return Err((MAX_TAG_BYTES, TagRule::TooLong { bytes: input.len() }));
    }
    let mut position = 0;
    for (index, part) in input.split(|&byte| byte == b'/').enumerate() {
        if index == 0 {
            check_root(part)?;
        } else if index > MAX_SEGMENTS {
            return Err((position, TagRule::TooManySegments));
        } else {
            check_segment(part)
                .map_err(|(offset, rule)| (position.saturating_add(offset), rule))?;
        }
        position = position.saturating_add(part.len()).saturating_add(1);
    }
    // One component: the slash that would follow it is the byte just past the end.
    if input.contains(&b'/') { Ok(()) } else { Err((input.len(), TagRule::NoSegment)) }
}

fn check_root(root: &[u8]) -> Result<(), (usize, TagRule)> {
    if CORE_ROOTS.contains(&root) {
        return Ok(());
    }
    let Some(namespace) = root.strip_prefix(b"x-") else {
        return Err((0, TagRule::UnknownRoot));
    };
    if namespace.is_empty() {
        return Err((2, TagRule::NamespaceEmpty));
    }
    let odd = namespace.iter().position(|b| !matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    if let Some(offset) = odd {
        return Err((offset.saturating_add(2), TagRule::NamespaceByte));
    }
    if namespace.len() > MAX_NAMESPACE_BYTES {
        return Err((MAX_NAMESPACE_BYTES + 2, TagRule::NamespaceTooLong));
    }
    Ok(())
}

fn check_segment(segment: &[u8]) -> Result<(), (usize, TagRule)> {
    let Some(first) = segment.first() else {
        return Err((0, TagRule::SegmentEmpty));
    };
    if !matches!(first, b'a'..=b'z' | b'0'..=b'9') {
        return Err((0, TagRule::SegmentStart));
    }
    let odd =
        segment.iter().position(|b| !matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
    if let Some(offset) = odd {
        return Err((offset, TagRule::SegmentByte));
    }
    if segment.len() > MAX_SEGMENT_BYTES {
        return Err((MAX_SEGMENT_BYTES, TagRule::SegmentTooLong));
    }
    Ok(())
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

impl TryFrom<&str> for Tag {
    type Error = TagError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Tag {
    type Error = TagError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<&[u8]> for Tag {
    type Error = TagError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        Self::parse(bytes)
    }
}

impl AsRef<str> for Tag {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tag").field(&self.as_str()).finish()
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl de::Visitor<'_> for TagVisitor {
            type Value = Tag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tag such as transcode/live/abr")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Tag, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(TagVisitor)
    }
}
