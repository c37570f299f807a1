use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::tree::{self, Path, Report};

fn read(text: &str) -> Predicate {
    let item = tree::from_yaml(text).unwrap().remove(0);
    let mut report = Report::new(&Arc::from("test"));
    let read = predicate(&mut report, &item, &Path::Top);
    read.unwrap_or_else(|| panic!("{}", report.problems))
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::Pass, Verdict::Fail, Verdict::Unknown])
}

#[test]
fn a_predicate_without_more_has_the_defaults() {
    let predicate = read("{key: codec.decode, op: in, values: [h264]}");
    assert_eq!(predicate.evidence(), Evidence::Declared);
    assert_eq!(predicate.unknown(), UnknownRule::Deny);
    assert_eq!(predicate.window().to_string(), "24h");
    assert_eq!(predicate.min_samples(), 1);
}

#[test]
fn written_defaults_stay_written() {
    let text = r#"{"key":"net.up_mbps","op":"ge","values":[200],"evidence":"declared","window":"24h","min_samples":1,"unknown":"deny"}"#;
    assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
    let text = r#"{"key":"hw.tee","op":"exists"}"#;
    assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
}

#[test]
fn a_predicate_is_said_as_a_person_would() {
    let lines = [
        "{key: codec.decode, op: in, values: [h264, hevc]}",
        "{key: codec.decode, op: not_in, values: [av1]}",
        "{key: hw.tee, op: exists, evidence: attested}",
        "{key: hw.tee, op: absent}",
        "{key: slo.success_rate, op: ge, values: [0.99], evidence: observed, window: 7d, min_samples: 500}",
        "{key: slo.total_s.p95, op: le, values: [8], evidence: observed}",
        "{key: stake.active, op: eq, values: [true]}",
        "{key: node.version, op: semver, values: [\">=0.8.10\"]}",
    ]
    .map(|text| read(text).to_string());
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn windows_are_minutes_hours_and_days() {
    for (text, seconds) in
        [("1m", 60), ("24h", 86_400), ("7d", 604_800), ("999999d", 86_399_913_600)]
    {
        let window: Window = text.parse().unwrap();
        assert_eq!((window.seconds(), window.to_string().as_str()), (seconds, text));
    }
    for text in ["", "h", "0h", "01h", "1s", "1", "-1h", "1.5h", "1 h", "1000000d", "ä"] {
        assert!(text.parse::<Window>().is_err(), "{text}");
    }
}

#[test]
fn versions_count_as_the_release_they_follow() {
    let required: VersionRequirement = ">=0.8.10".parse().unwrap();
    for text in ["0.8.10", "v0.9.1", "0.8.10-1f2e3d4c", "0.8.10-000abc", "0.9", "1"] {
        assert!(release(text).is_some_and(|v| required.matches(&v)), "{text}");
    }
    for text in ["0.8.9", "0.8.9-rc.1"] {
        assert!(release(text).is_some_and(|v| !required.matches(&v)), "{text}");
    }
    for text in ["", "undefined", "v", "1.2.3.4", "one.two"] {
        assert!(release(text).is_none(), "{text}");
    }
    let exact: VersionRequirement = ">=1.0.0-rc.2".parse().unwrap();
    assert!(!exact.matches(&release("1.0.0-rc.1").unwrap()));
    assert!(exact.matches(&release("1.0.0-rc.3").unwrap()));
}

#[test]
fn the_vocabulary_knows_percentiles_and_what_is_declared() {
    let mut vocabulary = Vocabulary::default();
    let key = |text: &str| text.parse::<PredicateKey>().unwrap();
    for text in ["slo.total_s.p50", "slo.total_s.p95", "slo.realtime_ratio.p5", "net.rtt_ms.p50"] {
        assert_eq!(vocabulary.kind(&key(text)), Some(KeyKind::Number), "{text}");
    }
    for text in ["slo.total_s", "slo.total_s.p", "slo.total_s.p100", "slo.total_s.p05", "hw.gpu"] {
        assert_eq!(vocabulary.kind(&key(text)), None, "{text}");
    }
    assert_eq!(vocabulary.kind(&key("x_acme.noise_db")), None);
    assert!(vocabulary.declare(key("x_acme.noise_db"), KeyKind::Number));
    assert!(!vocabulary.declare(key("x_acme.noise_db"), KeyKind::Text));
    assert_eq!(vocabulary.kind(&key("x_acme.noise_db")), Some(KeyKind::Number));
    assert_eq!(key("x_acme.noise_db").namespace(), Some("acme"));
    assert_eq!(key("x.noise_db").namespace(), None);
}

#[test]
fn keys_follow_the_grammar() {
    for text in ["a", "hw.gpu.memory_mib", "a.b.c.d.e.f", "a1.2"] {
        assert_eq!(text.parse::<PredicateKey>().unwrap().as_str(), text);
    }
    let long = "a".repeat(97);
    for text in ["", "A", "1a", "a.", ".a", "a..b", "a-b", "a.b.c.d.e.f.g", "_a", &long] {
        assert!(text.parse::<PredicateKey>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_conjunction_is_that_of_kleene(a in verdict(), b in verdict(), c in verdict()) {
        prop_assert_eq!(a.and(b), b.and(a));
        prop_assert_eq!(a.and(b.and(c)), a.and(b).and(c));
        prop_assert_eq!(a.and(a), a);
        prop_assert_eq!(a.and(Verdict::Pass), a);
        prop_assert_eq!(a.and(Verdict::Fail), Verdict::Fail);
        let all: Verdict = [a, b, c].into_iter().collect();
        let any = |wanted| [a, b, c].contains(&wanted);
        prop_assert_eq!(all == Verdict::Fail, any(Verdict::Fail));
        prop_assert_eq!(all == Verdict::Unknown, any(Verdict::Unknown) && !any(Verdict::Fail));
    }

    #[test]
    fn work_is_given_for_what_passes_and_for_the_unknown_by_its_rule(
        verdicts in prop::collection::vec(
            (verdict(), prop::sample::select(UnknownRule::ALL.to_vec())), 0..8),
    ) {
        let admission = verdicts
            .iter()
            .map(|(verdict, unknown)| Admission::of(*verdict, *unknown))
            .fold(Admission::Yes, Admission::and);
        let denied = verdicts.iter().any(|(verdict, unknown)| match verdict {
            Verdict::Pass => false,
            Verdict::Fail => true,
            Verdict::Unknown => *unknown == UnknownRule::Deny,
        });
        let probed = verdicts.contains(&(Verdict::Unknown, UnknownRule::Probe));
        prop_assert_eq!(admission == Admission::No, denied);
        prop_assert_eq!(admission == Admission::Probe, probed && !denied);
    }
}
