//! JSON: rows, or rows and books.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::Report;

pub(super) fn write(
    report: &Report,
    full: bool,
    lines: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if full { one(report, lines, out) } else { one(&report.rows, lines, out) }
}

fn one(what: &impl Serialize, lines: bool, out: &mut dyn Write) -> io::Result<()> {
    if lines {
        serde_json::to_writer(&mut *out, what)?;
    } else {
        serde_json::to_writer_pretty(&mut *out, what)?;
    }
    out.write_all(b"\n")
}
