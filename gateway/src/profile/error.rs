//! What is wrong with a rendition, said so that the person who wrote it can repair it.
//!
//! Values from outside are shortened and escaped before they are shown: these texts reach logs
//! and HTTP answers.

use std::fmt;

use thiserror::Error;

use super::{
    Encoder, EncoderProfile, MAX_FPS, MAX_GOP_MILLIS, MAX_NAME, MAX_PROFILES, PRESET_NAMES,
};

/// One thing wrong with one profile or with a list of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No preset has that name.
    #[error("unknown preset {}; there are {}", Quoted(name), PRESET_NAMES.join(", "))]
    UnknownPreset {
        /// The name asked for.
        name: String,
    },
    /// The document is not JSON.
    #[error("not JSON")]
    NotJson {
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// A list of profiles is something else.
    #[error("profiles must be a list of objects, not {found}")]
    NotAList {
        /// JSON type found.
        found: &'static str,
    },
    /// A profile is something else than an object.
    #[error("a profile must be an object, not {found}")]
    NotAnObject {
        /// JSON type found.
        found: &'static str,
    },
    /// A key that no profile has (`waymark.yaml` only; JSON ignores it).
    #[error("unknown key {}; a profile has {}", Quoted(key), keys.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys there are.
        keys: Vec<String>,
    },
    /// A value has the wrong JSON type.
    #[error("{key} must be {expected}, not {found}")]
    WrongType {
        /// Key of the profile.
        key: &'static str,
        /// Type wanted.
        expected: &'static str,
        /// Type found.
        found: &'static str,
    },
    /// A number outside what is taken.
    #[error("{key} {value} is outside {min} to {max}")]
    OutOfRange {
        /// Key of the profile.
        key: &'static str,
        /// The value given.
        value: i64,
        /// Smallest value taken.
        min: i64,
        /// Largest value taken.
        max: i64,
    },
    /// Width and height are both 0.
    #[error("width and height are both 0; give at least one of them")]
    NoSize,
    /// More frames per second than are taken.
    #[error("{fps}/{den} frames per second are more than {MAX_FPS}")]
    FrameRate {
        /// Numerator.
        fps: u32,
        /// Denominator.
        den: u32,
    },
    /// The name cannot be a path element.
    #[error("name {} must be 1 to {MAX_NAME} of A-Z a-z 0-9 _ . -", Quoted(name))]
    BadName {
        /// The name.
        name: String,
    },
    /// `source` is the name of the pushed segment itself.
    #[error("name `source` belongs to the stream as it was pushed; choose another")]
    SourceName,
    /// A name that no orchestrator can serve.
    #[error(
        "name {} ends in `live`, which orchestrators cannot serve; choose another",
        Quoted(name)
    )]
    LiveName {
        /// The name.
        name: String,
    },
    /// Two profiles of a job share a name.
    #[error("name {} is used twice; renditions of a job need names of their own", Quoted(name))]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// More renditions than are taken.
    #[error("{count} profiles are more than the {MAX_PROFILES} that one job may have")]
    TooMany {
        /// How many were given.
        count: usize,
    },
    /// The H.264 profile is unknown.
    #[error("unknown profile {}; there are {}", Quoted(value), names(&EncoderProfile::ALL.map(EncoderProfile::name)))]
    EncoderProfile {
        /// The value given.
        value: String,
    },
    /// The codec is unknown.
    #[error("unknown encoder {}; there are {}", Quoted(value), names(&Encoder::ALL.map(Encoder::name)))]
    Encoder {
        /// The value given.
        value: String,
    },
    /// The key frame distance is unusable.
    #[error(
        "gop {} must be \"intra\", \"0\", or seconds from 0.001 to {}",
        Quoted(value),
        MAX_GOP_MILLIS / 1000
    )]
    Gop {
        /// The value given.
        value: String,
    },
    /// The colour depth is none of the four.
    #[error("colour depth {value} must be 0, 2, 4 or 8 (bits per sample minus 8)")]
    ColorDepth {
        /// The value given.
        value: i64,
    },
    /// The chroma format is none of the three.
    #[error("chroma format {value} must be 0 (4:2:0), 1 (4:2:2) or 2 (4:4:4)")]
    ChromaFormat {
        /// The value given.
        value: i64,
    },
}

/// Everything wrong with a list of profiles, each with its place in the list.
#[derive(Debug, Default)]
pub struct ProfileErrors {
    list: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Place in the list and name, if the error belongs to one profile.
    profile: Option<(usize, String)>,
    error: ProfileError,
}

impl ProfileErrors {
    pub(super) fn push(&mut self, index: usize, name: &str, error: ProfileError) {
        self.list.push(Entry { profile: Some((index, name.to_owned())), error });
    }

    pub(super) fn whole(&mut self, error: ProfileError) {
        self.list.push(Entry { profile: None, error });
    }

    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.list.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The errors, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileError> {
        self.list.iter().map(|entry| &entry.error)
    }

    /// One line for each error, with the place in the list it belongs to.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.list.iter().map(ToString::to_string)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A preset or a bad name is named by the error itself.
        let named = matches!(
            self.error,
            ProfileError::UnknownPreset { .. }
                | ProfileError::BadName { .. }
                | ProfileError::LiveName { .. }
                | ProfileError::DuplicateName { .. }
        );
        match &self.profile {
            Some((index, name)) if !named && !name.is_empty() => {
                write!(f, "profile {} ({}): {}", index + 1, Quoted(name), self.error)
            }
            Some((index, _)) => write!(f, "profile {}: {}", index + 1, self.error),
            None => write!(f, "{}", self.error),
        }?;
        // The parser's own words say where in the document it stopped.
        if let ProfileError::NotJson { source } = &self.error {
            write!(f, ": {source}")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for ProfileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileErrors {}

impl From<ProfileError> for ProfileErrors {
    fn from(error: ProfileError) -> Self {
        Self { list: vec![Entry { profile: None, error }] }
    }
}

fn names(all: &[&str]) -> String {
    all.join(", ")
}

/// A value from outside in backquotes, escaped and cut to 80 characters.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        f.write_str("`")?;
        for c in self.0.chars().take(LONGEST).flat_map(char::escape_debug) {
            write!(f, "{c}")?;
        }
        f.write_str(if self.0.chars().nth(LONGEST).is_some() { "…`" } else { "`" })
    }
}
