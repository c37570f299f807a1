//! Documents that the chain has the hash of, each under that hash, and what is remembered about them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use alloy_primitives::{Address, B256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    config::Config,
    payments::books::{BookError, put, slashed},
};

/// Below `<dataDir>/data`, and below `/data` of the media listener.
const MANIFESTS: &str = "v1/manifests";
const CLASSES: &str = "v1/classes";
/// Documents of a kind that are kept: more than can be on chain at one time.
const KEPT_MANIFESTS: usize = 100;
const KEPT_CLASSES: usize = 10_000;

/// A document that the chain has the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    /// The gateway's.
    Manifest(B256),
    /// A class.
    Class(B256),
}

impl Document {
    fn path(self) -> String {
        match self {
            Self::Manifest(hash) => format!("{MANIFESTS}/{hash}.json"),
            Self::Class(hash) => format!("{CLASSES}/{hash}.json"),
        }
    }

    /// Where it is found from outside.
    pub(super) fn uri(self, public: &Url) -> String {
        // Names of ours, below an address that was checked.
        public.join(&self.path()).map(String::from).unwrap_or_default()
    }

    /// Its bytes; nothing if they are not there.
    pub(super) fn read(self, data_dir: &Path) -> Option<Vec<u8>> {
        fs::read(data_dir.join("data").join(self.path())).ok()
    }

    /// Writes it, whole or not at all, and lets go of the oldest of its kind.
    pub(super) fn put(self, data_dir: &Path, bytes: &[u8]) -> Result<(), BookError> {
        let path = data_dir.join("data").join(self.path());
        put(&path, bytes).map_err(|source| BookError::File { path: path.clone(), source })?;
        let kept = match self {
            Self::Manifest(_) => KEPT_MANIFESTS,
            Self::Class(_) => KEPT_CLASSES,
        };
        if let Some(folder) = path.parent()
            && let Err(error) = forget_oldest(folder, kept)
        {
            tracing::warn!(%error, folder = %folder.display(), "old documents stay");
        }
        Ok(())
    }
}

/// The file of `/data/v1/manifests/0x….json` or `/data/v1/classes/0x….json`.
pub(crate) fn anchored_file(data_dir: &Path, path: &str) -> Option<PathBuf> {
    let below = path.strip_prefix("/data/")?;
    let (folder, name) =
        below.rsplit_once('/').filter(|(f, _)| matches!(*f, MANIFESTS | CLASSES))?;
    let digits = name.strip_prefix("0x")?.strip_suffix(".json")?;
    let lower = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let hash = digits.len() == 64 && digits.bytes().all(lower);
    hash.then(|| data_dir.join("data").join(folder).join(name))
}

fn forget_oldest(folder: &Path, kept: usize) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let old = files.len().saturating_sub(kept);
    files.into_iter().take(old).try_for_each(|(_, path)| fs::remove_file(path))
}

/// Where the documents are found from outside: at the gateway itself, which has them at once, or where
/// its data is published.
pub(super) fn public(config: &Config) -> Option<Url> {
    let requirements = &config.requirements;
    let own = requirements.url.as_ref().and_then(|url| slashed(url).join("data/").ok());
    own.or_else(|| requirements.data_url.as_ref().map(slashed))
}

/// What is remembered over restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// For which registry, on which chain.
    pub(super) registry: Address,
    pub(super) chain_id: u64,
    /// What the transactions that were begun last mean, and when they were.
    pub(super) begun: Option<(B256, Timestamp)>,
    /// A document whose transaction may have been sent, and a block before that.
    pub(super) pending: Option<(B256, u64)>,
    /// The document on chain.
    pub(super) anchored: Option<Anchored>,
    /// Tags with an advert, and their numbers.
    pub(super) adverts: BTreeMap<String, u32>,
}

/// A document that was told to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchored {
    pub(super) hash: B256,
    pub(super) uri: String,
    pub(super) transaction: B256,
    pub(super) at: Timestamp,
}

impl Record {
    fn path(data_dir: &Path, gateway: Address) -> PathBuf {
        data_dir.join(format!("anchored-{gateway:#x}.json"))
    }

    /// What was remembered of this registry; nothing if there is nothing that can be read.
    pub(super) fn load(
        data_dir: &Path,
        gateway: Address,
        chain_id: u64,
        registry: Address,
    ) -> Self {
        let path = Self::path(data_dir, gateway);
        let none = Self { registry, chain_id, ..Self::default() };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, path = %path.display(), "cannot be read; anchored anew");
                }
                return none;
            }
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(record) if record.registry == registry && record.chain_id == chain_id => record,
            Ok(_) => none,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot be read; anchored anew");
                none
            }
        }
    }

    /// Writes it down.
    pub(super) fn save(&self, data_dir: &Path, gateway: Address) -> Result<(), BookError> {
        let path = Self::path(data_dir, gateway);
        let bytes = serde_json::to_vec(self).expect("plain data are JSON");
        put(&path, &bytes).map_err(|source| BookError::File { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documents_under_their_hash_are_served() {
        let hash = B256::repeat_byte(0xab);
        let file = |path: &str| anchored_file(Path::new("/d"), path);
        for kind in ["manifests", "classes"] {
            let expected = format!("/d/data/v1/{kind}/{hash}.json");
            let found = file(&format!("/data/v1/{kind}/{hash}.json"));
            assert_eq!(found, Some(PathBuf::from(expected)));
        }
        for path in [
            format!("/data/v1/manifests/{}.json", hash.to_string().to_uppercase()),
            "/data/v1/manifests/0xab.json".to_owned(),
            format!("/data/v1/jobs/{hash}.json"),
            format!("/data/v1/manifests/../{hash}.json"),
            format!("/data/v1/manifests/{hash}"),
        ] {
            assert_eq!(file(&path), None, "{path}");
        }
    }

    #[test]
    fn what_is_remembered_is_of_one_registry() {
        let folder = tempfile::tempdir().unwrap();
        let [gateway, registry, other] = [1, 2, 3].map(Address::repeat_byte);
        let load = |registry| Record::load(folder.path(), gateway, 7, registry);
        let record = Record { pending: Some((B256::ZERO, 9)), ..load(registry) };
        record.save(folder.path(), gateway).unwrap();
        assert_eq!(load(registry), record);
        assert_eq!(load(other), Record { registry: other, chain_id: 7, ..Record::default() });
        fs::write(Record::path(folder.path(), gateway), "{\"pending\":").unwrap();
        assert_eq!(load(registry).pending, None);
    }

    #[test]
    fn the_newest_documents_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let document = |at: usize| Document::Manifest(B256::left_padding_from(&at.to_be_bytes()));
        for at in 0..=KEPT_MANIFESTS {
            document(at).put(folder.path(), b"{}").unwrap();
        }
        let files = fs::read_dir(folder.path().join("data").join(MANIFESTS)).unwrap();
        assert_eq!(files.count(), KEPT_MANIFESTS);
        let last = document(KEPT_MANIFESTS);
        assert_eq!(last.read(folder.path()).as_deref(), Some(b"{}".as_slice()));
    }
}
