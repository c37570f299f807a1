use super::*;
use crate::row::tests::{full_row, least_row};

#[test]
fn a_batch_of_no_rows_is_a_batch() {
    assert_eq!(record_batch::<JobRow>(&schema(), &[]).unwrap().num_rows(), 0);
}

#[test]
fn rows_with_and_without_optional_values_share_a_batch() {
    let batch = record_batch(&schema(), &[full_row(), least_row(), full_row()]).unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (3, crate::fields::JOBS.len()));
}

#[test]
fn each_column_says_its_unit_its_semantic_name_and_its_privacy_class() {
    let schema = schema();
    let field = schema.field_with_name("input_bytes").unwrap();
    let metadata = field.metadata();
    assert_eq!(metadata.get("otel.name").map(String::as_str), Some("http.request.body.size"));
    assert_eq!(metadata.get("unit").map(String::as_str), Some("By"));
    assert_eq!(metadata.get("privacy.class").map(String::as_str), Some("M"));
}
