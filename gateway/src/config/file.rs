//! `waymark.yaml`: which of its keys are settings, and where each value stands.
//!
//! Every key is optional and an unknown one is refused. Nothing is interpreted here.

use std::path::Path;
use std::sync::Arc;

use super::nearest::suggestion;
use super::node::{self, Item, Key, Node};
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::read::read_bounded;
use super::setting::{SECTIONS, SETTINGS, Setting, find};
use super::values::Given;

/// The values of a file; what is wrong with its form goes to `problems`.
pub(super) fn load(path: &Path, problems: &mut Problems) -> Vec<Given> {
    let shown: Arc<str> = path.display().to_string().into();
    let origin = Origin::File { path: shown, place: None };
    match read_bounded(path) {
        Ok(text) => parse(&text, &origin, problems),
        Err(error) => {
            let text = format!("cannot read the file: {error}");
            problems.push(Problem::new(origin, None, text));
            Vec::new()
        }
    }
}

/// The values of a document that came from `origin`.
pub(super) fn parse(text: &str, origin: &Origin, problems: &mut Problems) -> Vec<Given> {
    match node::parse(text) {
        Err(error) => {
            let text = format!("not YAML: {}", error.text);
            problems.push(Problem::new(origin.at(error.place), None, text));
            Vec::new()
        }
        Ok(Item { node: Node::Null, .. }) => Vec::new(),
        Ok(Item { node: Node::Map(entries), .. }) => {
            let mut reader = Reader { origin, problems, given: Vec::new() };
            reader.mapping("", entries);
            reader.given
        }
        Ok(other) => {
            let text = format!("must be a mapping of settings, not {}", other.kind());
            problems.push(Problem::new(origin.at(other.place), None, text));
            Vec::new()
        }
    }
}

struct Reader<'a> {
    origin: &'a Origin,
    problems: &'a mut Problems,
    given: Vec<Given>,
}

impl Reader<'_> {
    fn mapping(&mut self, section: &str, entries: Vec<(Key, Item)>) {
        let mut seen: Vec<String> = Vec::new();
        for (key, item) in entries {
            let dotted = dotted(section, &key.name);
            if seen.contains(&dotted) {
                self.refuse(&key, &dotted, "is given twice".to_owned());
                continue;
            }
            if let Some(setting) = find(&dotted) {
                // A list in block style begins at its first element, which is not its place.
                let place = match item.node {
                    Node::Text(_) | Node::Null => item.place.or(key.place),
                    Node::List(_) | Node::Map(_) => key.place,
                };
                let origin = self.origin.at(place);
                self.given.push(Given { setting, item, origin, written: None });
            } else if section.is_empty() && is_section(&key.name) {
                match item.node {
                    Node::Map(inner) => self.mapping(&key.name, inner),
                    Node::Null => {}
                    Node::Text(_) | Node::List(_) => {
                        let text = format!("must be a mapping of settings, not {}", item.kind());
                        self.refuse(&key, &dotted, text);
                    }
                }
            } else {
                let text = unknown(section, &key.name);
                self.refuse(&key, &dotted, text);
            }
            seen.push(dotted);
        }
    }

    fn refuse(&mut self, key: &Key, shown: &str, text: String) {
        self.problems.push(Problem::new(self.origin.at(key.place), Some(shown), text));
    }
}

fn dotted(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn is_section(name: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| !section.is_empty() && *section == name)
}

/// What to say about a key that is no setting: its right section, or the nearest name.
fn unknown(section: &str, name: &str) -> String {
    let same_name: Vec<&str> =
        SETTINGS.iter().filter(|known| known.split().1 == name).map(|known| known.key).collect();
    if !same_name.is_empty() {
        return format!("unknown key; the setting is {}", same_name.join(" or "));
    }
    let here = |known: &&Setting| known.split().0 == section;
    let names = SETTINGS.iter().filter(here).map(|known| known.split().1);
    let sections = SECTIONS.iter().map(|(name, _)| *name);
    let sections = sections.filter(|name| section.is_empty() && !name.is_empty());
    format!("unknown key{}", suggestion(name, "", names.chain(sections)))
}
