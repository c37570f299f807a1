use proptest::prelude::*;

use super::*;
use crate::class::{Authoring, ClassFile, ClassSet};
use crate::{Registry, Tag};

const EXAMPLES: &str = include_str!("../../tests/vectors/jobclass.examples.yaml");

fn examples() -> Matcher {
    let now = "2026-11-27T00:00:00Z".parse().unwrap();
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let file = ClassFile { label: "examples", text: EXAMPLES };
    Matcher::new(ClassSet::from_yaml(&[file], &rules).unwrap().classes().iter().cloned())
}

/// A matcher with one class that requires this.
fn requiring(predicates: &str) -> Matcher {
    let text = format!(
        r#"{{"api":"lp.jobclass/v1","tag":"transcode/live/abr","rev":1,
        "gateway":"0x0000000000000000000000000000000000000000","issued_at":"2026-11-22T00:00:00Z",
        "expires_at":"2026-12-22T00:00:00Z","interface":{{"mode":"segment","work_unit":"pixel"}},
        "price":{{"max_wei":"1200","per":"1"}},"requires":[{predicates}]}}"#
    );
    let class = JobClass::from_json("test", text.as_bytes());
    Matcher::new([Arc::new(class.unwrap_or_else(|problems| panic!("{problems}")))])
}

fn facts(text: &str) -> Facts {
    Facts::from_yaml("node", text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Verdict, cause and text of one predicate for these facts.
fn check(predicate: &str, known: &str) -> (Verdict, Cause, String) {
    let matcher = requiring(predicate);
    let candidate = matcher.candidate(&facts(known));
    let found = matcher.classes().next().unwrap().explain(&candidate, None);
    let check = found.checks.first().unwrap();
    (check.verdict, check.cause, check.to_string())
}

fn verdict(predicate: &str, known: &str) -> Verdict {
    check(predicate, known).0
}

const MEMORY: &str = r#"{"key":"hw.gpu.memory_mib","op":"ge","values":[12288]}"#;
const UPLOAD: &str = r#"{"key":"net.up_mbps","op":"ge","values":[200],"evidence":"observed","window":"7d","min_samples":50}"#;

#[test]
fn the_distance_to_passing_is_told() {
    let cases = [
        check(MEMORY, "hw.gpu.memory_mib: 8192"),
        check(MEMORY, "hw.gpu.memory_mib: 24564"),
        check(MEMORY, "hw.gpu.memory_mib: [8192, 24564]"),
        check(MEMORY, "hw.gpu.memory_mib: 24 GB"),
        check(MEMORY, "{}"),
        check(UPLOAD, "net.up_mbps: 900"),
        check(UPLOAD, "net.up_mbps: {value: 900, evidence: observed, samples: 12, window: 7d}"),
        check(UPLOAD, "net.up_mbps: {value: 900, evidence: observed, samples: 99, window: 30d}"),
        check(UPLOAD, "net.up_mbps: {value: 150, evidence: observed, samples: 99, window: 7d}"),
        check(
            r#"{"key":"hw.tee","op":"in","values":["nvidia-cc","sev-snp"],"evidence":"attested"}"#,
            "hw.tee: nvidia-cc",
        ),
        check(r#"{"key":"codec.decode","op":"in","values":["hevc"]}"#, "codec.decode: [h264, vp9]"),
        check(r#"{"key":"codec.decode","op":"in","values":["hevc"]}"#, "codec.decode: []"),
        check(r#"{"key":"hw.tee","op":"exists"}"#, "{}"),
        check(r#"{"key":"hw.tee","op":"absent"}"#, "hw.tee: sev-snp"),
        check(r#"{"key":"model.warm","op":"eq","values":[true]}"#, "model.warm: false"),
        check(
            r#"{"key":"node.version","op":"semver","values":[">=0.8.10"]}"#,
            "node.version: 0.8.9",
        ),
        check(
            r#"{"key":"node.version","op":"semver","values":[">=0.8.10"]}"#,
            "node.version: undefined",
        ),
    ]
    .map(|(verdict, cause, text)| format!("{verdict:7} {cause:?}: {text}"));
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn in_holds_when_one_of_the_values_is_there() {
    let wanted = r#"{"key":"codec.decode","op":"in","values":["h264","hevc"]}"#;
    assert_eq!(verdict(wanted, "codec.decode: hevc"), Verdict::Pass);
    assert_eq!(verdict(wanted, "codec.decode: [av1, h264]"), Verdict::Pass);
    assert_eq!(verdict(wanted, "codec.decode: [av1]"), Verdict::Fail);
    let unwanted = r#"{"key":"codec.decode","op":"not_in","values":["h264","hevc"]}"#;
    assert_eq!(verdict(unwanted, "codec.decode: [av1, h264]"), Verdict::Fail);
    assert_eq!(verdict(unwanted, "codec.decode: [av1]"), Verdict::Pass);
    assert_eq!(verdict(unwanted, "{}"), Verdict::Unknown);
}

#[test]
fn whole_numbers_are_compared_exactly() {
    let predicate = r#"{"key":"stake.total_lpt","op":"ge","values":[9007199254740991]}"#;
    assert_eq!(verdict(predicate, "stake.total_lpt: 9007199254740990"), Verdict::Fail);
    assert_eq!(verdict(predicate, "stake.total_lpt: 9007199254740993"), Verdict::Pass);
    assert_eq!(verdict(predicate, "stake.total_lpt: 9007199254740990.5"), Verdict::Fail);
}

#[test]
fn stronger_evidence_satisfies_and_contradicts_weaker() {
    let declared = r#"{"key":"net.up_mbps","op":"ge","values":[200]}"#;
    assert_eq!(verdict(declared, "net.up_mbps: {value: 300, evidence: attested}"), Verdict::Pass);
    let both = "net.up_mbps: [{value: 900}, {value: 150, evidence: observed, samples: 9}]";
    assert_eq!(verdict(declared, both), Verdict::Fail, "an observation contradicts a declaration");
    let attested = "net.up_mbps: {value: 300, evidence: attested, samples: 50, window: 7d}";
    assert_eq!(verdict(UPLOAD, attested), Verdict::Pass, "a measurement that somebody signed");
    let attested = "net.up_mbps: {value: 300, evidence: attested}";
    assert_eq!(verdict(UPLOAD, attested), Verdict::Unknown, "one sample is not fifty");
}

#[test]
fn a_measurement_within_the_window_counts_and_a_wider_one_does_not() {
    let measured = |window: &str| {
        format!("net.up_mbps: {{value: 300, evidence: observed, samples: 50, window: {window}}}")
    };
    for (window, expected) in [
        ("1h", Verdict::Pass),
        ("7d", Verdict::Pass),
        ("168h", Verdict::Pass),
        ("8d", Verdict::Unknown),
    ] {
        assert_eq!(verdict(UPLOAD, &measured(window)), expected, "{window}");
    }
    // Of several that count, the one that covers most of the window decides.
    let both = "net.up_mbps: [{value: 300, evidence: observed, samples: 50, window: 1h}, {value: 100, evidence: observed, samples: 60, window: 7d}]";
    assert_eq!(verdict(UPLOAD, both), Verdict::Fail);
}

#[test]
fn a_measurement_without_more_is_one_sample_of_the_last_day() {
    let day = r#"{"key":"net.up_mbps","op":"ge","values":[200],"evidence":"observed"}"#;
    let hour =
        r#"{"key":"net.up_mbps","op":"ge","values":[200],"evidence":"observed","window":"1h"}"#;
    let known = "net.up_mbps: {value: 300, evidence: observed}";
    assert_eq!((verdict(day, known), verdict(hour, known)), (Verdict::Pass, Verdict::Unknown));
}

#[test]
fn a_price_above_the_ceiling_fails_and_an_unknown_one_decides_nothing() {
    let matcher = requiring("");
    let candidate = matcher.candidate(&Facts::new());
    let class = matcher.classes().next().unwrap();
    let price = |wei: u64, units: u64| UnitPrice::of(wei, units).unwrap();
    let decide = |offer: Option<UnitPrice>| class.decide(&candidate, offer.as_ref());
    let found = decide(None);
    assert_eq!(
        (found.verdict, found.admission, found.price),
        (Verdict::Pass, Admission::Yes, PriceVerdict::Unknown)
    );
    let found = decide(Some(price(3600, 3)));
    assert_eq!((found.verdict, found.price), (Verdict::Pass, PriceVerdict::Within));
    let found = decide(Some(price(3601, 3)));
    assert_eq!(
        (found.verdict, found.admission, found.price),
        (Verdict::Fail, Admission::No, PriceVerdict::Above)
    );
}

#[test]
fn an_orchestrator_learns_what_each_class_of_the_examples_misses() {
    let matcher = examples();
    let known = facts(
        "codec.decode: [h264, hevc]
codec.encode: [h264, hevc]
node.version: 0.9.1
hw.gpu.memory_mib: 8192
hw.gpu.model: NVIDIA GeForce RTX 4090
stake.active: true
slo.success_rate: {value: 0.997, evidence: observed, samples: 812, window: 7d}
slo.realtime_ratio.p5: {value: 2.4, evidence: observed, samples: 812}
net.rtt_ms.p50: {value: 31, evidence: observed, samples: 90, window: 1h}
",
    );
    let candidate = matcher.candidate(&known);
    let mut lines = Vec::new();
    for class in matcher.classes() {
        let found = class.explain(&candidate, None);
        let Decision { verdict, admission, .. } = found.decision;
        lines.push(format!(
            "{} {verdict} {admission} {}/{}",
            found.class.tag, found.score.earned, found.score.possible
        ));
        lines.extend(found.gaps().map(|gap| format!("  {}: {gap}", gap.verdict)));
    }
    insta::assert_snapshot!(lines.join("\n"));
    let tag: Tag = "transcode/live/abr".parse().unwrap();
    let found = matcher.of_tag(&tag).next().unwrap().explain(&candidate, None);
    insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap());
}

#[test]
fn nothing_is_known_of_a_candidate_that_another_matcher_prepared() {
    let known = facts("hw.gpu.memory_mib: 24564");
    let (one, other) = (requiring(MEMORY), requiring(MEMORY));
    let class = one.classes().next().unwrap();
    assert_eq!(class.decide(&one.candidate(&known), None).verdict, Verdict::Pass);
    assert_eq!(class.decide(&other.candidate(&known), None).verdict, Verdict::Unknown);
}

/// Predicates and facts over few keys and values, so that they meet often.
fn predicate() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["net.up_mbps", "codec.decode", "stake.active", "x_n.a"]);
    let test = prop::sample::select(vec![
        r#""op":"in","values":["h264",1,true]"#,
        r#""op":"not_in","values":["hevc",2]"#,
        r#""op":"exists""#,
        r#""op":"absent""#,
        r#""op":"ge","values":[2]"#,
        r#""op":"le","values":[1.5]"#,
        r#""op":"eq","values":[true]"#,
        r#""op":"semver","values":[">=1"]"#,
    ]);
    let backing = prop::sample::select(vec![
        "",
        r#","evidence":"observed","min_samples":5"#,
        r#","evidence":"observed","window":"1h""#,
        r#","evidence":"attested""#,
    ]);
    let unknown = prop::sample::select(vec!["", r#","unknown":"allow""#, r#","unknown":"probe""#]);
    (key, test, backing, unknown).prop_map(|(key, test, backing, unknown)| {
        format!(r#"{{"key":"{key}",{test}{backing}{unknown}}}"#)
    })
}

fn fact() -> impl Strategy<Value = String> {
    let key =
        prop::sample::select(vec!["net.up_mbps", "codec.decode", "stake.active", "x_n.a", "other"]);
    let value = prop::sample::select(vec![
        "1",
        "2",
        "1.5",
        "h264",
        "hevc",
        "true",
        "[]",
        "[1, h264]",
        "1.0.1",
    ]);
    let backing = prop::sample::select(vec![
        "",
        ", evidence: observed",
        ", evidence: observed, samples: 7, window: 1h",
        ", evidence: attested, samples: 5",
    ]);
    prop::collection::vec((value, backing), 0..3).prop_flat_map(move |list| {
        key.clone().prop_map(move |key| {
            let list: Vec<_> = list.iter().map(|(v, b)| format!("{{value: {v}{b}}}")).collect();
            if list.is_empty() {
                format!("{key}:")
            } else {
                format!("{key}: [{}]", list.join(", "))
            }
        })
    })
}

proptest! {
    #[test]
    fn a_report_never_disagrees_with_what_happens(
        predicates in prop::collection::vec(predicate(), 0..5),
        known in prop::collection::btree_map("[a-e]", fact(), 0..4),
        offer in prop::option::of(1000_u64..1400),
    ) {
        let matcher = requiring(&predicates.join(","));
        let mut facts = Facts::new();
        for line in known.values() {
            facts.merge(&self::facts(line));
        }
        let candidate = matcher.candidate(&facts);
        let offer = offer.and_then(|wei| UnitPrice::of(wei, 1));
        for class in matcher.classes() {
            let found = class.explain(&candidate, offer);
            let decided = class.decide(&candidate, offer.as_ref());
            prop_assert_eq!(decided.verdict, found.decision.verdict);
            prop_assert_eq!(decided.admission, found.decision.admission);
            prop_assert_eq!(decided.price, found.decision.price);
            prop_assert_eq!(class.score(&candidate), found.score);
            let checks: Verdict = found.checks.iter().map(|check| check.verdict).collect();
            let price = Verdict::from(found.price.verdict != PriceVerdict::Above);
            prop_assert_eq!(decided.verdict, checks.and(price));
        }
    }

    #[test]
    fn knowing_more_about_other_keys_changes_nothing(predicate in predicate(), fact in fact()) {
        let (before, _, _) = check(&predicate, &fact);
        let mut more = facts(&fact);
        more.add("slo.swap_rate".parse().unwrap(), crate::Statement::declared([1_i64.into()]));
        let matcher = requiring(&predicate);
        let candidate = matcher.candidate(&more);
        let found = matcher.classes().next().unwrap().decide(&candidate, None);
        prop_assert_eq!(found.verdict, before);
    }
}
