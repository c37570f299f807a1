//! Files of books: the leaf file and the list of data files that are published, the data files
//! themselves, and where all of it is found from outside.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;
use url::Url;
use waymark_opendata::{PublishedFile, closed_files};
use waymark_payments::ledger::{BookFile, LedgerError};

use super::{BookError, build::Built};
use crate::config::Config;

/// Below `<dataDir>/data`, and below `/data` of the media listener.
const FOLDER: &str = "v1/rounds";

/// A file of a book that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeafFile(String);

impl LeafFile {
    /// `/data/v1/rounds/13.json` and `/data/v1/rounds/13.files.json`.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let name = path.strip_prefix("/data/v1/rounds/")?;
        let round = name.strip_suffix(".files.json").or_else(|| name.strip_suffix(".json"))?;
        let digits = !round.is_empty() && round.bytes().all(|byte| byte.is_ascii_digit());
        (digits && round.len() <= 20).then(|| Self(name.to_owned()))
    }
}

/// Where a file of a book is.
pub(crate) fn leaf_file(data_dir: &Path, file: &LeafFile) -> PathBuf {
    folder(data_dir).join(&file.0)
}

pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("data").join(FOLDER)
}

/// Where `<dataDir>/data` is found from outside, as the operator says.
pub(super) fn public(config: &Config) -> Option<Url> {
    let requirements = &config.requirements;
    let of_gateway = || requirements.url.as_ref().and_then(|url| slashed(url).join("data/").ok());
    requirements.data_url.as_ref().map(slashed).or_else(of_gateway)
}

/// With a slash at the end, so that names can be joined to it.
pub(in crate::payments) fn slashed(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// Where the leaf file of a round is found from outside; empty where that is not known.
pub(super) fn uri(public: Option<&Url>, round: u64) -> String {
    let joined = public.and_then(|url| url.join(&format!("{FOLDER}/{round}.json")).ok());
    joined.map(String::from).unwrap_or_default()
}

/// The list of data files, as it is published.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    chain_id: u64,
    gateway: String,
    round: u64,
    dataset_root: alloy_primitives::B256,
    files: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    sha256: String,
    bytes: u64,
    rows: u64,
}

/// Writes the files of a book, each whole or not at all.
pub(super) fn publish(data_dir: &Path, built: &Built) -> Result<(), BookError> {
    let folder = folder(data_dir);
    let id = built.book.id();
    let put = |name: String, text: &str| {
        let path = folder.join(name);
        put(&path, text.as_bytes()).map_err(|source| BookError::File { path, source })
    };
    put(format!("{}.json", id.round), &built.book.to_json())?;
    if built.files.is_empty() {
        return Ok(());
    }
    let lines = built.files.iter().map(|file| Line {
        path: &file.path,
        sha256: hex::encode(file.sha256),
        bytes: file.bytes,
        rows: file.rows,
    });
    let list = List {
        chain_id: id.chain_id,
        gateway: id.gateway.to_string(),
        round: id.round,
        dataset_root: built.record.dataset_root,
        files: lines.collect(),
    };
    let text = serde_json::to_string_pretty(&list).expect("plain data are JSON");
    put(format!("{}.files.json", id.round), &text)
}

/// Whether the leaf file of a round is there.
pub(super) fn is_published(data_dir: &Path, round: u64) -> bool {
    folder(data_dir).join(format!("{round}.json")).exists()
}

/// Writes a file for everybody, whole or not at all.
pub(in crate::payments) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Meant for everybody, whoever serves it.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The data files that are complete and in no book.
pub(super) fn closed(
    data_dir: &Path,
    known: impl Fn(&str) -> Result<bool, LedgerError>,
) -> Result<Vec<BookFile>, BookError> {
    let mut files = Vec::new();
    let root = data_dir.join("data");
    for path in closed_files(data_dir).map_err(|source| BookError::File { path: root, source })? {
        if known(&path)? {
            continue;
        }
        match PublishedFile::read(data_dir, &path) {
            Ok(file) => files.push(BookFile {
                sha256: file.sha256.into(),
                bytes: file.bytes,
                rows: file.rows,
                path,
            }),
            // Removed meanwhile, or damaged: it is in no book, and the others are.
            Err(error) => tracing::warn!(path, %error, "a data file cannot be read"),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_books_are_served() {
        let file = |path| LeafFile::parse(path).map(|file| file.0);
        assert_eq!(file("/data/v1/rounds/13.json").as_deref(), Some("13.json"));
        assert_eq!(file("/data/v1/rounds/13.files.json").as_deref(), Some("13.files.json"));
        for path in [
            "/data/v1/rounds/",
            "/data/v1/rounds/.json",
            "/data/v1/rounds/13",
            "/data/v1/rounds/../13.json",
            "/data/v1/rounds/13.json.tmp",
            "/data/v1/rounds/1%2f3.json",
            "/data/v1/jobs/13.json",
            "/data/v1/rounds/123456789012345678901.json",
        ] {
            assert_eq!(file(path), None, "{path}");
        }
    }

    #[test]
    fn a_leaf_file_is_found_below_the_public_address() {
        let url = |text: &str| slashed(&text.parse().unwrap());
        let data = url("https://data.example/waymark");
        let at = uri(Some(&data), 13);
        assert_eq!(at, "https://data.example/waymark/v1/rounds/13.json");
        assert_eq!(uri(None, 13), "");
    }
}
