//! What backs a fact, and over which time it was measured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::problem::shown;
use crate::tree::Word;

/// What backs a fact, from weak to strong. A requirement is met by its own evidence or stronger.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The orchestrator says so.
    #[default]
    Declared,
    /// This gateway, or a dataset it trusts, measured it.
    Observed,
    /// A third party or a trusted execution environment signed it.
    Attested,
}

impl Evidence {
    /// The spelling.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Word for Evidence {
    const WHAT: &'static str = "evidence";
    const ALL: &'static [Self] = &[Self::Declared, Self::Observed, Self::Attested];

    fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::Attested => "attested",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A length of time as it is written: a count of minutes, hours or days. `60m` and `1h` are equally
/// long and yet different, because a document's hash covers what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    count: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Minute,
    Hour,
    Day,
}

/// Text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "window {} is not valid; accepted: a count from 1 to 999999 and m, h or d, such as 24h",
    shown(given)
)]
pub struct WindowError {
    /// What was given, at most 32 characters of it.
    pub given: String,
}

impl Window {
    /// So many hours; none are one.
    pub const fn hours(count: u32) -> Self {
        Self { count: if count == 0 { 1 } else { count }, unit: Unit::Hour }
    }

    /// How long it is.
    pub const fn seconds(self) -> u64 {
        let unit = match self.unit {
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day => 86_400,
        };
        // Six digits of days are far from 64 bits.
        (self.count as u64).saturating_mul(unit)
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let unit = match text.chars().last()? {
                'm' => Unit::Minute,
                'h' => Unit::Hour,
                'd' => Unit::Day,
                _ => return None,
            };
            let digits = text.get(..text.len().checked_sub(1)?)?;
            let plain = (1..=6).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|b| b.is_ascii_digit());
            Some(Self { count: plain.then(|| digits.parse().ok())??, unit })
        };
        read().ok_or_else(|| WindowError { given: text.chars().take(32).collect() })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
