//! Rules that give streams their tags and say which tags clients may ask for.

use std::fmt;
use std::str::FromStr;

use waymark_tagging::Tag;

/// Longest glob or pattern, in bytes.
const MAX_PATTERN: usize = 128;

/// Streams whose manifest id matches get this tag, unless the client chose one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which manifest ids.
    pub manifest: Glob,
    /// The tag of their jobs.
    pub tag: Tag,
}

/// A pattern over manifest ids: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Whether the whole of `text` matches. Takes time of the pattern times the text at most.
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), text.chars());
        // What follows the last star, and where in the text the next try to match it begins.
        let mut star = None;
        loop {
            match (pattern.clone().next(), rest.clone().next()) {
                (Some('*'), _) => {
                    pattern.next();
                    star = Some((pattern.clone(), rest.clone()));
                }
                (Some(want), Some(have)) if want == '?' || want == have => {
                    pattern.next();
                    rest.next();
                }
                (None, None) => return true,
                _ => {
                    let Some((after, from)) = &mut star else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    pattern = after.clone();
                    rest = from.clone();
                }
            }
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Glob {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = text.is_empty()
            || text.len() > MAX_PATTERN
            || text.chars().any(|c| c.is_control() || c == '/');
        if bad { Err(PatternError::Glob) } else { Ok(Self(text.to_owned())) }
    }
}

/// Tags that clients may ask for: one tag, everything under a prefix (`transcode/live/*`), or
/// everything (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPattern {
    /// Every tag.
    Any,
    /// This tag alone.
    Exact(Tag),
    /// Every tag below this prefix, which ends in a slash.
    Below(String),
}

impl TagPattern {
    /// Whether the pattern covers `tag`.
    pub fn matches(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == tag,
            Self::Below(prefix) => tag.as_str().starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for TagPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let source = match text.strip_suffix('*') {
            Some(prefix) if prefix.ends_with('/') => {
                // Whatever may follow the prefix is one more segment.
                match Tag::parse(format!("{prefix}x").as_bytes()) {
                    Ok(_) => return Ok(Self::Below(prefix.to_owned())),
                    Err(source) => source,
                }
            }
            _ => match Tag::parse(text.as_bytes()) {
                Ok(tag) => return Ok(Self::Exact(tag)),
                Err(source) => source,
            },
        };
        Err(PatternError::Tag { source })
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

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The glob is empty, too long, or holds a slash or a control character.
    #[error("must be 1 to {MAX_PATTERN} characters of a manifest id, with * and ? as wildcards")]
    Glob,
    /// The pattern is no tag.
    #[error("must be a tag, a prefix like transcode/live/*, or *")]
    Tag {
        /// What is wrong with the tag.
        #[source]
        source: waymark_tagging::TagError,
    },
}
