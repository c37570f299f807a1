//! The dense number that the registry contract gives a tag. It is what a ticket nonce has room
//! for. Numbers are facts of a chain: nothing here invents one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a tag on chain: 1 to 2^21 - 1, or 0 for "untagged or unknown".
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "u32", into = "u32")]
pub struct TagId(u32);

impl TagId {
    /// No tag, or a tag that has no number (off-chain every tag is in this state).
    pub const UNTAGGED: Self = Self(0);

    /// The highest number a nonce has room for: 21 bits.
    pub const MAX: Self = Self((1 << 21) - 1);

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// True when this names a tag.
    pub const fn is_tagged(self) -> bool {
        self.0 != 0
    }
}

/// A number that does not fit the 21 bits of a tag id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tag id {given} is out of range; accepted: 0 (untagged) to {}", TagId::MAX.0)]
pub struct TagIdError {
    /// What was given.
    pub given: u32,
}

impl TryFrom<u32> for TagId {
    type Error = TagIdError;

    fn try_from(value: u32) -> Result<Self, Self::Error> {
        if value <= Self::MAX.0 { Ok(Self(value)) } else { Err(TagIdError { given: value }) }
    }
}

impl From<TagId> for u32 {
    fn from(id: TagId) -> Self {
        id.0
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_end_where_twenty_one_bits_end() {
        assert_eq!(TagId::try_from(2_097_151), Ok(TagId::MAX));
        let error = TagId::try_from(2_097_152).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tag id 2097152 is out of range; accepted: 0 (untagged) to 2097151"
        );
    }

    #[test]
    fn zero_is_untagged() {
        assert_eq!(TagId::default(), TagId::UNTAGGED);
        assert!(!TagId::UNTAGGED.is_tagged());
        assert!(TagId::MAX.is_tagged());
    }
}
