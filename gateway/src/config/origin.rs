//! Where a value comes from, so that errors and `config show --origins` can say it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A position in a text file, both counted from 1. Column 0 means the whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column in characters.
    pub column: u64,
}

/// The source of one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    #[default]
    Default,
    /// A flag of a stock command line.
    Flag {
        /// Name without the hyphen.
        name: &'static str,
    },
    /// `--set key=value`.
    Set {
        /// Dotted key.
        key: &'static str,
    },
    /// An environment variable.
    Env {
        /// Name of the variable.
        name: String,
    },
    /// A file.
    File {
        /// Path as it was given.
        path: Arc<str>,
        /// Where in the file, if it is known.
        place: Option<Place>,
    },
    /// The command line as a whole.
    CommandLine,
    /// Another setting, or the environment.
    Derived {
        /// What it follows from.
        from: &'static str,
    },
}

impl Origin {
    /// The same source, at another place if it is a file.
    pub(super) fn at(&self, place: Option<Place>) -> Self {
        match (self, place) {
            (Self::File { path, .. }, Some(_)) => Self::File { path: Arc::clone(path), place },
            _ => self.clone(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}", self.line),
            column => write!(f, "{}:{column}", self.line),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag { name } => write!(f, "flag -{name}"),
            Self::Set { key } => write!(f, "--set {key}"),
            Self::Env { name } => write!(f, "environment {name}"),
            Self::File { path, place: Some(place) } => write!(f, "{path}:{place}"),
            Self::File { path, place: None } => f.write_str(path),
            Self::CommandLine => f.write_str("command line"),
            Self::Derived { from } => write!(f, "follows from {from}"),
        }
    }
}

/// The source of every value that somebody gave, by dotted key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<&'static str, Origin>);

impl Origins {
    /// Where the value of `key` comes from.
    pub fn of(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Default)
    }

    pub(super) fn record(&mut self, key: &'static str, origin: Origin) {
        self.0.insert(key, origin);
    }
}
