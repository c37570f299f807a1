//! The processes of the demo: a local chain, three orchestrators and a gateway, each on ports that
//! were free.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::{
    ORCHESTRATORS, RENDITIONS, TAGS,
    chain::{Chain, Payee, Redemption},
    payee::Report,
    tags::{Demand, Report as BookReport, Status},
};
use crate::{
    process::{Service, get},
    workspace::shown,
};

/// A process that is healthy has its sockets by then, even on a busy machine.
const START: Duration = Duration::from_secs(30);
/// The gateway finishes what it has begun, and ends sessions.
const STOP: Duration = Duration::from_secs(30);
/// Two blocks and a look at the chain, several times.
const BOOK: Duration = Duration::from_secs(60);
/// Winners are redeemed one after the other, each in a block.
const REDEEM: Duration = Duration::from_secs(60);

/// Wei that orchestrators ask for a pixel; the gateway pays no more.
const PRICE: &str = "1200";
/// Wei that a ticket is worth on average: a segment takes eight or nine.
const TICKET_EV: &str = "8000000000";
/// The most that the gateway lets one be worth: a little more, because chances are rounded up.
const MAX_TICKET_EV: &str = "10000000000";
/// The most for all tickets of a payment.
const MAX_TOTAL_EV: &str = "200000000000";
/// Gas reckoned for a redemption. A winner is worth 100 times what that costs, ten times what a
/// ticket is worth on average: every tenth ticket wins.
const REDEEM_GAS: &str = "200000";

/// The gateway's key, as a key file in the format of geth: development account 1, whose private key
/// is public.
const KEY: &str = include_str!("key.json");
/// What it asks of orchestrators for the first stream's tag.
const CLASSES: &str = include_str!("classes.yaml");
/// Its pass-phrase.
const PASSPHRASE: &str = "correct horse";

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Stage {
    chain: Chain,
    orchestrators: Vec<Orchestrator>,
    gateway: Service,
    media: String,
    admin: String,
    data: PathBuf,
}

/// One orchestrator.
#[derive(Debug)]
pub(super) struct Orchestrator {
    /// `host:port`.
    pub(super) host: String,
    /// Its name in records: 12 hex digits of the SHA-256 of its host and port.
    pub(super) instance: String,
    /// Who is paid; in lower case.
    pub(super) address: String,
    /// What it was paid, as it last said.
    pub(super) report: Report,
    stats: String,
    service: Option<Service>,
}

impl Stage {
    /// Starts everything and waits until the gateway has found an orchestrator.
    pub(super) async fn set(programs: &Path, dir: &Path) -> anyhow::Result<Self> {
        let logs = dir.join("logs");
        // The contracts must know where orchestrators are before these are up. Held until then.
        let ports = ports()?;
        let uris: Vec<_> =
            ports.iter().map(|(port, _)| format!("https://127.0.0.1:{port}")).collect();
        println!("Starting a local chain with contracts, and the gateway's deposit in them.");
        let chain = Chain::start(programs, dir, &uris).await?;
        println!("  chain: {}  contracts: {}", chain.url, chain.controller);

        println!("Starting {ORCHESTRATORS} orchestrators, who ask {PRICE} wei for a pixel.");
        let mut orchestrators = Vec::new();
        for (number, ((port, held), payee)) in (1..).zip(ports.into_iter().zip(&chain.payees)) {
            drop(held);
            let found = Orchestrator::start(programs, &logs, number, port, &chain, payee).await?;
            println!("  orchestrator {number}: https://{}  paid: {}", found.host, found.address);
            orchestrators.push(found);
        }

        let command = gateway(programs, &chain, dir)?;
        println!("Starting the gateway, with the command line of a go-livepeer gateway:");
        println!("  {}", line(&command));
        let mut gateway = Service::start("gateway", command, &logs)?;
        let media = gateway.says("where it listens", START, |l| up(l, "media")).await?;
        let admin = gateway.says("where it listens", START, |l| up(l, "admin")).await?;
        println!("  push and playback: http://{media}  status: http://{admin}/status");
        let data = dir.join("data");
        let mut stage = Self { chain, orchestrators, gateway, media, admin, data };
        stage.ready().await?;
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
        self.chain.service.still_runs()?;
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
        let doomed = self.orchestrators.get_mut(index).context("it was found")?;
        // Nobody can ask it afterwards.
        doomed.ask().await?;
        doomed.service.take().context("that orchestrator was killed before")?.kill().await?;
        Ok(index)
    }

    /// Stops the gateway in an orderly way, lets the orchestrators redeem what they won, and stops
    /// them and the chain.
    pub(super) async fn stop(
        mut self,
        programs: &Path,
        dir: &Path,
    ) -> anyhow::Result<(Vec<Orchestrator>, Vec<Redemption>, Demand)> {
        self.still_stands()?;
        self.gateway.stop(STOP).await?;
        let deadline = Instant::now() + REDEEM;
        for orchestrator in &mut self.orchestrators {
            orchestrator.redeem(deadline).await?;
        }
        let redemptions = self.chain.redemptions().await?;
        let demand = Demand::read(programs, dir, &self.chain, &self.data).await?;
        for orchestrator in &mut self.orchestrators {
            orchestrator.service = None;
        }
        Ok((self.orchestrators, redemptions, demand))
    }

    /// Waits until the gateway's tags have their numbers and tickets may carry them.
    pub(super) async fn tags_are_in_force(&mut self) -> anyhow::Result<()> {
        println!(
            "Waiting until the gateway has registered its tags; tickets carry them from the next round."
        );
        let from = self.books(|b| b.tagged_from.filter(|_| b.plain_tags.is_empty())).await?;
        self.chain.next_round().await?;
        let deadline = Instant::now() + BOOK;
        loop {
            let (status, round) = get(&self.admin, "/currentRound").await?;
            if status == 200 && round.trim().parse::<u64>().is_ok_and(|round| round >= from) {
                break;
            }
            anyhow::ensure!(Instant::now() < deadline, "round {from} does not come: {round}");
            sleep(Duration::from_millis(200)).await;
        }
        println!("  tags are written into tickets from round {from}, which has begun");
        Ok(())
    }

    /// Ends the round and waits until its book is on chain.
    pub(super) async fn book_is_committed(&mut self) -> anyhow::Result<()> {
        self.chain.next_round().await?;
        let book = self
            .books(|books| {
                books.books.iter().find(|b| b.leaves > 0 && b.state == "committed").cloned()
            })
            .await?;
        println!(
            "  round {}: {} payment sessions, worth {} wei, under the root {}",
            book.round, book.leaves, book.total_ev, book.root
        );
        Ok(())
    }

    /// Waits until the gateway's books say what is looked for.
    async fn books<T>(&mut self, find: impl Fn(&BookReport) -> Option<T>) -> anyhow::Result<T> {
        let deadline = Instant::now() + BOOK;
        loop {
            self.still_stands()?;
            let (status, body) = get(&self.admin, "/status").await?;
            anyhow::ensure!(status == 200, "/status answered {status}: {body}");
            let books: Status = serde_json::from_str(&body)
                .with_context(|| format!("the gateway's status cannot be read: {body}"))?;
            if let Some(found) = find(&books.report) {
                return Ok(found);
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the gateway's books are not so far after {} s: {body}; its log is {}",
                BOOK.as_secs(),
                shown(self.gateway.log())
            );
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            self.still_stands()?;
            let (status, body) = get(&self.admin, "/readyz").await?;
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

impl Orchestrator {
    async fn start(
        programs: &Path,
        logs: &Path,
        number: usize,
        port: u16,
        chain: &Chain,
        payee: &Payee,
    ) -> anyhow::Result<Self> {
        let name = format!("orchestrator-{number}");
        let mut command = Command::new(programs.join("waymark-orchestrator"));
        command
            .args(["--name", &name, "--listen", &format!("127.0.0.1:{port}")])
            .args(["--stats-listen", "127.0.0.1:0"])
            .args(["--eth-url", &chain.url, "--controller", &chain.controller, "--eth-key-file"])
            .arg(&payee.key_file)
            .args(["--price-per-pixel", PRICE, "--no-auto-adjust", "--ticket-ev", TICKET_EV])
            .args(["--redeem-gas", REDEEM_GAS, "--redeem-at-once"]);
        let mut service = Service::start(&name, command, logs)?;
        let host = service.says("its URL", START, url_host).await?;
        let stats = service.says("where it reports", START, |line| {
            line.strip_prefix("http://").map(str::to_owned)
        });
        let stats = stats.await?;
        let (instance, address) = (instance(&host), payee.address.clone());
        let report = Report::default();
        Ok(Self { host, instance, address, report, stats, service: Some(service) })
    }

    /// One that never ran.
    #[cfg(test)]
    pub(super) fn named(name: &str, report: Report) -> Self {
        let [host, instance, address, stats] = [(); 4].map(|()| name.to_owned());
        Self { host, instance, address, report, stats, service: None }
    }

    /// Asks it what it was paid.
    async fn ask(&mut self) -> anyhow::Result<()> {
        let (status, body) = get(&self.stats, "/").await?;
        anyhow::ensure!(status == 200, "{} answered {status}: {body}", self.stats);
        self.report = serde_json::from_str(&body)
            .with_context(|| format!("the report of {} cannot be read", self.stats))?;
        Ok(())
    }

    /// Waits until it has redeemed what it won, and no longer than `deadline`. Does nothing for a
    /// dead one.
    async fn redeem(&mut self, deadline: Instant) -> anyhow::Result<()> {
        while self.service.is_some() {
            self.ask().await?;
            if self.report.payments.winners_waiting == 0 || Instant::now() > deadline {
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

/// A free port for each orchestrator, kept by a listener.
fn ports() -> anyhow::Result<Vec<(u16, TcpListener)>> {
    let port = |_| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok((listener.local_addr()?.port(), listener))
    };
    let ports: std::io::Result<_> = (0..ORCHESTRATORS).map(port).collect();
    ports.context("no free port")
}

fn gateway(programs: &Path, chain: &Chain, dir: &Path) -> anyhow::Result<Command> {
    let (keys, passphrase) = (dir.join("keystore"), dir.join("passphrase"));
    fs::create_dir_all(&keys)?;
    fs::write(keys.join("gateway.json"), KEY)?;
    fs::write(&passphrase, PASSPHRASE)?;
    let presets = RENDITIONS.map(|r| r.name).join(",");
    let mut command = Command::new(programs.join("waymark"));
    let ids = TAGS.map(|tag| format!("{}={}", tag.name, tag.id)).join(",");
    let classes = dir.join("classes.yaml");
    fs::write(&classes, CLASSES)?;
    command
        .env("WAYMARK__TAGS__IDS", ids)
        .env("WAYMARK__TAGS__REGISTER", "true")
        .env("WAYMARK__CHAIN__TAG_REGISTRY", &chain.registry)
        .env("WAYMARK__REQUIREMENTS__FILES", classes);
    command
        .args(["-gateway", "-network", "demo", "-ethUrl", &chain.url])
        .args(["-ethController", &chain.controller, "-ethKeystorePath"])
        .arg(keys)
        .arg("-ethPassword")
        .arg(passphrase)
        .args(["-blockPollingInterval", "1", "-maxPricePerUnit", PRICE])
        .args(["-maxTicketEV", MAX_TICKET_EV, "-maxTotalEV", MAX_TOTAL_EV])
        .args(["-httpIngest", "-httpAddr", "127.0.0.1:0", "-cliAddr", "127.0.0.1:0"])
        .args(["-rtmpAddr", "127.0.0.1:0", "-maxSessions", "10"])
        .args(["-transcodingOptions", &presets, "-v", "3", "-dataDir"])
        .arg(dir.join("data"));
    Ok(command)
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let command = command.as_std();
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), value?.display())));
    let program = shown(Path::new(command.get_program()));
    let words = command.get_args().map(|a| shown(Path::new(a)));
    set.chain(std::iter::once(program)).chain(words).collect::<Vec<_>>().join(" ")
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
