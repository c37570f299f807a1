//! Where the tag of a job came from. Recorded beside the tag, because a tag somebody chose and a
//! tag that was derived from the media say different things about demand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who decided the tag of a job, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagSource {
    /// The client named it: header, query, field of the job, or its webhook's answer.
    Declared,
    /// The operator configured it for the stream key or the route.
    Configured,
    /// Nobody named it; the default mapping derived it.
    Mapped,
}

impl TagSource {
    /// Every source, in order of precedence.
    pub const ALL: [Self; 3] = [Self::Declared, Self::Configured, Self::Mapped];

    /// The spelling in records and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Configured => "configured",
            Self::Mapped => "mapped",
        }
    }
}

impl fmt::Display for TagSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no tag source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown tag source {given:?}; accepted: declared, configured, mapped")]
pub struct UnknownTagSource {
    /// What was given.
    pub given: String,
}

impl FromStr for TagSource {
    type Err = UnknownTagSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| UnknownTagSource { given: text.chars().take(32).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_back_from_its_own_spelling() {
        for source in TagSource::ALL {
            assert_eq!(source.to_string().parse(), Ok(source));
        }
    }

    #[test]
    fn an_unknown_source_is_answered_with_the_accepted_ones() {
        let error = "guessed".parse::<TagSource>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown tag source \"guessed\"; accepted: declared, configured, mapped"
        );
    }
}
