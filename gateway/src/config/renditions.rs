//! The renditions of `transcoding.profiles` and `-transcodingOptions`.
//!
//! A text is either the path of a JSON file or names of presets; a list holds names of presets
//! and profiles written out. Unlike in stock, an unknown preset or a missing file is refused.

use std::path::Path;

use serde_json::{Map, Value};

use super::node::{Item, Node};
use super::read::read_bounded;
use super::setting::Kind;
use super::units;
use super::values::{Parsed, Refusal};
use crate::profile::{self, KeyStyle, MAX_PROFILES, Profile, ProfileErrors};

/// Renditions from whatever was written; at least one.
pub(super) fn profiles(item: &Item, _: Kind) -> Parsed<Vec<Profile>> {
    let profiles = match &item.node {
        Node::Text(text) => from_text(text.trim()),
        Node::List(items) => from_list(items),
        Node::Null | Node::Map(_) => {
            Err(vec![Refusal::new("must be a list of presets and profiles")])
        }
    }?;
    if profiles.is_empty() {
        return Err(vec![Refusal::new("has no rendition; name at least one")]);
    }
    Ok(profiles)
}

fn from_text(text: &str) -> Parsed<Vec<Profile>> {
    let path = Path::new(text);
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json || text.contains(std::path::MAIN_SEPARATOR) || path.is_file() {
        let json = read_bounded(path).map_err(|error| vec![Refusal::new(unreadable(&error))])?;
        return profile::list_from_str(&json).map_err(|errors| refusals(&errors));
    }
    let names = text.split(',').filter(|name| !name.trim().is_empty());
    let profiles = profile::preset_list(names).map_err(|errors| refusals(&errors))?;
    checked(profiles)
}

fn unreadable(error: &std::io::Error) -> String {
    const WANTED: &str = "give the path of a JSON list of profiles, or names of presets";
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("no such file; {WANTED}"),
        _ => format!("cannot read the file ({error}); {WANTED}"),
    }
}

fn from_list(items: &[Item]) -> Parsed<Vec<Profile>> {
    if items.len() > MAX_PROFILES {
        let error = profile::ProfileError::TooMany { count: items.len() };
        return Err(vec![Refusal::new(error.to_string())]);
    }
    let mut profiles = Vec::with_capacity(items.len());
    let mut refused = Vec::new();
    for item in items {
        let parsed = match &item.node {
            Node::Text(name) => Profile::preset(name),
            Node::Null | Node::List(_) | Node::Map(_) => {
                profile::from_value(&written_out(item), KeyStyle::Yaml)
            }
        };
        match parsed {
            Ok(profile) => profiles.push(profile),
            Err(error) => refused.push(Refusal::of(item, error.to_string())),
        }
    }
    if refused.is_empty() { checked(profiles) } else { Err(refused) }
}

fn checked(profiles: Vec<Profile>) -> Parsed<Vec<Profile>> {
    profile::check_list(&profiles).map_err(|errors| refusals(&errors))?;
    Ok(profiles)
}

fn refusals(errors: &ProfileErrors) -> Vec<Refusal> {
    errors.lines().map(Refusal::new).collect()
}

/// The JSON of a profile written in YAML: numbers are numbers, and units become plain values.
fn written_out(item: &Item) -> Value {
    match &item.node {
        Node::Null => Value::Null,
        Node::Text(text) => Value::String(text.clone()),
        Node::List(items) => Value::Array(items.iter().map(written_out).collect()),
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let written = match (key.name.as_str(), &value.node) {
                    ("name" | "profile" | "encoder", _) => written_out(value),
                    ("gop", Node::Text(text)) => Value::String(gop(text)),
                    ("bitrate", Node::Text(text)) => bitrate(text),
                    (_, Node::Text(text)) => number(text),
                    _ => written_out(value),
                };
                map.insert(key.name.clone(), written);
            }
            Value::Object(map)
        }
    }
}

fn number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
}

/// Bits per second: a number, or one with `k` or `M`.
fn bitrate(text: &str) -> Value {
    let (digits, factor) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    digits
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .map_or_else(|| Value::String(text.to_owned()), Value::from)
}

/// `2s` as the seconds that JSON profiles hold; `none` as nothing.
fn gop(text: &str) -> String {
    match (text, units::duration(text)) {
        ("none", _) => String::new(),
        (_, Some(duration)) => duration.as_secs_f64().to_string(),
        (_, None) => text.to_owned(),
    }
}
