//! The keys that predicates and facts may have, and the kind of value of each. Version 1.
//!
//! The list is what authors are held to. A document of somebody else may have keys that this list
//! lacks; then nothing is known about them, and each predicate's rule for the unknown applies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Operator, PredicateKey};
use crate::tree::Word;
use crate::value::Value;

/// What kind of value a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A word or a name.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A version such as `0.9.1`.
    Version,
}

/// Keys and their kinds; a name that ends in `.p*` stands for all percentiles, `.p1` to `.p99`.
const BUILTIN: &[(&str, KeyKind)] = &[
    ("capacity.free", KeyKind::Number),
    ("codec.decode", KeyKind::Text),
    ("codec.encode", KeyKind::Text),
    ("feature", KeyKind::Text),
    ("hw.gpu.arch", KeyKind::Text),
    ("hw.gpu.count", KeyKind::Number),
    ("hw.gpu.memory_mib", KeyKind::Number),
    ("hw.gpu.model", KeyKind::Text),
    ("hw.tee", KeyKind::Text),
    ("model.context_tokens", KeyKind::Number),
    ("model.id", KeyKind::Text),
    ("model.precision", KeyKind::Text),
    ("model.warm", KeyKind::Flag),
    ("net.down_mbps", KeyKind::Number),
    ("net.rtt_ms.p*", KeyKind::Number),
    ("net.up_mbps", KeyKind::Number),
    ("node.version", KeyKind::Version),
    ("region.jurisdiction", KeyKind::Text),
    ("region.metro", KeyKind::Text),
    ("runner.version", KeyKind::Version),
    ("slo.first_output_s.p*", KeyKind::Number),
    ("slo.output_fps.p*", KeyKind::Number),
    ("slo.output_rate.p*", KeyKind::Number),
    ("slo.realtime_ratio.p*", KeyKind::Number),
    ("slo.success_rate", KeyKind::Number),
    ("slo.swap_rate", KeyKind::Number),
    ("slo.total_s.p*", KeyKind::Number),
    ("stake.active", KeyKind::Flag),
    ("stake.total_lpt", KeyKind::Number),
    ("terms.data_retention", KeyKind::Text),
    ("terms.gdpr_dpa", KeyKind::Flag),
    ("verify.pass_rate", KeyKind::Number),
];

/// The built-in keys and the extension keys that a registry declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    extensions: BTreeMap<PredicateKey, KeyKind>,
}

impl Vocabulary {
    /// Declares an extension key. False when it has been declared with another kind.
    pub fn declare(&mut self, key: PredicateKey, kind: KeyKind) -> bool {
        *self.extensions.entry(key).or_insert(kind) == kind
    }

    /// The kind of a key that is known.
    pub fn kind(&self, key: &PredicateKey) -> Option<KeyKind> {
        self.extensions.get(key).copied().or_else(|| {
            let stem = percentile_stem(key.as_str());
            BUILTIN
                .iter()
                .find(|(name, _)| {
                    *name == key.as_str() || (stem.is_some() && name.strip_suffix('*') == stem)
                })
                .map(|(_, kind)| *kind)
        })
    }

    /// Every known key; one that ends in `.p*` stands for its percentiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        BUILTIN
            .iter()
            .map(|(name, _)| *name)
            .chain(self.extensions.keys().map(PredicateKey::as_str))
    }
}

/// `slo.total_s.p` of `slo.total_s.p95`.
fn percentile_stem(key: &str) -> Option<&str> {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = key.get(stem.len()..)?;
    let percentile = stem.rsplit_once('.').is_some_and(|(_, letter)| letter == "p");
    let fits = percentile && (1..=2).contains(&digits.len()) && !digits.starts_with('0');
    fits.then_some(stem)
}

impl KeyKind {
    /// Whether a value is of this kind.
    pub const fn fits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Text | Self::Version, Value::Text(_))
                | (Self::Number, Value::Number(_))
                | (Self::Flag, Value::Flag(_))
        )
    }

    /// Whether a test of this name can hold of a key of this kind.
    pub const fn allows(self, operator: Operator) -> bool {
        match operator {
            Operator::Ge | Operator::Le => matches!(self, Self::Number),
            Operator::Semver => matches!(self, Self::Version),
            Operator::In | Operator::NotIn | Operator::Exists | Operator::Absent | Operator::Eq => {
                true
            }
        }
    }
}

impl Word for KeyKind {
    const WHAT: &'static str = "type";
    const ALL: &'static [Self] = &[Self::Text, Self::Number, Self::Flag, Self::Version];

    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Version => "version",
        }
    }
}
