//! A point in time as it was written: RFC 3339, because a document's hash covers the spelling.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::problem::shown;

/// A point in time and its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    text: Arc<str>,
    at: Timestamp,
}

/// Text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time {} is not valid; accepted: RFC 3339, such as 2026-11-22T00:00:00Z", shown(given))]
pub struct MomentError {
    /// What was given, at most 40 characters of it.
    pub given: String,
}

impl Moment {
    /// The point in time.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Seconds since 1970; 0 before.
    pub fn unix_seconds(&self) -> u64 {
        u64::try_from(self.at.as_second()).unwrap_or(0)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self { text: at.to_string().into(), at }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || MomentError { given: text.chars().take(40).collect() };
        // The parser knows more spellings than the standard has.
        let standard = text.len() <= 40
            && text.as_bytes().get(10) == Some(&b'T')
            && text.get(10..).is_some_and(|time| time.contains(['Z', '+', '-']))
            && text
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'T' | b':' | b'.' | b'Z' | b'+' | b'-'));
        let at = standard.then(|| text.parse().ok()).flatten().ok_or_else(wrong)?;
        Ok(Self { text: text.into(), at })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
