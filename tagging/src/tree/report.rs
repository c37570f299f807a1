//! Reading a tree: what is expected at a key, and a problem with its place when something else is
//! there. A reader goes on after a problem, so that the author learns of all of them.

use std::fmt;
use std::sync::Arc;

use super::{Item, Node, Unreadable};
use crate::problem::{Place, Problem, Problems, shown, suggestion};
use crate::value::Number;

/// How a value is reached from the top of its document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Top,
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn key(&'a self, name: &'a str) -> Self {
        Self::Key(self, name)
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Key(Self::Top, name) => f.write_str(&plain(name)),
            Self::Key(parent, name) => write!(f, "{parent}.{}", plain(name)),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A key as part of a path: bounded and on one line.
fn plain(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A word of a closed set.
pub(crate) trait Word: Copy + 'static {
    /// What it is a choice of, for messages.
    const WHAT: &'static str;
    /// Every word, in the order of the documents.
    const ALL: &'static [Self];
    /// The spelling.
    fn word(self) -> &'static str;
}

/// The problems of one file.
#[derive(Debug)]
pub(crate) struct Report {
    label: Arc<str>,
    pub(crate) problems: Problems,
}

/// The entries of a mapping whose keys are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    entries: &'a [(super::Key, Item)],
    place: Option<Place>,
}

impl<'a> Fields<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a Item> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, item)| item)
    }

    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }
}

impl Report {
    pub(crate) fn new(label: &Arc<str>) -> Self {
        Self { label: Arc::clone(label), problems: Problems::default() }
    }

    pub(crate) fn refuse(
        &mut self,
        place: Option<Place>,
        path: &Path<'_>,
        text: impl Into<String>,
    ) {
        let (label, key) = (Arc::clone(&self.label), path.to_string());
        self.problems.push(Problem { label, place, key, text: text.into() });
    }

    pub(crate) fn unreadable(&mut self, error: Unreadable) {
        self.refuse(error.place, &Path::Top, error.text);
    }

    /// Refuses a value that is not of the expected kind.
    pub(crate) fn expected<T>(&mut self, item: &Item, path: &Path<'_>, what: &str) -> Option<T> {
        self.refuse(item.place, path, format!("must be {what}, not {}", item.kind()));
        None
    }

    /// A mapping with these keys alone.
    pub(crate) fn fields<'a>(
        &mut self,
        item: &'a Item,
        path: &Path<'_>,
        known: &[&str],
    ) -> Option<Fields<'a>> {
        let entries = self.entries(item, path)?;
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                let near = suggestion(&key.name, known.iter().copied());
                let text = format!("unknown key{near}; accepted: {}", known.join(", "));
                self.refuse(key.place, &path.key(&key.name), text);
            }
        }
        Some(Fields { entries, place: item.place })
    }

    /// A mapping, no key of it twice.
    pub(crate) fn entries<'a>(
        &mut self,
        item: &'a Item,
        path: &Path<'_>,
    ) -> Option<&'a [(super::Key, Item)]> {
        let Node::Map(entries) = &item.node else { return self.expected(item, path, "a mapping") };
        let mut seen = std::collections::HashSet::new();
        for (key, _) in entries {
            if !seen.insert(key.name.as_str()) {
                self.refuse(key.place, &path.key(&key.name), "is given twice");
            }
        }
        Some(entries)
    }

    /// The value of a key that has to be there.
    pub(crate) fn need<'a, T>(
        &mut self,
        fields: &Fields<'a>,
        path: &Path<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &'a Item, &Path<'_>) -> Option<T>,
    ) -> Option<T> {
        if fields.get(name).is_none() {
            self.refuse(fields.place, path, format!("key {name} is missing"));
        }
        self.maybe(fields, path, name, read)
    }

    /// The value of a key that may be left out.
    pub(crate) fn maybe<'a, T>(
        &mut self,
        fields: &Fields<'a>,
        path: &Path<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &'a Item, &Path<'_>) -> Option<T>,
    ) -> Option<T> {
        read(self, fields.get(name)?, &path.key(name))
    }

    pub(crate) fn text<'a>(&mut self, item: &'a Item, path: &Path<'_>) -> Option<&'a str> {
        match &item.node {
            Node::Text(text) => Some(text),
            Node::Number(_) => self.expected(item, path, "text (in quotes)"),
            _ => self.expected(item, path, "text"),
        }
    }

    /// Text of at most `most` characters.
    pub(crate) fn short_text<'a>(
        &mut self,
        item: &'a Item,
        path: &Path<'_>,
        most: usize,
    ) -> Option<&'a str> {
        let text = self.text(item, path)?;
        let length = text.chars().count();
        if length > most {
            let rule = format!("has {length} characters; accepted: at most {most}");
            self.refuse(item.place, path, rule);
            return None;
        }
        Some(text)
    }

    /// Text that a parser accepts.
    pub(crate) fn parsed<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        item: &Item,
        path: &Path<'_>,
    ) -> Option<T> {
        let text = self.text(item, path)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(item.place, path, error.to_string());
                None
            }
        }
    }

    pub(crate) fn number(&mut self, item: &Item, path: &Path<'_>) -> Option<Number> {
        match item.node {
            Node::Number(number) => Some(number),
            _ => self.expected(item, path, "a number"),
        }
    }

    /// A whole number of a range.
    pub(crate) fn whole(
        &mut self,
        item: &Item,
        path: &Path<'_>,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = self.number(item, path)?;
        let found = number.to_u64().filter(|whole| range.contains(whole));
        if found.is_none() {
            let (low, high) = (range.start(), range.end());
            let rule =
                format!("{number} is out of range; accepted: whole numbers from {low} to {high}");
            self.refuse(item.place, path, rule);
        }
        found
    }

    pub(crate) fn list<'a>(
        &mut self,
        item: &'a Item,
        path: &Path<'_>,
        lengths: std::ops::RangeInclusive<usize>,
    ) -> Option<&'a [Item]> {
        let Node::List(list) = &item.node else { return self.expected(item, path, "a list") };
        if !lengths.contains(&list.len()) {
            let (low, high, found) = (lengths.start(), lengths.end(), list.len());
            let rule = format!("has {found} elements; accepted: {low} to {high}");
            self.refuse(item.place, path, rule);
            return None;
        }
        Some(list)
    }

    /// One word of a closed set.
    pub(crate) fn word<W: Word>(&mut self, item: &Item, path: &Path<'_>) -> Option<W> {
        let text = self.text(item, path)?;
        let found = W::ALL.iter().copied().find(|word| word.word() == text);
        if found.is_none() {
            let words: Vec<_> = W::ALL.iter().map(|word| word.word()).collect();
            let near = suggestion(text, words.iter().copied());
            let (what, given, words) = (W::WHAT, shown(text), words.join(", "));
            let rule = format!("unknown {what} {given}{near}; accepted: {words}");
            self.refuse(item.place, path, rule);
        }
        found
    }
}
