use std::fmt::Write as _;

use serde_json::Value as Json;
use waymark_tagging::TagSource;

use super::*;
use crate::row::tests::{full_row, least_row};
use crate::{
    Blame, Mode, Origin, Outcome, VerifyMode, VerifyResult, WorkUnit, arrow, record_batch, schema,
};

/// The published dictionary; the table in Rust must say exactly this.
const PUBLISHED: &str = include_str!("../../tests/data/jobs-fields.csv");

fn csv(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A table as lines of the dictionary.
fn lines<R>(table: &str, fields: &[Field<R>]) -> String {
    let mut lines = "table,column,type,unit,semantic_name,class,published_from,note\n".to_owned();
    for field in fields {
        let cells = [
            table.to_owned(),
            csv(field.name),
            csv(&field.type_name()),
            csv(field.unit),
            csv(field.semantic),
            csv(field.class.code()),
            csv(field.published_from),
            csv(field.note),
        ];
        writeln!(lines, "{}", cells.join(",")).unwrap();
    }
    lines
}

#[test]
fn the_table_is_the_published_dictionary_line_by_line() {
    let lines = lines("jobs", &JOBS);
    let published = PUBLISHED.replace("\r\n", "\n");
    for (ours, theirs) in lines.lines().zip(published.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(lines.lines().count(), published.lines().count());
}

#[test]
fn the_table_of_verifications_is_the_published_one() {
    let published = include_str!("../../tests/data/verification-fields.csv").replace("\r\n", "\n");
    let ours = lines("verification", &VERIFICATION);
    for (ours, theirs) in ours.lines().zip(published.lines()) {
        // Words that the table of jobs lists as well are not repeated.
        let plain = ["verify_mode,enum", "result,enum"].iter().find_map(|column| {
            let at = ours.find(&format!("{column} "))? + column.len();
            let end = ours.get(at..)?.find(',')? + at;
            Some(format!("{}{}", ours.get(..at)?, ours.get(end..)?))
        });
        assert_eq!(plain.as_deref().unwrap_or(ours), theirs);
    }
    assert_eq!(ours.lines().count(), published.lines().count());
}

/// Whether a JSON value is of the kind that the column's type is written as.
fn fits(logical: LogicalType, value: &Json) -> bool {
    match logical {
        LogicalType::Fixed(bytes) => value.as_str().is_some_and(|text| {
            let digits = text.strip_prefix("0x").unwrap_or(text);
            digits.len() == usize::from(bytes) * 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())
        }),
        LogicalType::Bool => value.is_boolean(),
        LogicalType::U8 => value.as_u64().is_some_and(|n| u8::try_from(n).is_ok()),
        LogicalType::U16 => value.as_u64().is_some_and(|n| u16::try_from(n).is_ok()),
        LogicalType::U32 => value.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
        LogicalType::U64 => value.is_u64(),
        LogicalType::I64 => value.is_i64(),
        LogicalType::F32 => value.is_f64(),
        LogicalType::Text => value.is_string(),
        LogicalType::Enum(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        LogicalType::TimestampMs => {
            value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z'))
        }
        LogicalType::Map => value.is_object(),
        LogicalType::Decimal38 => {
            value.as_str().is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit()))
        }
    }
}

#[test]
fn the_json_of_a_row_has_the_columns_of_the_table_in_order_and_type() {
    let text = serde_json::to_string(&full_row()).unwrap();
    let row: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(row.as_object().unwrap().len(), JOBS.len());
    let mut after = 0;
    for field in &JOBS {
        let key = format!("\"{}\":", field.name);
        let at = text.get(after..).unwrap().find(&key);
        after += at.unwrap_or_else(|| panic!("{} is missing or out of order", field.name));
        let value = row.get(field.name).unwrap();
        assert!(fits(field.logical, value), "{} = {value}", field.name);
    }
}

#[test]
fn the_arrow_schema_has_the_columns_of_the_table_in_order_and_type() {
    let schema = schema();
    assert_eq!(schema.fields().len(), JOBS.len());
    for (arrow, field) in schema.fields().iter().zip(&JOBS) {
        assert_eq!(arrow.name(), field.name);
        assert_eq!(arrow.data_type(), &arrow::data_type(field.logical), "{}", field.name);
        assert_eq!(arrow.is_nullable(), field.nullable, "{}", field.name);
    }
}

#[test]
fn a_full_row_has_no_null_in_any_column() {
    let batch = record_batch(&schema(), &[full_row()]).unwrap();
    for (column, field) in batch.columns().iter().zip(&JOBS) {
        assert_eq!(column.null_count(), 0, "{}", field.name);
    }
}

#[test]
fn a_row_of_which_nothing_optional_is_known_is_null_exactly_where_it_may_be() {
    let row = least_row();
    let json: Json = serde_json::to_value(&row).unwrap();
    let batch = record_batch(&schema(), &[row]).unwrap();
    for (column, field) in batch.columns().iter().zip(&JOBS) {
        assert_eq!(column.null_count() == 1, field.nullable, "{}", field.name);
        assert_eq!(json.get(field.name).unwrap().is_null(), field.nullable, "{}", field.name);
    }
}

#[test]
fn the_words_of_each_vocabulary_are_those_of_the_table() {
    let words = |name: &str| {
        let field = JOBS.iter().find(|field| field.name == name).unwrap();
        match field.logical {
            LogicalType::Enum(words) => words.to_vec(),
            other => panic!("{name} is {other}"),
        }
    };
    assert_eq!(words("origin"), Origin::ALL.map(Origin::as_str));
    assert_eq!(words("tag_source"), TagSource::ALL.map(TagSource::as_str));
    assert_eq!(words("mode"), Mode::ALL.map(Mode::as_str));
    assert_eq!(words("outcome"), Outcome::ALL.map(Outcome::as_str));
    assert_eq!(words("blame"), Blame::ALL.map(Blame::as_str));
    assert_eq!(words("work_unit"), WorkUnit::ALL.map(WorkUnit::as_str));
    assert_eq!(words("verify_mode"), VerifyMode::ALL.map(VerifyMode::as_str));
    assert_eq!(words("verify_result"), VerifyResult::ALL.map(VerifyResult::as_str));
}

#[test]
fn a_line_of_json_looks_like_this() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&full_row()).unwrap());
}
