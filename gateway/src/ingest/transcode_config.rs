//! The object that says how a stream is to be transcoded: in the header
//! `Livepeer-Transcode-Configuration` of a push, and in the answer of the authorisation webhook
//! (go-livepeer `server/mediaserver.go:142-158`).
//!
//! Keys are compared without regard to case, `null` is as if absent and unknown keys are skipped,
//! as Go's decoder does. Values are checked here, so that a mistake is an answer and not a surprise.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::{ManifestId, ManifestIdError};
use crate::errors::{Problem, Reason};
use crate::profile::{self, Profile, ProfileError, ProfileErrors};

/// Name of the header.
pub const CONFIG_HEADER: &str = "livepeer-transcode-configuration";

/// Longest document in bytes: more than 16 profiles with every key take.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// Highest `timeoutMultiplier`.
pub const MAX_TIMEOUT_MULTIPLIER: u32 = 100;

/// How a stream is to be transcoded. Everything may be absent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TranscodeConfig {
    /// `manifestID`: the stream is known inside under this name.
    pub manifest_id: Option<ManifestId>,
    /// `streamID`: name of the stream in events.
    pub stream_id: Option<String>,
    /// `sessionID`: only for logs.
    pub session_id: Option<String>,
    /// `streamKey`.
    pub stream_key: Option<String>,
    /// `presets`: names, as written.
    pub presets: Vec<String>,
    /// `profiles`; `Some` and empty means that nothing is transcoded.
    pub profiles: Option<Vec<Profile>>,
    /// `objectStore`.
    pub object_store: Option<String>,
    /// `recordObjectStore`.
    pub record_object_store: Option<String>,
    /// `recordObjectStoreUrl`.
    pub record_object_store_url: Option<String>,
    /// `previousSessions`.
    pub previous_sessions: Vec<String>,
    /// `verificationFreq`: 0 is off, N compares one segment in N.
    pub verification_freq: u32,
    /// `timeoutMultiplier`, 1 to 100: stretches the clocks towards orchestrators. 0 and below are
    /// taken as 1. Only the header's counts (go-livepeer `server/mediaserver.go:883-885`).
    pub timeout_multiplier: u32,
    /// `forceSessionReinit`: hardware encoders start afresh with this segment. Only the header's
    /// counts.
    pub force_session_reinit: bool,
}

/// A document that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Too long.
    #[error("the document has {bytes} bytes; accepted: {MAX_CONFIG_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON.
    #[error("the document is not JSON")]
    NotJson {
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// JSON, but not an object.
    #[error("the document is {found}; accepted: an object")]
    NotAnObject {
        /// JSON type found.
        found: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{key}` is {found}; accepted: {expected}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// JSON type found.
        found: &'static str,
    },
    /// A number out of range.
    #[error("`{key}` is {given}; accepted: {min} to {max}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The value, cut to 24 characters.
        given: String,
        /// Smallest accepted.
        min: u32,
        /// Largest accepted.
        max: u32,
    },
    /// `manifestID` names no stream.
    #[error("`manifestID` cannot be used")]
    Manifest {
        /// What is wrong with it.
        #[source]
        source: ManifestIdError,
    },
    /// `profiles` or `presets` cannot be used.
    #[error("the renditions cannot be used")]
    Profiles {
        /// What is wrong with them.
        #[source]
        source: ProfileErrors,
    },
}

impl ConfigError {
    /// The reason a client is told.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Profiles { .. } => Reason::InvalidProfile,
            _ => Reason::InvalidConfiguration,
        }
    }

    /// This error and its cause in one line.
    pub fn whole_text(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

impl From<ProfileErrors> for Problem {
    /// An unknown preset has a reason of its own; the text lists the presets there are.
    fn from(errors: ProfileErrors) -> Self {
        let unknown_preset = |error: &_| matches!(error, ProfileError::UnknownPreset { .. });
        let reason = if errors.iter().all(unknown_preset) {
            Reason::UnknownPreset
        } else {
            Reason::InvalidProfile
        };
        Self::new(reason, errors.to_string())
    }
}

impl Default for TranscodeConfig {
    fn default() -> Self {
        Self {
            manifest_id: None,
            stream_id: None,
            session_id: None,
            stream_key: None,
            presets: Vec::new(),
            profiles: None,
            object_store: None,
            record_object_store: None,
            record_object_store_url: None,
            previous_sessions: Vec::new(),
            verification_freq: 0,
            timeout_multiplier: 1,
            force_session_reinit: false,
        }
    }
}

impl TranscodeConfig {
    /// The header of a push. Absent, empty and `null` are the same.
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, ConfigError> {
        match headers.get(CONFIG_HEADER) {
            Some(value) => Self::from_json(value.as_bytes()),
            None => Ok(None),
        }
    }

    /// A document. Empty and `null` are `None`, `{}` is the default.
    pub fn from_json(document: &[u8]) -> Result<Option<Self>, ConfigError> {
        if document.len() > MAX_CONFIG_BYTES {
            return Err(ConfigError::TooLong { bytes: document.len() });
        }
        if document.trim_ascii().is_empty() {
            return Ok(None);
        }
        let value: Value =
            serde_json::from_slice(document).map_err(|source| ConfigError::NotJson { source })?;
        match value {
            Value::Null => Ok(None),
            Value::Object(map) => Self::from_map(&map).map(Some),
            other => Err(ConfigError::NotAnObject { found: type_name(&other) }),
        }
    }

    fn from_map(map: &Map<String, Value>) -> Result<Self, ConfigError> {
        let fields = Fields(map);
        let manifest_id = fields.text("manifestID")?.map(|text| ManifestId::parse(&text));
        let profiles = fields.get("profiles").map(profile::list_from_value);
        Ok(Self {
            manifest_id: manifest_id
                .transpose()
                .map_err(|source| ConfigError::Manifest { source })?,
            stream_id: fields.text("streamID")?,
            session_id: fields.text("sessionID")?,
            stream_key: fields.text("streamKey")?,
            presets: fields.texts("presets")?,
            profiles: profiles.transpose().map_err(|source| ConfigError::Profiles { source })?,
            object_store: fields.text("objectStore")?,
            record_object_store: fields.text("recordObjectStore")?,
            record_object_store_url: fields.text("recordObjectStoreUrl")?,
            previous_sessions: fields.texts("previousSessions")?,
            verification_freq: fields.number("verificationFreq", 0..=u32::MAX)?.unwrap_or(0),
            timeout_multiplier: fields.multiplier()?,
            force_session_reinit: fields.flag("forceSessionReinit")?,
        })
    }

    /// The renditions: presets first, then profiles, as written; `default` when there are no
    /// presets and `profiles` is absent. Unknown presets are errors, as is a name used twice.
    pub fn profiles(&self, default: &[Profile]) -> Result<Vec<Profile>, ProfileErrors> {
        let Some(profiles) = &self.profiles else {
            return if self.presets.is_empty() {
                Ok(default.to_vec())
            } else {
                self.with_presets(&[])
            };
        };
        self.with_presets(profiles)
    }

    fn with_presets(&self, profiles: &[Profile]) -> Result<Vec<Profile>, ProfileErrors> {
        let mut all = profile::preset_list(self.presets.iter().map(String::as_str))?;
        all.extend_from_slice(profiles);
        profile::check_list(&all)?;
        Ok(all)
    }
}

struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The value under a key in any case; the exact spelling goes first.
    fn get(&self, key: &str) -> Option<&'a Value> {
        let any_case = || self.0.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v);
        self.0.get(key).or_else(any_case).filter(|value| !value.is_null())
    }

    fn text(&self, key: &'static str) -> Result<Option<String>, ConfigError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong_type(key, "a string", other)),
        }
    }

    fn texts(&self, key: &'static str) -> Result<Vec<String>, ConfigError> {
        let expected = "a list of strings";
        let items = match self.get(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(wrong_type(key, expected, other)),
        };
        let text = |item: &Value| item.as_str().map(ToOwned::to_owned);
        items.iter().map(|item| text(item).ok_or_else(|| wrong_type(key, expected, item))).collect()
    }

    fn flag(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(wrong_type(key, "true or false", other)),
        }
    }

    fn number(
        &self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Value::Number(number) = value else {
            return Err(wrong_type(key, "a whole number", value));
        };
        let parsed = number.as_u64().and_then(|n| u32::try_from(n).ok());
        match parsed.filter(|n| range.contains(n)) {
            Some(n) => Ok(Some(n)),
            None => Err(ConfigError::OutOfRange {
                key,
                given: number.to_string().chars().take(24).collect(),
                min: *range.start(),
                max: *range.end(),
            }),
        }
    }

    /// go-livepeer takes any integer and lets those up to 1 do nothing.
    fn multiplier(&self) -> Result<u32, ConfigError> {
        let key = "timeoutMultiplier";
        if self.get(key).and_then(Value::as_i64).is_some_and(|n| n < 1) {
            return Ok(1);
        }
        Ok(self.number(key, 1..=MAX_TIMEOUT_MULTIPLIER)?.unwrap_or(1))
    }
}

fn wrong_type(key: &'static str, expected: &'static str, value: &Value) -> ConfigError {
    ConfigError::WrongType { key, expected, found: type_name(value) }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
