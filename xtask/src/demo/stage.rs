//! The processes of the demo: three orchestrators and a gateway, each on ports that were free.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::{ORCHESTRATORS, RENDITIONS};
use crate::{
    process::{Service, get},
    workspace::shown,
};

/// A process that is healthy has its sockets by then, even on a busy machine.
const START: Duration = Duration::from_secs(30);
/// The gateway finishes what it has begun, and ends sessions.
const STOP: Duration = Duration::from_secs(30);

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Stage {
    orchestrators: Vec<Orchestrator>,
    gateway: Service,
    media: String,
    data: PathBuf,
}

/// One orchestrator.
#[derive(Debug)]
pub(super) struct Orchestrator {
    /// `host:port`.
    pub(super) host: String,
    /// Its name in records: 12 hex digits of the SHA-256 of its host and port.
    pub(super) instance: String,
    service: Option<Service>,
}

impl Stage {
    /// Starts everything and waits until the gateway has found an orchestrator.
    pub(super) async fn set(programs: &Path, dir: &Path) -> anyhow::Result<Self> {
        let logs = dir.join("logs");
        println!("Starting {ORCHESTRATORS} orchestrators.");
        let mut orchestrators = Vec::new();
        for number in 1..=ORCHESTRATORS {
            let mut command = Command::new(programs.join("waymark-orchestrator"));
            command.args(["--listen", "127.0.0.1:0"]);
            let name = format!("orchestrator-{number}");
            let mut service = Service::start(&name, command, &logs)?;
            let host = service.says("its URL", START, url_host).await?;
            println!("  orchestrator {number}: https://{host}");
            let instance = instance(&host);
            orchestrators.push(Orchestrator { host, instance, service: Some(service) });
        }

        let command = gateway(programs, &orchestrators, dir);
        println!("Starting the gateway, with the command line of a go-livepeer gateway:");
        println!("  {}", line(&command));
        let mut gateway = Service::start("gateway", command, &logs)?;
        let media = gateway.says("where it listens", START, |l| up(l, "media")).await?;
        let admin = gateway.says("where it listens", START, |l| up(l, "admin")).await?;
        println!("  push and playback: http://{media}  status: http://{admin}/status");
        let mut stage = Self { orchestrators, gateway, media, data: dir.join("data") };
        stage.ready(&admin).await?;
        Ok(stage)
    }

    /// Where segments are pushed and played.
    pub(super) fn media(&self) -> &str {
        &self.media
    }

    /// The gateway's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The gateway's log.
    pub(super) fn gateway_log(&self) -> &Path {
        self.gateway.log()
    }

    /// Fails when a process is gone that nobody killed.
    pub(super) fn still_stands(&mut self) -> anyhow::Result<()> {
        self.gateway.still_runs()?;
        self.orchestrators
            .iter_mut()
            .filter_map(|o| o.service.as_mut())
            .try_for_each(Service::still_runs)
    }

    /// Kills the orchestrator of that name. Tells which it was, counted from 0.
    pub(super) async fn kill(&mut self, instance: &str) -> anyhow::Result<usize> {
        let index = self.orchestrators.iter().position(|o| o.instance == instance);
        let index = index.with_context(|| {
            format!("the records name orchestrator {instance}, and none of ours is called so")
        })?;
        let service = self.orchestrators.get_mut(index).and_then(|o| o.service.take());
        service.context("that orchestrator was killed before")?.kill().await?;
        Ok(index)
    }

    /// Stops the gateway in an orderly way, then the orchestrators.
    pub(super) async fn stop(mut self) -> anyhow::Result<Vec<Orchestrator>> {
        self.still_stands()?;
        self.gateway.stop(STOP).await?;
        for orchestrator in &mut self.orchestrators {
            orchestrator.service = None;
        }
        Ok(self.orchestrators)
    }

    async fn ready(&mut self, admin: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            self.still_stands()?;
            let (status, body) = get(admin, "/readyz").await?;
            if status == 200 {
                return Ok(());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the gateway is not ready after {} s: {body}; its log is {}",
                START.as_secs(),
                shown(self.gateway.log())
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
}

fn gateway(programs: &Path, orchestrators: &[Orchestrator], dir: &Path) -> Command {
    let hosts: Vec<_> = orchestrators.iter().map(|o| o.host.as_str()).collect();
    let presets = RENDITIONS.map(|r| r.name).join(",");
    let mut command = Command::new(programs.join("waymark"));
    command
        .args(["-gateway", "-network", "offchain", "-orchAddr", &hosts.join(",")])
        .args(["-httpIngest", "-httpAddr", "127.0.0.1:0", "-cliAddr", "127.0.0.1:0"])
        .args(["-rtmpAddr", "127.0.0.1:0", "-maxSessions", "10"])
        .args(["-transcodingOptions", &presets, "-v", "3", "-dataDir"])
        .arg(dir.join("data"));
    command
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let command = command.as_std();
    let program = shown(Path::new(command.get_program()));
    let words = command.get_args().map(|a| shown(Path::new(a)));
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// The host and port of a line with a URL in it.
fn url_host(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("https://")?;
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | ','))
        .unwrap_or(rest.len());
    rest.get(..end).filter(|host| host.contains(':')).map(str::to_owned)
}

/// An address in the log line with which the gateway says that it is up.
fn up(line: &str, field: &str) -> Option<String> {
    let (_, fields) = line.split_once("gateway is up")?;
    let value = fields.split_whitespace().find_map(|f| f.strip_prefix(field)?.strip_prefix('='))?;
    Some(value.to_owned())
}

fn instance(host: &str) -> String {
    let mut name = format!("{:x}", Sha256::digest(host.as_bytes()));
    name.truncate(12);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_what_the_processes_print() {
        assert_eq!(url_host("https://127.0.0.1:4711").as_deref(), Some("127.0.0.1:4711"));
        assert_eq!(url_host("listening url=https://h:1/ x").as_deref(), Some("h:1"));
        let line = "2026-01-01T00:00:00Z  INFO gateway is up media=127.0.0.1:1 admin=127.0.0.1:2";
        assert_eq!(up(line, "media").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(up(line, "admin").as_deref(), Some("127.0.0.1:2"));
        assert_eq!(up("something else media=1", "media"), None);
    }

    /// Expected value from `printf 127.0.0.1:8935 | sha256sum`.
    #[test]
    fn an_instance_is_named_as_in_records() {
        assert_eq!(instance("127.0.0.1:8935"), "026e09bbafb3");
    }
}
