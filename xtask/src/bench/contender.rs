//! A gateway to be measured: ours or stock, started with the same command line.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    net::TcpStream,
    process::Command,
    time::{Instant, sleep},
};

use super::measure::Answerers;
use crate::process::Service;

/// A gateway takes connections by then.
const START: Duration = Duration::from_secs(30);
/// Time for its first look at the orchestrators, so that it does not count as work for segments.
const SETTLE: Duration = Duration::from_secs(3);

/// A gateway's program.
#[derive(Debug)]
pub(super) struct Contender {
    /// `waymark` or `stock`.
    pub(super) name: &'static str,
    program: PathBuf,
}

/// A running gateway. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Running {
    /// Where it takes segments.
    pub(super) url: String,
    /// Its process.
    pub(super) pid: u32,
    /// Killed when this is dropped.
    _service: Service,
}

impl Contender {
    pub(super) fn ours(program: PathBuf) -> Self {
        Self { name: "waymark", program }
    }

    pub(super) fn stock(program: PathBuf) -> Self {
        Self { name: "stock", program }
    }

    /// Whether this is the gateway of this repository.
    pub(super) fn is_ours(&self) -> bool {
        self.name == "waymark"
    }

    /// Starts a fresh process with fresh data.
    pub(super) async fn start(
        &self,
        run: &str,
        orchestrators: &Answerers,
    ) -> anyhow::Result<Running> {
        let dir = orchestrators.dir();
        let hosts: Vec<_> =
            orchestrators.urls().iter().map(|o| o.trim_start_matches("https://")).collect();
        let [http, cli, rtmp] = free_ports()?;
        let data = dir.join(run);
        std::fs::create_dir_all(&data)?;
        let mut command = Command::new(&self.program);
        // What comes back is fixed and no transcode of what is sent.
        command.env("WAYMARK__VERIFICATION__MODE", "none");
        command
            .args(["-gateway", "-orchAddr", &hosts.join(",")])
            .args(["-httpIngest", "-httpAddr", &address(http)])
            .args(["-cliAddr", &address(cli), "-rtmpAddr", &address(rtmp)])
            .args(["-maxSessions", "1000"])
            .args(["-transcodingOptions", "P240p30fps16x9,P360p30fps16x9", "-v", "3"])
            .arg("-dataDir")
            .arg(&data);
        match orchestrators.payments() {
            Some(payments) => payments.gateway(&mut command),
            None => {
                command.args(["-network", "offchain"]);
            }
        }
        let mut service = Service::start(run, command, &dir.join("logs"))?;
        let deadline = Instant::now() + START;
        while TcpStream::connect(address(http)).await.is_err() {
            service.still_runs()?;
            anyhow::ensure!(
                Instant::now() < deadline,
                "{} takes no connection:\n{}",
                self.name,
                service.last_words()
            );
            sleep(Duration::from_millis(50)).await;
        }
        sleep(SETTLE).await;
        let pid = service.id().context("the gateway is gone")?;
        Ok(Running { url: format!("http://{}", address(http)), pid, _service: service })
    }
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Ports that were free a moment ago: a stock gateway does not say which one it got.
fn free_ports() -> anyhow::Result<[u16; 3]> {
    // All are held at once, so that they differ.
    let listeners = [free()?, free()?, free()?];
    let port = |l: &TcpListener| l.local_addr().map(|a| a.port());
    let [a, b, c] = listeners.each_ref().map(port);
    Ok([a?, b?, c?])
}

fn free() -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}
