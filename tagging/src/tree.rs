//! YAML and JSON as one tree whose nodes know their places, so that every problem of a file can be
//! told at once instead of the first one that a typed reader stops at.
//!
//! Size, depth, aliases and documents are bounded. Keys may come twice: who reads the tree says so.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use crate::problem::Place;
use crate::value::Number;

mod raw;
mod report;

use raw::{JsonRaw, Raw, YamlRaw};
pub(crate) use report::{Fields, Path, Report, Word};

/// The most documents of one YAML file.
pub(crate) const MAX_DOCUMENTS: usize = 1024;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Item>),
    /// In the order of the text.
    Map(Vec<(Key, Item)>),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) node: Node,
    pub(crate) place: Option<Place>,
}

/// A key of a mapping and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Option<Place>,
}

/// Text that cannot be read as a tree.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) place: Option<Place>,
    pub(crate) text: String,
}

impl Item {
    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.node {
            Node::Null => "nothing",
            Node::Flag(_) => "true or false",
            Node::Number(_) => "a number",
            Node::Text(_) => "text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Node::Map(entries) = &self.node else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(_, item)| item)
    }

    /// The mapping without a key.
    pub(crate) fn without(&self, name: &str) -> Self {
        let node = match &self.node {
            Node::Map(entries) => {
                Node::Map(entries.iter().filter(|(key, _)| key.name != name).cloned().collect())
            }
            other => other.clone(),
        };
        Self { node, place: self.place }
    }

    /// The place of the value of a key.
    pub(crate) fn at(&self, name: &str) -> Option<Place> {
        self.get(name)?.place
    }

    /// An element of the list at a key.
    pub(crate) fn element(&self, name: &str, index: usize) -> Option<&Self> {
        let Node::List(list) = &self.get(name)?.node else { return None };
        list.get(index)
    }
}

/// Reads all documents of a YAML text, at most [`MAX_DOCUMENTS`]. Empty ones are left out.
pub(crate) fn from_yaml(text: &str) -> Result<Vec<Item>, Unreadable> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 400_000,
            max_aliases: 100,
            max_documents: MAX_DOCUMENTS,
        },
    };
    let documents: Vec<YamlRaw> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            let shown = error.to_string();
            let place = error.location().and_then(|location| place_of(&location));
            // The place is shown in front of the message already.
            let end = shown.find(" at line ").unwrap_or(shown.len());
            let text = shown.get(..end).unwrap_or(&shown);
            let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400);
            Unreadable { place, text: format!("not YAML: {}", text.collect::<String>()) }
        })?;
    Ok(documents.into_iter().map(placed).filter(|item| item.node != Node::Null).collect())
}

/// Reads one JSON text. Places are not known.
pub(crate) fn from_json(text: &[u8]) -> Result<Item, Unreadable> {
    let raw: JsonRaw = serde_json::from_slice(text).map_err(|error| {
        let place = (error.line() > 0).then(|| Place {
            line: u64::try_from(error.line()).unwrap_or(u64::MAX),
            column: u64::try_from(error.column()).unwrap_or(u64::MAX),
        });
        let shown = error.to_string();
        let end = shown.find(" at line ").unwrap_or(shown.len());
        Unreadable { place, text: format!("not JSON: {}", shown.get(..end).unwrap_or(&shown)) }
    })?;
    Ok(unplaced(raw))
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonRaw::deserialize(deserializer).map(unplaced)
    }
}

/// As JSON, in the order of the text.
impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node {
            Node::Null => serializer.serialize_unit(),
            Node::Flag(flag) => serializer.serialize_bool(*flag),
            Node::Number(number) => number.serialize(serializer),
            Node::Text(text) => serializer.serialize_str(text),
            Node::List(list) => serializer.collect_seq(list),
            Node::Map(map) => serializer.collect_map(map.iter().map(|(k, v)| (&k.name, v))),
        }
    }
}

fn placed(raw: YamlRaw) -> Item {
    let place = place_of(&raw.0.referenced);
    let key = |key: Spanned<String>| Key { place: place_of(&key.referenced), name: key.value };
    Item { node: node(raw.0.value, placed, key), place }
}

fn unplaced(raw: JsonRaw) -> Item {
    let node = node(raw.0, unplaced, |name: String| Key { name, place: None });
    Item { node, place: None }
}

fn node<N, K>(raw: Raw<N, K>, item: fn(N) -> Item, key: impl Fn(K) -> Key) -> Node {
    match raw {
        Raw::Null => Node::Null,
        Raw::Flag(flag) => Node::Flag(flag),
        Raw::Number(number) => Node::Number(number),
        Raw::Text(text) => Node::Text(text),
        Raw::List(list) => Node::List(list.into_iter().map(item).collect()),
        Raw::Map(map) => {
            Node::Map(map.into_iter().map(|(name, value)| (key(name), item(value))).collect())
        }
    }
}

fn place_of(location: &Location) -> Option<Place> {
    (location.line() > 0).then(|| Place { line: location.line(), column: location.column() })
}
