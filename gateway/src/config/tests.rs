//! Settings from every side: what is accepted, what is refused, and what people see.
//!
//! Files are those of `tests/data/config`, named relative to the package.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::{Config, Loaded, Network, Problems, StockRequest, load, load_stock};

mod documents;
mod stock;
mod text;
mod yaml;

const DATA: &str = "tests/data/config";

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let home = ("HOME", "/home/op");
    std::iter::once(&home)
        .chain(pairs)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A stock command line, split at spaces; `""` is an empty value.
fn stock_request(line: &str, pairs: &[(&str, &str)]) -> Result<StockRequest, Problems> {
    let args: Vec<OsString> =
        line.split_whitespace().map(|arg| arg.replace("\"\"", "").into()).collect();
    load_stock(&args, &env(pairs))
}

fn stock(line: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Problems> {
    match stock_request(line, pairs)? {
        StockRequest::Run(loaded) => Ok(*loaded),
        other => panic!("{line} asks for {other:?}"),
    }
}

/// A stock command line that is fine, without its origins.
fn config(line: &str) -> Config {
    let loaded = stock(line, &[]).unwrap_or_else(|problems| panic!("{line}: {problems}"));
    without_origins(loaded.config)
}

fn refused(line: &str) -> String {
    match stock(line, &[]) {
        Ok(_) => panic!("{line} was accepted"),
        Err(problems) => problems.to_string(),
    }
}

fn own(name: &str) -> Result<Loaded, Problems> {
    load(Some(&Path::new(DATA).join(name)), &[], &env(&[]))
}

/// `waymark.yaml` as text.
fn yaml(text: &str) -> Result<Loaded, Problems> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    load(Some(file.path()), &[], &env(&[]))
}

fn without_origins(mut config: Config) -> Config {
    config.origins = super::Origins::default();
    config
}

fn defaults() -> Config {
    without_origins(load(None, &[], &env(&[])).unwrap().config)
}

#[test]
fn the_defaults_are_those_of_the_product() {
    let config = defaults();
    assert_eq!(config.network, Network::Offchain);
    assert_eq!(config.data_dir, Path::new("/home/op/.lpData/offchain"));
    assert_eq!(config.http_addr, "127.0.0.1:9935");
    assert_eq!(config.rtmp_addr, "127.0.0.1:1935");
    assert_eq!(config.cli_addr, "127.0.0.1:5935");
    assert!(config.http_ingest && !config.current_manifest);
    assert_eq!((config.max_sessions, config.max_attempts), (10, 3));
    assert_eq!(config.profiles, crate::profile::default_profiles());
    assert_eq!(config.discovery_timeout, Duration::from_millis(500));
    assert_eq!(config.region, "ZZZ");
    assert_eq!(config.limits.segment_bytes, 300_000_000);
    assert_eq!(config.limits.in_flight_bytes, 512 << 20);
    assert_eq!((config.hls.window, config.hls.memory_bytes), (6, 128 << 20));
    assert_eq!(config.hls.grace, Duration::from_mins(1));
    assert_eq!(config.stream_idle, Duration::from_mins(1));
    assert!(config.tags.carry && config.tags.routes.is_empty() && config.tags.allowed.is_none());
    assert_eq!(config.log.filter, "info");
    assert_eq!(config.shutdown_grace, Duration::from_secs(10));
}

#[test]
fn a_stock_command_line_and_our_own_form_have_the_same_defaults() {
    assert_eq!(config("-gateway"), defaults());
}
