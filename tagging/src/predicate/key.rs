//! What a predicate is about: a dotted name such as `hw.gpu.memory_mib`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::problem::shown;

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 96;

/// The most words behind the first.
const MAX_MORE_WORDS: usize = 5;

/// A valid key. Cloning is cheap: the text is shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PredicateKey(Arc<str>);

/// Text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "key {} is not valid; accepted: 1 to 6 words of a-z 0-9 _ joined by dots, the first beginning with a letter, at most {MAX_KEY_BYTES} bytes, such as hw.gpu.memory_mib",
    shown(given)
)]
pub struct KeyError {
    /// What was given, at most 96 characters of it.
    pub given: String,
}

impl PredicateKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace of an extension key, `acme` of `x_acme.noise_db`; `None` of any other.
    pub fn namespace(&self) -> Option<&str> {
        let (first, rest) = self.0.split_once('.')?;
        let namespace = first.strip_prefix("x_").filter(|namespace| !namespace.is_empty())?;
        (!rest.is_empty()).then_some(namespace)
    }
}

impl FromStr for PredicateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let fits = text.len() <= MAX_KEY_BYTES
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split('.').all(word)
            && text.split('.').count() <= MAX_MORE_WORDS + 1;
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(KeyError { given: text.chars().take(MAX_KEY_BYTES).collect() })
        }
    }
}

impl fmt::Display for PredicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PredicateKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PredicateKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
