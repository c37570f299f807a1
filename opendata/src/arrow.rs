//! Rows as Arrow: the schema and the columns, both from the field table. A cell whose kind does
//! not fit its column becomes null, and Arrow refuses a null where the table forbids it, so a
//! mistake in the table cannot become a wrong number in a file.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Decimal128Builder, FixedSizeBinaryBuilder, MapBuilder, MapFieldNames,
    PrimitiveBuilder, StringBuilder, StringDictionaryBuilder, TimestampMillisecondBuilder,
};
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{
    ArrowError, DataType, Field as ArrowField, Fields, Schema, SchemaRef, TimeUnit,
};

use crate::{Field, JobRow, LogicalType, Row, Value};

const MAP_ENTRY: &str = "key_value";
const MAP_KEY: &str = "key";
const MAP_VALUE: &str = "value";

/// The Arrow schema of the `jobs` table.
pub fn schema() -> SchemaRef {
    schema_of::<JobRow>()
}

/// The Arrow schema of a table. Unit, semantic name and privacy class are metadata of each field,
/// the version of the schema is metadata of the whole.
pub fn schema_of<R: Row>() -> SchemaRef {
    let fields: Vec<ArrowField> = R::fields()
        .iter()
        .map(|field| {
            let metadata = [
                ("otel.name", field.semantic),
                ("unit", field.unit),
                ("privacy.class", field.class.code()),
                ("description", field.note),
            ];
            let metadata: HashMap<_, _> = metadata
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            ArrowField::new(field.name, data_type(field.logical), field.nullable)
                .with_metadata(metadata)
        })
        .collect();
    let version = ("waymark.schema".to_owned(), format!("{} {}", R::TABLE, R::VERSION));
    Arc::new(Schema::new_with_metadata(fields, HashMap::from([version])))
}

/// The Arrow type of a logical type.
pub(crate) fn data_type(logical: LogicalType) -> DataType {
    match logical {
        LogicalType::Fixed(bytes) => DataType::FixedSizeBinary(bytes.into()),
        LogicalType::Bool => DataType::Boolean,
        LogicalType::U8 => DataType::UInt8,
        LogicalType::U16 => DataType::UInt16,
        LogicalType::U32 => DataType::UInt32,
        LogicalType::U64 => DataType::UInt64,
        LogicalType::I64 => DataType::Int64,
        LogicalType::F32 => DataType::Float32,
        LogicalType::Text | LogicalType::Enum(_) => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        LogicalType::TimestampMs => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        LogicalType::Map => {
            let entry = Fields::from(vec![map_key(), map_value()]);
            let entries = ArrowField::new(MAP_ENTRY, DataType::Struct(entry), false);
            DataType::Map(Arc::new(entries), false)
        }
        LogicalType::Decimal38 => DataType::Decimal128(38, 0),
    }
}

fn map_key() -> ArrowField {
    ArrowField::new(MAP_KEY, DataType::Utf8, false)
}

fn map_value() -> ArrowField {
    ArrowField::new(MAP_VALUE, DataType::Utf8, false)
}

/// The rows as one batch of their table.
pub fn record_batch<R: Row>(schema: &SchemaRef, rows: &[R]) -> Result<RecordBatch, ArrowError> {
    let columns = R::fields()
        .iter()
        .map(|field| column(field, rows))
        .collect::<Result<Vec<_>, ArrowError>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn column<R: Row>(field: &Field<R>, rows: &[R]) -> Result<ArrayRef, ArrowError> {
    let cells = rows.iter().map(|row| field.read(row));
    Ok(match field.logical {
        LogicalType::Fixed(bytes) => fixed(cells, bytes)?,
        LogicalType::Bool => {
            let mut builder = BooleanBuilder::with_capacity(rows.len());
            cells.for_each(|cell| builder.append_option(as_bool(&cell)));
            Arc::new(builder.finish())
        }
        LogicalType::U8 => numbers::<UInt8Type>(cells, |cell| as_unsigned(cell)?.try_into().ok()),
        LogicalType::U16 => numbers::<UInt16Type>(cells, |cell| as_unsigned(cell)?.try_into().ok()),
        LogicalType::U32 => numbers::<UInt32Type>(cells, |cell| as_unsigned(cell)?.try_into().ok()),
        LogicalType::U64 => numbers::<UInt64Type>(cells, as_unsigned),
        LogicalType::I64 => numbers::<Int64Type>(cells, as_signed),
        LogicalType::F32 => numbers::<Float32Type>(cells, as_float),
        LogicalType::Text | LogicalType::Enum(_) => {
            let mut builder = StringDictionaryBuilder::<Int32Type>::new();
            cells.for_each(|cell| builder.append_option(as_text(&cell)));
            Arc::new(builder.finish())
        }
        LogicalType::TimestampMs => {
            let mut builder =
                TimestampMillisecondBuilder::with_capacity(rows.len()).with_timezone("UTC");
            cells.for_each(|cell| builder.append_option(as_milliseconds(&cell)));
            Arc::new(builder.finish())
        }
        LogicalType::Map => maps(cells)?,
        LogicalType::Decimal38 => {
            let mut builder =
                Decimal128Builder::with_capacity(rows.len()).with_precision_and_scale(38, 0)?;
            cells.for_each(|cell| builder.append_option(as_decimal(&cell)));
            Arc::new(builder.finish())
        }
    })
}

fn numbers<'a, T: ArrowPrimitiveType>(
    cells: impl Iterator<Item = Value<'a>>,
    native: impl Fn(&Value<'a>) -> Option<T::Native>,
) -> ArrayRef {
    let mut builder = PrimitiveBuilder::<T>::new();
    cells.for_each(|cell| builder.append_option(native(&cell)));
    Arc::new(builder.finish())
}

fn fixed<'a>(cells: impl Iterator<Item = Value<'a>>, width: u8) -> Result<ArrayRef, ArrowError> {
    let mut builder = FixedSizeBinaryBuilder::new(width.into());
    for cell in cells {
        match cell {
            Value::Bytes(bytes) => builder.append_value(bytes)?,
            _ => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn maps<'a>(cells: impl Iterator<Item = Value<'a>>) -> Result<ArrayRef, ArrowError> {
    let names = MapFieldNames {
        entry: MAP_ENTRY.to_owned(),
        key: MAP_KEY.to_owned(),
        value: MAP_VALUE.to_owned(),
    };
    let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
        .with_keys_field(Arc::new(map_key()))
        .with_values_field(Arc::new(map_value()));
    for cell in cells {
        let known = if let Value::Map(map) = cell {
            for (name, value) in map.iter() {
                builder.keys().append_value(name);
                builder.values().append_value(value);
            }
            true
        } else {
            false
        };
        builder.append(known)?;
    }
    Ok(Arc::new(builder.finish()))
}

fn as_bool(cell: &Value<'_>) -> Option<bool> {
    if let Value::Bool(value) = cell { Some(*value) } else { None }
}

fn as_unsigned(cell: &Value<'_>) -> Option<u64> {
    if let Value::Unsigned(value) = cell { Some(*value) } else { None }
}

fn as_signed(cell: &Value<'_>) -> Option<i64> {
    if let Value::Signed(value) = cell { Some(*value) } else { None }
}

fn as_float(cell: &Value<'_>) -> Option<f32> {
    if let Value::Float(value) = cell { Some(*value) } else { None }
}

fn as_text<'a>(cell: &'a Value<'_>) -> Option<&'a str> {
    if let Value::Text(value) = cell { Some(value) } else { None }
}

fn as_milliseconds(cell: &Value<'_>) -> Option<i64> {
    if let Value::Timestamp(value) = cell { Some(value.as_millisecond()) } else { None }
}

fn as_decimal(cell: &Value<'_>) -> Option<i128> {
    if let Value::Decimal(value) = cell { Some(*value) } else { None }
}

#[cfg(test)]
mod tests;
