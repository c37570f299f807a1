//! A class from a tree: the shape of the schema, and the rules that a schema cannot say.

use alloy_primitives::Address;
use jiff::civil::Date;

use super::{
    Demand, Interface, JobClass, MAX_PREFERENCES, MAX_REQUIREMENTS, Moment, Preference, Term,
    Terms, VerificationPolicy, price,
};
use crate::Tag;
use crate::predicate::{Predicate, SAFE_WHOLE, predicate, scalar};
use crate::problem::shown;
use crate::tree::{Item, Node, Path, Report};
use crate::value::{Number, Value};

const KEYS: &[&str] = &[
    "api",
    "tag",
    "rev",
    "title",
    "gateway",
    "issued_at",
    "expires_at",
    "interface",
    "requires",
    "prefers",
    "price",
    "demand",
    "verification",
    "terms",
];

pub(crate) use super::price::amount;

pub(crate) fn class(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<JobClass> {
    let fields = report.fields(item, path, KEYS)?;
    let api = report.need(&fields, path, "api", api);
    let tag: Option<Tag> = report.need(&fields, path, "tag", Report::parsed);
    let rev = report.need(&fields, path, "rev", |report, item, path| {
        report.whole(item, path, 1..=u32::MAX.into()).and_then(|rev| u32::try_from(rev).ok())
    });
    let title = report.maybe(&fields, path, "title", |r, i, p| short(r, i, p, 120));
    let gateway = report.need(&fields, path, "gateway", address);
    let issued_at: Option<Moment> = report.need(&fields, path, "issued_at", Report::parsed);
    let expires_at: Option<Moment> = report.need(&fields, path, "expires_at", Report::parsed);
    if let (Some(issued), Some(expires)) = (&issued_at, &expires_at)
        && expires.at() <= issued.at()
    {
        let place = fields.get("expires_at").and_then(|item| item.place);
        let rule = format!("{expires} is not after issued_at {issued}");
        report.refuse(place, &path.key("expires_at"), rule);
    }
    let interface = report.need(&fields, path, "interface", interface);
    let requires = report.need(&fields, path, "requires", |report, item, path| {
        each(report, item, path, MAX_REQUIREMENTS, predicate)
    });
    let prefers = report.maybe(&fields, path, "prefers", |report, item, path| {
        each(report, item, path, MAX_PREFERENCES, preference)
    });
    let price = report.maybe(&fields, path, "price", price::ceiling);
    let demand = report.maybe(&fields, path, "demand", demand);
    let verification = report.maybe(&fields, path, "verification", verification);
    let terms = report.maybe(&fields, path, "terms", terms);
    api?;
    Some(JobClass {
        tag: tag?,
        rev: rev?,
        title,
        gateway: gateway?,
        issued_at: issued_at?,
        expires_at: expires_at?,
        interface: interface?,
        requires: requires?,
        prefers,
        price,
        demand,
        verification,
        terms,
    })
}

fn api(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<()> {
    let text = report.text(item, path)?;
    if text != super::API {
        let rule = format!("{} is unknown; accepted: {}", shown(text), super::API);
        report.refuse(item.place, path, rule);
        return None;
    }
    Some(())
}

/// An address as documents write it: lower case, because the hash covers the spelling.
pub(crate) fn address(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Address> {
    let text = report.text(item, path)?;
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
    let lower = |d: &&str| d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let found = digits.filter(lower).and_then(|_| text.parse().ok());
    if found.is_none() {
        let rule = format!(
            "address {} is not valid; accepted: 0x and 40 hexadecimal digits in lower case",
            shown(text)
        );
        report.refuse(item.place, path, rule);
    }
    found
}

pub(crate) fn each<T>(
    report: &mut Report,
    item: &Item,
    path: &Path<'_>,
    most: usize,
    read: impl Fn(&mut Report, &Item, &Path<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let list = report.list(item, path, 0..=most)?;
    let read: Vec<_> =
        list.iter().enumerate().map(|(i, item)| read(report, item, &path.index(i))).collect();
    read.into_iter().collect()
}

fn short(report: &mut Report, item: &Item, path: &Path<'_>, most: usize) -> Option<String> {
    report.short_text(item, path, most).map(str::to_owned)
}

fn interface(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Interface> {
    let known = &["mode", "work_unit", "capability", "pipeline", "app", "offering"];
    let fields = report.fields(item, path, known)?;
    let mode = report.need(&fields, path, "mode", Report::word);
    let work_unit = report.need(&fields, path, "work_unit", |report, item, path| {
        let text = report.text(item, path)?;
        let fits = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !fits {
            let rule = "accepted: 1 to 32 of a-z 0-9 -, beginning with a letter, such as pixel";
            let rule = format!("work unit {} is not valid; {rule}", shown(text));
            report.refuse(item.place, path, rule);
            return None;
        }
        Some(text.to_owned())
    });
    let capability = report.maybe(&fields, path, "capability", |report, item, path| {
        report.whole(item, path, 0..=u16::MAX.into()).and_then(|id| u16::try_from(id).ok())
    });
    let pipeline = report.maybe(&fields, path, "pipeline", |r, i, p| short(r, i, p, 64));
    let app = report.maybe(&fields, path, "app", |r, i, p| short(r, i, p, 128));
    let offering = report.maybe(&fields, path, "offering", |r, i, p| short(r, i, p, 128));
    Some(Interface { mode: mode?, work_unit: work_unit?, capability, pipeline, app, offering })
}

fn preference(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Preference> {
    let fields = report.fields(item, path, &["weight", "when"])?;
    let weight = report.need(&fields, path, "weight", |report, item, path| {
        report.whole(item, path, 1..=100).and_then(|weight| u8::try_from(weight).ok())
    });
    let when: Option<Predicate> = report.need(&fields, path, "when", predicate);
    Some(Preference { weight: weight?, when: when? })
}

fn demand(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Demand> {
    let known = &[
        "basis",
        "rate_p50",
        "rate_p95",
        "concurrency_p95",
        "orchestrators_wanted",
        "from",
        "until",
        "regions",
    ];
    let fields = report.fields(item, path, known)?;
    let rate = |report: &mut Report, name: &'static str| {
        report.maybe(&fields, path, name, |report, item, path| {
            bounded(report, item, path, f64::MAX, "0 or more")
        })
    };
    let (rate_p50, rate_p95) = (rate(report, "rate_p50"), rate(report, "rate_p95"));
    let count = |report: &mut Report, name: &'static str| {
        report.maybe(&fields, path, name, |r, i, p| r.whole(i, p, 0..=SAFE_WHOLE))
    };
    let concurrency_p95 = count(report, "concurrency_p95");
    let orchestrators_wanted = count(report, "orchestrators_wanted");
    let (from, until) =
        (report.maybe(&fields, path, "from", day), report.maybe(&fields, path, "until", day));
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let place = fields.get("until").and_then(|item| item.place);
        report.refuse(place, &path.key("until"), format!("{until} is before from {from}"));
    }
    let basis = report.maybe(&fields, path, "basis", Report::word);
    let regions = report
        .maybe(&fields, path, "regions", |report, item, path| each(report, item, path, 32, region));
    Some(Demand {
        basis,
        rate_p50,
        rate_p95,
        concurrency_p95,
        orchestrators_wanted,
        from,
        until,
        regions,
    })
}

fn bounded(
    report: &mut Report,
    item: &Item,
    path: &Path<'_>,
    most: f64,
    accepted: &str,
) -> Option<Number> {
    let number = report.number(item, path)?;
    let fits = (0.0..=most).contains(&number.to_f64()) && number.is_canonical();
    if !fits {
        report.refuse(item.place, path, format!("{number} is out of range; accepted: {accepted}"));
    }
    fits.then_some(number)
}

fn day(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Date> {
    let text = report.text(item, path)?;
    let found = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
    if found.is_none() {
        let rule = format!("day {} is not valid; accepted: YYYY-MM-DD", shown(text));
        report.refuse(item.place, path, rule);
    }
    found
}

fn region(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<String> {
    let text = report.text(item, path)?;
    if !((2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())) {
        let rule = format!("region {} is not valid; accepted: 2 or 3 of A-Z", shown(text));
        report.refuse(item.place, path, rule);
        return None;
    }
    Some(text.to_owned())
}

pub(crate) fn verification(
    report: &mut Report,
    item: &Item,
    path: &Path<'_>,
) -> Option<VerificationPolicy> {
    let known = &["mode", "sample_rate", "method", "on_fail"];
    let fields = report.fields(item, path, known)?;
    let mode = report.need(&fields, path, "mode", Report::word);
    let sample_rate = report.maybe(&fields, path, "sample_rate", |report, item, path| {
        bounded(report, item, path, 1.0, "0 to 1")
    });
    let method = report.maybe(&fields, path, "method", |r, i, p| short(r, i, p, 64));
    let on_fail = report.maybe(&fields, path, "on_fail", Report::word);
    Some(VerificationPolicy { mode: mode?, sample_rate, method, on_fail })
}

fn terms(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Terms> {
    let entries = report.entries(item, path)?;
    if entries.len() > super::MAX_TERMS {
        let rule = format!("has {} terms; accepted: at most {}", entries.len(), super::MAX_TERMS);
        report.refuse(item.place, path, rule);
        return None;
    }
    let mut terms = Terms::new();
    for (key, item) in entries {
        let path = path.key(&key.name);
        if let Some(term) = term(report, item, &path) {
            terms.insert(key.name.clone(), term);
        }
    }
    (terms.len() == entries.len()).then_some(terms)
}

fn term(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Term> {
    match &item.node {
        Node::Text(text) => Some(Term::One(Value::from(text.as_str()))),
        Node::Flag(flag) => Some(Term::One(Value::Flag(*flag))),
        Node::List(_) => each(report, item, path, 64, scalar).map(Term::Many),
        _ => report.expected(item, path, "text, true or false, or a list"),
    }
}
