//! A row as one JSON object: the columns of the table, all of them, in its order.
//!
//! Bytes are lower-case hex (hashes of 32 bytes with `0x`, ids without), moments RFC 3339 in UTC
//! with milliseconds, decimals are texts because readers of JSON round long numbers, and what is
//! not known is `null`.

use std::fmt::Write as _;

use jiff::fmt::temporal::DateTimePrinter;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::{JobRow, Row, Value, VerificationRow};

static MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// Bytes of a hash, which is written with `0x`; anything shorter is an id.
const HASH_BYTES: usize = 32;

impl Serialize for JobRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object(self, serializer)
    }
}

impl Serialize for VerificationRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object(self, serializer)
    }
}

fn object<R: Row, S: Serializer>(row: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let fields = R::fields();
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for field in fields {
        map.serialize_entry(field.name, &field.read(row))?;
    }
    map.end()
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f32(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(bytes) => serializer.serialize_str(&hex(bytes)),
            Self::Timestamp(moment) => {
                serializer.serialize_str(&MILLISECONDS.timestamp_to_string(moment))
            }
            Self::Decimal(value) => serializer.collect_str(value),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let prefix = if bytes.len() == HASH_BYTES { "0x" } else { "" };
    bytes.iter().fold(prefix.to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing into a text cannot fail");
        text
    })
}
