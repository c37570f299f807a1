//! Profiles written as JSON objects (lpms `ffmpeg/videoprofile.go:226-289`).
//!
//! Types are strict and key names are not: Go's decoder compares them without regard to case,
//! takes `null` for "not given" and skips keys it does not know. What it leaves unchecked, names
//! and ranges, is checked here.

use serde_json::{Map, Value};

use super::{
    Chroma, Encoder, EncoderProfile, Gop, MAX_GOP_MILLIS, MAX_PROFILES, Profile, ProfileError,
    ProfileErrors, check_list,
};

/// How the keys of a profile are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStyle {
    /// go-livepeer's JSON: `fpsDen`, any case, unknown keys skipped.
    Stock,
    /// `waymark.yaml`: `fps_den`, exactly so, unknown keys refused.
    Yaml,
}

/// The keys of a profile, in the order in which they are documented.
const KEYS: [Key; 12] = [
    Key { stock: "name", yaml: "name" },
    Key { stock: "width", yaml: "width" },
    Key { stock: "height", yaml: "height" },
    Key { stock: "bitrate", yaml: "bitrate" },
    Key { stock: "fps", yaml: "fps" },
    Key { stock: "fpsDen", yaml: "fps_den" },
    Key { stock: "profile", yaml: "profile" },
    Key { stock: "gop", yaml: "gop" },
    Key { stock: "encoder", yaml: "encoder" },
    Key { stock: "colorDepth", yaml: "color_depth" },
    Key { stock: "chromaFormat", yaml: "chroma_format" },
    Key { stock: "quality", yaml: "quality" },
];

struct Key {
    stock: &'static str,
    yaml: &'static str,
}

impl Key {
    fn is(&self, written: &str, style: KeyStyle) -> bool {
        match style {
            KeyStyle::Stock => self.stock.eq_ignore_ascii_case(written),
            KeyStyle::Yaml => self.yaml == written,
        }
    }
}

/// A JSON document that is a list of profiles, as in the file of `-transcodingOptions`.
///
/// The list is checked as a whole. `[]` is returned as it is; what it means depends on who asks.
pub fn list_from_str(text: &str) -> Result<Vec<Profile>, ProfileErrors> {
    let value: Value =
        serde_json::from_str(text).map_err(|source| ProfileError::NotJson { source })?;
    list_from_value(&value)
}

/// A JSON value that is a list of profiles, as under `profiles` of the configuration header.
pub fn list_from_value(value: &Value) -> Result<Vec<Profile>, ProfileErrors> {
    let Value::Array(items) = value else {
        return Err(ProfileError::NotAList { found: type_name(value) }.into());
    };
    if items.len() > MAX_PROFILES {
        return Err(ProfileError::TooMany { count: items.len() }.into());
    }
    let mut errors = ProfileErrors::default();
    let mut profiles = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match from_value(item, KeyStyle::Stock) {
            Ok(profile) => profiles.push(profile),
            Err(error) => {
                let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
                errors.push(index, name, error);
            }
        }
    }
    let profiles = errors.or(profiles)?;
    check_list(&profiles)?;
    Ok(profiles)
}

/// One profile object. Values are checked, uniqueness is [`check_list`]'s.
pub fn from_value(value: &Value, style: KeyStyle) -> Result<Profile, ProfileError> {
    read(value, style).map_err(|error| match style {
        KeyStyle::Stock => error,
        KeyStyle::Yaml => with_yaml_key(error),
    })
}

/// The error with the key as `waymark.yaml` spells it.
fn with_yaml_key(error: ProfileError) -> ProfileError {
    let yaml = |stock: &'static str| {
        KEYS.iter().find(|key| key.stock == stock).map_or(stock, |key| key.yaml)
    };
    match error {
        ProfileError::OutOfRange { key, value, min, max } => {
            ProfileError::OutOfRange { key: yaml(key), value, min, max }
        }
        ProfileError::WrongType { key, expected, found } => {
            ProfileError::WrongType { key: yaml(key), expected, found }
        }
        other => other,
    }
}

fn read(value: &Value, style: KeyStyle) -> Result<Profile, ProfileError> {
    let Value::Object(map) = value else {
        return Err(ProfileError::NotAnObject { found: type_name(value) });
    };
    let fields = Fields { map, style };
    if style == KeyStyle::Yaml {
        fields.refuse_unknown()?;
    }
    let width = fields.int("width")?;
    let height = fields.int("height")?;
    let bitrate = fields.int("bitrate")?;
    let name = match fields.text("name")? {
        "" => format!("custom_{width}x{height}_{bitrate}"),
        name => name.to_owned(),
    };
    let chroma = fields.int("chromaFormat")?;
    let color_depth = fields.int("colorDepth")?;
    let profile = Profile {
        name,
        width: narrow("width", width)?,
        height: narrow("height", height)?,
        bitrate: narrow("bitrate", bitrate)?,
        fps: fields.uint("fps")?,
        fps_den: fields.uint("fpsDen")?,
        container: None,
        encoder_profile: encoder_profile(fields.text("profile")?)?,
        gop: gop(fields.text("gop")?)?,
        encoder: encoder(fields.text("encoder")?)?,
        color_depth: i32::try_from(color_depth)
            .map_err(|_| ProfileError::ColorDepth { value: color_depth })?,
        chroma: Chroma::from_number(chroma).ok_or(ProfileError::ChromaFormat { value: chroma })?,
        quality: fields.uint("quality")?,
    };
    profile.check()?;
    Ok(profile)
}

/// An object read key by key; a key that is absent or `null` has Go's zero value.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    style: KeyStyle,
}

impl<'a> Fields<'a> {
    fn refuse_unknown(&self) -> Result<(), ProfileError> {
        match self.map.keys().find(|key| !KEYS.iter().any(|known| known.is(key, self.style))) {
            None => Ok(()),
            Some(key) => Err(ProfileError::UnknownKey {
                key: key.clone(),
                keys: KEYS.iter().map(|known| known.yaml.to_owned()).collect(),
            }),
        }
    }

    fn get(&self, stock: &str) -> Option<&'a Value> {
        let known = KEYS.iter().find(|key| key.stock == stock)?;
        let mut found = self.map.iter().filter(|(key, _)| known.is(key, self.style));
        let exact = self.map.get(stock).filter(|_| self.style == KeyStyle::Stock);
        exact.or_else(|| found.next_back().map(|(_, value)| value)).filter(|value| !value.is_null())
    }

    fn text(&self, key: &'static str) -> Result<&'a str, ProfileError> {
        match self.get(key) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => {
                Err(ProfileError::WrongType { key, expected: "a string", found: type_name(other) })
            }
        }
    }

    fn int(&self, key: &'static str) -> Result<i64, ProfileError> {
        let Some(value) = self.get(key) else { return Ok(0) };
        value.as_i64().ok_or(ProfileError::WrongType {
            key,
            expected: "a whole number",
            found: type_name(value),
        })
    }

    fn uint(&self, key: &'static str) -> Result<u32, ProfileError> {
        let value = self.int(key)?;
        u32::try_from(value).map_err(|_| ProfileError::OutOfRange {
            key,
            value,
            min: 0,
            max: i64::from(u32::MAX),
        })
    }
}

fn narrow(key: &'static str, value: i64) -> Result<i32, ProfileError> {
    i32::try_from(value).map_err(|_| ProfileError::OutOfRange {
        key,
        value,
        min: 0,
        max: i64::from(i32::MAX),
    })
}

fn encoder_profile(text: &str) -> Result<EncoderProfile, ProfileError> {
    if text.is_empty() {
        return Ok(EncoderProfile::None);
    }
    let mut all = EncoderProfile::ALL.into_iter();
    all.find(|known| known.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| ProfileError::EncoderProfile { value: text.to_owned() })
}

fn encoder(text: &str) -> Result<Encoder, ProfileError> {
    if text.is_empty() {
        return Ok(Encoder::H264);
    }
    let mut all = Encoder::ALL.into_iter();
    all.find(|known| known.name() == text)
        .ok_or_else(|| ProfileError::Encoder { value: text.to_owned() })
}

/// `intra`, or seconds as a decimal; 0 and nothing leave it to the encoder.
fn gop(text: &str) -> Result<Gop, ProfileError> {
    match text {
        "" => return Ok(Gop::Unset),
        "intra" => return Ok(Gop::Intra),
        _ => {}
    }
    let bad = || ProfileError::Gop { value: text.to_owned() };
    let seconds: f64 = text.parse().map_err(|_| bad())?;
    if seconds == 0.0 {
        return Ok(Gop::Unset);
    }
    // Truncated as the wire does; the small excess keeps 0.001 from becoming 0.000999….
    let millis = (seconds * 1000.0 + 1e-6).floor();
    if !(1.0..=f64::from(MAX_GOP_MILLIS)).contains(&millis) {
        return Err(bad());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value was just found between 1 and MAX_GOP_MILLIS"
    )]
    let millis = millis as u32;
    Ok(Gop::Millis(millis))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction or an exponent",
        Value::Number(number) if number.is_i64() => "a number",
        Value::Number(_) => "a number that large",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
