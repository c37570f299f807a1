//! The bindings against what the contract was compiled to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::JobTagRegistry::{JobTagRegistryCalls, JobTagRegistryErrors, JobTagRegistryEvents};
use crate::artifact;

/// The largest contract that a chain takes (EIP-170).
const MAX_CODE: usize = 24_576;

fn compiled() -> Value {
    serde_json::from_str(artifact::JOB_TAG_REGISTRY).unwrap()
}

/// `name(type,(type,type)[])` as selectors are made from it.
fn signature(item: &Value) -> String {
    let types: Vec<_> = item["inputs"].as_array().unwrap().iter().map(type_of).collect();
    format!("{}({})", item["name"].as_str().unwrap(), types.join(","))
}

fn type_of(input: &Value) -> String {
    let name = input["type"].as_str().unwrap();
    match name.strip_prefix("tuple") {
        Some(rest) => {
            let members = input["components"].as_array().unwrap();
            let members: Vec<_> = members.iter().map(type_of).collect();
            format!("({}){rest}", members.join(","))
        }
        None => name.to_owned(),
    }
}

fn signatures(kind: &str) -> BTreeSet<String> {
    let compiled = compiled();
    let items = compiled["abi"].as_array().unwrap();
    items.iter().filter(|item| item["type"] == kind).map(signature).collect()
}

fn bound(signatures: &[&str]) -> BTreeSet<String> {
    signatures.iter().map(|&signature| signature.to_owned()).collect()
}

#[test]
fn bindings_and_contract_have_the_same_calls_events_and_errors() {
    assert_eq!(bound(JobTagRegistryCalls::SIGNATURES), signatures("function"));
    assert_eq!(bound(JobTagRegistryEvents::SIGNATURES), signatures("event"));
    assert_eq!(bound(JobTagRegistryErrors::SIGNATURES), signatures("error"));
}

#[test]
fn the_contract_fits_on_a_chain() {
    let compiled = compiled();
    let code = compiled["deployedBytecode"].as_str().unwrap();
    assert!(code.len() / 2 <= MAX_CODE, "{}", code.len() / 2);
    assert!(compiled["compiler"].as_str().unwrap().starts_with("0.8.28+"));
}
