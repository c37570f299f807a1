//! What a kind of setting is called in documentation and how JSON Schema describes it.

use serde_json::{Value, json};

use super::VerificationMode;
use super::setting::Kind;
use super::units::{show_duration, show_size};
use crate::profile::{Encoder, EncoderProfile, MAX_PROFILES, PRESET_NAMES};

impl Kind {
    /// The accepted values in a few words.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Network => "name".into(),
            Self::Directory | Self::OptionalPath => "path".into(),
            Self::Paths => "list of paths".into(),
            Self::Text(most) => format!("text, up to {most} characters"),
            Self::Region => "three letters".into(),
            Self::Listen(_) => "host:port".into(),
            Self::Truth => "true, false".into(),
            Self::Switch => "auto, true, false".into(),
            Self::Count { min, max } => format!("{min} to {max}"),
            Self::Size { min, max } => format!("{} to {}", show_size(min), show_size(max)),
            Self::Duration { min, max } => {
                format!("{} to {}", show_duration(min), show_duration(max))
            }
            Self::Profiles => format!("list, 1 to {MAX_PROFILES}"),
            Self::Orchestrators => "list of addresses".into(),
            Self::Url => "URL".into(),
            Self::EthAddresses => "list of 0x…".into(),
            Self::EthAddress => "0x…".into(),
            Self::RpcUrls => "list of URLs".into(),
            Self::Secret => "text or path".into(),
            Self::Wei => "wei, gwei or eth".into(),
            Self::Amount => "wei, gwei, eth or a currency".into(),
            Self::Price => "wei or a currency".into(),
            Self::CapabilityPrices => "list of pipeline, model, max, units".into(),
            Self::TagPrices => "list of tag, max, pixels".into(),
            Self::TagAmounts => "list of tag, day".into(),
            Self::TagIds => "list of tag, id".into(),
            Self::Version => "version".into(),
            Self::VerificationMode => {
                VerificationMode::ALL.map(VerificationMode::as_str).join(", ")
            }
            Self::Routes => "list of manifest, tag".into(),
            Self::TagPatterns => "list of tags".into(),
            Self::LogFilter => "filter".into(),
            Self::LogFormat => "text, json".into(),
        }
    }

    /// The word for one value, for help texts.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Truth | Self::Switch => "",
            Self::Directory => "DIR",
            Self::Listen(_) => "HOST:PORT",
            Self::Count { .. } | Self::LogFilter => "N",
            Self::Duration { .. } => "DURATION",
            Self::Profiles => "NAMES|FILE",
            Self::Orchestrators => "ADDR,…",
            Self::Url => "URL",
            Self::EthAddresses => "0x…,…",
            Self::EthAddress => "0x…",
            Self::RpcUrls => "URL,…",
            Self::OptionalPath => "PATH",
            Self::Paths => "PATH,…",
            Self::Text(_) => "TEXT",
            Self::Secret => "TEXT|FILE",
            Self::Wei => "WEI",
            Self::Amount | Self::Price => "AMOUNT",
            Self::CapabilityPrices => "JSON|FILE",
            Self::Network => "NAME",
            Self::Region => "CODE",
            Self::Version => "VERSION",
            Self::VerificationMode => "MODE",
            Self::Size { .. }
            | Self::Routes
            | Self::TagPatterns
            | Self::TagPrices
            | Self::TagAmounts
            | Self::TagIds
            | Self::LogFormat => "VALUE",
        }
    }

    /// JSON Schema of one value.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Network | Self::Directory | Self::Version | Self::LogFilter => {
                json!({"type": "string"})
            }
            Self::OptionalPath | Self::Secret => json!({"type": ["string", "null"]}),
            Self::Text(most) => json!({"type": ["string", "null"], "maxLength": most}),
            Self::EthAddress => json!({
                "type": ["string", "null"],
                "pattern": "^0x[0-9A-Fa-f]{40}$",
            }),
            Self::Wei => json!({"type": ["string", "integer"], "examples": [0, "20 gwei"]}),
            Self::Amount => json!({
                "type": ["string", "null"],
                "examples": ["0.05 eth", "200 gwei", "12.50 usd"],
            }),
            Self::Price => json!({"type": ["string", "number"], "examples": [1200, "0.50USD"]}),
            Self::CapabilityPrices => json!({"anyOf": [
                {"type": ["string", "null"]},
                list_of(&["pipeline", "max"], &["pipeline", "model", "max", "units"]),
            ]}),
            Self::TagPrices => json!({"anyOf": [
                {"type": "null"}, list_of(&["tag", "max"], &["tag", "max", "pixels"]),
            ]}),
            Self::TagAmounts => json!({"anyOf": [
                {"type": "null"}, list_of(&["tag", "day"], &["tag", "day"]),
            ]}),
            Self::TagIds => json!({"anyOf": [
                {"type": ["string", "null"]}, list_of(&["tag", "id"], &["tag", "id"]),
            ]}),
            Self::Region => json!({"type": "string", "pattern": "^[A-Za-z]{3}$"}),
            Self::Listen(_) => json!({"type": "string", "examples": ["127.0.0.1:9935", ":9935"]}),
            Self::Truth => json!({"type": "boolean"}),
            Self::Switch => json!({"enum": ["auto", true, false]}),
            Self::Count { min, max } => {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            Self::Size { .. } => json!({
                "type": "string",
                "pattern": "^[0-9]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$",
            }),
            Self::Duration { .. } => json!({
                "type": "string",
                "pattern": "^([0-9]+ ?[a-z]+ ?)+$",
            }),
            Self::Profiles => json!({"anyOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "maxItems": MAX_PROFILES,
                 "items": {"anyOf": [{"enum": PRESET_NAMES}, profile_schema()]}},
            ]}),
            Self::Orchestrators
            | Self::EthAddresses
            | Self::RpcUrls
            | Self::TagPatterns
            | Self::Paths => json!({
                "type": ["array", "null"],
                "items": {"type": "string"},
            }),
            Self::Url => json!({"type": ["string", "null"], "format": "uri"}),
            Self::Routes => json!({"type": ["array", "null"], "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["manifest", "tag"],
                "properties": {"manifest": {"type": "string"}, "tag": {"type": "string"}},
            }}),
            Self::LogFormat => json!({"enum": ["text", "json"]}),
            Self::VerificationMode => {
                json!({"enum": VerificationMode::ALL.map(VerificationMode::as_str)})
            }
        }
    }
}

/// A list of mappings with these keys, each a plain value.
fn list_of(required: &[&str], keys: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), json!({"type": ["string", "number"]}))).collect();
    json!({"type": "array", "items": {
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    }})
}

fn profile_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
            "width": {"type": "integer", "minimum": 0},
            "height": {"type": "integer", "minimum": 0},
            "bitrate": {"type": ["integer", "string"], "examples": [1_200_000, "1200k", "6M"]},
            "fps": {"type": "integer", "minimum": 0},
            "fps_den": {"type": "integer", "minimum": 0},
            "profile": {"enum": EncoderProfile::ALL.map(EncoderProfile::name)},
            "gop": {"type": "string", "examples": ["intra", "2s", "500ms"]},
            "encoder": {"enum": Encoder::ALL.map(Encoder::name)},
            "color_depth": {"enum": [0, 2, 4, 8]},
            "chroma_format": {"enum": [0, 1, 2]},
            "quality": {"type": "integer", "minimum": 0, "maximum": 63},
        },
    })
}
