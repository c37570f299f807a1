//! Leaf files from a web address, into a temporary directory.
//!
//! Only addresses below the one the user gave are asked: what a stranger wrote on chain must not make
//! this program call anything else.

use std::io::{self, Write as _};
use std::time::Duration;

use alloy_primitives::Address;
use reqwest::{Client, StatusCode, redirect::Policy};
use url::Url;

use super::{Library, MAX_BOOK_BYTES};
use crate::registry::{Commitment, Registry};

/// For one file, from asking to its last byte.
const DEADLINE: Duration = Duration::from_mins(2);

/// Leaf files cannot be fetched at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No client or no place for the files.
    #[error("leaf files cannot be fetched: no room for them")]
    Room(#[source] io::Error),
    /// The HTTP client.
    #[error("leaf files cannot be fetched: no HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Fetches leaf files and keeps them as long as it lives.
#[derive(Debug)]
pub(crate) struct Fetcher {
    client: Client,
    base: Url,
    directory: tempfile::TempDir,
    fetched: u64,
    /// The files so far.
    pub(crate) library: Library,
}

impl Fetcher {
    pub(crate) fn new(mut base: Url) -> Result<Self, FetchError> {
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let client = Client::builder()
            .timeout(DEADLINE)
            .redirect(Policy::none())
            .build()
            .map_err(FetchError::Client)?;
        let directory = tempfile::tempdir().map_err(FetchError::Room)?;
        Ok(Self { client, base, directory, fetched: 0, library: Library::empty() })
    }

    /// Fetches every committed book that is not here yet. One that cannot be had is missing in the
    /// report; why is in the log.
    pub(crate) async fn fetch(&mut self, registry: &Registry) -> Result<(), FetchError> {
        for (round, gateway, committed) in registry.commitments() {
            if committed.root.is_zero() || self.library.has(gateway, round, committed.root) {
                continue;
            }
            for url in self.addresses(gateway, round, committed) {
                match self.get(&url).await {
                    Ok(true) if self.library.has(gateway, round, committed.root) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%round, %gateway, error = %error, "no leaf file");
                    }
                }
            }
        }
        Ok(())
    }

    /// Where a leaf file may be: where the gateway says if that is below the base, and
    /// `<base>/<gateway>/<round>.json`.
    fn addresses(&self, gateway: Address, round: u64, committed: &Commitment) -> Vec<Url> {
        let named = Url::parse(&committed.uri).ok().filter(|named| {
            named.origin() == self.base.origin() && named.path().starts_with(self.base.path())
        });
        let usual = self.base.join(&format!("{gateway:#x}/{round}.json")).ok();
        named.into_iter().chain(usual).collect()
    }

    /// Fetches one file; false if it is not there or no leaf file.
    async fn get(&mut self, url: &Url) -> Result<bool, io::Error> {
        let other = |error: reqwest::Error| io::Error::other(error.without_url().to_string());
        let mut response = self.client.get(url.clone()).send().await.map_err(other)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        if !response.status().is_success() {
            return Err(io::Error::other(format!("HTTP status {}", response.status().as_u16())));
        }
        self.fetched = self.fetched.saturating_add(1);
        let path = self.directory.path().join(format!("{}.json", self.fetched));
        let mut file = std::fs::File::create(&path)?;
        let mut bytes = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(other)? {
            bytes = bytes.saturating_add(chunk.len() as u64);
            if bytes > MAX_BOOK_BYTES {
                return Err(io::Error::other(format!("longer than {MAX_BOOK_BYTES} bytes")));
            }
            file.write_all(&chunk)?;
        }
        drop(file);
        Ok(self.library.shelve(path))
    }
}
