use proptest::prelude::*;

use super::*;
use crate::{
    CardinalityClass, Codec, Container, Delivery, RenditionShape, SourceShape, TranscodeShape,
};

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

/// A registry with one tag and `extra` lines in it.
fn with(extra: &str) -> Result<Registry, RegistryError> {
    Registry::from_yaml(&format!(
        "version: 1\ntags:\n  - tag: x-acme/thing\n    title: Thing\n    description: A thing.\n    work_unit: pixel\n    status: active\n    since: 2026-11-22\n{extra}"
    ))
}

fn stream() -> TranscodeShape {
    TranscodeShape {
        delivery: Delivery::Live,
        source: SourceShape {
            container: Some(Container::MpegTs),
            codec: Some(Codec::H264),
            height: 1080,
            fps: 30,
            bit_depth: 8,
        },
        renditions: [720, 480, 360]
            .map(|height| RenditionShape { codec: Codec::H264, height })
            .to_vec(),
    }
}

#[test]
fn the_embedded_file_is_a_valid_registry() {
    let registry = Registry::from_yaml(BUILTIN).unwrap();
    assert!(registry.iter().len() >= 16);
}

#[test]
fn the_embedded_file_claims_no_number_on_any_chain() {
    for entry in Registry::builtin().iter() {
        assert_eq!(entry.id, TagId::UNTAGGED, "{}", entry.tag);
        assert_eq!(Registry::builtin().id(&entry.tag), TagId::UNTAGGED);
    }
}

#[test]
fn the_embedded_tags_are_these() {
    let lines: Vec<_> = Registry::builtin()
        .iter()
        .map(|entry| format!("{} [{}] {}", entry.tag, entry.work_unit, entry.title))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_public_attribute_of_the_embedded_file_keeps_the_limits() {
    for entry in Registry::builtin().iter() {
        let public = entry.attributes.iter().filter(|a| a.class != CardinalityClass::Private);
        assert!(public.clone().count() <= 16, "{}", entry.tag);
        for attribute in public {
            assert!((1..=64).contains(&attribute.values.len()), "{}", attribute.name);
        }
    }
}

#[test]
fn a_transcoding_job_publishes_its_shape_in_declared_words_and_buckets() {
    let attributes =
        Registry::builtin().public_attributes(&tag("transcode/live/abr"), stream().facts());
    insta::assert_debug_snapshot!(attributes);
}

#[test]
fn a_child_that_is_not_registered_publishes_what_its_parent_declares() {
    let registry = Registry::builtin();
    let child = tag("transcode/live/abr/sports");
    assert_eq!(
        registry.public_attributes(&child, stream().facts()),
        registry.public_attributes(&tag("transcode/live/abr"), stream().facts())
    );
}

#[test]
fn a_tag_that_nobody_declared_publishes_nothing() {
    let attributes = Registry::builtin().public_attributes(&tag("x-acme/hd"), stream().facts());
    assert!(attributes.is_empty());
}

#[test]
fn facts_that_the_tag_does_not_declare_stay_private() {
    let facts = [("client.ip", Fact::Word("192.0.2.1")), ("src.codec", Fact::Word("h264"))];
    let attributes = Registry::builtin().public_attributes(&tag("transcode/live/abr"), facts);
    assert_eq!(attributes.iter().collect::<Vec<_>>(), [("src.codec", "h264")]);
}

#[test]
fn a_number_given_by_the_file_is_found_both_ways() {
    let registry = with("    id: 70000\n").unwrap();
    let id = TagId::try_from(70_000).unwrap();
    assert_eq!(registry.id(&tag("x-acme/thing")), id);
    assert_eq!(registry.by_id(id), Some(&tag("x-acme/thing")));
    assert_eq!(registry.id(&tag("x-acme/other")), TagId::UNTAGGED);
}

#[test]
fn a_wrong_file_is_refused_with_the_place_and_what_is_accepted() {
    let second = "  - tag: x-acme/thing\n    title: Again\n    description: A thing.\n    work_unit: pixel\n    status: active\n    since: 2026-11-22\n";
    let attrs = |line: &str| format!("    attrs:\n      - {{name: a.b, description: d, {line}}}\n");
    let cases = [
        with("    colour: red\n"),
        with("    id: 0\n"),
        with("    id: 2097152\n"),
        with(
            "    maps:\n      - {system: pipeline, value: p}\n      - {system: pipeline, value: p}\n",
        ),
        with("    maps:\n      - {system: telepathy, value: p}\n"),
        with("    replaced_by: x-acme/new\n"),
        with(second),
        with(&attrs("type: integer, class: public-bucket, bounds: [3, 2]")),
        with(&attrs("type: string, class: public-bucket, bounds: [1, 2]")),
        with(&attrs("type: string, class: public-enum")),
        with(&attrs("type: string, class: public-enum, values: [a, a]")),
        with(&attrs("type: string, class: private, values: [a]")),
        with(&attrs("type: string, class: secret")),
        Registry::from_yaml("version: 2\ntags: []\n"),
        Registry::from_yaml(
            "version: 1\ntags:\n  - tag: Transcode/x\n    title: T\n    description: D\n    work_unit: Pixel\n    status: active\n    since: 2026-11-22\n",
        ),
        Registry::from_yaml("version: 1\ntags: [\n"),
        Registry::from_yaml(""),
    ];
    let messages = cases.map(|case| case.unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_refused_unread() {
    let error = Registry::from_yaml(&"#".repeat(MAX_REGISTRY_BYTES + 1)).unwrap_err();
    assert_eq!(error, RegistryError::TooLarge { bytes: 1_048_577, max: 1_048_576 });
}

#[test]
fn a_tag_with_seventeen_public_attributes_is_refused() {
    let attrs = |count: u32| {
        let lines: Vec<_> = (0..count)
            .map(|n| format!("      - {{name: a{n}, description: d, type: boolean, class: public-enum, values: [\"true\", \"false\"]}}\n"))
            .collect();
        format!("    attrs:\n{}", lines.concat())
    };
    assert!(with(&attrs(16)).is_ok());
    assert!(with(&attrs(17)).unwrap_err().to_string().contains("too many public attributes"));
}

#[test]
fn a_namespace_adds_its_own_tags_and_keys() {
    let text = "version: 1
tags:
  - tag: x-acme/scan
    title: Scan
    description: A page scan.
    work_unit: page
    status: active
    since: 2026-11-22
keys:
  - {key: x_acme.noise_db, type: number, unit: dB, description: Noise of the room.}
  - {key: x_acme.profile, type: text, description: Which profile it runs.}
";
    let registry = Registry::builtin().extended(text).unwrap();
    assert!(registry.get(&tag("x-acme/scan")).is_some());
    assert!(registry.get(&tag("transcode/live/abr")).is_some());
    let key: PredicateKey = "x_acme.noise_db".parse().unwrap();
    assert_eq!(registry.vocabulary().kind(&key), Some(KeyKind::Number));
    assert_eq!(registry.declared_keys().len(), 2);
    assert_eq!(Registry::builtin().declared_keys(), &[], "the built-in one stays as it was");
}

#[test]
fn circles_and_second_definitions_are_refused() {
    let deprecated = |from: &str, to: &str| {
        format!(
            "  - tag: {from}\n    title: T\n    description: D\n    work_unit: pixel\n    status: deprecated\n    replaced_by: {to}\n    since: 2026-11-22\n"
        )
    };
    let circle = |steps: &[(&str, &str)]| {
        let tags: Vec<_> = steps.iter().map(|(from, to)| deprecated(from, to)).collect();
        Registry::from_yaml(&format!("version: 1\ntags:\n{}", tags.concat()))
    };
    let keys = |line: &str| Registry::from_yaml(&format!("version: 1\nkeys:\n  - {line}\n"));
    let twice = "{key: x_a.b, type: text, description: D}";
    let again = "version: 1\ntags:\n  - tag: transcode/live/abr\n    title: T\n    description: D\n    work_unit: pixel\n    status: active\n    since: 2026-11-22\n";
    let cases = [
        circle(&[("x-a/b", "x-a/b")]),
        circle(&[("x-a/b", "x-a/c"), ("x-a/c", "x-a/d"), ("x-a/d", "x-a/b")]),
        with("    maps:\n      - {system: tag, value: x-acme/thing}\n"),
        keys("{key: hw.gpu.colour, type: text, description: D}"),
        keys("{key: X_a.b, type: text, description: D}"),
        keys("{key: x_a.b, type: colour, description: D}"),
        keys(&format!("{twice}\n  - {twice}")),
        Registry::builtin().extended(again),
    ];
    let messages = cases.map(|case| case.unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"));
    assert!(circle(&[("x-a/b", "x-a/c"), ("x-a/c", "x-a/d")]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9:{}\\[\\]\\-# \n\"&*!|>]{0,200}") {
        // Accepted or refused: both are answers.
        let read = Registry::from_yaml(&text);
        prop_assert!(read.is_err() || read.is_ok_and(|registry| registry.iter().len() == 0));
    }

    #[test]
    fn only_declared_values_are_ever_published(
        name in prop::sample::select(vec!["src.codec", "src.height", "out.count", "client.ip"]),
        word in "\\PC{0,20}",
        number in any::<u64>(),
    ) {
        let tag = tag("transcode/live/abr");
        let entry = Registry::builtin().get(&tag).unwrap();
        for fact in [Fact::Word(&word), Fact::Number(number)] {
            let published = Registry::builtin().public_attributes(&tag, [(name, fact)]);
            for (name, value) in published.iter() {
                let declared = entry.attributes.iter().find(|a| &*a.name == name).unwrap();
                prop_assert!(declared.values.iter().any(|v| &**v == value));
            }
        }
    }
}
