//! What is kept of a result that failed: enough for somebody else to come to the same verdict.
//!
//! ```text
//!   <data_dir>/evidence/<SHA-256 of manifest.json>/
//!     manifest.json   who, what was asked, every check with value and bound, the hash of each file
//!     signature       the gateway's, over Keccak-256 of manifest.json; empty off-chain
//!     source.ts, rendition-0.ts, …   the bytes
//! ```
//!
//! A bundle is named by what is in it, so a changed one is no longer what its name says. It is
//! private: nothing is served or sent, only its name is in open data. The oldest go when they are too
//! old or too many. No job waits for a disk.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::keccak256;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::signer::Signer;

/// Bundles written at once; more are not kept.
const WRITERS: usize = 4;
/// The name of the list of a bundle's files.
pub const MANIFEST: &str = "manifest.json";

/// The store. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Evidence {
    folder: PathBuf,
    most_bytes: u64,
    most_age: Duration,
    writers: Arc<Semaphore>,
}

/// A bundle that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of its manifest.
    pub id: BundleId,
    /// When it was written.
    pub at: Timestamp,
    /// All its files together.
    pub bytes: u64,
}

/// The name of a bundle: 64 hex digits, and so nothing that leads out of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleId(pub [u8; 32]);

/// A text that is no name of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no evidence: expected 64 hex digits, as `waymark evidence list` shows them")]
pub struct NoBundle {
    /// What was given, cut to 80 characters.
    given: String,
}

impl std::str::FromStr for BundleId {
    type Err = NoBundle;

    fn from_str(text: &str) -> Result<Self, NoBundle> {
        let refuse = || NoBundle { given: text.chars().take(80).collect() };
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut id = [0; 32];
        hex::decode_to_slice(digits, &mut id).map_err(|_| refuse())?;
        Ok(Self(id))
    }
}

impl std::fmt::Display for BundleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Files of a bundle to be: names are ours, bytes are others'.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    files: Vec<(String, Bytes)>,
}

impl Bundle {
    /// Adds a file. The name must be a plain one of ours.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, bytes: Bytes) -> Self {
        self.files.push((name.into(), bytes));
        self
    }

    /// The files as the manifest lists them.
    fn listed(&self) -> Json {
        let file = |(name, bytes): &(String, Bytes)| {
            json!({
                "name": name,
                "bytes": bytes.len(),
                "sha256": hex::encode(Sha256::digest(bytes)),
                "keccak256": hex::encode(keccak256(bytes)),
            })
        };
        self.files.iter().map(file).collect()
    }
}

impl Evidence {
    /// The store in a data directory. 0 bytes keep nothing.
    pub fn new(data_dir: &Path, most_bytes: u64, most_age: Duration) -> Self {
        let writers = Arc::new(Semaphore::new(WRITERS));
        Self { folder: data_dir.join("evidence"), most_bytes, most_age, writers }
    }

    /// Keeps a bundle, and gives its name as soon as that is known; the files are written behind it.
    /// `None` where nothing is kept, or too many are being written.
    pub async fn keep(
        &self,
        statement: Json,
        bundle: Bundle,
        signer: Arc<dyn Signer>,
        now: Timestamp,
    ) -> Option<BundleId> {
        if self.most_bytes == 0 {
            return None;
        }
        let permit = Arc::clone(&self.writers).try_acquire_owned().ok()?;
        let (known, id) = tokio::sync::oneshot::channel();
        let store = self.clone();
        drop(tokio::task::spawn_blocking(move || {
            let mut statement = statement;
            if let Json::Object(fields) = &mut statement {
                fields.insert("files".to_owned(), bundle.listed());
            }
            let manifest = statement.to_string();
            let id = BundleId(Sha256::digest(manifest.as_bytes()).into());
            known.send(id).ok();
            let signature = signer.sign(&keccak256(manifest.as_bytes())).unwrap_or_default();
            let written = store.write(id, &manifest, &signature, &bundle, now);
            if let Err(error) = written.and_then(|()| store.sweep(now)) {
                tracing::warn!(%error, folder = %store.folder.display(), "evidence was not kept");
            }
            drop(permit);
        }));
        id.await.ok()
    }

    /// Under a name that no reader looks at, then under its own: a bundle is whole or not there.
    fn write(
        &self,
        id: BundleId,
        manifest: &str,
        signature: &[u8],
        bundle: &Bundle,
        now: Timestamp,
    ) -> io::Result<()> {
        let path = self.path(id);
        if path.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let draft = self.folder.join(format!(".{id}-{}", now.as_nanosecond()));
        fs::create_dir(&draft)?;
        let filled = (|| {
            put(&draft.join(MANIFEST), manifest.as_bytes())?;
            put(&draft.join("signature"), hex::encode(signature).as_bytes())?;
            bundle.files.iter().try_for_each(|(name, bytes)| put(&draft.join(name), bytes))?;
            fs::rename(&draft, &path)
        })();
        if filled.is_err() {
            fs::remove_dir_all(&draft).ok();
        }
        filled
    }

    /// Removes what is too old or too much, the oldest first.
    fn sweep(&self, now: Timestamp) -> io::Result<()> {
        let age = SignedDuration::try_from(self.most_age).unwrap_or(SignedDuration::MAX);
        let mut total = 0_u64;
        for kept in self.list()? {
            total = total.saturating_add(kept.bytes);
            let old = now.duration_since(kept.at) > age;
            if old || total > self.most_bytes {
                fs::remove_dir_all(self.path(kept.id))?;
            }
        }
        Ok(())
    }

    /// What is kept, newest first.
    pub fn list(&self) -> io::Result<Vec<Kept>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut kept = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let mut bytes = 0_u64;
            for file in fs::read_dir(entry.path())? {
                bytes = bytes.saturating_add(file?.metadata()?.len());
            }
            let written = entry.metadata()?.modified()?;
            let at = Timestamp::try_from(written).unwrap_or(Timestamp::UNIX_EPOCH);
            kept.push(Kept { id, at, bytes });
        }
        kept.sort_by(|a, b| b.at.cmp(&a.at).then(a.id.cmp(&b.id)));
        Ok(kept)
    }

    /// The manifest of a bundle.
    pub fn manifest(&self, id: BundleId) -> io::Result<Json> {
        let text = fs::read(self.path(id).join(MANIFEST))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// Writes a bundle as a tar archive, its files below a folder named like it. What has changed
    /// since it was kept is refused.
    pub fn export(&self, id: BundleId, out: impl io::Write) -> io::Result<()> {
        let folder = self.path(id);
        let manifest = fs::read(folder.join(MANIFEST))?;
        if <[u8; 32]>::from(Sha256::digest(&manifest)) != id.0 {
            return Err(io::Error::other("its manifest is not the one that was kept"));
        }
        let listed: Json = serde_json::from_slice(&manifest).map_err(io::Error::other)?;
        let mut archive = tar::Builder::new(out);
        archive.mode(tar::HeaderMode::Deterministic);
        let names = listed["files"].as_array().into_iter().flatten();
        let names = names.filter_map(|file| file["name"].as_str()).filter(|name| is_plain(name));
        for name in [MANIFEST, "signature"].into_iter().chain(names) {
            archive.append_path_with_name(folder.join(name), format!("{id}/{name}"))?;
        }
        archive.into_inner()?.flush()
    }

    fn path(&self, id: BundleId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

/// A file name without a way out of its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::tests::TestKey;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    async fn keep(store: &Evidence, text: &'static str) -> Option<BundleId> {
        let bundle = Bundle::default().with("source.ts", Bytes::from_static(text.as_bytes()));
        let now = Timestamp::try_from(std::time::UNIX_EPOCH).unwrap();
        let id = store.keep(json!({"v": 1}), bundle, Arc::new(TestKey::of(1)), now).await;
        // Written behind: all permits are back when everything is.
        let all = u32::try_from(WRITERS).unwrap();
        drop(store.writers.acquire_many(all).await.unwrap());
        id
    }

    #[tokio::test]
    async fn a_bundle_is_named_by_what_is_in_it_and_comes_out_as_an_archive() {
        let dir = tempfile::tempdir().unwrap();
        let store = Evidence::new(dir.path(), 1 << 20, Duration::from_secs(u64::MAX / 4));
        let id = keep(&store, "first").await.unwrap();
        assert_eq!(keep(&store, "first").await, Some(id), "the same is kept once");
        assert_ne!(keep(&store, "second").await.unwrap(), id);
        assert_eq!(store.list().unwrap().len(), 2);
        let mut out = Vec::new();
        store.export(id, &mut out).unwrap();
        let mut archive = tar::Archive::new(out.as_slice());
        let names: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        let expected = ["manifest.json", "signature", "source.ts"].map(|n| format!("{id}/{n}"));
        assert_eq!(names, expected);
        let listed = store.manifest(id).unwrap();
        assert_eq!(listed["files"][0]["sha256"], hex::encode(Sha256::digest("first")));
    }

    #[tokio::test]
    async fn what_was_changed_is_not_exported() {
        let dir = tempfile::tempdir().unwrap();
        let store = Evidence::new(dir.path(), 1 << 20, Duration::from_secs(u64::MAX / 4));
        let id = keep(&store, "first").await.unwrap();
        fs::write(store.path(id).join(MANIFEST), "{}").unwrap();
        assert!(store.export(id, Vec::new()).is_err());
    }

    #[tokio::test]
    async fn the_oldest_go_when_they_are_too_many_or_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let ample = Evidence::new(dir.path(), 1 << 20, Duration::from_secs(u64::MAX / 4));
        keep(&ample, "first").await.unwrap();
        keep(&ample, "second").await.unwrap();
        let one = ample.list().unwrap()[0].bytes;
        let tight = Evidence::new(dir.path(), one, Duration::from_secs(u64::MAX / 4));
        tight.sweep(at(0)).unwrap();
        assert_eq!(ample.list().unwrap().len(), 1);
        let brief = Evidence::new(dir.path(), 1 << 20, Duration::from_secs(60));
        brief.sweep(at(i64::from(u32::MAX))).unwrap();
        assert_eq!(ample.list().unwrap(), []);
        let none = Evidence::new(dir.path(), 0, Duration::MAX);
        assert_eq!(keep(&none, "third").await, None);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_name() {
        for text in ["", "..", "../../etc/passwd", &"g".repeat(64), &"a".repeat(63)] {
            let error = text.parse::<BundleId>().unwrap_err();
            assert!(error.to_string().contains("expected 64 hex digits"), "{text}");
        }
        assert!("ab".repeat(32).parse::<BundleId>().is_ok());
        assert!(
            is_plain("rendition-0.ts") && !is_plain("../x") && !is_plain(".x") && !is_plain("a/b")
        );
    }
}
