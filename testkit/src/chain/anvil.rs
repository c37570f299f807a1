//! Finding anvil, starting it on a free port, and ending it whatever happens to us.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use super::{LocalChainError, Options};

/// Runs anvil until our end of the pipe closes, which the kernel does even if we are killed. It lets go
/// of the outputs, so that they end with anvil.
const GUARD: &str = "\"$@\" & node=$!; exec >&- 2>&-; read -r _; kill \"$node\"; wait \"$node\"";

/// A running anvil.
#[derive(Debug)]
pub(super) struct Anvil {
    addr: SocketAddr,
    /// Dropping it closes the pipe.
    _guard: Child,
    /// Reads what anvil says, so that it is never held up.
    _drain: JoinSet<()>,
}

impl Anvil {
    pub(super) async fn start(options: &Options) -> Result<Self, LocalChainError> {
        let path = options.anvil.clone().map_or_else(find, Ok)?;
        let failed = |source| LocalChainError::Start { path: path.clone(), source };
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "sh"]).arg(&path);
        command.args(["--host", "127.0.0.1", "--port", &options.port.to_string()]);
        command.args(["--chain-id", &options.chain_id.to_string()]);
        command.args(["--block-base-fee-per-gas", &options.gas_price.to_string()]);
        command.args(["--disable-min-priority-fee", "--auto-impersonate", "--no-cors"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut guard = command.spawn().map_err(failed)?;
        let pipes = (guard.stdout.take(), guard.stderr.take());
        let (Some(stdout), Some(mut stderr)) = pipes else {
            return Err(failed(std::io::Error::other("it has no output")));
        };
        let mut lines = BufReader::new(stdout).lines();
        let mut said = String::new();
        let Some(addr) = announced(&mut lines, &mut said).await.map_err(failed)? else {
            tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut said)
                .await
                .map_err(failed)?;
            return Err(LocalChainError::Ended { said });
        };
        let mut drain = JoinSet::new();
        drain.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut errors = BufReader::new(stderr).lines();
        drain.spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                tracing::warn!(%line, "anvil");
            }
        });
        Ok(Self { addr, _guard: guard, _drain: drain })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// The address in anvil's announcement; nothing if it ends without one.
async fn announced(
    lines: &mut Lines<BufReader<ChildStdout>>,
    said: &mut String,
) -> std::io::Result<Option<SocketAddr>> {
    while let Some(line) = lines.next_line().await? {
        if let Some(addr) = line.trim().strip_prefix("Listening on ") {
            return addr.parse().map(Some).map_err(std::io::Error::other);
        }
        said.push_str(&line);
        said.push('\n');
    }
    Ok(None)
}

/// The program: WAYMARK_ANVIL, else on the PATH, else where `xtask/foundry.sh` puts it.
fn find() -> Result<PathBuf, LocalChainError> {
    if let Some(path) = std::env::var_os("WAYMARK_ANVIL").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(LocalChainError::NoAnvil { looked: vec![path] })
        };
    }
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "../contracts/node_modules/@foundry-rs/anvil-{}-{}/bin/anvil",
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
    let mut looked: Vec<_> = std::env::split_paths(&on_path).map(|dir| dir.join("anvil")).collect();
    looked.push(packaged);
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(LocalChainError::NoAnvil { looked }),
    }
}
