//! Programs that run beside us: started with their output in a log file, waited for with a
//! deadline, and killed when we end in whatever way.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::workspace::shown;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest wait for an answer of a program on this machine.
const ANSWER: Duration = Duration::from_secs(5);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Service {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts `command`; both its outputs go to `<logs>/<name>.log`.
    pub(crate) fn start(name: &str, mut command: Command, logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", shown(&log)))?;
        command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Its process id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The file with its output.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until a line of its output says what `find` looks for.
    pub(crate) async fn says<T>(
        &mut self,
        what: &str,
        within: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + within;
        loop {
            // Looked at before the output is read, so that last words are not missed.
            let ended = self.child.try_wait()?;
            let output = fs::read(&self.log).unwrap_or_default();
            if let Some(found) = String::from_utf8_lossy(&output).lines().find_map(&find) {
                return Ok(found);
            }
            if let Some(status) = ended {
                anyhow::bail!("{} ended with {status}:\n{}", self.name, self.last_words());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "{} did not say {what} within {} s; its log is {}:\n{}",
                self.name,
                within.as_secs(),
                shown(&self.log),
                self.last_words()
            );
            sleep(LOOK_EVERY).await;
        }
    }

    /// Fails if it is gone.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            anyhow::bail!(
                "{} ended with {status}; its log is {}:\n{}",
                self.name,
                shown(&self.log),
                self.last_words()
            );
        }
        Ok(())
    }

    /// `kill -9`, and no more.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.with_context(|| format!("{} cannot be killed", self.name))
    }

    /// Asks it to stop, and kills it when it has not stopped by itself `within` that time.
    pub(crate) async fn stop(mut self, within: Duration) -> anyhow::Result<()> {
        let Some(id) = self.child.id() else { return Ok(()) };
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().await?;
        anyhow::ensure!(asked.success(), "{} cannot be asked to stop", self.name);
        let Ok(status) = timeout(within, self.child.wait()).await else {
            self.kill().await?;
            anyhow::bail!(
                "{} did not stop within {} s and was killed; its log is {}",
                self.name,
                within.as_secs(),
                shown(&self.log)
            );
        };
        let status = status?;
        anyhow::ensure!(
            status.success(),
            "{} stopped with {status}; its log is {}:\n{}",
            self.name,
            shown(&self.log),
            self.last_words()
        );
        Ok(())
    }

    /// The end of its log, indented.
    pub(crate) fn last_words(&self) -> String {
        const LINES: usize = 15;
        let output = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&output);
        let lines: Vec<_> = text.lines().collect();
        let from = lines.len().saturating_sub(LINES);
        let shown: Vec<_> = lines.iter().skip(from).map(|l| format!("  | {l}")).collect();
        shown.join("\n")
    }
}

/// Status and body of a GET to a program on this machine.
pub(crate) async fn get(address: &str, path: &str) -> anyhow::Result<(u16, String)> {
    exchange(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")).await
}

/// What a program on this machine answers to JSON.
pub(crate) async fn post(address: &str, body: &Value) -> anyhow::Result<Value> {
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let (status, answer) = exchange(address, &(head + &body)).await?;
    anyhow::ensure!(status == 200, "http://{address} answered {status}: {answer}");
    serde_json::from_str(&answer).with_context(|| format!("http://{address} answered no JSON"))
}

/// Sends a request. HTTP/1.0: the answer comes unframed and ends with the connection.
async fn exchange(address: &str, request: &str) -> anyhow::Result<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let what = || {
        let path = request.split(' ').nth(1).unwrap_or_default();
        format!("http://{address}{path}")
    };
    let answer = timeout(ANSWER, exchange)
        .await
        .with_context(|| format!("{} did not answer within {} s", what(), ANSWER.as_secs()))?
        .with_context(what)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").with_context(what)?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).with_context(what)?;
    Ok((status, body.to_owned()))
}
