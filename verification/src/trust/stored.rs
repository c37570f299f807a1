//! What is kept of one orchestrator, and the form it is stored in: JSON with a version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{book::Lines, identity::Key, line::Line, penalty::Penalty};

/// Version of the stored form.
pub const FORMAT: u32 = 1;

/// Why something stored cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// Written by another version.
    #[error("trust of format {found} is stored, this program knows {FORMAT}")]
    Format {
        /// The version found.
        found: u32,
    },
    /// No JSON of this form.
    #[error("the trust stored cannot be read")]
    Form(#[from] serde_json::Error),
}

/// One orchestrator.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) first: Timestamp,
    pub(super) seen: Timestamp,
    pub(super) network: Option<String>,
    pub(super) penalty: Option<Penalty>,
    /// Other keys that were penalised with it.
    pub(super) linked: Vec<Key>,
    /// Where a recipient was served.
    pub(super) services: Vec<Key>,
    pub(super) lines: Lines,
}

impl Entry {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            first: now,
            seen: now,
            network: None,
            penalty: None,
            linked: Vec::new(),
            services: Vec::new(),
            lines: Lines::new(),
        }
    }

    /// A line that nothing is known for yet. Who was out is not new for any kind of work.
    pub(super) fn first_line(&self, now: Timestamp) -> Line {
        if self.penalty.is_some() { Line::returning(now) } else { Line::new(now) }
    }

    /// Keeps the newest lines; suspicion is not escaped by other work.
    pub(super) fn drop_lines(&mut self, most: usize) {
        while self.lines.len() > most {
            let least = self.lines.iter().min_by_key(|(_, line)| (line.is_suspected(), line.seen));
            let Some(name) = least.map(|(name, _)| name.clone()) else { return };
            self.lines.remove(&name);
        }
    }

    pub(super) fn link<'a>(&mut self, keys: impl Iterator<Item = &'a Key>, most: usize) {
        for key in keys {
            if !self.linked.contains(key) {
                self.linked.push(key.clone());
            }
        }
        let excess = self.linked.len().saturating_sub(most);
        self.linked.drain(..excess);
    }

    pub(super) fn serves_at(&mut self, service: &Key, most: usize) {
        if !self.services.contains(service) {
            self.services.push(service.clone());
            let excess = self.services.len().saturating_sub(most);
            self.services.drain(..excess);
        }
    }

    /// What would be lost with it.
    pub(super) fn weight(&self) -> u8 {
        if self.penalty.is_some() { 2 } else { u8::from(self.lines.values().any(Line::matters)) }
    }
}

#[derive(Serialize, Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    first: Timestamp,
    seen: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    penalty: Option<Penalty>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    linked: Vec<Key>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    services: Vec<Key>,
    lines: Vec<StoredLine>,
}

#[derive(Serialize, Deserialize)]
struct StoredLine {
    class: String,
    kind: String,
    #[serde(flatten)]
    line: Line,
}

pub(super) fn write(entry: &Entry) -> Result<String, serde_json::Error> {
    let Entry { first, seen, network, penalty, linked, services, lines } = entry.clone();
    let lines = lines.into_iter().map(|((class, kind), line)| StoredLine { class, kind, line });
    let lines = lines.collect();
    serde_json::to_string(&Stored {
        v: FORMAT,
        first,
        seen,
        network,
        penalty,
        linked,
        services,
        lines,
    })
}

pub(super) fn read(text: &str) -> Result<Entry, StoredError> {
    let Version { v: found } = serde_json::from_str(text)?;
    if found != FORMAT {
        return Err(StoredError::Format { found });
    }
    let Stored { first, seen, network, penalty, linked, services, lines, .. } =
        serde_json::from_str(text)?;
    let lines = lines.into_iter().map(|StoredLine { class, kind, line }| ((class, kind), line));
    Ok(Entry { first, seen, network, penalty, linked, services, lines: lines.collect() })
}
