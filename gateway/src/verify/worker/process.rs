//! One worker, as the gateway sees it: started, asked, and killed when it is dropped.

use std::{path::PathBuf, process::Stdio, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{
    SUBCOMMAND,
    child::Bounds,
    protocol::{self, Answer, Hello, ProtocolError, Request, Task},
};
use crate::verify::worker::sandbox::Confinement;

/// A program that says nothing for this long is no worker.
const HELLO: Duration = Duration::from_secs(10);
/// Largest hello, bytes.
const MAX_HELLO: usize = 1024;
/// Bytes a pipe holds, where the system allows it: fewer changes between the two processes.
const PIPE: usize = 1 << 20;

/// How a worker is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The executable: this program.
    pub path: PathBuf,
    /// What it may use.
    pub bounds: Bounds,
}

/// A worker that runs.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    confinement: Confinement,
    /// CPU time it has used by its own account, µs.
    used: u64,
}

/// No worker came up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum SpawnError {
    /// The program could not be started.
    #[error("cannot start {path}", path = path.display())]
    Start {
        /// The executable.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It was started and did not say what a worker says.
    #[error("{path} is no worker of this version", path = path.display())]
    Stranger {
        /// The executable.
        path: PathBuf,
        /// What was wrong, where anything was heard.
        #[source]
        source: Option<ProtocolError>,
    },
}

impl Worker {
    /// Starts a worker and waits until it is confined.
    pub(super) async fn spawn(program: &Program) -> Result<Self, SpawnError> {
        let path = || program.path.clone();
        let mut child = Command::new(&program.path)
            .arg(SUBCOMMAND)
            .args(program.bounds.arguments())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| SpawnError::Start { path: path(), source })?;
        let stranger = |source| SpawnError::Stranger { path: path(), source };
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(stranger(None));
        };
        // A smaller pipe works as well.
        rustix::pipe::fcntl_setpipe_size(&input, PIPE).ok();
        let hello = timeout(HELLO, receive(&mut output, MAX_HELLO)).await;
        let hello = hello.map_err(|_| stranger(None))?;
        let hello = hello.and_then(|bytes| protocol::parse::<Hello>(&bytes));
        let hello = hello.map_err(|source| stranger(Some(source)))?;
        if hello.magic != Hello::MAGIC || hello.version != protocol::VERSION {
            return Err(stranger(None));
        }
        Ok(Self { child, input, output, confinement: hello.confinement, used: 0 })
    }

    /// What it gave up.
    pub(super) const fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Its process id, while it is not reaped.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// CPU time it has used, by its own account.
    pub(super) const fn used(&self) -> Duration {
        Duration::from_micros(self.used)
    }

    /// Asks for a measurement. After an error, or when this was not waited for, the worker is of no
    /// more use.
    pub(super) async fn ask(
        &mut self,
        task: &Task,
        files: &[Bytes],
    ) -> Result<Answer, ProtocolError> {
        let lengths = files.iter().map(|f| {
            let length = f.len() as u64;
            let too_large = ProtocolError::TooLarge { length, limit: u32::MAX.into() };
            u32::try_from(length).map_err(|_| too_large)
        });
        let request = Request { task: task.clone(), files: lengths.collect::<Result<_, _>>()? };
        self.input.write_all(&protocol::frame(&request)?).await?;
        for file in files {
            self.input.write_all(file).await?;
        }
        self.input.flush().await?;
        let answer =
            protocol::parse_answer(&receive(&mut self.output, protocol::MAX_ANSWER).await?)?;
        self.used = self.used.saturating_add(answer.cpu_us);
        Ok(answer)
    }

    /// How it ended, once it has; kills it otherwise.
    pub(super) async fn end(mut self) -> String {
        self.child.start_kill().ok();
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// How it ended by itself, if it did within a moment of closing its output.
    pub(super) async fn exit(&mut self) -> Option<std::process::ExitStatus> {
        timeout(Duration::from_secs(1), self.child.wait()).await.ok()?.ok()
    }
}

/// One message of at most `limit` bytes, without its length. Memory grows with what comes.
async fn receive(from: &mut ChildStdout, limit: usize) -> Result<Vec<u8>, ProtocolError> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await?;
    let length = protocol::length(head, limit)?;
    let mut bytes = Vec::with_capacity(length.min(1 << 16));
    let read = from.take(length as u64).read_to_end(&mut bytes).await?;
    if read < length {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    }
    Ok(bytes)
}
