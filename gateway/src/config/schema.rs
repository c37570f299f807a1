//! JSON Schema of `waymark.yaml`, for editors; made from the table of settings.

use serde_json::{Map, Value, json};

use super::node::{Item, Node};
use super::setting::{Kind, SECTIONS, SETTINGS, Setting};
use super::units;

/// The schema (draft 2020-12).
pub fn schema() -> Value {
    let mut root = Map::new();
    for (section, doc) in SECTIONS {
        let mut properties: Map<String, Value> = SETTINGS
            .iter()
            .filter(|setting| setting.split().0 == *section)
            .map(|setting| (setting.split().1.to_owned(), property(setting)))
            .collect();
        if section.is_empty() {
            root.append(&mut properties);
        } else {
            let value = json!({
                "type": ["object", "null"],
                "description": doc,
                "additionalProperties": false,
                "properties": properties,
            });
            root.insert((*section).to_owned(), value);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "waymark.yaml",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
    })
}

fn property(setting: &Setting) -> Value {
    let mut value = setting.kind.schema();
    if let Value::Object(map) = &mut value {
        map.insert("description".to_owned(), setting.doc.into());
        if let Some(default) = default(setting) {
            map.insert("default".to_owned(), default);
        }
    }
    value
}

fn default(setting: &Setting) -> Option<Value> {
    let text = setting.default;
    match setting.kind {
        Kind::Truth => units::truth(text).map(Value::from),
        Kind::Count { .. } => units::count(text).map(Value::from),
        Kind::Profiles => Some(text.split(',').map(Value::from).collect()),
        _ => (!text.is_empty()).then(|| Value::from(text)),
    }
}

/// The default of a setting as YAML, for documentation; empty where it follows from others.
pub(super) fn shown_default(setting: &Setting) -> String {
    let item = Item::text(setting.default);
    match (setting.kind, item.node) {
        (Kind::Profiles, Node::Text(text)) => format!("[{}]", text.replace(',', ", ")),
        (
            Kind::Orchestrators
            | Kind::EthAddresses
            | Kind::RpcUrls
            | Kind::Routes
            | Kind::CapabilityPrices
            | Kind::TagPrices
            | Kind::TagAmounts
            | Kind::TagIds,
            Node::Text(text),
        ) if text.is_empty() => "[]".to_owned(),
        (
            Kind::Url
            | Kind::Version
            | Kind::TagPatterns
            | Kind::EthAddress
            | Kind::OptionalPath
            | Kind::Secret
            | Kind::Amount,
            Node::Text(text),
        ) if text.is_empty() => "null".to_owned(),
        (_, Node::Text(text)) => text,
        _ => String::new(),
    }
}
