//! A predicate from a tree: the shape of the schema, and the rules that a schema cannot say.

use super::{
    Evidence, MAX_PREDICATE_VALUES, Operator, Predicate, PredicateKey, Test, UnknownRule, Window,
};
use crate::tree::{Fields, Item, Node, Path, Report, Word};
use crate::value::{Number, Value};

const KEYS: &[&str] = &["key", "op", "values", "evidence", "window", "min_samples", "unknown"];

/// Whole numbers that JSON can hold everywhere.
pub(crate) const SAFE_WHOLE: u64 = (1 << 53) - 1;

pub(crate) fn predicate(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Predicate> {
    let fields = report.fields(item, path, KEYS)?;
    let key: Option<PredicateKey> = report.need(&fields, path, "key", Report::parsed);
    let operator: Option<Operator> = report.need(&fields, path, "op", Report::word);
    let test = operator.and_then(|operator| test(report, &fields, path, operator));
    let evidence: Option<Evidence> = report.maybe(&fields, path, "evidence", Report::word);
    let window: Option<Window> = report.maybe(&fields, path, "window", Report::parsed);
    let min_samples = report.maybe(&fields, path, "min_samples", |report, item, path| {
        report.whole(item, path, 1..=SAFE_WHOLE)
    });
    let unknown: Option<UnknownRule> = report.maybe(&fields, path, "unknown", Report::word);
    Some(Predicate { key: key?, test: test?, evidence, window, min_samples, unknown })
}

fn test(
    report: &mut Report,
    fields: &Fields<'_>,
    path: &Path<'_>,
    operator: Operator,
) -> Option<Test> {
    let name = operator.word();
    if matches!(operator, Operator::Exists | Operator::Absent) {
        if let Some(item) = fields.get("values") {
            let rule = format!("op {name} takes no values; leave them out");
            report.refuse(item.place, &path.key("values"), rule);
            return None;
        }
        return Some(if operator == Operator::Exists { Test::Exists } else { Test::Absent });
    }
    let Some(item) = fields.get("values") else {
        let rule = format!("key values is missing; op {name} compares with it");
        report.refuse(fields.place(), path, rule);
        return None;
    };
    let path = path.key("values");
    if matches!(operator, Operator::In | Operator::NotIn) {
        let values = many(report, item, &path)?;
        return Some(if operator == Operator::In { Test::In(values) } else { Test::NotIn(values) });
    }
    let list = report.list(item, &path, 1..=MAX_PREDICATE_VALUES)?;
    let [only] = list else {
        let rule = format!("op {name} takes one value, not {}; a choice is op in", list.len());
        report.refuse(item.place, &path, rule);
        return None;
    };
    let path = path.index(0);
    match operator {
        Operator::Ge => number(report, only, &path).map(Test::AtLeast),
        Operator::Le => number(report, only, &path).map(Test::AtMost),
        Operator::Semver => report.parsed(only, &path).map(Test::Version),
        _ => scalar(report, only, &path).map(Test::Equal),
    }
}

fn many(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Vec<Value>> {
    let list = report.list(item, path, 1..=MAX_PREDICATE_VALUES)?;
    let values: Vec<_> = list
        .iter()
        .enumerate()
        .map(|(index, item)| scalar(report, item, &path.index(index)))
        .collect();
    values.into_iter().collect()
}

fn number(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Number> {
    let number = report.number(item, path)?;
    canonical(report, item, path, number).then_some(number)
}

/// Text, a number, or yes or no.
pub(crate) fn scalar(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Value> {
    match &item.node {
        Node::Text(text) => Some(text.as_str().into()),
        Node::Flag(flag) => Some((*flag).into()),
        Node::Number(number) => {
            canonical(report, item, path, *number).then_some(Value::Number(*number))
        }
        Node::Null | Node::List(_) | Node::Map(_) => {
            report.expected(item, path, "text, a number, true or false")
        }
    }
}

fn canonical(report: &mut Report, item: &Item, path: &Path<'_>, number: Number) -> bool {
    let fits = number.is_canonical();
    if !fits {
        let rule = format!("{number} is out of range; accepted: whole numbers up to {SAFE_WHOLE}");
        report.refuse(item.place, path, rule);
    }
    fits
}
