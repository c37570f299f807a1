//! Rules that give streams their tags and say which tags clients may ask for.

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
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = text.is_empty()
            || text.len() > MAX_PATTERN
            || text.chars().any(|c| c.is_control() || c == '/');
        if bad { Err(GlobError) } else { Ok(Self(text.to_owned())) }
    }
}

/// A glob that cannot be used: empty, too long, or with a slash or a control character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_PATTERN} characters of a manifest id, with * and ? as wildcards")]
pub struct GlobError;
