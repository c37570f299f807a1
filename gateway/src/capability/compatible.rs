//! Whether an orchestrator can do a job, by its own rules, and why not in words for a person.

use std::fmt;

use semver::{BuildMetadata, Prerelease, Version};
use waymark_proto::net;

use super::{
    Capability, JobCapabilities,
    bitstring::{has, ids, is_subset},
};

/// At most this many capabilities are named in one message.
const NAMED: usize = 8;

/// Why an orchestrator cannot do a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatible {
    /// Its version is below the gateway's minimum.
    #[error("the orchestrator runs version {found}, the minimum is {minimum}")]
    TooOld {
        /// What the gateway asks for.
        minimum: String,
        /// What the orchestrator says, cut to a few characters.
        found: String,
    },
    /// It tells no version that can be compared.
    #[error(
        "the orchestrator's version is {found:?}, which cannot be compared with the minimum {minimum}"
    )]
    UnknownVersion {
        /// What the gateway asks for.
        minimum: String,
        /// What the orchestrator says, cut to a few characters.
        found: String,
    },
    /// It insists on capabilities that the job does not use.
    #[error("the orchestrator takes only jobs with {capabilities}")]
    Demands {
        /// What it insists on.
        capabilities: Names,
    },
    /// It lacks capabilities that the job needs.
    #[error("the orchestrator does not offer {capabilities}")]
    Lacks {
        /// What is missing.
        capabilities: Names,
    },
}

impl Incompatible {
    /// The reason as a word of a closed vocabulary, for counting.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooOld { .. } | Self::UnknownVersion { .. } => "version",
            Self::Demands { .. } => "mandatory_capability",
            Self::Lacks { .. } => "missing_capability",
        }
    }
}

/// A few capability numbers, written as names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    ids: Vec<u32>,
    more: bool,
}

impl Names {
    fn of(mut ids: impl Iterator<Item = u32>) -> Self {
        let named = ids.by_ref().take(NAMED).collect();
        Self { ids: named, more: ids.next().is_some() }
    }

    /// The numbers, at most eight.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ids.is_empty() {
            return f.write_str("a longer set of capabilities");
        }
        for (i, id) in self.ids.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            match Capability::name_of(*id) {
                Some(name) => write!(f, "{separator}{name} ({id})")?,
                None => write!(f, "{separator}capability {id}")?,
            }
        }
        if self.more { f.write_str(" and more") } else { Ok(()) }
    }
}

/// Compares a job with what an orchestrator advertises: version, then what the orchestrator insists
/// on, then what the job needs (core/capabilities.go:445-511).
///
/// Costs as much as the job's own set is long, whatever the orchestrator sends.
pub fn compatible(
    job: &JobCapabilities,
    orchestrator: &net::Capabilities,
) -> Result<(), Incompatible> {
    if let Some(minimum) = &job.min_version {
        check_version(minimum, &orchestrator.version)?;
    }
    let needed = job.bitstring.words();
    if !is_subset(&orchestrator.mandatories, needed) {
        // What the orchestrator may demand has no bound; what is looked at has.
        let looked_at = orchestrator.mandatories.get(..needed.len() + 1);
        let demanded = ids(looked_at.unwrap_or(&orchestrator.mandatories));
        let capabilities = Names::of(demanded.filter(|id| !has(needed, *id)));
        return Err(Incompatible::Demands { capabilities });
    }
    if !job.bitstring.is_subset_of(&orchestrator.bitstring) {
        let capabilities = Names::of(job.bitstring.missing_from(&orchestrator.bitstring));
        return Err(Incompatible::Lacks { capabilities });
    }
    Ok(())
}

/// Pre-release parts are ignored on both sides: builds between releases carry them, and count as
/// the release they follow. A minimum that is no version asks for nothing.
fn check_version(minimum: &str, found: &str) -> Result<(), Incompatible> {
    let Some(least) = release(minimum) else { return Ok(()) };
    let (minimum, shown) = (minimum.to_owned(), found.chars().take(40).collect());
    match release(found) {
        None => Err(Incompatible::UnknownVersion { minimum, found: shown }),
        Some(version) if version < least => Err(Incompatible::TooOld { minimum, found: shown }),
        Some(_) => Ok(()),
    }
}

/// The release a version belongs to. A leading `v` and missing minor or patch numbers are accepted,
/// as peers accept them.
fn release(text: &str) -> Option<Version> {
    const LONGEST: usize = 256;
    if text.len() > LONGEST {
        return None;
    }
    let text = text.strip_prefix('v').unwrap_or(text);
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, suffix) = text.split_at(core_end);
    let missing = 2usize.checked_sub(core.matches('.').count())?;
    let mut version = Version::parse(&format!("{core}{}{suffix}", ".0".repeat(missing))).ok()?;
    version.pre = Prerelease::EMPTY;
    version.build = BuildMetadata::EMPTY;
    Some(version)
}

#[cfg(test)]
mod tests;
