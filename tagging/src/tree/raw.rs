//! A tree as the readers of YAML and JSON give it. Both go through one visitor; only YAML has
//! places, and its wrapper for them would misread JSON objects that have a key `value`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::value::Number;

/// A value whose children are `N` and whose keys are `K`.
pub(super) enum Raw<N, K> {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<N>),
    Map(Vec<(K, N)>),
}

/// YAML.
pub(super) struct YamlRaw(pub(super) Spanned<Raw<Self, Spanned<String>>>);

/// JSON, or any other format that describes itself.
pub(super) struct JsonRaw(pub(super) Raw<Self, String>);

impl<'de> Deserialize<'de> for YamlRaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for JsonRaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer).map(Self)
    }
}

impl<'de, N: Deserialize<'de>, K: Deserialize<'de>> Deserialize<'de> for Raw<N, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor(PhantomData))
    }
}

struct RawVisitor<N, K>(PhantomData<(N, K)>);

impl<'de, N: Deserialize<'de>, K: Deserialize<'de>> Visitor<'de> for RawVisitor<N, K> {
    type Value = Raw<N, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Raw::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Self::Value, E> {
        Number::from_i128(value).map(Raw::Number).ok_or_else(|| too_large(&value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Self::Value, E> {
        i128::try_from(value)
            .ok()
            .and_then(Number::from_i128)
            .map(Raw::Number)
            .ok_or_else(|| too_large(&value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Number::from_f64(value).map(Raw::Number).ok_or_else(|| too_large(&value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn too_large<E: Error>(value: &dyn fmt::Display) -> E {
    E::custom(format!("number {value} is out of range; accepted: 64 bits; write it as text"))
}
