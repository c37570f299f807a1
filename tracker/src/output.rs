//! A report as people and programs want it.

mod csv;
mod json;
mod parquet;
mod table;

use std::io::{self, Write};

use crate::report::Report;

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// Columns for people, amounts in ether.
    #[default]
    Table,
    /// An array of rows, or with the books an object; schemas/demand.json.
    Json,
    /// The same rows, with a header.
    Csv,
    /// The same rows, amounts as decimal text.
    Parquet,
}

/// A report cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The place it goes to.
    #[error("the report cannot be written")]
    Io(#[from] io::Error),
    /// The Parquet encoder.
    #[error("the report cannot be encoded as Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

/// Writes a report. JSON with `full` has the books as well; one line each where `lines` are wanted.
pub fn write(
    report: &Report,
    format: Format,
    full: bool,
    lines: bool,
    out: &mut dyn Write,
) -> Result<(), OutputError> {
    match format {
        Format::Table => out.write_all(table::table(report).as_bytes())?,
        Format::Json => json::write(report, full, lines, out)?,
        Format::Csv => csv::write(report, out)?,
        Format::Parquet => out.write_all(&parquet::bytes(report)?)?,
    }
    out.flush()?;
    Ok(())
}
