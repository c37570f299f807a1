//! `cargo xtask solc`: compiles the contracts with the npm build of solc and writes what
//! comes out to contracts/artifacts, which is committed so that nobody else needs the compiler.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::workspace::{root, shown};

/// The compiler as a filter: standard JSON in, its version and standard JSON out.
const COMPILE: &str = "const solc = require('solc'); \
    const input = require('fs').readFileSync(0, 'utf8'); \
    process.stdout.write(JSON.stringify({version: solc.version(), output: JSON.parse(solc.compile(input))}));";

/// Arguments of `cargo xtask solc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Writes nothing; fails if the committed files are not what the sources compile to.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Deserialize)]
struct Compiled {
    version: String,
    output: Output,
}

#[derive(Debug, Deserialize)]
struct Output {
    #[serde(default)]
    errors: Vec<Message>,
    #[serde(default)]
    contracts: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    severity: String,
    formatted_message: String,
}

/// Compiles, then writes or compares.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let folder = root().join("contracts");
    anyhow::ensure!(
        folder.join("node_modules/solc").is_dir(),
        "the compiler is not installed: run `npm ci` in contracts/ (needs Node.js and npm)"
    );
    let settings = json!({
        "optimizer": { "enabled": true, "runs": 200 },
        // Opcodes that every chain has.
        "evmVersion": "paris",
        // Without it, a comment would change the code.
        "metadata": { "appendCBOR": false, "bytecodeHash": "none" },
    });
    let compiled = compile(&folder, &settings).await?;
    let mut failed = false;
    for message in &compiled.output.errors {
        failed |= message.severity == "error";
        println!("{}", message.formatted_message.trim_end());
    }
    anyhow::ensure!(!failed, "the contracts do not compile; solc's messages stand above");
    let artifacts = artifacts(&compiled, &settings)?;
    let target = folder.join("artifacts");
    if args.check { compare(&target, &artifacts) } else { write(&target, &artifacts) }
}

async fn compile(folder: &Path, settings: &Value) -> anyhow::Result<Compiled> {
    let mut sources = serde_json::Map::new();
    for path in listed(&folder.join("solidity/src"), "sol")? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| shown(&path))?;
        sources.insert(name, json!({ "content": text }));
    }
    let mut settings = settings.clone();
    settings["outputSelection"] = json!({
        "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] }
    });
    let input = json!({ "language": "Solidity", "sources": sources, "settings": settings });
    let mut child = Command::new("node")
        .args(["-e", COMPILE])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node cannot be started: is Node.js installed?")?;
    let mut stdin = child.stdin.take().context("node has no standard input")?;
    stdin.write_all(input.to_string().as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    anyhow::ensure!(output.status.success(), "solc ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("solc's answer cannot be read")
}

/// File name and text of each contract that can be deployed.
fn artifacts(compiled: &Compiled, settings: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    let contracts = compiled.output.contracts.values().flatten();
    let mut artifacts = BTreeMap::new();
    for (name, contract) in contracts {
        let code = |kind: &str| contract["evm"][kind]["object"].as_str().unwrap_or_default();
        // A library of internal functions, and an abstract contract, have nothing to deploy.
        if code("bytecode").is_empty() || contract["abi"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let artifact = json!({
            "contractName": name,
            "compiler": compiled.version,
            "settings": settings,
            "abi": contract["abi"],
            "bytecode": format!("0x{}", code("bytecode")),
            "deployedBytecode": format!("0x{}", code("deployedBytecode")),
        });
        let text = format!("{}\n", serde_json::to_string_pretty(&artifact)?);
        artifacts.insert(format!("{name}.json"), text);
    }
    anyhow::ensure!(!artifacts.is_empty(), "solc gave no contract");
    Ok(artifacts)
}

fn write(target: &Path, artifacts: &BTreeMap<String, String>) -> anyhow::Result<()> {
    fs::create_dir_all(target).with_context(|| shown(target))?;
    for path in stale(target, artifacts)? {
        fs::remove_file(&path).with_context(|| shown(&path))?;
        println!("removed {}", shown(&path));
    }
    for (name, text) in artifacts {
        let path = target.join(name);
        fs::write(&path, text).with_context(|| shown(&path))?;
        println!("wrote {}", shown(&path));
    }
    Ok(())
}

fn compare(target: &Path, artifacts: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let mut differ: Vec<_> = stale(target, artifacts)?.iter().map(|path| shown(path)).collect();
    for (name, text) in artifacts {
        let path = target.join(name);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            differ.push(shown(&path));
        }
    }
    anyhow::ensure!(
        differ.is_empty(),
        "not what the sources compile to: {}; run `cargo xtask solc`",
        differ.join(", ")
    );
    println!("checked: {} artefacts are what the sources compile to", artifacts.len());
    Ok(())
}

/// Files of contracts that are no more.
fn stale(target: &Path, artifacts: &BTreeMap<String, String>) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = listed(target, "json")?;
    paths.retain(|path| {
        path.file_name().and_then(|name| name.to_str()).is_none_or(|n| !artifacts.contains_key(n))
    });
    Ok(paths)
}

/// Files of a folder with an extension, in order; nothing if there is no folder.
fn listed(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| shown(folder))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
