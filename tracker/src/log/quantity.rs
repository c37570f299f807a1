//! Numbers as JSON-RPC writes them, `"0x1a"`, or as exporters do, `26` or `"26"`.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A number of at most 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity(pub(super) u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor).map(Self)
    }
}

struct QuantityVisitor;

impl de::Visitor<'_> for QuantityVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most 64 bits, like \"0x1a\" or 26")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        // Both accept a plus sign, which no node writes.
        number
            .ok()
            .filter(|_| !text.contains('+'))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(cut(text)), &self))
    }
}

/// Enough of a text to recognise it.
fn cut(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}
