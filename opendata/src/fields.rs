//! The field table: every column of a record, in order, with its type, unit, name in
//! OpenTelemetry, privacy class and meaning. Schemas, files and documentation are made from it.
//!
//! Columns are only ever appended, and never renamed or re-typed: whoever read version 1 must be
//! able to read every later one.

use std::fmt;

use crate::{JobRow, Value};

mod jobs;
#[cfg(test)]
mod tests;
mod verification;

pub use jobs::JOBS;
pub use verification::VERIFICATION;

/// Rows of both tables are published at the levels `sampled` and `all`.
const PUBLISHED_FROM: &str = "sampled+";

/// What a column holds, apart from whether it may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogicalType {
    /// A fixed number of bytes.
    Fixed(u8),
    /// `true` or `false`.
    Bool,
    /// 8 bits without sign.
    U8,
    /// 16 bits without sign.
    U16,
    /// 32 bits without sign.
    U32,
    /// 64 bits without sign.
    U64,
    /// 64 bits with sign.
    I64,
    /// 32-bit floating point.
    F32,
    /// Text with few distinct values.
    Text,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// Milliseconds since 1970, UTC.
    TimestampMs,
    /// Text to text.
    Map,
    /// A whole number of up to 38 decimal digits.
    Decimal38,
}

/// Vocabularies longer than this are shown by their size.
const SHOWN_WORDS: usize = 7;

impl fmt::Display for LogicalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "fixed({bytes})"),
            Self::Bool => f.write_str("bool"),
            Self::U8 => f.write_str("u8"),
            Self::U16 => f.write_str("u16"),
            Self::U32 => f.write_str("u32"),
            Self::U64 => f.write_str("u64"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::Text => f.write_str("utf8 dict"),
            Self::Enum(words) if words.len() > SHOWN_WORDS => write!(f, "enum ({})", words.len()),
            Self::Enum(words) => write!(f, "enum {}", words.join("|")),
            Self::TimestampMs => f.write_str("timestamp(ms,UTC)"),
            Self::Map => f.write_str("map<utf8,utf8>"),
            Self::Decimal38 => f.write_str("decimal(38,0)"),
        }
    }
}

/// What a column can say about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrivacyClass {
    /// Public identity of an operator: addresses, versions, hardware.
    Operator,
    /// Could help to recognise a client when combined; coarsened before publication.
    Quasi,
    /// A measurement.
    Measure,
    /// A label from a known vocabulary.
    Label,
    /// Money.
    Money,
    /// Evidence that others can check.
    Evidence,
}

impl PrivacyClass {
    /// The one-character code of the dictionary.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Operator => "B",
            Self::Quasi => "Q",
            Self::Measure => "M",
            Self::Label => "L",
            Self::Money => "$",
            Self::Evidence => "E",
        }
    }
}

/// One column of a table of `R`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Field<R = JobRow> {
    /// Name in files and in JSON.
    pub name: &'static str,
    /// What it holds.
    pub logical: LogicalType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Unit in UCUM, empty for none.
    pub unit: &'static str,
    /// Name in OpenTelemetry's conventions, or under `lp.` where they have none.
    pub semantic: &'static str,
    /// What it can say about somebody.
    pub class: PrivacyClass,
    /// The lowest level of publication that includes it.
    pub published_from: &'static str,
    /// What it means.
    pub note: &'static str,
    read: for<'a> fn(&'a R) -> Value<'a>,
}

impl<R> Field<R> {
    /// The cell of `row` in this column.
    pub fn read<'a>(&self, row: &'a R) -> Value<'a> {
        (self.read)(row)
    }

    /// The type as the dictionary writes it, with `?` when the column may be null.
    pub fn type_name(&self) -> String {
        format!("{}{}", self.logical, if self.nullable { "?" } else { "" })
    }
}

const fn required<R>(
    name: &'static str,
    logical: LogicalType,
    unit: &'static str,
    semantic: &'static str,
    class: PrivacyClass,
    note: &'static str,
    read: for<'a> fn(&'a R) -> Value<'a>,
) -> Field<R> {
    let published_from = PUBLISHED_FROM;
    Field { name, logical, nullable: false, unit, semantic, class, published_from, note, read }
}

const fn optional<R>(
    name: &'static str,
    logical: LogicalType,
    unit: &'static str,
    semantic: &'static str,
    class: PrivacyClass,
    note: &'static str,
    read: for<'a> fn(&'a R) -> Value<'a>,
) -> Field<R> {
    let published_from = PUBLISHED_FROM;
    Field { name, logical, nullable: true, unit, semantic, class, published_from, note, read }
}
