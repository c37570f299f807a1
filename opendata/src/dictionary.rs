//! The field table as a page for people. It is generated, so it is never out of date; edit the
//! table, not the page.

use std::fmt::Write as _;

use crate::fields::{JOBS, VERIFICATION};
use crate::{
    ErrorNative, ErrorType, Field, LogicalType, SCHEMA_VERSION, VERIFICATION_VERSION, VerifyReason,
};

const INTRODUCTION: &str = "\
# The data this gateway records

Every attempt at a job is one row: a job tried on three orchestrators is three rows, a job nobody
could take is one row without an orchestrator. `is_final` marks the attempt that decided the job.

The rows stay on the gateway's disk, twice:

- `<dataDir>/data/jsonl/jobs-YYYY-MM-DD.jsonl`: one JSON object a line, there within a second.
- `<dataDir>/data/v1/jobs/date=YYYY-MM-DD/gateway=0x…/tagroot=…/part-*.parquet`: the same rows in
  Parquet (zstd), in parts that appear when they are complete. Beyond 32 different tag roots a day
  the rest is under `tagroot=other`.

The date is the UTC date of `started_at`. In JSON, ids and hashes are hex, moments are RFC 3339 in
UTC with milliseconds, decimals are texts, and what is not known is `null`, never 0.

No row holds a client's address, a user agent, a key, a stream or manifest id, a prompt, a payload,
a hash of one, a free-text error or a URL. Figures are exact on the gateway's own disk; what is said
below about rounding and truncation is done when data is published.
";

const LEGEND: &str = "\
- Type: `?` = may be null; `utf8 dict` = text with few distinct values.
- Class: `B` public identity of an operator, `Q` could help to recognise a client when combined,
  `M` measurement, `L` label, `$` money, `E` evidence that others can check.
- From: the lowest level of publication that includes the column.
";

const HEAD: &str = "\
| Column | Type | Unit | Semantic name | Class | From | Meaning |
|---|---|---|---|---|---|---|
";

const VERIFICATION_INTRODUCTION: &str = "\
## Table `verification`

Every run of verification on an attempt is one row, passes included, so that rates have a
denominator; `selected_by` says why this result was looked at, without which they would be biased.
The files are named like those of `jobs`: `jsonl/verification-YYYY-MM-DD.jsonl` and
`v1/verification/date=…/gateway=…/tagroot=…/part-*.parquet`, by the UTC date of `run_at`. `job_id`
and `attempt_index` are those of the row in `jobs`. `score` is the largest ratio of a value to its
bound, above 1 is bad, and `threshold` is that bound. What was kept to prove it is on the gateway's
disk alone; `evidence_hash` names it.
";

/// The data dictionary in Markdown.
pub fn dictionary_markdown() -> String {
    let mut page = format!(
        "{INTRODUCTION}\n## Table `jobs`\n\nSchema version {SCHEMA_VERSION}, {} columns.\n\n{LEGEND}\n",
        JOBS.len()
    );
    page.push_str(HEAD);
    for field in &JOBS {
        line(&mut page, field);
    }
    page.push_str("\n## Vocabularies\n\n");
    for field in &JOBS {
        if let LogicalType::Enum(words) = field.logical {
            vocabulary(&mut page, field.name, words.iter().copied());
        }
    }
    vocabulary(&mut page, "error_type", ErrorType::ALL.map(ErrorType::as_str).into_iter());
    vocabulary(&mut page, "error_native", ErrorNative::ALL.map(ErrorNative::as_str).into_iter());
    write!(
        page,
        "\n{VERIFICATION_INTRODUCTION}\nSchema version {VERIFICATION_VERSION}, {} columns.\n\n{HEAD}",
        VERIFICATION.len()
    )
    .expect("writing into a text cannot fail");
    for field in &VERIFICATION {
        line(&mut page, field);
    }
    page.push_str("\n### Its vocabularies\n\n");
    for field in &VERIFICATION {
        if let LogicalType::Enum(words) = field.logical {
            vocabulary(&mut page, field.name, words.iter().copied());
        }
    }
    vocabulary(&mut page, "reason", VerifyReason::ALL.map(VerifyReason::as_str).into_iter());
    page
}

fn line<R>(page: &mut String, field: &Field<R>) {
    let Field { name, unit, semantic, class, published_from, note, .. } = field;
    let kind = field.type_name().replace('|', "\\|");
    let class = class.code();
    writeln!(
        page,
        "| `{name}` | {kind} | {unit} | {semantic} | {class} | {published_from} | {note} |"
    )
    .expect("writing into a text cannot fail");
}

fn vocabulary(page: &mut String, name: &str, words: impl Iterator<Item = &'static str>) {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    writeln!(page, "- `{name}`: {}", words.join(", ")).expect("writing into a text cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `UPDATE_DOCS` set the page is written instead (`make gen`).
    #[test]
    fn the_page_for_people_is_this() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/data.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, dictionary_markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page == dictionary_markdown(), "docs/data.md is out of date; write it: make gen");
    }
}
