//! Settings from `WAYMARK__…` variables and from `--set key=value`.
//!
//! The environment is a map given by the caller: nothing here reads the process's own.

use std::collections::BTreeMap;

use super::nearest::suggestion;
use super::node::{self, Item, Node};
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::setting::{Kind, SETTINGS, Setting, find};
use super::values::Given;

/// Beginning of the variables that are settings.
pub(super) const PREFIX: &str = "WAYMARK__";

/// Every `WAYMARK__SECTION__NAME` that is not empty.
pub(super) fn variables(env: &BTreeMap<String, String>, problems: &mut Problems) -> Vec<Given> {
    let mut given = Vec::new();
    for (name, value) in env.range(PREFIX.to_owned()..) {
        if !name.starts_with(PREFIX) {
            break;
        }
        let origin = Origin::Env { name: name.clone() };
        let found = SETTINGS.iter().find(|setting| setting.variable() == *name);
        match found {
            _ if value.is_empty() => {}
            None => {
                let names: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
                let names = names.iter().filter_map(|known| known.strip_prefix(PREFIX));
                let near = suggestion(name.trim_start_matches(PREFIX), PREFIX, names);
                let text = format!("no setting has this variable{near}");
                problems.push(Problem::new(origin, None, text));
            }
            Some(setting) => match item(value, setting.kind) {
                Ok(item) => {
                    given.push(Given { setting, item, origin, written: Some(value.clone()) });
                }
                Err(text) => problems.push(Problem::new(origin, Some(value), text)),
            },
        }
    }
    given
}

/// The values of `--set key=value`.
pub(super) fn assignments(sets: &[String], problems: &mut Problems) -> Vec<Given> {
    let mut given = Vec::new();
    for set in sets {
        let shown = format!("--set {set}");
        let Some((key, value)) = set.split_once('=') else {
            let text = "must be key=value, like hls.window=8";
            problems.push(Problem::new(Origin::CommandLine, Some(&shown), text));
            continue;
        };
        let Some(setting) = find(key.trim()) else {
            let near = suggestion(key.trim(), "", SETTINGS.iter().map(|known| known.key));
            // Without the value, which may belong to a secret.
            let shown = format!("--set {key}");
            let text = format!("no setting has this key{near}");
            problems.push(Problem::new(Origin::CommandLine, Some(&shown), text));
            continue;
        };
        let origin = Origin::Set { key: setting.key };
        match item(value, setting.kind) {
            Ok(item) => {
                given.push(Given { setting, item, origin, written: Some(value.to_owned()) });
            }
            Err(text) => problems.push(Problem::new(origin, Some(value), text)),
        }
    }
    given
}

/// A value from one line of text. What may be a list can also be written in YAML's flow style:
/// `[a, b]`.
fn item(text: &str, kind: Kind) -> Result<Item, String> {
    let is_list = matches!(
        kind,
        Kind::Profiles
            | Kind::Orchestrators
            | Kind::EthAddresses
            | Kind::Routes
            | Kind::TagPatterns
            | Kind::RpcUrls
            | Kind::CapabilityPrices
            | Kind::TagPrices
            | Kind::TagAmounts
            | Kind::TagIds
    );
    if !is_list || !text.trim_start().starts_with('[') {
        return Ok(Item::text(text));
    }
    match node::parse(text) {
        Ok(mut item) => {
            forget_places(&mut item);
            Ok(item)
        }
        // `[::1]:8935,b:8935` is no YAML, but it is a list of addresses.
        Err(_) if kind == Kind::Orchestrators => Ok(Item::text(text)),
        Err(error) => Err(format!("not YAML: {}", error.text)),
    }
}

fn forget_places(item: &mut Item) {
    item.place = None;
    match &mut item.node {
        Node::List(items) => items.iter_mut().for_each(forget_places),
        Node::Map(entries) => entries.iter_mut().for_each(|(_, value)| forget_places(value)),
        Node::Null | Node::Text(_) => {}
    }
}
