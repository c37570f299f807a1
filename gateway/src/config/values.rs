//! Values that somebody gave, and reading them one by one into types.
//!
//! The highest layer that names a setting wins: command line, environment, file, default.
//! A value that cannot be used becomes a problem and the default stands in for it, so that the
//! rest can still be looked at.

use std::collections::BTreeMap;

use super::node::{Item, Node};
use super::origin::{Origin, Origins, Place};
use super::problem::{Problem, Problems};
use super::setting::{Kind, Setting, known};

/// One value of one setting.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) setting: &'static Setting,
    pub(super) item: Item,
    pub(super) origin: Origin,
    /// The value as it was written, where that differs from the item.
    pub(super) written: Option<String>,
}

impl Given {
    fn shown(&self) -> String {
        self.written.clone().unwrap_or_else(|| self.item.shown())
    }
}

/// Why a value cannot be used.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) place: Option<Place>,
    /// The part of the value that is meant, if it is not the whole.
    pub(super) part: Option<String>,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { place: None, part: None, text: text.into() }
    }

    /// The refusal of one element of a list.
    pub(super) fn of(item: &Item, text: impl Into<String>) -> Self {
        Self { place: item.place, part: Some(item.shown()), text: text.into() }
    }
}

/// What a reader of one value returns.
pub(super) type Parsed<T> = Result<T, Vec<Refusal>>;

/// All values in force, and what came of reading them.
#[derive(Debug, Default)]
pub(super) struct Values {
    given: BTreeMap<&'static str, Given>,
    pub(super) problems: Problems,
    pub(super) warnings: Vec<String>,
    pub(super) origins: Origins,
}

impl Values {
    /// Adds a layer over those there are. Within a layer the last value wins.
    pub(super) fn add(&mut self, layer: impl IntoIterator<Item = Given>) {
        for given in layer {
            if given.item.node != Node::Null {
                self.given.insert(given.setting.key, given);
            }
        }
    }

    /// The value in force for `key`, if somebody gave one.
    pub(super) fn given(&self, key: &str) -> Option<&Given> {
        self.given.get(key)
    }

    /// Reads the value of `key`; what nobody gave, or nobody can use, is the default.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Item, Kind) -> Parsed<T>,
    ) -> T {
        let setting = known(key);
        if let Some(given) = self.given.get(key) {
            self.origins.record(key, given.origin.clone());
            match parse(&given.item, setting.kind) {
                Ok(value) => return value,
                Err(refusals) => {
                    for refusal in refusals {
                        self.problems.push(problem(given, refusal));
                    }
                }
            }
        }
        parse(&Item::text(setting.default), setting.kind)
            .unwrap_or_else(|refusals| unreachable!("default of {key} is unusable: {refusals:?}"))
    }

    /// Adds a problem with `key` that shows only when several values are seen together.
    pub(super) fn refuse(&mut self, key: &'static str, text: impl Into<String>) {
        let problem = match self.given.get(key) {
            Some(given) => problem(given, Refusal::new(text)),
            None => Problem::new(Origin::Default, Some(key), text),
        };
        self.problems.push(problem);
    }

    /// How people know the setting: by its flag in a stock command line, by its key otherwise.
    pub(super) fn name(&self, key: &'static str) -> String {
        match self.given.get(key).map(|given| &given.origin) {
            Some(Origin::Flag { name }) => format!("-{name}"),
            Some(Origin::Env { name }) => name.clone(),
            _ => key.to_owned(),
        }
    }
}

fn problem(given: &Given, refusal: Refusal) -> Problem {
    let origin = given.origin.at(refusal.place.or(given.item.place));
    let key = given.setting.key;
    let shown = match (given.setting.kind, &origin) {
        // A line of a stock file was written with the name of its flag, and hides secrets itself.
        (_, Origin::File { .. }) if given.written.is_some() => given.shown(),
        // A URL may hold a password or a key.
        (Kind::Url | Kind::RpcUrls | Kind::Secret, Origin::File { .. }) => key.to_owned(),
        (Kind::Url | Kind::RpcUrls | Kind::Secret, _) => "***".to_owned(),
        (_, Origin::File { .. }) => {
            format!("{key}: {}", refusal.part.unwrap_or_else(|| given.shown()))
        }
        _ => given.shown(),
    };
    let shown = without_user(&shown);
    Problem::new(origin, Some(&shown), refusal.text)
}

/// The text without what may be a user and a password in the URLs it holds.
fn without_user(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', ',', ' ', '?', '#']).unwrap_or(part.len());
        let (authority, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        shown.push_str("://");
        match authority.rsplit_once('@') {
            Some((_, host)) => shown.extend(["***@", host, rest]),
            None => shown.push_str(part),
        }
    }
    shown
}
