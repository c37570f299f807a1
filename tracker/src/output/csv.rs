//! CSV with the same columns as JSON. No value needs quoting: numbers, addresses, tags (whose grammar
//! has no comma) and words; several reasons are separated by spaces.

use std::fmt::Display;
use std::io::{self, Write};

use crate::book::BookStatus;
use crate::grade::Grade;
use crate::relations::Reason;
use crate::report::{Report, Row, Scope};

const COLUMNS: &str = "round,last_round,day,last_day,gateway,tag_id,tag,scope,grade,estimate,winners,\
face_value_wei,paid_wei,arms_length_wei,recipients,stderr_wei,hhi,coverage,self_dealing,\
self_dealing_reasons,conflicts,book,book_revision,book_sessions,book_tickets,book_ev_wei";

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}")?;
    report.rows.iter().try_for_each(|row| writeln!(out, "{}", line(row)))
}

fn line(row: &Row) -> String {
    let reasons: Vec<&str> = row.self_dealing_reasons.iter().map(Reason::name).collect();
    let scope = match row.scope {
        Scope::Tag => "tag",
        Scope::Subtree => "subtree",
    };
    [
        row.round.to_string(),
        row.last_round.to_string(),
        or_empty(row.day),
        or_empty(row.last_day),
        format!("{:#x}", row.gateway),
        row.tag_id.to_string(),
        or_empty(row.tag.as_deref()),
        scope.to_owned(),
        or_empty(row.grade.map(Grade::letter)),
        row.estimate.to_string(),
        row.winners.to_string(),
        row.face_value_wei.to_string(),
        row.paid_wei.to_string(),
        row.arms_length_wei.to_string(),
        row.recipients.to_string(),
        row.stderr_wei.to_string(),
        row.hhi.to_string(),
        row.coverage.to_string(),
        row.self_dealing.to_string(),
        reasons.join(" "),
        row.conflicts.to_string(),
        or_empty(row.book.map(BookStatus::name)),
        or_empty(row.book_revision),
        or_empty(row.book_sessions),
        or_empty(row.book_tickets),
        or_empty(row.book_ev_wei),
    ]
    .join(",")
}

fn or_empty(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
