//! Facts from a tree.

use super::{Facts, MAX_FACT_KEYS, MAX_FACT_VALUES, Statement};
use crate::predicate::{DEFAULT_WINDOW, PredicateKey, Vocabulary, scalar};
use crate::problem::suggestion;
use crate::tree::{Item, Node, Path, Report};
use crate::value::Value;

const KEYS: &[&str] = &["value", "evidence", "samples", "window"];

/// The most statements about one key.
const MAX_STATEMENTS: usize = 16;

pub(super) fn facts(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Facts> {
    let entries = report.entries(item, path)?;
    if entries.len() > MAX_FACT_KEYS {
        let rule = format!("has {} keys; accepted: at most {MAX_FACT_KEYS}", entries.len());
        report.refuse(item.place, path, rule);
        return None;
    }
    let mut facts = Facts::new();
    for (key, item) in entries {
        let path = path.key(&key.name);
        match key.name.parse::<PredicateKey>() {
            Ok(parsed) => {
                for statement in statements(report, item, &path) {
                    facts.add(parsed.clone(), statement);
                }
            }
            Err(error) => report.refuse(key.place, &path, error.to_string()),
        }
    }
    Some(facts)
}

fn statements(report: &mut Report, item: &Item, path: &Path<'_>) -> Vec<Statement> {
    match &item.node {
        // A key with nothing behind it says nothing.
        Node::Null => Vec::new(),
        Node::Map(_) => backed(report, item, path).into_iter().collect(),
        Node::List(list) if list.iter().any(|one| matches!(one.node, Node::Map(_))) => {
            let Some(list) = report.list(item, path, 1..=MAX_STATEMENTS) else {
                return Vec::new();
            };
            let read = |(index, one)| backed(report, one, &path.index(index));
            list.iter().enumerate().filter_map(read).collect()
        }
        Node::List(_) | Node::Flag(_) | Node::Number(_) | Node::Text(_) => {
            values(report, item, path).map(Statement::declared).into_iter().collect()
        }
    }
}

fn backed(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Statement> {
    let fields = report.fields(item, path, KEYS)?;
    let values = report.need(&fields, path, "value", values);
    let evidence = report.maybe(&fields, path, "evidence", Report::word).unwrap_or_default();
    let samples = report.maybe(&fields, path, "samples", |report, item, path| {
        report.whole(item, path, 0..=u64::MAX)
    });
    let window = report.maybe(&fields, path, "window", Report::parsed);
    let (samples, window) = (samples.unwrap_or(1), window.unwrap_or(DEFAULT_WINDOW));
    Some(Statement { values: values?, evidence, samples, window })
}

fn values(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Vec<Value>> {
    let Node::List(_) = &item.node else { return scalar_of(report, item, path).map(|v| vec![v]) };
    let list = report.list(item, path, 0..=MAX_FACT_VALUES)?;
    let read = |(index, one)| scalar_of(report, one, &path.index(index));
    let values: Vec<_> = list.iter().enumerate().map(read).collect();
    values.into_iter().collect()
}

/// Facts are not hashed, so their whole numbers may use all 64 bits.
fn scalar_of(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Value> {
    match item.node {
        Node::Number(number) => Some(number.into()),
        _ => scalar(report, item, path),
    }
}

pub(super) fn notices(facts: &Facts, vocabulary: &Vocabulary) -> Vec<String> {
    let mut notices = Vec::new();
    for (key, statement) in facts.iter() {
        match vocabulary.kind(key) {
            Some(kind) => {
                let wrong = statement.values.iter().find(|value| !kind.fits(value));
                if let Some(value) = wrong {
                    let (what, found) = (crate::tree::Word::word(kind), value.kind());
                    notices.push(format!("{key} is of type {what}, and {value} is {found}"));
                }
            }
            None if key.namespace().is_some() => {}
            None => {
                let near = suggestion(key.as_str(), vocabulary.names());
                notices.push(format!("{key} is no key of the vocabulary{near}"));
            }
        }
    }
    notices.dedup();
    notices
}
