//! What is wrong with a file that somebody wrote: every problem with its file, line, key and what
//! is accepted. They are collected until everything was looked at, then told together.
//!
//! Texts are one line, bounded, and hold no control characters, whatever the file held.

use std::fmt;
use std::sync::Arc;

/// The most problems of one set that are kept; more are counted.
const MOST: usize = 100;

/// Longest text from a file that is shown, in characters.
const LONGEST: usize = 80;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// One-based line.
    pub line: u64,
    /// One-based column.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// One thing that somebody has to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Problem {
    /// The file, URL or other name of what was read.
    pub label: Arc<str>,
    /// Where in it. JSON that came as a value has no places.
    pub place: Option<Place>,
    /// The key, such as `requires[2].op`; empty for the whole document.
    pub key: String,
    /// What is wrong, and what is accepted.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.label)?;
        if let Some(place) = self.place {
            write!(f, " {place}")?;
        }
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// Everything that is wrong with what was read, in the order of the files and their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    dropped: usize,
}

impl Problems {
    /// The problems one by one, the first hundred of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len().saturating_add(self.dropped)
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Adds a problem of a whole file: one that cannot be read, for example.
    pub fn refuse(&mut self, label: &Arc<str>, text: impl Into<String>) {
        let (label, text) = (Arc::clone(label), text.into());
        self.push(Problem { label, place: None, key: String::new(), text });
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.dropped = self.dropped.saturating_add(others.dropped);
        others.list.into_iter().for_each(|problem| self.push(problem));
    }

    /// In the order of the places.
    pub(crate) fn by_place(mut self) -> Self {
        self.list.sort_by_key(|problem| problem.place);
        self
    }

    /// The value, unless there is a problem.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self.by_place()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            1 => f.write_str("1 problem; nothing of the set is used")?,
            count => write!(f, "{count} problems; nothing of the set is used")?,
        }
        for problem in &self.list {
            write!(f, "\n  {problem}")?;
        }
        if self.dropped > 0 {
            write!(f, "\n  and {} more", self.dropped)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Text from a file for a message: quoted, bounded, on one line.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("{cut:?}{more}")
}

/// The candidate closest to `word`, if one is close enough to be worth naming.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Longer words are not typing errors, and comparing costs the product of the lengths.
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let score = |candidate: &str| {
        strsim::normalized_damerau_levenshtein(&lower, candidate)
            .max(strsim::jaro_winkler(&lower, candidate) - 0.2)
    };
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean X?`, or nothing.
pub(crate) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
