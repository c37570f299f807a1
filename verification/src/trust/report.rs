//! The book for people to read.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{identity::Key, line::Line, penalty::Until, rules::Rules, state::State, stored::Entry};

/// One orchestrator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What it is listed under.
    pub key: Key,
    /// The worst state of all its lines.
    pub state: State,
    /// Since when and why it is out, or was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<PenaltyReport>,
    /// Other keys penalised with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<Key>,
    /// When it was first and last audited.
    pub first: Timestamp,
    /// When it was last audited.
    pub seen: Timestamp,
    /// For each class of jobs and kind of rendition.
    pub lines: Vec<LineReport>,
}

/// A penalty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PenaltyReport {
    /// When it began.
    pub since: Timestamp,
    /// When it ends or ended; absent where it is for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether it holds.
    pub holds: bool,
    /// Whether somebody ended it by hand.
    pub pardoned: bool,
    /// Strikes that are not forgotten.
    pub strikes: f64,
    /// What was seen.
    pub why: String,
}

/// One kind of work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineReport {
    /// Class of jobs.
    pub class: String,
    /// Kind of rendition.
    pub kind: String,
    /// The state.
    pub state: State,
    /// Trusted on long experience.
    pub proven: bool,
    /// Chance of a full audit.
    pub rate: f64,
    /// Clean audits that are not forgotten.
    pub clean: f64,
    /// Sum of soft failures; the alarm is at 9.21.
    pub soft: f64,
    /// When it was last audited.
    pub seen: Timestamp,
    /// What the state rests on.
    pub why: String,
}

pub(super) fn of(entries: &HashMap<Key, Entry>, rules: &Rules, now: Timestamp) -> Vec<Report> {
    let mut reports: Vec<_> =
        entries.iter().map(|(key, entry)| one(key, entry, rules, now)).collect();
    reports.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.key.cmp(&b.key)));
    reports
}

fn one(key: &Key, entry: &Entry, rules: &Rules, now: Timestamp) -> Report {
    let lines: Vec<_> =
        entry.lines.iter().map(|(name, line)| of_line(name, line, rules, now)).collect();
    let out = entry.penalty.as_ref().is_some_and(|penalty| penalty.is_out(now));
    let worst = lines.iter().map(|line| line.state).max();
    let fresh = entry.first_line(now).state(now, rules);
    let penalty = entry.penalty.as_ref().map(|penalty| PenaltyReport {
        since: penalty.since,
        until: match penalty.until {
            Until::Moment(moment) | Until::Released(moment) => Some(moment),
            Until::ForGood => None,
        },
        holds: penalty.is_out(now),
        pardoned: matches!(penalty.until, Until::Released(_)),
        strikes: rounded(penalty.strikes(now, rules)),
        why: penalty.why.clone(),
    });
    Report {
        key: key.clone(),
        state: if out { State::Out } else { worst.unwrap_or(fresh) },
        penalty,
        linked: entry.linked.clone(),
        first: entry.first,
        seen: entry.seen,
        lines,
    }
}

fn of_line(
    (class, kind): &(String, String),
    line: &Line,
    rules: &Rules,
    now: Timestamp,
) -> LineReport {
    LineReport {
        class: class.clone(),
        kind: kind.clone(),
        state: line.state(now, rules),
        proven: line.proven(now, rules),
        rate: line.rate(now, rules).get(),
        clean: rounded(line.clean(now, rules)),
        soft: rounded(line.soft()),
        seen: line.seen,
        why: line.why(now, rules),
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
