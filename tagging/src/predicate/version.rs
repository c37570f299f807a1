//! Versions of software. What follows the number is ignored on both sides unless the requirement
//! names a pre-release: nodes are built between releases as `0.9.1-1f2e3d4c`, and such a build counts
//! as the release it follows, as orchestrators themselves count it.

use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version, VersionReq};

use crate::problem::shown;

/// Longest text read as a version or a requirement, in bytes.
const LONGEST: usize = 128;

/// A requirement such as `>=0.8.10`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRequirement {
    text: String,
    required: VersionReq,
    exact: bool,
}

/// Text that is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "version requirement {} is not valid; accepted: comparisons of versions joined by commas, such as >=0.8.10 or >=1.2, <2",
    shown(given)
)]
pub struct VersionError {
    /// What was given, at most 128 bytes of it.
    pub given: String,
}

impl VersionRequirement {
    /// The text that was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the version meets the requirement.
    pub fn matches(&self, version: &Version) -> bool {
        if self.exact {
            return self.required.matches(version);
        }
        let mut release = Version::new(version.major, version.minor, version.patch);
        release.build = BuildMetadata::EMPTY;
        self.required.matches(&release)
    }
}

impl FromStr for VersionRequirement {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || VersionError { given: text.chars().take(LONGEST).collect() };
        // An empty requirement is one that anything meets, and never what somebody meant.
        if text.len() > LONGEST || text.trim().is_empty() {
            return Err(wrong());
        }
        let required = VersionReq::parse(text).map_err(|_| wrong())?;
        let exact = required.comparators.iter().any(|one| one.pre != Prerelease::EMPTY);
        Ok(Self { text: text.to_owned(), required, exact })
    }
}

impl fmt::Display for VersionRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The version in a text. A leading `v` and missing minor or patch numbers are accepted.
pub fn release(text: &str) -> Option<Version> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.strip_prefix('v').unwrap_or(text);
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, suffix) = text.split_at(core_end);
    let missing = 2_usize.checked_sub(core.matches('.').count())?;
    let padded = format!("{core}{}", ".0".repeat(missing));
    // A suffix that is no pre-release (`0.9.1-000abc`) still leaves a release.
    Version::parse(&format!("{padded}{suffix}")).or_else(|_| Version::parse(&padded)).ok()
}
