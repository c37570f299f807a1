//! Problems with settings: collected until everything was looked at, then reported together.
//!
//! A problem shows what was given and where. It never shows the value of a secret.

use std::fmt;

use super::origin::Origin;

/// One thing that somebody has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    origin: Origin,
    given: Option<String>,
    text: String,
}

impl Problem {
    pub(super) fn new(origin: Origin, given: Option<&str>, text: impl Into<String>) -> Self {
        Self { origin, given: given.map(str::to_owned), text: text.into() }
    }

    /// Where the value came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is wrong and what is accepted.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.given.as_deref().map(Shortened);
        match (&self.origin, given) {
            // A flag that is true or false was written with `=`.
            (Origin::Flag { name }, Some(Shortened(given))) if given.starts_with('=') => {
                write!(f, "-{name}{}", Shortened(given))
            }
            (Origin::Flag { name }, Some(given)) => write!(f, "-{name} {given}"),
            (Origin::Flag { name }, None) => write!(f, "-{name}"),
            (Origin::Set { key }, Some(given)) => write!(f, "--set {key}={given}"),
            (Origin::Env { name }, Some(given)) => write!(f, "{name}={given} (environment)"),
            (Origin::Env { name }, None) => write!(f, "{name} (environment)"),
            (Origin::CommandLine | Origin::Default, Some(given)) => write!(f, "{given}"),
            (origin, Some(given)) => write!(f, "{origin}  {given}"),
            (origin, None) => write!(f, "{origin}"),
        }?;
        for line in self.text.lines() {
            write!(f, "\n      {line}")?;
        }
        Ok(())
    }
}

/// A value from outside on one line of bounded length.
struct Shortened<'a>(&'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 120;
        if self.0.is_empty() {
            return f.write_str("\"\"");
        }
        for c in self.0.chars().take(LONGEST) {
            if c.is_control() { write!(f, "{}", c.escape_debug()) } else { write!(f, "{c}") }?;
        }
        if self.0.chars().nth(LONGEST).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// Everything that is wrong, in the order in which it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// The value, unless there is a problem. Those of files are put in the order of their lines,
    /// behind all others.
    pub(super) fn or<T>(mut self, value: T) -> Result<T, Self> {
        self.0.sort_by_key(|problem| match problem.origin {
            Origin::File { place: Some(place), .. } => (place.line, place.column),
            _ => (0, 0),
        });
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "1 problem with the settings; nothing was started"),
            count => writeln!(f, "{count} problems with the settings; nothing was started"),
        }?;
        for problem in &self.0 {
            write!(f, "\n  {problem}\n")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
