//! Parquet with the same columns as JSON. Amounts are decimal text, because a sum of face values may
//! have more digits than a Parquet decimal that readers know.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use jiff::civil::{Date, date};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::book::BookStatus;
use crate::grade::Grade;
use crate::relations::Reason;
use crate::report::{Report, Row, Scope};

/// Rows that are encoded at once.
const BATCH: usize = 8192;

pub(super) fn bytes(report: &Report) -> Result<Vec<u8>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("waymark ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let schema = Arc::new(Schema::new(fields()));
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
    for rows in report.rows.chunks(BATCH) {
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns(rows))?)?;
    }
    writer.into_inner()
}

fn fields() -> Vec<Field> {
    let must = |name: &str, kind| Field::new(name, kind, false);
    let may = |name: &str, kind| Field::new(name, kind, true);
    vec![
        must("round", DataType::UInt64),
        must("last_round", DataType::UInt64),
        may("day", DataType::Date32),
        may("last_day", DataType::Date32),
        must("gateway", DataType::Utf8),
        must("tag_id", DataType::UInt32),
        may("tag", DataType::Utf8),
        must("scope", DataType::Utf8),
        may("grade", DataType::Utf8),
        must("estimate", DataType::Boolean),
        must("winners", DataType::UInt64),
        must("face_value_wei", DataType::Utf8),
        must("paid_wei", DataType::Utf8),
        must("arms_length_wei", DataType::Utf8),
        must("recipients", DataType::UInt64),
        must("stderr_wei", DataType::Utf8),
        must("hhi", DataType::Float64),
        must("coverage", DataType::Float64),
        must("self_dealing", DataType::Boolean),
        must("self_dealing_reasons", DataType::Utf8),
        must("conflicts", DataType::UInt64),
        may("book", DataType::Utf8),
        may("book_revision", DataType::UInt32),
        may("book_sessions", DataType::UInt64),
        may("book_tickets", DataType::UInt64),
        may("book_ev_wei", DataType::Utf8),
    ]
}

fn columns(rows: &[Row]) -> Vec<ArrayRef> {
    let numbers = |value: fn(&Row) -> Option<u64>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<UInt64Array>())
    };
    let small = |value: fn(&Row) -> Option<u32>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<UInt32Array>())
    };
    let shares = |value: fn(&Row) -> f64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(value(row))).collect::<Float64Array>())
    };
    let flags = |value: fn(&Row) -> bool| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(value(row))).collect::<BooleanArray>())
    };
    let days = |value: fn(&Row) -> Option<Date>| -> ArrayRef {
        Arc::new(
            rows.iter().map(|row| value(row).and_then(days_since_1970)).collect::<Date32Array>(),
        )
    };
    let words = |value: fn(&Row) -> Option<&'static str>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<StringArray>())
    };
    let texts = |value: fn(&Row) -> Option<String>| -> ArrayRef {
        let mut builder = StringBuilder::new();
        for row in rows {
            builder.append_option(value(row));
        }
        Arc::new(builder.finish())
    };
    vec![
        numbers(|row| Some(row.round)),
        numbers(|row| Some(row.last_round)),
        days(|row| row.day),
        days(|row| row.last_day),
        texts(|row| Some(format!("{:#x}", row.gateway))),
        small(|row| Some(row.tag_id)),
        texts(|row| row.tag.clone()),
        words(|row| Some(if row.scope == Scope::Tag { "tag" } else { "subtree" })),
        words(|row| row.grade.map(Grade::letter)),
        flags(|row| row.estimate),
        numbers(|row| Some(row.winners)),
        texts(|row| Some(row.face_value_wei.to_string())),
        texts(|row| Some(row.paid_wei.to_string())),
        texts(|row| Some(row.arms_length_wei.to_string())),
        numbers(|row| Some(row.recipients)),
        texts(|row| Some(row.stderr_wei.to_string())),
        shares(|row| row.hhi),
        shares(|row| row.coverage),
        flags(|row| row.self_dealing),
        texts(|row| {
            let reasons = row.self_dealing_reasons.iter().map(Reason::name);
            Some(reasons.collect::<Vec<_>>().join(" "))
        }),
        numbers(|row| Some(row.conflicts)),
        words(|row| row.book.map(BookStatus::name)),
        small(|row| row.book_revision),
        numbers(|row| row.book_sessions),
        numbers(|row| row.book_tickets),
        texts(|row| row.book_ev_wei.map(|wei| wei.to_string())),
    ]
}

fn days_since_1970(day: Date) -> Option<i32> {
    date(1970, 1, 1).until(day).ok().map(|span| span.get_days())
}
