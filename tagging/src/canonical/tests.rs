use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::Registry;
use crate::class::{Authoring, ClassFile, ClassSet};

const EXAMPLES: &str = include_str!("../../tests/vectors/jobclass.examples.yaml");

fn read_yaml(text: &str) -> Result<Vec<Arc<JobClass>>, crate::Problems> {
    let now = "2026-11-27T00:00:00Z".parse().unwrap();
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let file = ClassFile { label: "classes", text };
    ClassSet::from_yaml(&[file], &rules).map(|set| set.classes().to_vec())
}

fn text(value: &impl Serialize) -> String {
    String::from_utf8(canonical_json(value).unwrap()).unwrap()
}

#[test]
fn numbers_keys_and_text_have_one_spelling() {
    // From RFC 8785, 3.2.2 and 3.2.3.
    let value: Json = serde_json::from_str(
        r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
            "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
    )
    .unwrap();
    let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(text(&value), expected);
    let keys = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    assert_eq!(
        text(&keys),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
}

#[test]
fn the_examples_have_these_hashes() {
    let lines: Vec<_> = read_yaml(EXAMPLES)
        .unwrap()
        .iter()
        .map(|class| {
            let bytes = canonical_json(&**class).unwrap().len();
            let digest = SigningDomain::OFF_CHAIN.class_digest(class).unwrap();
            format!("{} {bytes} bytes {} {digest}", class.tag, class.hash().unwrap())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn signatures_are_read_strictly() {
    let good = format!("0x{}{}1b", "11".repeat(32), "22".repeat(32));
    let signature: DocumentSignature = good.parse().unwrap();
    assert_eq!(signature.to_string(), good);
    let high = format!("0x{}{}1b", "11".repeat(32), "f2".repeat(32));
    let cases = [
        good.replace("1b", "00"),
        good.replacen("0x", "", 1),
        good.replacen("11", "AA", 1),
        good.replacen("11", "zz", 1),
        good[..130].to_owned(),
        high,
        String::new(),
    ];
    for text in cases {
        assert!(text.parse::<DocumentSignature>().is_err(), "{text}");
    }
}

/// Any document a class could be: the examples with parts changed or left out.
fn class() -> impl Strategy<Value = Json> {
    let examples = read_yaml(EXAMPLES).unwrap();
    let examples: Vec<Json> =
        examples.iter().map(|class| serde_json::to_value(&**class).unwrap()).collect();
    let optional = vec!["title", "prefers", "price", "demand", "verification", "terms"];
    (
        prop::sample::select(examples),
        prop::collection::vec(prop::sample::select(optional), 0..4),
        1_u32..,
        -1e12_f64..1e12,
        any::<i32>(),
        "\\PC{0,60}",
        "0|[1-9][0-9]{0,76}",
    )
        .prop_map(|(mut class, left_out, rev, real, whole, words, wei)| {
            for key in left_out {
                class.as_object_mut().unwrap().remove(key);
            }
            class["rev"] = rev.into();
            class["title"] = words.clone().into();
            if class.get("price").is_some() {
                class["price"]["max_wei"] = wei.into();
            }
            class["requires"] = json!([
                {"key": "x_n.a", "op": "ge", "values": [real]},
                {"key": "x_n.b", "op": "in", "values": [whole, words, true, real]},
            ]);
            class
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_class_survives_json_and_yaml_with_its_hash(class in class()) {
        let json = serde_json::to_string(&class).unwrap();
        let first = JobClass::from_json("json", json.as_bytes()).unwrap();
        let yaml = serde_saphyr::to_string(&first).unwrap();
        let second = read_yaml(&yaml);
        let second = second.map_err(|problems| TestCaseError::fail(format!("{problems}\n{yaml}")))?;
        prop_assert_eq!(&*second[0], &first, "{}", yaml);
        prop_assert_eq!(second[0].hash().unwrap(), first.hash().unwrap());
        // What was received has the same hash as what was understood.
        prop_assert_eq!(document_hash(&class).unwrap(), first.hash().unwrap());
    }

    #[test]
    fn canonical_bytes_are_stable(class in class()) {
        let bytes = canonical_json(&class).unwrap();
        let again: Json = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&canonical_json(&again).unwrap(), &bytes);
        let typed = JobClass::from_json("bytes", &bytes).unwrap();
        prop_assert_eq!(&canonical_json(&typed).unwrap(), &bytes);
    }
}
