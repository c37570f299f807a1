//! Which tags a rule is for: one tag, everything below a prefix, or everything.

use std::fmt;
use std::str::FromStr;

use crate::{Tag, TagError};

/// Tags that a rule covers. `transcode/live/*` is everything below `transcode/live`, at any depth;
/// `transcode/live/**` is read as the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPattern {
    /// Every tag, and no tag.
    Any,
    /// This tag alone.
    Exact(Tag),
    /// Every tag below this prefix, which ends in a slash.
    Below(String),
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a tag, a prefix like transcode/live/*, or *")]
pub struct PatternError {
    /// What is wrong with the tag in it.
    #[source]
    pub source: TagError,
}

impl TagPattern {
    /// Whether the pattern covers `tag`.
    pub fn matches(&self, tag: &Tag) -> bool {
        self.covers(tag.as_str())
    }

    /// Whether the pattern covers the tag of this name; no tag is an empty name.
    pub fn covers(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact.as_str() == tag,
            Self::Below(prefix) => tag.starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for TagPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let prefix = text.strip_suffix("**").or_else(|| text.strip_suffix('*'));
        let tag =
            |text: &str| Tag::parse(text.as_bytes()).map_err(|source| PatternError { source });
        match prefix {
            Some("") => Ok(Self::Any),
            // Whatever may follow the prefix is one more segment.
            Some(prefix) if prefix.ends_with('/') => {
                tag(&format!("{prefix}x")).map(|_| Self::Below(prefix.to_owned()))
            }
            _ => tag(text).map(Self::Exact),
        }
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(tag) => write!(f, "{tag}"),
            Self::Below(prefix) => write!(f, "{prefix}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, tag: &str) -> bool {
        pattern.parse::<TagPattern>().unwrap().matches(&tag.parse().unwrap())
    }

    #[test]
    fn a_prefix_covers_everything_below_it_and_not_itself() {
        for pattern in ["transcode/live/*", "transcode/live/**"] {
            assert!(matches(pattern, "transcode/live/abr"), "{pattern}");
            assert!(!matches(pattern, "transcode/live"), "{pattern}");
            assert!(!matches(pattern, "transcode/lively/abr"), "{pattern}");
            assert_eq!(pattern.parse::<TagPattern>().unwrap().to_string(), "transcode/live/*");
        }
        assert!(matches("*", "ai/text-to-image"));
        assert!(matches("ai/text-to-image", "ai/text-to-image"));
        assert!(TagPattern::Any.covers(""), "a job without a tag is a job");
    }

    #[test]
    fn what_covers_no_tag_is_refused() {
        for pattern in ["", "/", "transcode/*/abr", "transcode*", "A/*", "a/b/c/d/e/*"] {
            assert!(pattern.parse::<TagPattern>().is_err(), "{pattern}");
        }
    }
}
