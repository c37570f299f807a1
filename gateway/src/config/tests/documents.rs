//! What is written down equals what the program does: the sample file, the reference, the
//! schema, and `config show`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::super::setting::{SECTIONS, SETTINGS};
use super::super::{node, reference, schema};
use super::{config, defaults, own, stock, without_origins, yaml};
use crate::config::{Config, load_stock};

const SAMPLE: &str = include_str!("../../../../examples/waymark.yaml");

/// Reads back what `config show` prints.
fn read_back(config: &Config) -> Config {
    let shown = config.to_yaml(true);
    let loaded = yaml(&shown).unwrap_or_else(|problems| panic!("{problems}\n{shown}"));
    without_origins(loaded.config)
}

#[test]
fn the_sample_file_gives_the_defaults() {
    let loaded = yaml(SAMPLE).unwrap();
    assert_eq!(without_origins(loaded.config), defaults());
}

#[test]
fn the_sample_file_names_every_setting() {
    let root = node::parse(SAMPLE).unwrap();
    let node::Node::Map(entries) = root.node else { panic!("no mapping") };
    let mut named = BTreeSet::from(["data_dir".to_owned()]);
    for (key, item) in entries {
        match item.node {
            node::Node::Map(inner) => {
                named.extend(inner.iter().map(|(name, _)| format!("{}.{}", key.name, name.name)));
            }
            _ => {
                named.insert(key.name);
            }
        }
    }
    let all: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    assert_eq!(named, all);
}

/// With `UPDATE_DOCS` set it is written instead (`make gen`).
#[test]
fn the_reference_in_docs_is_that_of_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/config.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page == reference(), "docs/config.md is out of date; write it: make gen");
}

#[test]
fn the_schema_describes_every_setting_and_nothing_else() {
    let schema = schema();
    let mut described = BTreeSet::new();
    for (name, property) in schema["properties"].as_object().unwrap() {
        match property.get("properties").and_then(Value::as_object) {
            Some(inner) => described.extend(inner.keys().map(|key| format!("{name}.{key}"))),
            None => {
                described.insert(name.clone());
            }
        }
    }
    let all: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    assert_eq!(described, all);
    insta::assert_json_snapshot!(schema);
}

#[test]
fn every_setting_belongs_to_a_section_and_keys_are_unique() {
    let sections: BTreeSet<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    let mut keys = BTreeSet::new();
    for setting in SETTINGS {
        assert!(sections.contains(setting.split().0), "{}", setting.key);
        assert!(keys.insert(setting.key), "{}", setting.key);
        assert!(setting.doc.ends_with('.'), "{}", setting.key);
    }
}

#[test]
fn the_flag_named_by_a_setting_is_the_one_that_gives_it() {
    for setting in SETTINGS {
        let Some(flag) = setting.flag else { continue };
        let value = match flag {
            "v" => "6",
            "orchWebhookUrl" | "authWebhookUrl" => "https://hook.example.org/",
            "verifierUrl" => "https://v.example.org -verifierPath=/shared",
            "verifierPath" => "/shared -verifierUrl=https://v.example.org",
            "dataDir" => "/d",
            "orchMinLivepeerVersion" => "0.9.1",
            "region" => "FRA",
            "discoveryTimeout" => "1s",
            "transcodingOptions" => "P720p30fps16x9",
            "network" => "testnet-7",
            "ethUrl" => "https://rpc.example.org",
            "orchBlocklist" | "ethController" | "ethAcctAddr" | "priceFeedAddr" => {
                "0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612"
            }
            "transactionTimeout" => "1m",
            "maxPricePerCapability" => r#"{"capabilities_prices":[]}"#,
            "httpIngest"
            | "currentManifest"
            | "monitor"
            | "metricsPerStream"
            | "ignoreMaxPriceIfNeeded"
            | "aiServiceRegistry" => "true",
            "httpAddr" | "rtmpAddr" | "cliAddr" | "orchAddr" => "127.0.0.1:7",
            _ => "2",
        };
        let on_chain = [
            "-network=testnet-7",
            "-ethUrl=https://rpc.example.org",
            "-ethController=0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612",
        ];
        let mut line = format!("-gateway -{flag}={value}");
        // The last of two wins, so what is tested is added only where it is not there yet.
        for other in on_chain.iter().filter(|o| !o.starts_with(&format!("-{flag}="))) {
            line.extend([" ", other]);
        }
        let loaded = stock(&line, &[]).unwrap();
        let origin = loaded.config.origins.of(setting.key).to_string();
        assert_eq!(origin, format!("flag -{flag}"), "{}", setting.key);
    }
}

#[test]
fn what_is_shown_reads_back_as_the_same_configuration() {
    assert_eq!(read_back(&defaults()), defaults());
    let stock = config(
        "-gateway -orchAddr a,http://b:80,c:443/x -httpAddr 0.0.0.0:1 -transcodingOptions \
         tests/data/config/profiles.json -maxSessions 3 -orchMinLivepeerVersion v0.9 -v 99",
    );
    assert_eq!(read_back(&stock), stock);
    let mut full = without_origins(own("full.yaml").unwrap().config);
    // Secrets are hidden, so they do not read back.
    full.orchestrator_webhook = None;
    full.admin_token = None;
    let chain = full.chain.as_mut().unwrap();
    chain.rpc.remove(0);
    chain.passphrase = None;
    assert_eq!(read_back(&full), full);
}

#[test]
fn text_that_yaml_would_take_for_something_else_is_quoted() {
    for directory in
        ["/a b", "/a: b", "/#x", "null", "*star", "\"quote", "{", "é", "/tab\there", "- x", "~"]
    {
        let args = ["-gateway", "-dataDir", directory].map(std::ffi::OsString::from);
        let Ok(crate::config::StockRequest::Run(loaded)) = load_stock(&args, &super::env(&[]))
        else {
            panic!("{directory}");
        };
        assert_eq!(read_back(&loaded.config).data_dir, Path::new(directory));
    }
}

#[test]
fn origins_are_shown_behind_each_value() {
    let config = stock(
        "-gateway -orchAddr a:1,b -httpAddr :80 -monitor",
        &[("LP_MAXSESSIONS", "20"), ("WAYMARK__HLS__WINDOW", "8")],
    )
    .unwrap()
    .config;
    insta::assert_snapshot!(config.to_yaml(true));
}

#[test]
fn every_setting_of_a_file_is_shown_with_its_line() {
    insta::assert_snapshot!(own("full.yaml").unwrap().config.to_yaml(true));
}
