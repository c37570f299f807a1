//! One cell of a record on its way from a typed row to JSON or Arrow: the common ground that lets
//! a single table describe every column.

use std::borrow::Cow;

use jiff::Timestamp;
use waymark_tagging::PublicAttributes;

use crate::{Address, Label, OrchestratorInstance, Region, Wei};

/// A cell.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Not known. Never a zero that means "not known".
    Null,
    /// Yes or no.
    Bool(bool),
    /// A count, of any width.
    Unsigned(u64),
    /// A number with a sign.
    Signed(i64),
    /// A finite number.
    Float(f32),
    /// A word.
    Text(Cow<'a, str>),
    /// An identifier or a hash.
    Bytes(&'a [u8]),
    /// A moment; records keep milliseconds.
    Timestamp(Timestamp),
    /// An exact whole number of up to 38 digits.
    Decimal(i128),
    /// Names and values.
    Map(&'a PublicAttributes),
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u8> for Value<'_> {
    fn from(value: u8) -> Self {
        Self::Unsigned(value.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(value: u16) -> Self {
        Self::Unsigned(value.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Unsigned(value.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Signed(value)
    }
}

/// Infinities and not-a-number become [`Value::Null`]: JSON has neither.
impl From<f32> for Value<'_> {
    fn from(value: f32) -> Self {
        if value.is_finite() { Self::Float(value) } else { Self::Null }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl From<Wei> for Value<'_> {
    fn from(value: Wei) -> Self {
        Self::Decimal(value.get())
    }
}

impl From<Address> for Value<'_> {
    fn from(value: Address) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<Region> for Value<'_> {
    fn from(value: Region) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<OrchestratorInstance> for Value<'_> {
    fn from(value: OrchestratorInstance) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl<'a> From<&'a Label> for Value<'a> {
    fn from(value: &'a Label) -> Self {
        value.as_str().into()
    }
}

impl<'a> From<&'a PublicAttributes> for Value<'a> {
    fn from(value: &'a PublicAttributes) -> Self {
        Self::Map(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
