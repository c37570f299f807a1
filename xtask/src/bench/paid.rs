//! The far side on a chain of its own, where every segment is paid.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::demo::chain::Chain;

/// The key of development account 1, as a key file; public, like its pass-phrase.
const KEY: &str = include_str!("../demo/key.json");
const PASSPHRASE: &str = "correct horse";

/// A chain with funds of the gateway and one registered orchestrator, whose key all answerers share.
#[derive(Debug)]
pub(super) struct Payments {
    chain: Chain,
    keystore: PathBuf,
    passphrase: PathBuf,
}

impl Payments {
    /// Starts the chain and writes the gateway's key file.
    pub(super) async fn start(programs: &Path, dir: &Path) -> anyhow::Result<Self> {
        // Gateways are told where the answerers are; the address on chain is never asked for.
        let chain = Chain::start(programs, dir, &["https://127.0.0.1:1".to_owned()]).await?;
        let (keystore, passphrase) = (dir.join("keystore"), dir.join("passphrase"));
        fs::create_dir_all(&keystore)?;
        fs::write(keystore.join("gateway.json"), KEY)?;
        fs::write(&passphrase, PASSPHRASE)?;
        Ok(Self { chain, keystore, passphrase })
    }

    /// What makes a gateway, ours or stock, pay on this chain.
    pub(super) fn gateway(&self, command: &mut Command) {
        command
            .args(["-network", "bench", "-ethUrl", &self.chain.url])
            .args(["-ethController", &self.chain.controller, "-ethKeystorePath"])
            .arg(&self.keystore)
            .arg("-ethPassword")
            .arg(&self.passphrase);
    }

    /// What makes answerers want to be paid.
    pub(super) fn answerer(&self, command: &mut Command) {
        command.args(["--eth-url", &self.chain.url, "--controller", &self.chain.controller]);
        if let Some(payee) = self.chain.payees.first() {
            command.arg("--eth-key-file").arg(&payee.key_file);
        }
    }
}
