use alloy_primitives::U256;
use proptest::prelude::*;

use super::*;
use crate::Registry;

const EXAMPLES: &str = include_str!("../../tests/vectors/jobclass.examples.yaml");

fn now() -> Timestamp {
    "2026-11-27T00:00:00Z".parse().unwrap()
}

fn author(text: &str) -> Result<ClassSet, Problems> {
    let rules = Authoring { registry: Registry::builtin(), now: now(), gateway: None };
    ClassSet::from_yaml(&[ClassFile { label: "classes.yaml", text }], &rules)
}

/// A class with other lines in it, or others for those that are there.
fn with(changes: &[(&str, &str)]) -> String {
    let mut lines = vec![
        ("api", "lp.jobclass/v1"),
        ("tag", "transcode/live/abr"),
        ("rev", "1"),
        ("gateway", "\"0xa0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\""),
        ("issued_at", "\"2026-11-22T00:00:00Z\""),
        ("expires_at", "\"2026-12-22T00:00:00Z\""),
        ("interface", "{mode: segment, work_unit: pixel}"),
        ("requires", "[]"),
    ];
    for (key, value) in changes {
        match lines.iter_mut().find(|(name, _)| name == key) {
            Some(line) => line.1 = value,
            None => lines.push((key, value)),
        }
    }
    lines
        .iter()
        .filter(|(_, v)| *v != "-")
        .map(|(k, v)| format!("{k}: {v}\n"))
        .collect::<Vec<_>>()
        .concat()
}

fn refused(changes: &[(&str, &str)]) -> String {
    let text = with(changes);
    author(&text).map_or_else(|p| p.to_string(), |_| panic!("accepted:\n{text}"))
}

#[test]
fn the_six_examples_of_the_specification_are_accepted() {
    let set = author(EXAMPLES).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(set.classes().len(), 6);
    assert_eq!(set.notices(), &[]);
    let abr = set.get(&"transcode/live/abr".parse().unwrap()).unwrap();
    assert_eq!((abr.rev, abr.requires.len(), abr.preferences().len()), (7, 5, 2));
}

#[test]
fn the_malformed_classes_of_the_specification_are_refused() {
    let cases = [
        refused(&[("tag", "video/live")]),
        refused(&[("requires", "[{key: hw.tee, op: exists, values: [sev-snp]}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [200, 300]}]")]),
        refused(&[("price", "{max_wei: \"-1\", per: \"1\"}")]),
        refused(&[("colour", "red")]),
        refused(&[("gateway", "\"0xA0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\"")]),
        refused(&[("requires", "[{key: codec.decode, op: in}]")]),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn a_refusal_names_the_key_and_what_is_accepted() {
    let cases = [
        refused(&[("api", "lp.jobclass/v2")]),
        refused(&[("rev", "0")]),
        refused(&[("rev", "-")]),
        refused(&[("title", "-"), ("titel", "Live")]),
        refused(&[("gateway", "0xa0a0")]),
        refused(&[("expires_at", "\"2026-11-22T00:00:00Z\"")]),
        refused(&[("expires_at", "tomorrow")]),
        refused(&[("expires_at", "\"2026-11-25T00:00:00Z\"")]),
        refused(&[("interface", "{mode: segments, work_unit: Pixel, capability: 65536}")]),
        refused(&[("requires", "{}")]),
        refused(&[("price", "{max_wei: \"1200\", per: \"0\"}")]),
        refused(&[("price", "{max_wei: 1200, per: \"1\"}")]),
        refused(&[("price", &format!("{{max_wei: \"1{}\", per: \"1\"}}", "0".repeat(78)))]),
        refused(&[(
            "demand",
            "{basis: hoped, rate_p50: -1, from: \"2026-13-01\", regions: [fra]}",
        )]),
        refused(&[("demand", "{from: \"2026-12-02\", until: \"2026-12-01\"}")]),
        refused(&[("verification", "{mode: slow, sample_rate: 1.5, on_fail: shout}")]),
        refused(&[("terms", "{a: 1}")]),
        refused(&[("requires", "[{key: hw.gpu.memory_mb, op: ge, values: [1]}]")]),
        refused(&[("requires", "[{key: weather, op: exists}]")]),
        refused(&[("requires", "[{key: codec.decode, op: ge, values: [1]}]")]),
        refused(&[("requires", "[{key: codec.decode, op: in, values: [264]}]")]),
        refused(&[("requires", "[{key: node.version, op: semver, values: [newest]}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: gte, values: [1]}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [9007199254740993]}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [1], window: 90s}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [1], min_samples: 0}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [1], evidence: seen}]")]),
        refused(&[("requires", "[{key: net.up_mbps, op: ge, values: [1], unknown: maybe}]")]),
        refused(&[(
            "prefers",
            "[{weight: 101, when: {key: stake.active, op: eq, values: [true]}}]",
        )]),
        refused(&[("requires", "[{key: a, op: exists")]),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn all_problems_of_all_files_are_told_at_once_and_nothing_is_used() {
    let first = [with(&[("rev", "0")]), with(&[("rev", "1")])].join("---\n");
    let second = [with(&[("tag", "ai/llm/chat")]), with(&[("tag", "ai/llm/chat")])].join("---\n");
    let rules = Authoring {
        registry: Registry::builtin(),
        now: now(),
        gateway: Some(Address::repeat_byte(0xa1)),
    };
    let files =
        [ClassFile { label: "a.yaml", text: &first }, ClassFile { label: "b.yaml", text: &second }];
    let problems = ClassSet::from_yaml(&files, &rules).unwrap_err();
    insta::assert_snapshot!(problems.to_string());
}

#[test]
fn what_is_unusual_is_a_notice() {
    let text = with(&[
        ("interface", "{mode: segment, work_unit: second}"),
        (
            "requires",
            "[{key: x_acme.noise_db, op: le, values: [30]}, {key: net.up_mbps, op: ge, values: [1], min_samples: 9}]",
        ),
    ]);
    let set = author(&text).unwrap();
    let notices: Vec<_> = set.notices().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notices.join("\n"));
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_refused_unread() {
    let problems = author(&"#".repeat(MAX_CLASS_FILE_BYTES + 1)).unwrap_err();
    assert!(problems.to_string().contains("1048577 bytes; accepted: at most 1048576"));
}

#[test]
fn an_empty_file_is_an_empty_set() {
    for text in ["", "---\n---\n", "# nothing yet\n"] {
        assert_eq!(author(text).unwrap().classes(), &[]);
    }
}

#[test]
fn a_class_writes_back_what_was_read() {
    for class in author(EXAMPLES).unwrap().classes() {
        let json = serde_json::to_string(&**class).unwrap();
        let again = JobClass::from_json("again", json.as_bytes()).unwrap();
        assert_eq!(**class, again);
        let yaml = serde_saphyr::to_string(&again).unwrap();
        let set = author(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
        assert_eq!(set.classes(), std::slice::from_ref(class), "{yaml}");
    }
}

#[test]
fn json_with_a_key_given_twice_is_refused() {
    let text =
        br#"{"api": "lp.jobclass/v1", "api": "lp.jobclass/v1", "terms": {"a": true, "a": false}}"#;
    let problems = JobClass::from_json("x.json", text).unwrap_err().to_string();
    assert!(problems.contains("api: is given twice"), "{problems}");
    assert!(problems.contains("terms.a: is given twice"), "{problems}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9:{}\\[\\]\\-# \n\"&*!|>]{0,200}") {
        let read = author(&text);
        prop_assert!(read.is_err() || read.is_ok_and(|set| set.classes().is_empty()));
    }

    #[test]
    fn prices_are_compared_exactly(
        a in any::<u128>(), b in 1_u64.., factor in 1_u64.., more in 1_u64..,
    ) {
        let price = |wei: u128, units: u64, factor: u64| {
            let (factor, wei) = (U256::from(factor), U256::from(wei));
            UnitPrice::new(wei * factor, U256::from(units) * factor).unwrap()
        };
        let ceiling = PriceCeiling { most: price(a, b, 1), usd_hint: None };
        prop_assert!(ceiling.admits(&price(a, b, factor)));
        let dearer = price(a, b, factor);
        let dearer = UnitPrice::new(dearer.wei() + U256::from(more), dearer.units()).unwrap();
        prop_assert!(!ceiling.admits(&dearer));
    }
}
