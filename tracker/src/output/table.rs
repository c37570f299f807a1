//! A table for people. Amounts are ether to six digits, cut and never rounded up.

use std::fmt::Write as _;

use alloy_primitives::{Address, U512};

use crate::amount::Wei;
use crate::book::BookStatus;
use crate::relations::Reason;
use crate::report::{BookLine, Report, Row, Scope};

const HEAD: [&str; 11] =
    ["ROUND", "GATEWAY", "TAG", "GRADE", "WINNERS", "PAID", "FACE", "TO", "HHI", "BOOK", "COVERED"];

/// Columns whose values are numbers stand to the right.
const RIGHT: [bool; 11] = [true, false, false, false, true, true, true, true, true, true, true];

const LEGEND: &str = "
Amounts in ether. PAID and FACE (with its standard error) are of redeemed tickets: a lower bound, since some winners are
never redeemed. BOOK is all tickets, winning or not, as the gateway's verified round book adds them up; COVERED is the
share of the redeemed tickets that stand in it. TO counts orchestrators, HHI is 1 when one has all.
Grades: A in the nonce, B committed before the redemption, C committed after, D attested. Only A and B estimate spend.
";

pub(super) fn table(report: &Report) -> String {
    if report.rows.is_empty() {
        return "no redemption in these logs\n".to_owned();
    }
    let lines: Vec<[String; 12]> = report.rows.iter().map(cells).collect();
    let width = |column: usize| {
        let cells =
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count());
        let head = HEAD.get(column).map_or(0, |head| head.len());
        cells.max().unwrap_or(0).max(head)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    let mut put = |cells: &[&str], note: &str| {
        let mut line = String::new();
        for ((cell, width), right) in cells.iter().zip(&widths).zip(RIGHT) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if right { (&*padding, "") } else { ("", &*padding) };
            line.extend([before, cell, after, "  "]);
        }
        line.push_str(note);
        text.push_str(line.trim_end());
        text.push('\n');
    };
    put(&HEAD, "");
    for line in &lines {
        let [cells @ .., note] = line;
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        put(&cells, note);
    }
    total(report, &mut text);
    for line in &report.books {
        book(line, &mut text);
    }
    text.push_str(LEGEND);
    text
}

fn cells(row: &Row) -> [String; 12] {
    let day = row.day.filter(|_| row.book.is_none());
    let period = day.map_or_else(|| row.round.to_string(), |day| day.to_string());
    let tag = match (&row.tag, row.tag_id) {
        (Some(tag), _) => tag.clone(),
        (None, 0) => "untagged".to_owned(),
        (None, id) => format!("tag {id}"),
    };
    let book = match row.book {
        Some(BookStatus::None) | None => "-".to_owned(),
        Some(BookStatus::Verified) => ether(row.book_ev_wei.unwrap_or_default()),
        Some(status) => status.name().to_owned(),
    };
    let verified = row.book == Some(BookStatus::Verified) && row.winners > 0;
    let covered = if verified { format!("{:.0} %", row.coverage * 100.0) } else { "-".to_owned() };
    let mut note = Vec::new();
    if row.self_dealing {
        let reasons: Vec<_> = row.self_dealing_reasons.iter().map(Reason::name).collect();
        note.push(format!("self-dealing? {}", reasons.join(", ")));
    }
    if row.conflicts > 0 {
        note.push(format!("{} contradict their book or attestation", row.conflicts));
    }
    [
        period,
        short(row.gateway),
        tag,
        row.grade.map_or("-", |grade| grade.letter()).to_owned(),
        row.winners.to_string(),
        ether(row.paid_wei),
        format!("{} ± {}", ether(row.face_value_wei), ether(row.stderr_wei)),
        row.recipients.to_string(),
        format!("{:.2}", row.hhi),
        book,
        covered,
        note.join("; "),
    ]
}

fn total(report: &Report, text: &mut String) {
    if report.rows.iter().any(|row| row.scope == Scope::Subtree) {
        text.push_str("\nEach row has everything below its tag as well, so rows overlap.\n");
        return;
    }
    let (mut winners, mut paid) = (0_u64, Wei::ZERO);
    for row in &report.rows {
        winners = winners.saturating_add(row.winners);
        paid.add_sum(row.paid_wei);
    }
    // Writing to a string does not fail.
    writeln!(text, "\n{winners} redeemed tickets, {} ether paid", ether(paid)).ok();
}

/// Books that cannot be used, or leave out sessions that were paid.
fn book(line: &BookLine, text: &mut String) {
    let left_out = line.completeness.is_some() && line.in_book < line.redeemed;
    if line.problem.is_none() && !left_out {
        return;
    }
    let who = format!("round {}, {}", line.round, short(line.gateway));
    if let Some(problem) = &line.problem {
        writeln!(text, "book of {who}: {}: {problem}", line.status.name()).ok();
    }
    if left_out {
        let missing = line.redeemed.saturating_sub(line.in_book);
        writeln!(
            text,
            "book of {who}: leaves out the sessions of {missing} of {} redeemed tickets",
            line.redeemed
        )
        .ok();
    }
}

fn short(address: Address) -> String {
    let text = format!("{address:#x}");
    format!("{}…{}", text.get(..8).unwrap_or_default(), text.get(38..).unwrap_or_default())
}

/// Wei as ether to six digits after the point; what is less than the last digit shows as `<0.000001`.
fn ether(wei: Wei) -> String {
    let millionth = U512::from(1_000_000_000_000_u64);
    let millionths = wei.get() / millionth;
    if millionths.is_zero() && !wei.is_zero() {
        return "<0.000001".to_owned();
    }
    let million = U512::from(1_000_000_u64);
    let (whole, part) = (millionths / million, millionths % million);
    let text = format!("{whole}.{part:0>6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
