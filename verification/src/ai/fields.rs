//! The fields of a request, whether they were sent as JSON or as a form.

use serde_json::{Map, Value};

/// Fields by name. Those of a form are all strings; reading does not tell the difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// A field as text; `None` where it is absent, empty or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A field as a whole number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A field as a number that is finite.
    pub fn number(&self, name: &str) -> Option<f64> {
        let number = match self.0.get(name)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A field as yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        }
    }

    /// A field as it is.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The width and height asked for, if both are there and above 0.
    pub fn size(&self) -> Option<(u32, u32)> {
        let side = |name| u32::try_from(self.whole(name)?).ok().filter(|side| *side > 0);
        Some((side("width")?, side("height")?))
    }

    /// A name of these very fields and a file: equal requests honestly have equal answers.
    pub(super) fn digest(&self, input: Option<&[u8]>) -> [u8; 32] {
        let canonical = serde_json_canonicalizer::to_vec(&self.0).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(blake3::hash(&canonical).as_bytes());
        hasher.update(blake3::hash(input.unwrap_or_default()).as_bytes());
        hasher.finalize().into()
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// Of a document that is an object; of any other there are none.
impl From<Value> for Fields {
    fn from(document: Value) -> Self {
        match document {
            Value::Object(fields) => Self(fields),
            _ => Self::default(),
        }
    }
}

/// The text parts of a form.
impl<'a> FromIterator<(&'a str, &'a str)> for Fields {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(parts: I) -> Self {
        Self(parts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_a_document_are_read_alike() {
        let form: Fields =
            [("width", "64"), ("height", "48"), ("strength", "0.8"), ("safety_check", "true")]
                .into_iter()
                .collect();
        let document =
            serde_json::json!({"width": 64, "height": 48, "strength": 0.8, "safety_check": true});
        for fields in [form, Fields::from(document)] {
            assert_eq!(fields.size(), Some((64, 48)));
            assert_eq!(fields.number("strength"), Some(0.8));
            assert_eq!(fields.flag("safety_check"), Some(true));
            assert_eq!(fields.whole("seed"), None);
        }
    }
}
