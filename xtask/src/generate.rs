//! Documents and snapshots that are made from the code, and fuzz runs.
//!
//! Each such document is compared by a test of the crate that it describes; written again it is by
//! the same test, told so by a variable.

use clap::Args;

use crate::workspace::{self, root};

/// Arguments of `cargo xtask fuzz`.
#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// The target: a file of fuzz/fuzz_targets without `.rs`. Without it all are listed.
    target: Option<String>,
    /// How long, in seconds.
    #[arg(long, default_value_t = 300)]
    seconds: u32,
}

/// Writes everything again.
pub(crate) async fn run() -> anyhow::Result<()> {
    println!("Running the tests that write documents and snapshots.");
    let status = workspace::cargo()
        .args(["test", "--workspace", "--no-fail-fast"])
        .env("INSTA_UPDATE", "always")
        .env("INSTA_FORCE_PASS", "1")
        .env("UPDATE_DOCS", "1")
        .status()
        .await?;
    anyhow::ensure!(status.success(), "a test failed for another reason; its message stands above");
    println!("Look at `git diff` before you commit.");
    Ok(())
}

/// Every attack and every honest encoder on every clip, through every tier.
pub(crate) async fn verification_report() -> anyhow::Result<()> {
    let test = ["test", "-p", "waymark-verification", "--test", "matrix"];
    let only = ["--", "--ignored", "--exact", "report::write"];
    let status = workspace::cargo().args(test).args(only).status().await?;
    anyhow::ensure!(status.success(), "the report was not written; the reason stands above");
    println!("Look at `git diff docs` before you commit.");
    Ok(())
}

/// Runs one fuzz target on the nightly toolchain.
pub(crate) async fn fuzz(args: Fuzz) -> anyhow::Result<()> {
    let targets = root().join("fuzz");
    anyhow::ensure!(
        targets.is_dir(),
        "there are no fuzz targets: {} is missing",
        targets.display()
    );
    let mut arguments = vec!["+nightly".to_owned(), "fuzz".to_owned()];
    match args.target {
        None => arguments.push("list".to_owned()),
        Some(target) => {
            // What the run learns stays out of the repository; what was learnt before is in it.
            let corpus = targets.join("corpus").join(&target);
            std::fs::create_dir_all(&corpus)?;
            arguments.extend(["run".to_owned(), target.clone(), corpus.display().to_string()]);
            let seeds = targets.join("seeds").join(&target);
            arguments.extend(seeds.is_dir().then(|| seeds.display().to_string()));
            arguments.extend(["--".to_owned(), format!("-max_total_time={}", args.seconds)]);
            let words = targets.join("dicts").join(format!("{target}.dict"));
            arguments.extend(words.is_file().then(|| format!("-dict={}", words.display())));
            // Streams come to the end of their window, and boxes to an inside, in longer inputs only.
            arguments.extend(match target.as_str() {
                "playlist_path" => vec!["-len_control=0".to_owned(), "-max_len=512".to_owned()],
                "probe" => vec!["-max_len=16384".to_owned()],
                _ => Vec::new(),
            });
        }
    }
    // `+nightly` is understood by rustup's cargo, not by the one of a toolchain.
    let mut command = tokio::process::Command::new("cargo");
    command.current_dir(root()).kill_on_drop(true).env_remove("RUSTUP_TOOLCHAIN");
    let status = command.args(&arguments).status().await?;
    anyhow::ensure!(status.success(), "cargo {} ended with {status}", arguments.join(" "));
    Ok(())
}
