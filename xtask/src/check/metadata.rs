//! The part of `cargo metadata` that the checks need.

use std::{collections::BTreeMap, process::Command};

use anyhow::Context as _;
use serde::Deserialize;

use crate::workspace::root;

/// The workspace's packages.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    /// Members only.
    pub(super) packages: Vec<Package>,
}

/// One crate.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: String,
    /// Its Cargo.toml.
    pub(super) manifest_path: String,
    /// What it asks for.
    pub(super) dependencies: Vec<Dependency>,
    /// What can be built of it.
    pub(super) targets: Vec<Target>,
    /// Its features.
    pub(super) features: BTreeMap<String, Vec<String>>,
}

/// One dependency of a crate.
#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    /// The other crate.
    pub(super) name: String,
    /// `dev` or `build`; nothing for an ordinary one.
    pub(super) kind: Option<String>,
}

/// One target of a crate.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    /// `lib`, `bin`, `test`, …
    pub(super) kind: Vec<String>,
    /// Its root.
    pub(super) src_path: String,
}

impl Target {
    /// Whether it is part of what runs: a library or a program.
    pub(super) fn is_code(&self) -> bool {
        self.kind.iter().any(|k| k == "lib" || k == "bin")
    }
}

impl Metadata {
    /// Asks cargo.
    pub(super) fn read() -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(root())
            .output()
            .context("cargo cannot be started")?;
        anyhow::ensure!(
            output.status.success(),
            "cargo metadata failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("cargo's metadata cannot be read")
    }
}
