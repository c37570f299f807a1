//! The name of a stream.
//!
//! It becomes a path element, a key and a label in logs, so only characters that are safe in all of
//! them are taken: those that encoders and pushers use in stream names.

use std::fmt;
use std::sync::Arc;

/// Longest name in bytes.
const MAX_MANIFEST_BYTES: usize = 128;

/// The name of a stream: 1 to 128 of `A-Z a-z 0-9 . _ ~ + = @ : -`, not `.` and not `..`.
/// Cloning is cheap: the text is shared.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ManifestId(Arc<str>);

/// Text that cannot name a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} cannot name a stream; accepted: 1 to {MAX_MANIFEST_BYTES} of A-Z a-z 0-9 . _ ~ + = @ : - but not . or .."
)]
#[non_exhaustive]
pub struct ManifestIdError {
    /// The text, cut to 64 characters.
    pub given: String,
}

impl ManifestId {
    /// Takes decoded text as it is, or refuses it.
    pub fn parse(text: &str) -> Result<Self, ManifestIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~+=@:-".contains(&b);
        let fits = (1..=MAX_MANIFEST_BYTES).contains(&text.len());
        if fits && text.bytes().all(allowed) && !matches!(text, "." | "..") {
            Ok(Self(text.into()))
        } else {
            Err(ManifestIdError { given: text.chars().take(64).collect() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for ManifestId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ManifestId {
    type Err = ManifestIdError;

    fn from_str(text: &str) -> Result<Self, ManifestIdError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_pushers_use_are_taken_as_they_are() {
        for name in ["golden1", "video+1a2b=c", "a.b_c~d@e:f-g", "alive", "x", "live"] {
            assert_eq!(ManifestId::parse(name).unwrap().as_str(), name);
        }
        assert!(ManifestId::parse(&"m".repeat(128)).is_ok());
    }

    #[test]
    fn names_that_could_mean_something_else_are_refused() {
        let long = "m".repeat(129);
        for name in ["", ".", "..", "a/b", "a\\b", "a b", "a\n", "a%2fb", "ä", "a\0", &long] {
            let error = ManifestId::parse(name).unwrap_err();
            assert!(error.given.chars().count() <= 64);
        }
    }
}
