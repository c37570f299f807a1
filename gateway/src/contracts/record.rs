//! The record of a deployment: a JSON file that is written once.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, Bytes};
use jiff::Timestamp;
use serde::Serialize;

use super::ContractsError;

/// What must be known of a deployed contract to find it, to trust it, and to make it again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    pub(super) contract: &'static str,
    pub(super) network: String,
    pub(super) chain_id: u64,
    pub(super) address: Address,
    pub(super) transaction: B256,
    pub(super) block: u64,
    pub(super) deployer: Address,
    /// By this machine's clock.
    pub(super) deployed_at: Timestamp,
    pub(super) gas_used: u64,
    pub(super) cost_wei: String,
    /// keccak256 of the code on chain; nothing if the endpoint did not have it yet.
    pub(super) code_hash: Option<B256>,
    /// keccak256 of what was sent, arguments included.
    pub(super) creation_code_hash: B256,
    pub(super) compiler: String,
    pub(super) settings: serde_json::Value,
    pub(super) livepeer_controller: Address,
    pub(super) curator: Address,
    /// Both, ABI-encoded.
    pub(super) constructor_arguments: Bytes,
}

/// Where the record of a chain is if the operator names no file.
pub(super) fn path(data_dir: &Path, chain_id: u64) -> PathBuf {
    data_dir.join("contracts").join(format!("job-tag-registry-{chain_id}.json"))
}

impl Deployment {
    /// Writes it whole or not at all, and never over another.
    pub(super) fn write(&self, path: &Path) -> Result<(), ContractsError> {
        self.try_write(path)
            .map_err(|source| ContractsError::Record { path: path.to_owned(), source })
    }

    fn try_write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    }
}
