//! Where things are, and building them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::{Instant, timeout},
};

/// After this long without a word from cargo, say that it is still at work.
const SILENCE: Duration = Duration::from_secs(15);

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    // This program stands in <target>/<profile>/.
    let own = std::env::current_exe().ok();
    let target = own.as_deref().and_then(|p| p.parent()).and_then(Path::parent);
    target.map_or_else(|| root().join("target"), Path::to_path_buf)
}

/// Path as people write it: from the repository's root where it is inside.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The profile to build with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run.
    Release,
}

impl Profile {
    /// The folder of what was built.
    pub(crate) fn dir(self) -> PathBuf {
        target().join(match self {
            Self::Dev => "debug",
            Self::Release => "release",
        })
    }
}

/// A program of this workspace: its package and its name.
pub(crate) type Binary = (&'static str, &'static str);

/// Builds programs in one go and says all the while what cargo is doing, with the time it took so
/// far.
pub(crate) async fn build(binaries: &[Binary], profile: Profile) -> anyhow::Result<PathBuf> {
    let names: Vec<_> = binaries.iter().map(|(_, bin)| *bin).collect();
    println!("Building {}.", names.join(", "));
    let mut command = cargo();
    command.arg("build");
    for (package, bin) in binaries {
        command.args(["--package", package, "--bin", bin]);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    command.env("CARGO_TERM_PROGRESS_WHEN", "never").env("CARGO_TERM_COLOR", "never");
    command.stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().context("cargo cannot be started")?;
    let stderr = child.stderr.take().context("cargo has no standard error")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut last = String::from("cargo is waiting, perhaps for another cargo");
    loop {
        match timeout(SILENCE, lines.next_line()).await {
            Ok(Ok(Some(line))) => {
                println!("{} {line}", elapsed(start));
                if let Some(what) = line.trim().strip_prefix("Compiling ") {
                    last = format!("still building; begun last: {what}");
                }
            }
            Ok(Ok(None)) => break,
            Ok(Err(error)) => return Err(error).context("cargo's output cannot be read"),
            Err(_) => println!("{} … {last}", elapsed(start)),
        }
    }
    let status = child.wait().await?;
    anyhow::ensure!(status.success(), "the build failed; cargo's messages stand above");
    Ok(profile.dir())
}

/// Cargo at the repository's root, killed when it is dropped.
pub(crate) fn cargo() -> Command {
    // Cargo tells its children where it is, so that they use the same toolchain.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).kill_on_drop(true);
    command
}

/// Runs cargo to its end; its output goes where ours goes.
pub(crate) async fn run(arguments: &[&str]) -> anyhow::Result<()> {
    println!("$ cargo {}", arguments.join(" "));
    let status = cargo().args(arguments).status().await.context("cargo cannot be started")?;
    anyhow::ensure!(status.success(), "cargo {} ended with {status}", arguments.join(" "));
    Ok(())
}

/// Time since `start`, in a column.
fn elapsed(start: Instant) -> String {
    let seconds = start.elapsed().as_secs();
    format!("[{:>2}m{:02}s]", seconds / 60, seconds % 60)
}
