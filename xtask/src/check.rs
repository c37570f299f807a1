//! `cargo xtask check`: the rules of the workspace that nobody should have to remember.

mod direction;
mod links;
mod manifest;
mod metadata;
mod npm;

use anyhow::Context as _;

use self::metadata::{Metadata, Package};
use crate::workspace;

/// Checks everything and tells every finding at once.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = Metadata::read()?;
    let mut findings = direction::check(&metadata);
    for package in &metadata.packages {
        let text = std::fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("cannot read {}", package.manifest_path))?;
        let path = workspace::shown(package.manifest_path.as_ref());
        findings.extend(manifest::check(&text).into_iter().map(|f| format!("{path}: {f}")));
        findings.extend(unsafe_code(package)?);
    }
    findings.extend(links::check(workspace::root())?);
    let lock = workspace::root().join("contracts/package-lock.json");
    let text = std::fs::read_to_string(&lock)
        .with_context(|| format!("cannot read {}", workspace::shown(&lock)))?;
    let found = npm::check(&text).with_context(|| workspace::shown(&lock))?;
    findings.extend(found.into_iter().map(|f| format!("{}: {f}", workspace::shown(&lock))));
    for finding in &findings {
        println!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} findings", findings.len());
    println!(
        "checked: {} crates, their directions, versions and lints; links of documents",
        metadata.packages.len()
    );
    Ok(())
}

/// Every crate but `media` forbids unsafe code at its root.
fn unsafe_code(package: &Package) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    if package.name == "waymark-media" {
        return Ok(findings);
    }
    for target in package.targets.iter().filter(|t| t.is_code()) {
        let text = std::fs::read_to_string(&target.src_path)?;
        if !text.contains("#![forbid(unsafe_code)]") {
            let path = workspace::shown(target.src_path.as_ref());
            findings.push(format!("{path}: does not begin with #![forbid(unsafe_code)]"));
        }
    }
    Ok(findings)
}

/// Builds each crate alone: features that only compile because a sibling switched them on show here.
pub(crate) async fn crates_alone() -> anyhow::Result<()> {
    for package in Metadata::read()?.packages {
        workspace::run(&["check", "--package", &package.name]).await?;
        if package.features.contains_key("default") {
            workspace::run(&["check", "--package", &package.name, "--no-default-features"]).await?;
        }
    }
    println!("checked: each crate builds alone");
    Ok(())
}
