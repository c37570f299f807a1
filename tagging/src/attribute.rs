//! Attributes describe the shape of one job (resolution, codec, number of renditions). They are
//! declared per tag in the registry, and only what is declared public leaves the gateway, as one
//! of a few known values or as a bucket. Anything else is private.
//!
//! [`PublicAttributes`] can only be made by [`crate::Registry::public_attributes`]: a record that
//! holds one cannot hold a value that the registry did not allow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// The most public attributes of one tag.
pub const MAX_PUBLIC_ATTRIBUTES: usize = 16;

/// The most values (or buckets) of one public attribute.
pub const MAX_VALUES: usize = 64;

/// The longest name or value, in bytes.
pub const MAX_ATTRIBUTE_BYTES: usize = 64;

/// What kind of value an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// A word.
    String,
    /// A whole number that is not negative.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// How much of an attribute may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardinalityClass {
    /// Published as it is when it is one of the declared values, else not at all.
    PublicEnum,
    /// Published as the bucket that the number falls in.
    PublicBucket,
    /// Used for matching and pricing, never published.
    Private,
}

/// One attribute as the registry declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute {
    /// Dotted name, such as `src.height`.
    pub name: Arc<str>,
    /// What it means, one sentence.
    pub description: String,
    /// Kind of value.
    pub value_type: ValueType,
    /// Unit of a number, such as `px`.
    pub unit: Option<String>,
    /// How much of it is published.
    pub class: CardinalityClass,
    /// The published values: those of an enum, or the labels of the buckets from low to high.
    pub values: Vec<Arc<str>>,
    /// Upper bounds of the buckets, inclusive and rising; empty unless the class is a bucket. There
    /// is one bucket more than bounds: the last takes everything above.
    pub bounds: Vec<u64>,
}

impl Attribute {
    /// The text that may be published for `fact`, if any.
    pub fn publish(&self, fact: Fact<'_>) -> Option<Arc<str>> {
        match self.class {
            CardinalityClass::Private => None,
            CardinalityClass::PublicBucket => self.bucket(fact.number()?),
            CardinalityClass::PublicEnum => match fact {
                Fact::Word(word) => self.known(word),
                Fact::Number(number) => self.known(&number.to_string()),
                Fact::Flag(flag) => self.known(if flag { "true" } else { "false" }),
            },
        }
    }

    /// The label of the bucket that `number` falls in: the first whose bound is not below it.
    pub fn bucket(&self, number: u64) -> Option<Arc<str>> {
        let index = self.bounds.partition_point(|&bound| bound < number);
        self.values.get(index).cloned()
    }

    fn known(&self, word: &str) -> Option<Arc<str>> {
        self.values.iter().find(|value| &***value == word).cloned()
    }
}

/// The labels of the buckets under `bounds`: `<=480`, `720`, `1080`, `>1080`.
pub(crate) fn bucket_labels(bounds: &[u64]) -> Vec<Arc<str>> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    let middle = bounds.iter().skip(1).map(u64::to_string);
    std::iter::once(format!("<={first}"))
        .chain(middle)
        .chain(std::iter::once(format!(">{last}")))
        .map(Arc::from)
        .collect()
}

/// One thing a gateway knows about a job, before anybody decided whether it may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<'a> {
    /// A word, such as a codec's name.
    Word(&'a str),
    /// A number in the unit that the registry declares.
    Number(u64),
    /// Yes or no.
    Flag(bool),
}

impl Fact<'_> {
    fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Word(_) | Self::Flag(_) => None,
        }
    }
}

/// Attributes that the registry allows to be published. Cloning is cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PublicAttributes(Arc<BTreeMap<Arc<str>, Arc<str>>>);

impl PublicAttributes {
    pub(crate) fn new(values: BTreeMap<Arc<str>, Arc<str>>) -> Self {
        Self(Arc::new(values))
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of one attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| &**value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for PublicAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for PublicAttributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn height() -> Attribute {
        let bounds = vec![480, 720, 1080, 1440, 2160];
        Attribute {
            name: "src.height".into(),
            description: String::new(),
            value_type: ValueType::Integer,
            unit: Some("px".to_owned()),
            class: CardinalityClass::PublicBucket,
            values: bucket_labels(&bounds),
            bounds,
        }
    }

    fn codec(class: CardinalityClass) -> Attribute {
        Attribute {
            name: "out.codec".into(),
            description: String::new(),
            value_type: ValueType::String,
            unit: None,
            class,
            values: vec!["h264".into(), "hevc".into()],
            bounds: Vec::new(),
        }
    }

    #[test]
    fn a_height_is_published_as_the_lowest_bucket_that_holds_it() {
        let cases = [
            (0, "<=480"),
            (480, "<=480"),
            (481, "720"),
            (720, "720"),
            (1080, "1080"),
            (1081, "1440"),
            (2160, "2160"),
            (2161, ">2160"),
            (u64::MAX, ">2160"),
        ];
        for (number, label) in cases {
            assert_eq!(height().publish(Fact::Number(number)).as_deref(), Some(label));
        }
    }

    #[test]
    fn a_word_is_published_only_when_it_is_declared() {
        let codec = codec(CardinalityClass::PublicEnum);
        assert_eq!(codec.publish(Fact::Word("hevc")).as_deref(), Some("hevc"));
        assert_eq!(codec.publish(Fact::Word("my-secret")), None);
    }

    #[test]
    fn a_word_never_ends_up_in_a_bucket() {
        assert_eq!(height().publish(Fact::Word("1080")), None);
    }

    #[test]
    fn a_private_attribute_is_never_published() {
        assert_eq!(codec(CardinalityClass::Private).publish(Fact::Word("h264")), None);
    }

    proptest! {
        #[test]
        fn a_bucket_publishes_one_of_its_labels_and_never_the_number(number in 2161_u64..) {
            let label = height().publish(Fact::Number(number)).unwrap();
            prop_assert!(height().values.contains(&label));
            prop_assert!(!label.contains(&number.to_string()));
        }
    }
}
