//! Leaf files in a directory, found by what they say they are and not by their names.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256};
use serde::Deserialize;

use super::{BookStatus, GRACE_SECONDS, Loaded, OpenBook, verify};
use crate::registry::Commitment;

/// The longest leaf file that is read, in bytes: 2^20 leaves take about 500 MB.
pub const MAX_BOOK_BYTES: u64 = 640 << 20;

/// How deep directories are searched.
const MAX_DEPTH: usize = 3;
/// The most files that are looked at.
const MAX_FILES: usize = 1_000_000;

/// A directory of leaf files that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// It cannot be read.
    #[error("the directory of leaf files {} cannot be read", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It has more files than are looked at.
    #[error("{} has more than {MAX_FILES} files; name a smaller directory", path.display())]
    TooMany {
        /// Which.
        path: PathBuf,
    },
}

#[derive(Debug)]
struct Shelved {
    path: PathBuf,
    root: Option<B256>,
}

/// Leaf files by gateway and round.
#[derive(Debug, Default)]
pub struct Library {
    shelves: HashMap<(Address, u64), Vec<Shelved>>,
    looked: bool,
}

/// The part of a leaf file that tells what it is.
#[derive(Deserialize)]
struct Header {
    gateway: Address,
    round: u64,
    #[serde(default)]
    root: Option<B256>,
}

impl Library {
    /// No leaf files: nobody looks for any.
    pub fn none() -> Self {
        Self::default()
    }

    /// An empty library, to which files are added.
    pub(crate) fn empty() -> Self {
        Self { looked: true, ..Self::default() }
    }

    /// All leaf files below a directory: `*.json`, at most three levels down. Other files are passed
    /// over.
    pub fn directory(path: &Path) -> Result<Self, LibraryError> {
        let mut library = Self::empty();
        let mut files = 0;
        library.search(path, path, MAX_DEPTH, &mut files)?;
        Ok(library)
    }

    fn search(
        &mut self,
        top: &Path,
        path: &Path,
        depth: usize,
        files: &mut usize,
    ) -> Result<(), LibraryError> {
        let failed = |source| LibraryError::Directory { path: path.into(), source };
        let mut entries: Vec<PathBuf> = fs::read_dir(path)
            .map_err(failed)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        entries.sort();
        for entry in entries {
            *files = files.saturating_add(1);
            if *files > MAX_FILES {
                return Err(LibraryError::TooMany { path: top.into() });
            }
            if entry.is_dir() {
                if depth > 0 {
                    self.search(top, &entry, depth.saturating_sub(1), files)?;
                }
            } else if entry.extension().is_some_and(|extension| extension == "json") {
                self.shelve(entry);
            }
        }
        Ok(())
    }

    /// Adds a file if it is a leaf file; says whether it is.
    pub(crate) fn shelve(&mut self, path: PathBuf) -> bool {
        let Ok(file) = File::open(&path) else { return false };
        let reader = BufReader::with_capacity(1 << 16, file.take(MAX_BOOK_BYTES));
        let Ok(header) = serde_json::from_reader::<_, Header>(reader) else { return false };
        let shelved = Shelved { path, root: header.root };
        self.shelves.entry((header.gateway, header.round)).or_default().push(shelved);
        true
    }

    /// Whether there is a file of this gateway and round that claims this root.
    pub(crate) fn has(&self, gateway: Address, round: u64, root: B256) -> bool {
        let shelf = self.shelves.get(&(gateway, round));
        shelf.is_some_and(|shelf| shelf.iter().any(|file| file.root == Some(root)))
    }

    /// The book a gateway committed to, if its file is here and is what was committed. `now` is the
    /// newest time known of the chain.
    pub fn load(
        &self,
        gateway: Address,
        round: u64,
        committed: &Commitment,
        chain_id: Option<u64>,
        now: Option<u64>,
    ) -> Loaded {
        if committed.root.is_zero() {
            let book = Some(OpenBook::default());
            return Loaded { status: BookStatus::Verified, book, problem: None };
        }
        if !self.looked {
            return Loaded::without(BookStatus::Unread, None);
        }
        let shelf = self.shelves.get(&(gateway, round)).map_or(&[][..], Vec::as_slice);
        let fitting = shelf.iter().find(|file| file.root == Some(committed.root));
        let Some(file) = fitting.or_else(|| shelf.first()) else {
            return absent(committed, now);
        };
        match read(&file.path) {
            Ok(json) => verify(&json, gateway, round, committed, chain_id),
            Err(error) => Loaded::without(BookStatus::Missing, Some(error.to_string())),
        }
    }
}

/// There is no file: withheld, or not published yet.
fn absent(committed: &Commitment, now: Option<u64>) -> Loaded {
    let age = now.zip(committed.time).map(|(now, then)| now.saturating_sub(then));
    let status = match age {
        Some(age) if age < GRACE_SECONDS => BookStatus::Pending,
        _ => BookStatus::Missing,
    };
    let uri: String = committed.uri.chars().filter(|c| !c.is_control()).take(200).collect();
    let hint = if uri.is_empty() { String::new() } else { format!("; the gateway names {uri}") };
    Loaded::without(status, Some(format!("the leaf file is not there{hint}")))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BOOK_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BOOK_BYTES {
        return Err(io::Error::other(format!("longer than {MAX_BOOK_BYTES} bytes")));
    }
    Ok(bytes)
}
