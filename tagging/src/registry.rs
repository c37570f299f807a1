//! What is known about each tag: title, work unit, attributes that may be published, names it has
//! elsewhere, and its number on chain if the file gives one.
//!
//! The built-in registry is one YAML file compiled into the program, so an unreachable chain or a
//! missing file never leaves a job without a meaning. Reading a registry never guesses: an unknown
//! key, a second definition or a bucket out of order refuses the whole file, with line and column.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::predicate::{KeyKind, PredicateKey, Vocabulary};
use crate::{Attribute, Fact, PublicAttributes, Tag, TagId};

mod document;
mod error;
#[cfg(test)]
mod tests;

pub use error::RegistryError;

const BUILTIN: &str = include_str!("../registry.yaml");

/// The largest file that is read, in bytes.
pub const MAX_REGISTRY_BYTES: usize = 1 << 20;

/// Whether new jobs should use a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    Active,
    /// Still resolved, no longer recommended; its replacement says what it would be called today.
    Deprecated,
}

/// The kind of name that a mapping starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapSystem {
    /// Capability number of go-livepeer, decimal (`core/capabilities.go:51-92`).
    Capability,
    /// Batch pipeline, such as `text-to-image`.
    Pipeline,
    /// `app` of a live runner.
    App,
    /// Offering of a registry manifest, such as `openai:/v1/embeddings`.
    Offering,
    /// Name of a container that an operator brings (capability 37).
    Byoc,
    /// A former tag.
    Tag,
}

/// A name that a tag has in another system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// Which system.
    pub system: MapSystem,
    /// The name there.
    pub value: String,
}

/// What the registry knows about one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The tag.
    pub tag: Tag,
    /// Its number on chain, [`TagId::UNTAGGED`] when the file gives none.
    pub id: TagId,
    /// A few words.
    pub title: String,
    /// What the demand is, in a sentence or two.
    pub description: String,
    /// What is paid for, such as `pixel`.
    pub work_unit: String,
    /// Attributes of a job under this tag.
    pub attributes: Vec<Attribute>,
    /// Names elsewhere.
    pub maps: Vec<Mapping>,
    /// Whether new jobs should use it.
    pub status: Status,
    /// What a deprecated tag is called today.
    pub replaced_by: Option<Tag>,
    /// Day it was added, `YYYY-MM-DD`.
    pub since: String,
}

/// A key of predicates that a namespace adds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclaredKey {
    /// The key, `x_<namespace>.<name>`.
    pub key: PredicateKey,
    /// What kind of value it has.
    pub kind: KeyKind,
    /// What it means, in a sentence or two.
    pub description: String,
    /// Unit of a number, such as `dB`.
    pub unit: Option<String>,
}

/// A set of tags, ready for look-ups.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: BTreeMap<Tag, Entry>,
    by_id: HashMap<TagId, Tag>,
    by_name: HashMap<MapSystem, HashMap<String, Tag>>,
    keys: Vec<DeclaredKey>,
    vocabulary: Vocabulary,
}

impl Registry {
    /// The registry that the program carries.
    pub fn builtin() -> &'static Self {
        static REGISTRY: LazyLock<Registry> =
            LazyLock::new(|| Registry::from_yaml(BUILTIN).expect("a test reads the embedded file"));
        &REGISTRY
    }

    /// Reads a registry file. All of it is accepted or nothing.
    pub fn from_yaml(text: &str) -> Result<Self, RegistryError> {
        document::read(text, Self::default())
    }

    /// This registry together with what a file adds: an operator's own namespace, for example. All
    /// of the file is accepted or nothing; it may define nothing that is there already.
    pub fn extended(&self, text: &str) -> Result<Self, RegistryError> {
        document::read(text, self.clone())
    }

    /// The extension keys that are declared, in the order of the files.
    pub fn declared_keys(&self) -> &[DeclaredKey] {
        &self.keys
    }

    /// The entry of exactly this tag.
    pub fn get(&self, tag: &Tag) -> Option<&Entry> {
        self.entries.get(tag)
    }

    /// The entry of the tag or of its nearest ancestor that has one: whoever does not know a child
    /// may treat it as its parent.
    pub fn nearest(&self, tag: &Tag) -> Option<&Entry> {
        tag.lineage().find_map(|ancestor| self.entries.get(&ancestor))
    }

    /// The number of the tag on chain, [`TagId::UNTAGGED`] when it is not known.
    pub fn id(&self, tag: &Tag) -> TagId {
        self.get(tag).map_or(TagId::UNTAGGED, |entry| entry.id)
    }

    /// The tag with this number.
    pub fn by_id(&self, id: TagId) -> Option<&Tag> {
        self.by_id.get(&id)
    }

    /// The keys that predicates may have: the built-in ones and those the file declares.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The tag of a name in another system.
    pub fn mapped(&self, system: MapSystem, name: &str) -> Option<&Tag> {
        self.by_name.get(&system)?.get(name)
    }

    /// Every entry, sorted by tag.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The part of `facts` that may be published for a job under `tag`: what the tag (or its
    /// nearest registered ancestor) declares public, as declared values and buckets. The rest is
    /// dropped.
    pub fn public_attributes<'a>(
        &self,
        tag: &Tag,
        facts: impl IntoIterator<Item = (&'a str, Fact<'a>)>,
    ) -> PublicAttributes {
        let Some(entry) = self.nearest(tag) else {
            return PublicAttributes::default();
        };
        let values: BTreeMap<Arc<str>, Arc<str>> = facts
            .into_iter()
            .filter_map(|(name, fact)| {
                let attribute = entry.attributes.iter().find(|known| &*known.name == name)?;
                Some((Arc::clone(&attribute.name), attribute.publish(fact)?))
            })
            .collect();
        PublicAttributes::new(values)
    }
}
