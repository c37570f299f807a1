//! Class files, facts of orchestrators, and documents of gateways.
//!
//! Input: two texts with a line `===` between. The first is read as class files and as a document,
//! the second as facts, as YAML and as JSON. What is accepted is matched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waymark_fuzz::showable;
use waymark_tagging::canonical::{canonical_json, document_hash};
use waymark_tagging::class::{Authoring, ClassFile, ClassSet, PriceVerdict};
use waymark_tagging::document::{AnyDocument, Expectation};
use waymark_tagging::{Facts, JobClass, Matcher, Problems, Registry, UnitPrice, Verdict};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        document(data);
        return;
    };
    let (first, second) = text.split_once("\n===\n").unwrap_or((text, text));
    document(first.as_bytes());
    let classes = classes(first);
    let known = facts(second);
    if let (Some(classes), Some(known)) = (classes, known) {
        matched(&classes, &known);
    }
});

fn told(problems: &Problems) {
    assert!(!problems.is_empty() && problems.len() >= problems.iter().count());
    for problem in problems.iter() {
        showable(problem);
    }
}

fn classes(text: &str) -> Option<ClassSet> {
    let now = "2026-11-27T00:00:00Z".parse().expect("a time");
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let read = |text: &str| ClassSet::from_yaml(&[ClassFile { label: "file", text }], &rules);
    let set = read(text).map_err(|problems| told(&problems)).ok()?;
    for pair in set.classes().windows(2) {
        assert!(pair[0].tag < pair[1].tag, "sorted, each once");
    }
    for class in set.classes() {
        assert!(!class.is_expired(now) && class.issued_at.at() < class.expires_at.at());
        let bytes = canonical_json(&**class).expect("a class has canonical bytes");
        let again = JobClass::from_json("json", &bytes).expect("what was written is read");
        assert_eq!(again, **class);
        assert_eq!(document_hash(&again).ok(), class.hash().ok());
    }
    for notice in set.notices() {
        showable(notice);
    }
    Some(set)
}

fn facts(text: &str) -> Option<Facts> {
    let json = Facts::from_json("json", text.as_bytes());
    let yaml = Facts::from_yaml("yaml", text);
    for read in [&json, &yaml] {
        let Ok(known) = read else {
            read.as_ref().map_err(told).expect_err("it was refused");
            continue;
        };
        let written = serde_json::to_vec(known).expect("facts are JSON");
        assert_eq!(Facts::from_json("again", &written).as_ref(), Ok(known));
        for notice in known.notices(Registry::builtin().vocabulary()) {
            assert!(!notice.contains(char::is_control), "{notice:?}");
        }
    }
    yaml.or(json).ok()
}

fn matched(classes: &ClassSet, known: &Facts) {
    let matcher = Matcher::new(classes.classes().iter().cloned());
    let candidate = matcher.candidate(known);
    let offers = [None, UnitPrice::of(0, 1), UnitPrice::of(u64::MAX, 1)];
    for (class, offer) in matcher.classes().flat_map(|class| offers.map(|offer| (class, offer))) {
        let decided = class.decide(&candidate, offer.as_ref());
        let found = class.explain(&candidate, offer);
        assert_eq!(decided, found.decision, "a report disagrees");
        assert_eq!(class.score(&candidate), found.score);
        let checks: Verdict = found.checks.iter().map(|check| check.verdict).collect();
        let price = Verdict::from(found.price.verdict != PriceVerdict::Above);
        assert_eq!(decided.verdict, checks.and(price));
        for check in found.checks.iter().chain(&found.preferences) {
            assert!(!check.to_string().contains(char::is_control), "{check}");
        }
        serde_json::to_string(&found).expect("a report is JSON");
    }
}

fn document(bytes: &[u8]) {
    let document = match AnyDocument::read("document", bytes) {
        Ok(document) => document,
        Err(problems) => return told(&problems),
    };
    let (written, hash, own) = match &document {
        AnyDocument::Gateway(received) => {
            (canonical_json(&received.document), received.hash, received.document.hash())
        }
        AnyDocument::Requirements(received) => {
            (canonical_json(&received.document), received.hash, received.document.hash())
        }
    };
    assert_eq!(own.ok(), Some(hash), "the hash is that of what was understood, too");
    let again = AnyDocument::read("again", &written.expect("canonical bytes"));
    assert_eq!(again.as_ref(), Ok(&document));
    for class in document.classes() {
        assert_eq!(class.gateway, document.head().gateway);
    }
    let now = "2026-11-27T00:00:00Z".parse().expect("a time");
    if let Err(error) = document.verify(&Expectation::at(now)) {
        showable(&error);
    }
}
