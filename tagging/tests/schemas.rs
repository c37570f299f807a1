//! The committed schemas accept what this crate writes and refuse what it refuses.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use jsonschema::{Registry as Schemas, Validator};
use serde_json::{Value as Json, json};
use waymark_tagging::canonical::{DocumentSignature, SigningDomain, canonical_json};
use waymark_tagging::class::{Authoring, ClassFile, ClassSet};
use waymark_tagging::document::{
    ClassEntry, GatewayDocument, Head, PaymentPolicy, Policies, PrivacyLevel, Requirements,
    Revisions, Urls,
};
use waymark_tagging::{Facts, JobClass, Matcher, Registry, UnitPrice};

const EXAMPLES: &str = include_str!("vectors/jobclass.examples.yaml");
const CLASS: &str = include_str!("../schemas/jobclass.schema.json");
const GATEWAY: &str = include_str!("../schemas/livepeer-gateway.schema.json");
const REQUIREMENTS: &str = include_str!("../schemas/requirements.schema.json");
const FACTS: &str = include_str!("../schemas/facts.schema.json");
const MATCH: &str = include_str!("../schemas/class-match.schema.json");

fn schema(text: &str) -> Validator {
    let class: Json = serde_json::from_str(CLASS).unwrap();
    let schemas = Schemas::new().add("urn:livepeer:jobclass:v1", class).unwrap().prepare().unwrap();
    let options = jsonschema::options().should_validate_formats(true).with_registry(&schemas);
    options.build(&serde_json::from_str(text).unwrap()).unwrap()
}

fn accepts(schema: &Validator, value: &Json) {
    let problems: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:#?}\n{value:#}");
}

/// The examples as classes of one gateway.
fn classes() -> ClassSet {
    let one = format!("gateway: \"{:#x}\"", Address::repeat_byte(0xa0));
    let lines = EXAMPLES.lines().map(|line| if line.starts_with("gateway:") { &one } else { line });
    let now = "2026-11-27T00:00:00Z".parse().unwrap();
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let text = lines.collect::<Vec<_>>().join("\n");
    let file = ClassFile { label: "examples", text: &text };
    ClassSet::from_yaml(&[file], &rules).unwrap()
}

fn head() -> Head {
    let mut signature = [1; 65];
    signature[64] = 27;
    Head {
        gateway: Address::repeat_byte(0xa0),
        seq: 1,
        issued_at: "2026-11-27T00:00:00Z".parse().unwrap(),
        expires_at: "2026-11-28T00:00:00Z".parse().unwrap(),
        domain: SigningDomain { chain_id: 42161, registry: Address::repeat_byte(2) },
        signer: Some(Address::repeat_byte(3)),
        signature: Some(DocumentSignature::from_bytes(signature).unwrap()),
    }
}

#[test]
fn classes_follow_their_schema() {
    let schema = schema(CLASS);
    for class in classes().classes() {
        accepts(&schema, &serde_json::to_value(&**class).unwrap());
    }
}

#[test]
fn what_the_schema_refuses_is_refused_here() {
    let schema = schema(CLASS);
    let good = serde_json::to_value(&*classes().classes()[0]).unwrap();
    let tampered = [
        ("/tag", json!("video/live")),
        ("/tag", json!("ai")),
        ("/rev", json!(0)),
        ("/rev", json!(1.5)),
        ("/gateway", json!("0xA0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0")),
        ("/issued_at", json!("yesterday")),
        ("/interface/mode", json!("batch")),
        ("/price/max_wei", json!("-1")),
        ("/price/max_wei", json!(1200)),
        ("/price/max_wei", json!(format!("1{}", "0".repeat(78)))),
        ("/requires/0/values", json!([])),
        ("/requires/0/op", json!("exists")),
        ("/requires/0/op", json!("ge")),
        ("/requires/0/key", json!("Hw.gpu")),
        ("/requires/0/window", json!("0h")),
        ("/colour", json!("red")),
        ("/title", json!("x".repeat(121))),
    ];
    for (place, value) in tampered {
        let mut class = good.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        match class.pointer_mut(parent).unwrap() {
            Json::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
            object => object[key] = value.clone(),
        }
        if place == "/requires/0/op" && value == json!("ge") {
            class["requires"][0]["values"] = json!([1, 2]);
        }
        assert!(!schema.is_valid(&class), "the schema accepts {place} {value}");
        assert!(serde_json::from_value::<JobClass>(class).is_err(), "read: {place} {value}");
    }
}

#[test]
fn documents_follow_their_schemas() {
    let set = classes();
    let mut entries: Vec<_> =
        set.classes().iter().map(|class| ClassEntry::inline(Arc::clone(class)).unwrap()).collect();
    entries[0].class = None;
    entries[1].signature = head().signature;
    let document = GatewayDocument {
        head: head(),
        name: "Example".to_owned(),
        contact: Some("ops@gateway.example".to_owned()),
        urls: Urls {
            api: Some("https://gateway.example".to_owned()),
            data: Some("https://data.example/bucket".to_owned()),
        },
        policies: Policies {
            verification: set.classes()[0].verification.clone(),
            privacy: Some(PrivacyLevel::Sampled),
            payment: Some(PaymentPolicy {
                target_ticket_ev_wei: Some(24_000_000_000_u64.try_into().unwrap()),
                deposit_wei: Some(1_u64.try_into().unwrap()),
            }),
        },
        classes: entries,
    };
    let written = serde_json::to_value(&document).unwrap();
    accepts(&schema(GATEWAY), &written);
    let bytes = canonical_json(&document).unwrap();
    assert_eq!(GatewayDocument::read("canonical", &bytes).unwrap().document, document);

    let mut revisions = Revisions::default();
    let now = "2026-11-27T00:00:00Z".parse().unwrap();
    revisions.update(&set, &now);
    revisions.update(&ClassSet::default(), &now);
    for since in [0, 3, 6, 99] {
        let answer = revisions.since(since, head());
        accepts(&schema(REQUIREMENTS), &serde_json::to_value(&answer).unwrap());
        let bytes = canonical_json(&answer).unwrap();
        assert_eq!(Requirements::read("canonical", &bytes).unwrap().document, answer);
    }
}

#[test]
fn facts_and_matches_follow_their_schemas() {
    let facts = Facts::from_yaml(
        "node",
        "hw.gpu.memory_mib: 8192
codec.decode: [h264]
node.version: dev
hw.tee: nvidia-cc
slo.success_rate: {value: 0.9, evidence: observed, samples: 3, window: 7d}
net.up_mbps: [{value: 900}, {value: 412, evidence: observed, samples: 60, window: 30d}]
",
    )
    .unwrap();
    accepts(&schema(FACTS), &serde_json::to_value(&facts).unwrap());
    let matcher = Matcher::new(classes().classes().iter().cloned());
    let candidate = matcher.candidate(&facts);
    let offer = UnitPrice::of(1000, 1);
    let schema = schema(MATCH);
    for (class, offer) in matcher.classes().zip([None, offer].into_iter().cycle()) {
        accepts(&schema, &serde_json::to_value(class.explain(&candidate, offer)).unwrap());
    }
}

#[test]
fn the_schema_of_a_hash_is_that_of_a_hash() {
    // A guard against an upper-case spelling of the hash library.
    let shown = format!("{}", B256::repeat_byte(0xab));
    assert_eq!(shown, format!("0x{}", "ab".repeat(32)));
}
