//! A job class: one tag as one gateway buys it. Written in YAML, published as canonical JSON.
//!
//! The JSON schema is `schemas/jobclass.schema.json`. Reading is strict: an unknown key, a value of
//! the wrong kind or a second definition refuses the document, and every problem is told at once.
//! A [`JobClass`] writes back exactly what was read, so its hash is that of the document.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Tag;
use crate::canonical::{NotCanonical, document_hash};
use crate::predicate::Predicate;
use crate::problem::Problems;
use crate::tree::{self, Item, Path, Report};

mod moment;
mod parts;
mod price;
pub(crate) mod read;
mod set;
#[cfg(test)]
mod tests;

pub use moment::{Moment, MomentError};
pub use parts::{
    Basis, Demand, Interface, Mode, OnFail, Term, Terms, VerificationMode, VerificationPolicy,
};
pub use price::{PriceCeiling, PriceVerdict, UnitPrice};
pub use set::{Authoring, ClassFile, ClassSet, MAX_CLASS_FILE_BYTES, MAX_CLASSES};

/// The version of the document, its key `api`.
pub const API: &str = "lp.jobclass/v1";

/// Most requirements of one class.
pub const MAX_REQUIREMENTS: usize = 64;

/// Most preferences of one class.
pub const MAX_PREFERENCES: usize = 32;

/// Most terms of one class.
pub const MAX_TERMS: usize = 16;

/// One tag as one gateway buys it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobClass {
    /// What kind of work.
    pub tag: Tag,
    /// Rises with each change.
    pub rev: u32,
    /// A few words, at most 120 characters.
    pub title: Option<String>,
    /// Who buys it; the zero address off-chain.
    pub gateway: Address,
    /// When it was written.
    pub issued_at: Moment,
    /// When it ends; later than `issued_at`.
    pub expires_at: Moment,
    /// How the work is reached.
    pub interface: Interface,
    /// What has to hold, at most 64 predicates.
    pub requires: Vec<Predicate>,
    /// What is better to have, at most 32.
    pub prefers: Option<Vec<Preference>>,
    /// The most that is paid. Without it the price is not told.
    pub price: Option<PriceCeiling>,
    /// How much work there is.
    pub demand: Option<Demand>,
    /// What is checked.
    pub verification: Option<VerificationPolicy>,
    /// Terms by name.
    pub terms: Option<Terms>,
}

/// Something that is better to have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preference {
    /// How much better, 1 to 100.
    pub weight: u8,
    /// What.
    pub when: Predicate,
}

impl JobClass {
    /// The preferences, none if none are written.
    pub fn preferences(&self) -> &[Preference] {
        self.prefers.as_deref().unwrap_or_default()
    }

    /// Keccak-256 of its canonical bytes: what orchestrators and contracts know it by.
    pub fn hash(&self) -> Result<B256, NotCanonical> {
        document_hash(self)
    }

    /// Whether the class has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.at() <= now
    }

    /// Reads one class from JSON. `label` names the text in problems.
    pub fn from_json(label: &str, text: &[u8]) -> Result<Self, Problems> {
        let mut report = Report::new(&Arc::from(label));
        let class = match tree::from_json(text) {
            Ok(item) => read::class(&mut report, &item, &Path::Top),
            Err(error) => {
                report.unreadable(error);
                None
            }
        };
        report.problems.or(class)
    }
}

impl Serialize for JobClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("api", API)?;
        map.serialize_entry("tag", &self.tag)?;
        map.serialize_entry("rev", &self.rev)?;
        if let Some(title) = &self.title {
            map.serialize_entry("title", title)?;
        }
        map.serialize_entry("gateway", &format_args!("{:#x}", self.gateway))?;
        map.serialize_entry("issued_at", &self.issued_at)?;
        map.serialize_entry("expires_at", &self.expires_at)?;
        map.serialize_entry("interface", &self.interface)?;
        map.serialize_entry("requires", &self.requires)?;
        if let Some(prefers) = &self.prefers {
            map.serialize_entry("prefers", prefers)?;
        }
        if let Some(price) = &self.price {
            map.serialize_entry("price", price)?;
        }
        if let Some(demand) = &self.demand {
            map.serialize_entry("demand", demand)?;
        }
        if let Some(verification) = &self.verification {
            map.serialize_entry("verification", verification)?;
        }
        if let Some(terms) = &self.terms {
            map.serialize_entry("terms", terms)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for JobClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = Item::deserialize(deserializer)?;
        let mut report = Report::new(&Arc::from("job class"));
        let class = read::class(&mut report, &item, &Path::Top);
        report.problems.or(class).map_err(de::Error::custom)
    }
}
