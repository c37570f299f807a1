//! YAML as a tree whose every node knows its place, so that all problems of a file can be
//! reported at once instead of the first one that a typed reader stops at.
//!
//! Scalars stay the text that was written (`010`, `0x…` and `no` are not interpreted): what a
//! value means is decided by the setting it belongs to. Size, depth and aliases are bounded.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use super::origin::Place;

/// Largest file read, in bytes.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// `null`, `~` or nothing.
    Null,
    /// A scalar as it was written, without quotes.
    Text(String),
    /// A sequence.
    List(Vec<Item>),
    /// A mapping in the order of the file; a key may come twice.
    Map(Vec<(Key, Item)>),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) node: Node,
    pub(super) place: Option<Place>,
}

/// A key of a mapping and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Option<Place>,
}

/// Text that is not YAML.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) place: Option<Place>,
    pub(super) text: String,
}

impl Item {
    /// A scalar without a place.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { node: Node::Text(text.into()), place: None }
    }

    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.node {
            Node::Null => "nothing",
            Node::Text(_) => "a single value",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }

    /// The value on one line, for messages.
    pub(super) fn shown(&self) -> String {
        match &self.node {
            Node::Null => "null".to_owned(),
            Node::Text(text) => text.clone(),
            Node::List(_) => "[…]".to_owned(),
            Node::Map(_) => "{…}".to_owned(),
        }
    }
}

/// Reads one YAML document; an empty one is [`Node::Null`].
pub(super) fn parse(text: &str) -> Result<Item, NotYaml> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 20_000,
            max_aliases: 100,
            max_documents: 1,
        },
    };
    let parsed: Result<Option<Spanned<Raw>>, _> =
        serde_saphyr::from_str_with_options(text, options);
    match parsed {
        Ok(Some(raw)) => Ok(settle(raw, text)),
        Ok(None) => Ok(Item { node: Node::Null, place: None }),
        Err(error) => {
            let shown = error.to_string();
            let place = error.location().and_then(|location| place_of(&location));
            // The place is shown in front of the message already.
            let end = shown.find(" at line ").unwrap_or(shown.len());
            let text = shown.get(..end).unwrap_or(&shown).to_owned();
            Err(NotYaml { place, text })
        }
    }
}

fn place_of(location: &Location) -> Option<Place> {
    (location.line() > 0).then(|| Place { line: location.line(), column: location.column() })
}

/// The tree as the YAML reader gives it.
enum Raw {
    Null,
    /// A string: quoted, or plain and nothing else.
    Text(String),
    /// A plain scalar that the reader took for a number or a truth value.
    Typed(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

/// Replaces interpreted scalars by the text they were written as.
fn settle(raw: Spanned<Raw>, source: &str) -> Item {
    let place = place_of(&raw.referenced);
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Text(text) => Node::Text(text),
        Raw::Typed(text) => Node::Text(written(&raw.defined, source).unwrap_or(text)),
        Raw::List(list) => Node::List(list.into_iter().map(|item| settle(item, source)).collect()),
        Raw::Map(map) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| {
                let place = place_of(&key.referenced);
                (Key { name: key.value, place }, settle(value, source))
            };
            Node::Map(map.into_iter().map(entry).collect())
        }
    };
    Item { node, place }
}

fn written(location: &Location, source: &str) -> Option<String> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    let text = source.get(start..start.checked_add(length)?)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
