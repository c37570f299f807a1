//! `cargo xtask forge`: the tests of the contracts, run by forge with the compiler of `cargo xtask solc`.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;

use anyhow::Context as _;
use tokio::process::Command;

use crate::workspace::root;

/// Arguments of `cargo xtask forge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Many more random inputs and longer histories: minutes, for changes of the contract.
    #[arg(long)]
    deep: bool,
    /// Writes the gas figures again instead of comparing them; look at the difference.
    #[arg(long)]
    write_gas: bool,
    /// Further arguments of `forge test`, such as `--match-test NAME -vvv`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the tests to their end.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let folder = root().join("contracts");
    let forge = find()?;
    anyhow::ensure!(
        folder.join("node_modules/solc").is_dir(),
        "the compiler is not installed: run `make packages` (or xtask/foundry.sh)"
    );
    let mut command = Command::new(&forge);
    command.current_dir(&folder).kill_on_drop(true).arg("test").args(&args.arguments);
    command.env("FOUNDRY_PROFILE", if args.deep { "deep" } else { "default" });
    if args.deep {
        // Another one each time; forge prints it when a test fails.
        let seed = RandomState::new().build_hasher().finish();
        command.args(["--fuzz-seed", &format!("{seed:#x}")]);
    }
    if args.write_gas {
        command.env("FORGE_SNAPSHOT_CHECK", "false");
    }
    let status =
        command.status().await.with_context(|| format!("{} cannot be started", forge.display()))?;
    anyhow::ensure!(status.success(), "forge test ended with {status}");
    Ok(())
}

/// The program: WAYMARK_FORGE, else where `xtask/foundry.sh` puts it, else on the PATH. The pinned one comes
/// before others, because gas figures and cheat codes are those of a version.
#[allow(clippy::disallowed_methods, reason = "a task reads its own environment")]
fn find() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("WAYMARK_FORGE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let packaged = root().join(format!(
        "contracts/node_modules/@foundry-rs/forge-{}-{}/bin/forge",
        match std::env::consts::OS {
            "macos" => "darwin",
            os => os,
        },
        match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            arch => arch,
        }
    ));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&on_path).map(|dir| dir.join("forge"));
    std::iter::once(packaged).chain(others).find(|path| path.is_file()).context(
        "forge is not installed: run `make packages` (or xtask/foundry.sh), or put its path into WAYMARK_FORGE",
    )
}
