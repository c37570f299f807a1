//! The registry file: its shape, and the rules that a shape alone cannot say. Every check points
//! at the value it refuses. Nothing outside this module sees a half-checked document.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::{
    DeclaredKey, Entry, MAX_REGISTRY_BYTES, MapSystem, Mapping, Registry, RegistryError, Status,
};
use crate::attribute::{MAX_ATTRIBUTE_BYTES, MAX_PUBLIC_ATTRIBUTES, MAX_VALUES, bucket_labels};
use crate::predicate::{KeyKind, PredicateKey};
use crate::{Attribute, CardinalityClass, Tag, TagId, ValueType};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<u32>,
    #[serde(default)]
    tags: Vec<TagItem>,
    #[serde(default)]
    keys: Vec<KeyItem>,
}

/// A key of predicates that a namespace adds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyItem {
    key: Spanned<String>,
    #[serde(rename = "type")]
    kind: KeyKind,
    description: Spanned<String>,
    #[serde(default)]
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagItem {
    tag: Spanned<String>,
    #[serde(default)]
    id: Option<Spanned<u32>>,
    title: Spanned<String>,
    description: Spanned<String>,
    work_unit: Spanned<String>,
    #[serde(default)]
    attrs: Vec<Spanned<AttributeItem>>,
    #[serde(default)]
    maps: Vec<Spanned<MapItem>>,
    status: Spanned<Status>,
    #[serde(default)]
    replaced_by: Option<Spanned<String>>,
    since: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeItem {
    name: Spanned<String>,
    description: String,
    #[serde(rename = "type")]
    value_type: ValueType,
    #[serde(default)]
    unit: Option<String>,
    class: CardinalityClass,
    #[serde(default)]
    values: Vec<Spanned<String>>,
    #[serde(default)]
    bounds: Vec<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapItem {
    system: MapSystem,
    value: String,
}

/// Adds what a file defines to `registry`: nothing of it may be there already.
pub(super) fn read(text: &str, mut registry: Registry) -> Result<Registry, RegistryError> {
    if text.len() > MAX_REGISTRY_BYTES {
        return Err(RegistryError::TooLarge { bytes: text.len(), max: MAX_REGISTRY_BYTES });
    }
    let document: Document = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let (line, column) = (place.line(), place.column());
        let text = error.without_snippet().to_string();
        // The reader ends its text with the place, which this error says first.
        let suffix = format!(" at line {line}, column {column}");
        let message = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
        RegistryError::Syntax { line, column, message }
    })?;
    if document.version.value != 1 {
        let found = document.version.value;
        return Err(refuse(&document.version, format!("version {found} is unknown; accepted: 1")));
    }
    let mut replaced = Vec::new();
    for item in document.tags {
        replaced.extend(item.replaced_by.clone());
        add(&mut registry, item)?;
    }
    for place in &replaced {
        ends(&registry, place)?;
    }
    for item in document.keys {
        declare(&mut registry, item)?;
    }
    Ok(registry)
}

fn add(registry: &mut Registry, item: TagItem) -> Result<(), RegistryError> {
    let tag = parse_tag(&item.tag)?;
    if registry.entries.contains_key(&tag) {
        return Err(refuse(&item.tag, format!("tag {tag} is defined twice; accepted: once")));
    }
    let id = tag_id(registry, item.id.as_ref(), &tag)?;
    let maps = mappings(registry, &item.maps, &tag)?;
    let replaced_by = item.replaced_by.as_ref().map(parse_tag).transpose()?;
    if (item.status.value == Status::Deprecated) != replaced_by.is_some() {
        let rule = "a deprecated tag names its replacement in replaced_by, and no other tag does";
        return Err(refuse(&item.status, rule.to_owned()));
    }
    let entry = Entry {
        id,
        title: text_of(&item.title, "title", 120)?,
        description: text_of(&item.description, "description", 1000)?,
        work_unit: work_unit(&item.work_unit)?,
        attributes: attributes(item.attrs)?,
        maps,
        status: item.status.value,
        replaced_by,
        since: day(&item.since)?,
        tag: tag.clone(),
    };
    registry.entries.insert(tag, entry);
    Ok(())
}

/// Refuses a replacement that is replaced, by one or by several steps, by what it replaces.
fn ends(registry: &Registry, place: &Spanned<String>) -> Result<(), RegistryError> {
    let start = parse_tag(place)?;
    let mut seen = HashSet::new();
    let mut next = Some(start.clone());
    while let Some(tag) = next {
        next = registry.entries.get(&tag).and_then(|entry| entry.replaced_by.clone());
        if !seen.insert(tag) {
            let rule = format!("{start} is replaced in a circle; accepted: a tag that is in use");
            return Err(refuse(place, rule));
        }
    }
    Ok(())
}

fn declare(registry: &mut Registry, item: KeyItem) -> Result<(), RegistryError> {
    let name = &item.key.value;
    let key: PredicateKey = name
        .parse()
        .map_err(|error: crate::predicate::KeyError| refuse(&item.key, error.to_string()))?;
    if key.namespace().is_none() {
        let rule = format!("key {name} is in no namespace; accepted: x_<namespace>.<name>");
        return Err(refuse(&item.key, rule));
    }
    if registry.vocabulary.kind(&key).is_some() {
        return Err(refuse(&item.key, format!("key {name} is declared twice")));
    }
    let description = text_of(&item.description, "description", 1000)?;
    registry.keys.push(DeclaredKey {
        key: key.clone(),
        kind: item.kind,
        description,
        unit: item.unit,
    });
    registry.vocabulary.declare(key, item.kind);
    Ok(())
}

fn parse_tag(text: &Spanned<String>) -> Result<Tag, RegistryError> {
    text.value.parse().map_err(|error: crate::TagError| refuse(text, error.to_string()))
}

fn tag_id(
    registry: &mut Registry,
    given: Option<&Spanned<u32>>,
    tag: &Tag,
) -> Result<TagId, RegistryError> {
    let Some(number) = given else { return Ok(TagId::UNTAGGED) };
    let id = TagId::try_from(number.value).map_err(|error| refuse(number, error.to_string()))?;
    if !id.is_tagged() {
        let rule = "id 0 means untagged; accepted: 1 to 2097151, or no id at all";
        return Err(refuse(number, rule.to_owned()));
    }
    match registry.by_id.insert(id, tag.clone()) {
        None => Ok(id),
        Some(other) => Err(refuse(number, format!("id {id} is already the id of {other}"))),
    }
}

fn mappings(
    registry: &mut Registry,
    items: &[Spanned<MapItem>],
    tag: &Tag,
) -> Result<Vec<Mapping>, RegistryError> {
    items
        .iter()
        .map(|item| {
            let MapItem { system, value } = &item.value;
            if *system == MapSystem::Tag && value == tag.as_str() {
                let rule = format!("{tag} is mapped to itself; accepted: a former tag");
                return Err(refuse(item, rule));
            }
            let names = registry.by_name.entry(*system).or_default();
            match names.insert(value.clone(), tag.clone()) {
                None => Ok(Mapping { system: *system, value: value.clone() }),
                Some(other) => Err(refuse(item, format!("{value:?} is already mapped to {other}"))),
            }
        })
        .collect()
}

fn attributes(items: Vec<Spanned<AttributeItem>>) -> Result<Vec<Attribute>, RegistryError> {
    let mut names = HashSet::new();
    let mut public = 0_usize;
    let mut attributes = Vec::with_capacity(items.len());
    for item in items {
        if !names.insert(item.value.name.value.clone()) {
            let name = &item.value.name.value;
            return Err(refuse(&item.value.name, format!("attribute {name} is declared twice")));
        }
        if item.value.class != CardinalityClass::Private {
            public = public.saturating_add(1);
        }
        if public > MAX_PUBLIC_ATTRIBUTES {
            let rule = format!("too many public attributes; accepted: {MAX_PUBLIC_ATTRIBUTES}");
            return Err(refuse(&item, rule));
        }
        attributes.push(attribute(&item)?);
    }
    Ok(attributes)
}

fn attribute(item: &Spanned<AttributeItem>) -> Result<Attribute, RegistryError> {
    let AttributeItem { name, description, value_type, unit, class, values, bounds } = &item.value;
    if !is_attribute_name(&name.value) {
        let rule = format!(
            "attribute name {:?} is not valid; accepted: lower-case words joined by dots, such as src.height, at most {MAX_ATTRIBUTE_BYTES} bytes",
            name.value
        );
        return Err(refuse(name, rule));
    }
    let labels = match class {
        CardinalityClass::Private => {
            forbid(
                item,
                values.is_empty() && bounds.is_empty(),
                "a private attribute has neither values nor bounds",
            )?;
            Vec::new()
        }
        CardinalityClass::PublicEnum => {
            forbid(item, bounds.is_empty(), "a public-enum attribute has values, not bounds")?;
            forbid(
                item,
                (1..=MAX_VALUES).contains(&values.len()),
                "a public-enum attribute has 1 to 64 values",
            )?;
            enum_values(values)?
        }
        CardinalityClass::PublicBucket => {
            forbid(item, values.is_empty(), "a public-bucket attribute has bounds, not values")?;
            forbid(
                item,
                *value_type == ValueType::Integer,
                "a public-bucket attribute is of type integer",
            )?;
            forbid(
                item,
                (1..MAX_VALUES).contains(&bounds.len()),
                "a public-bucket attribute has 1 to 63 bounds",
            )?;
            rising(bounds)?;
            bucket_labels(&bounds.iter().map(|bound| bound.value).collect::<Vec<_>>())
        }
    };
    Ok(Attribute {
        name: name.value.as_str().into(),
        description: description.clone(),
        value_type: *value_type,
        unit: unit.clone(),
        class: *class,
        values: labels,
        bounds: bounds.iter().map(|bound| bound.value).collect(),
    })
}

fn enum_values(values: &[Spanned<String>]) -> Result<Vec<Arc<str>>, RegistryError> {
    let mut seen = HashSet::new();
    values
        .iter()
        .map(|value| {
            let text = value.value.as_str();
            if text.is_empty() || text.len() > MAX_ATTRIBUTE_BYTES || !text.is_ascii() {
                let rule = format!("value {text:?} is not valid; accepted: 1 to {MAX_ATTRIBUTE_BYTES} ASCII characters");
                return Err(refuse(value, rule));
            }
            if !seen.insert(text) {
                return Err(refuse(value, format!("value {text:?} is listed twice")));
            }
            Ok(Arc::from(text))
        })
        .collect()
}

fn rising(bounds: &[Spanned<u64>]) -> Result<(), RegistryError> {
    for pair in bounds.windows(2) {
        if let [low, high] = pair
            && high.value <= low.value
        {
            return Err(refuse(
                high,
                format!("bound {} does not rise above {}", high.value, low.value),
            ));
        }
    }
    Ok(())
}

/// Lower-case words of letters, digits and underscores, joined by dots, beginning with a letter.
fn is_attribute_name(name: &str) -> bool {
    name.len() <= MAX_ATTRIBUTE_BYTES
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('.').all(|word| {
            !word.is_empty() && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        })
}

fn work_unit(text: &Spanned<String>) -> Result<String, RegistryError> {
    let name = text.value.as_str();
    let fits = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits {
        Ok(name.to_owned())
    } else {
        let rule = "accepted: 1 to 32 of a-z 0-9 -, beginning with a letter, such as pixel";
        Err(refuse(text, format!("work unit {name:?} is not valid; {rule}")))
    }
}

fn day(text: &Spanned<String>) -> Result<String, RegistryError> {
    let bytes = text.value.as_bytes();
    let fits = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if fits {
        Ok(text.value.clone())
    } else {
        Err(refuse(text, format!("day {:?} is not valid; accepted: YYYY-MM-DD", text.value)))
    }
}

fn text_of(text: &Spanned<String>, key: &str, max: usize) -> Result<String, RegistryError> {
    let length = text.value.chars().count();
    if (1..=max).contains(&length) {
        Ok(text.value.trim().to_owned())
    } else {
        Err(refuse(text, format!("{key} has {length} characters; accepted: 1 to {max}")))
    }
}

fn forbid<T>(place: &Spanned<T>, fits: bool, rule: &str) -> Result<(), RegistryError> {
    if fits { Ok(()) } else { Err(refuse(place, rule.to_owned())) }
}

fn refuse<T>(place: &Spanned<T>, problem: String) -> RegistryError {
    let at = place.referenced;
    RegistryError::Invalid { line: at.line(), column: at.column(), problem }
}
