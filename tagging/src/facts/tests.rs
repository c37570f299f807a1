use proptest::prelude::*;

use super::*;

fn key(text: &str) -> PredicateKey {
    text.parse().unwrap()
}

fn facts(text: &str) -> Facts {
    Facts::from_yaml("node.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_flat_map_holds_plain_and_backed_values() {
    let facts = facts(
        "hw.gpu.memory_mib: 24564
codec.decode: [h264, hevc]
slo.success_rate: {value: 0.997, evidence: observed, samples: 812, window: 7d}
net.up_mbps:
  - {value: 900}
  - {value: 412, evidence: observed, samples: 60}
hw.tee: []
model.id:
",
    );
    let all: Vec<_> =
        facts.iter().map(|(k, s)| format!("{k}: {}", serde_json::to_string(s).unwrap())).collect();
    insta::assert_snapshot!(all.join("\n"));
    assert_eq!(facts.get(&key("model.id")), &[], "a key with nothing behind it says nothing");
}

#[test]
fn json_says_the_same() {
    let text = br#"{"hw.gpu.count": 2, "codec.decode": ["h264"], "net.up_mbps": {"value": 5, "evidence": "attested"}}"#;
    let yaml =
        "hw.gpu.count: 2\ncodec.decode: [h264]\nnet.up_mbps: {value: 5, evidence: attested}\n";
    assert_eq!(Facts::from_json("node.json", text).unwrap(), facts(yaml));
}

#[test]
fn statements_with_the_same_backing_become_one() {
    let facts = facts("codec.decode: [{value: h264}, {value: hevc}, {value: h264}]");
    let expected = Statement::declared(["h264".into(), "hevc".into()]);
    assert_eq!(facts.get(&key("codec.decode")), &[expected]);
}

#[test]
fn a_wrong_file_is_refused_with_every_place() {
    let text = "Hw.gpu: 1
net.up_mbps: {value: 5, evidense: observed, window: 90s, samples: -1}
codec.decode: [h264, [hevc]]
hw.tee: {evidence: guessed}
hw.tee: none
";
    let problems = Facts::from_yaml("node.yaml", text).unwrap_err();
    insta::assert_snapshot!(problems.to_string());
    for text in ["[1, 2]", "--- {}\n--- {}\n", "a: [", "text"] {
        assert!(Facts::from_yaml("node.yaml", text).is_err(), "{text}");
    }
    assert!(Facts::from_json("node.json", b"{").is_err());
    assert!(Facts::from_yaml("big", &" ".repeat(MAX_FACTS_BYTES + 1)).is_err());
}

#[test]
fn keys_that_nobody_asks_for_and_values_of_another_kind_are_noticed() {
    let facts = facts("hw.gpu.memory_mb: 1\nnet.up_mbps: fast\nx_acme.a: 1\nweather: good\n");
    insta::assert_snapshot!(facts.notices(&Vocabulary::default()).join("\n"));
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z0-9 .-]{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(|v| crate::value::Number::from_f64(v).unwrap().into()),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let evidence =
        prop::sample::select(vec![Evidence::Declared, Evidence::Observed, Evidence::Attested]);
    let values = prop::collection::vec(value(), 0..4);
    (values, evidence, 0_u64..1000, 1_u32..500).prop_map(|(values, evidence, samples, hours)| {
        Statement { values, evidence, samples, window: Window::hours(hours) }
    })
}

proptest! {
    #[test]
    fn facts_are_read_back_from_json_and_yaml(
        list in prop::collection::vec((prop::sample::select(vec!["a", "b.c", "x_n.d"]), statement()), 0..8),
    ) {
        let mut facts = Facts::new();
        for (name, statement) in list {
            facts.add(key(name), statement);
        }
        let json = serde_json::to_string(&facts).unwrap();
        prop_assert_eq!(&Facts::from_json("json", json.as_bytes()).unwrap(), &facts, "{}", json);
        prop_assert_eq!(&serde_json::from_str::<Facts>(&json).unwrap(), &facts);
        let yaml = serde_saphyr::to_string(&facts).unwrap();
        prop_assert_eq!(&Facts::from_yaml("yaml", &yaml).unwrap(), &facts, "{}", yaml);
    }
}
