//! Values of facts and predicates: text, numbers, and yes or no. Numbers are compared exactly:
//! whole ones as whole ones, so 2^53 + 1 is more than 2^53.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A word or a name. Compared byte for byte.
    Text(Arc<str>),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Flag(bool),
}

impl Value {
    /// Its kind, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                const LONGEST: usize = 80;
                for c in text.chars().take(LONGEST) {
                    if c.is_control() {
                        write!(f, "{}", c.escape_debug())
                    } else {
                        write!(f, "{c}")
                    }?;
                }
                if text.chars().nth(LONGEST).is_some() { f.write_str("…") } else { Ok(()) }
            }
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

/// A finite number. A whole one from -2^63 to 2^64 - 1 is kept as it is, any other as a double.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number(Repr);

#[derive(Debug, Clone, Copy)]
enum Repr {
    Whole(i64),
    /// Above every `Whole`.
    Large(u64),
    /// Finite, and no whole number of the range above.
    Real(f64),
}

impl Number {
    /// The number, or `None` when it is infinite or none at all.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        // 2^64 is the first double past the range; the cast below is exact inside.
        let whole = value.fract() == 0.0 && (-9.3e18..=1.9e19).contains(&value);
        #[allow(clippy::cast_possible_truncation, reason = "whole and within 2^65")]
        let found = whole.then_some(value as i128).and_then(Self::from_i128);
        Some(found.unwrap_or(Self(Repr::Real(value))))
    }

    /// The number, or `None` outside -2^63 to 2^64 - 1.
    pub fn from_i128(value: i128) -> Option<Self> {
        let whole = i64::try_from(value).map(Self::from);
        whole.or_else(|_| u64::try_from(value).map(Self::from)).ok()
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self.0 {
            #[allow(clippy::cast_precision_loss, reason = "the nearest one is asked for")]
            Repr::Whole(whole) => whole as f64,
            #[allow(clippy::cast_precision_loss, reason = "the nearest one is asked for")]
            Repr::Large(large) => large as f64,
            Repr::Real(real) => real,
        }
    }

    /// The number as a whole one that is not negative.
    pub fn to_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Whole(whole) => u64::try_from(whole).ok(),
            Repr::Large(large) => Some(large),
            Repr::Real(_) => None,
        }
    }

    /// Whether RFC 8785 can write it without loss: whole numbers go through a double there.
    pub(crate) fn is_canonical(self) -> bool {
        const LIMIT: i64 = (1 << 53) - 1;
        match self.0 {
            Repr::Whole(whole) => (-LIMIT..=LIMIT).contains(&whole),
            Repr::Large(_) => false,
            Repr::Real(_) => true,
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Whole(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Repr::Large(value), Repr::Whole))
    }
}

impl PartialEq for Repr {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Repr {}

impl std::hash::Hash for Repr {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Whole(whole) => whole.hash(state),
            Self::Large(large) => large.hash(state),
            Self::Real(real) => real.to_bits().hash(state),
        }
    }
}

impl PartialOrd for Repr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Repr {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            (Self::Large(a), Self::Large(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            (Self::Whole(_), Self::Large(_)) => Ordering::Less,
            (Self::Large(_), Self::Whole(_)) => Ordering::Greater,
            (Self::Whole(a), Self::Real(b)) => whole_and_real((*a).into(), *b),
            (Self::Large(a), Self::Real(b)) => whole_and_real((*a).into(), *b),
            (Self::Real(a), Self::Whole(b)) => whole_and_real((*b).into(), *a).reverse(),
            (Self::Real(a), Self::Large(b)) => whole_and_real((*b).into(), *a).reverse(),
        }
    }
}

/// A real never is a whole number of the range, so the two are never equal.
fn whole_and_real(whole: i128, real: f64) -> Ordering {
    #[allow(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
    let floor = real.floor() as i128;
    if whole <= floor { Ordering::Less } else { Ordering::Greater }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Whole(whole) => whole.fmt(f),
            Repr::Large(large) => large.fmt(f),
            Repr::Real(real) if (1e-5..1e17).contains(&real.abs()) => real.fmt(f),
            Repr::Real(real) => write!(f, "{real:e}"),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Repr::Real(real) => serializer.serialize_f64(real),
            Repr::Whole(whole) => serializer.serialize_i64(whole),
            Repr::Large(large) => serializer.serialize_u64(large),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use crate::tree::{Item, Node};
        match Item::deserialize(deserializer)?.node {
            Node::Text(text) => Ok(text.into()),
            Node::Number(number) => Ok(number.into()),
            Node::Flag(flag) => Ok(flag.into()),
            _ => Err(de::Error::custom("must be text, a number, true or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn real(value: f64) -> Number {
        Number::from_f64(value).unwrap()
    }

    #[test]
    fn whole_numbers_past_two_to_the_fifty_third_differ_by_one() {
        let (low, high) = (1_u64 << 53, (1_u64 << 53) + 1);
        assert!(Number::from(low) < Number::from(high));
        assert_eq!(real(9_007_199_254_740_992.0), Number::from(low));
        assert!(real(0.5) < Number::from(1_i64) && real(0.5) > Number::from(0_i64));
        assert!(real(-0.5) < Number::from(0_i64) && real(-0.5) > Number::from(-1_i64));
        assert!(real(1e300) > Number::from(u64::MAX) && real(-1e300) < Number::from(i64::MIN));
        assert_eq!(real(-0.0), Number::from(0_i64));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_f64(f64::INFINITY), None);
        assert_eq!(Number::from_i128(1 << 64), None);
    }

    proptest! {
        #[test]
        fn the_order_of_numbers_is_that_of_doubles_where_doubles_are_exact(
            a in -1e15_f64..1e15, b in -1e15_f64..1e15, whole in any::<bool>(),
        ) {
            let b = if whole { b.trunc() } else { b };
            prop_assert_eq!(real(a).cmp(&real(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn a_number_is_read_back_from_json(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            let text = serde_json::to_string(&Value::Number(real(value))).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Number(real(value)));
        }
    }
}
