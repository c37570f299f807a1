//! Options of an orchestrator.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use super::Orchestrator;
use super::capabilities::{MAX_CAPABILITY, advertised, default_capabilities};
use super::cheat::{Accomplices, Cheat};
use super::engine::{Engine, Transcoding};
use super::io::Gate;
use super::life::Life;
use super::node::{Node, Options};
use super::payee::{OnChain, Payee};
use super::port::Port;
use super::server;
use super::stats::Recorder;
use super::switchboard::Switchboard;
use crate::attack::AttackSpec;
use crate::client::Origin;
use crate::clock::Clock;
use crate::crypto::Key;
use crate::fault::{Fault, FaultSpec, Times};

/// Longest that [`Orchestrator::wait_for`] waits unless told otherwise.
const WAIT: Duration = Duration::from_secs(20);
/// Life of an auth token (go-livepeer `server/rpc.go:47`).
const TOKEN_LIFETIME: Duration = Duration::from_mins(30);
/// Idle time after which a session ends (go-livepeer `core/orchestrator.go:40`).
const SESSION_IDLE: Duration = Duration::from_secs(70);
/// Sessions of a stock node (go-livepeer `core/livepeernode.go:42`).
const MAX_SESSIONS: usize = 10;

/// Settings of an [`Orchestrator`] before it starts. Each has the value of a stock node unless said.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    options: Options,
    listen: SocketAddr,
    service_uri: Option<String>,
    transcoding: Transcoding,
    threads: usize,
    faults: Vec<FaultSpec>,
    attacks: Vec<AttackSpec>,
    accomplices: Option<Accomplices>,
    wait: Duration,
    payments: Option<OnChain>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            options: Options {
                name: "orchestrator".to_owned(),
                tls: true,
                key: Some(Key::random()),
                max_sessions: MAX_SESSIONS,
                session_idle: SESSION_IDLE,
                token_lifetime: TOKEN_LIFETIME,
                clock: Clock::system(),
                capabilities: default_capabilities(),
                version: "0.9.1".to_owned(),
                require_signatures: false,
                check_hashes: true,
                receipts: Some(0),
            },
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            service_uri: None,
            transcoding: Transcoding::Real,
            threads: 1,
            faults: Vec::new(),
            attacks: Vec::new(),
            accomplices: None,
            wait: WAIT,
            payments: None,
        }
    }
}

impl Builder {
    /// Name in log lines.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = name.into();
        self
    }

    /// Address to listen on; 127.0.0.1 and any free port by default.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Clear text instead of TLS; the service URI begins with `http`.
    pub fn plain_http(mut self) -> Self {
        self.options.tls = false;
        self
    }

    /// The key results are signed with; a random one by default.
    pub fn key(mut self, key: Key) -> Self {
        self.options.key = Some(key);
        self
    }

    /// No key: the address is zero and signatures are empty.
    pub fn off_chain(mut self) -> Self {
        self.options.key = None;
        self
    }

    /// Wants to be paid: it sells at a price, takes tickets, and refuses what a stock node refuses. All
    /// requests must then be signed. The key is that of the recipient.
    pub fn on_chain(mut self, payments: OnChain) -> Self {
        self.payments = Some(payments);
        self
    }

    /// Refuses requests and segments whose gateway did not sign them.
    pub fn require_signatures(mut self) -> Self {
        self.options.require_signatures = true;
        self
    }

    /// Most sessions with a slot; 10 by default.
    pub fn max_sessions(mut self, max: usize) -> Self {
        self.options.max_sessions = max;
        self
    }

    /// Idle time after which a session loses its slot and files; 70 s by default.
    pub fn session_idle(mut self, idle: Duration) -> Self {
        self.options.session_idle = idle;
        self
    }

    /// Life of an auth token; 30 minutes by default.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.options.token_lifetime = lifetime;
        self
    }

    /// Where wall time comes from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// Capability bits; 0 to 12, 14 and 26 by default.
    pub fn capabilities(mut self, bits: impl IntoIterator<Item = u32>) -> Self {
        self.options.capabilities = bits.into_iter().collect::<BTreeSet<_>>();
        self
    }

    /// Version it reports; 0.9.1 by default.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.options.version = version.into();
        self
    }

    /// How renditions are made; really by default.
    pub fn transcoding(mut self, transcoding: Transcoding) -> Self {
        self.transcoding = transcoding;
        self
    }

    /// Segments transcoded at the same time, whatever the number of sessions; 1 by default.
    pub fn transcoding_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Takes any body, whatever hash its header announces: for load runs, where hashing would count.
    pub fn trust_hashes(mut self) -> Self {
        self.options.check_hashes = false;
        self
    }

    /// The URI it gives out in place of its own address, as a node behind a proxy does.
    pub fn service_uri(mut self, uri: impl Into<String>) -> Self {
        self.service_uri = Some(uri.into());
        self
    }

    /// A fault from the start; may be given many times.
    pub fn fault(mut self, fault: impl Into<Fault>, times: Times) -> Self {
        self.faults.push(FaultSpec { fault: fault.into(), times });
        self
    }

    /// An attack and when it is made, from the start; may be given many times, and the first that strikes is made. Only
    /// real transcoding can forge pictures: with fixed answers those attacks change nothing.
    pub fn attack(mut self, attack: impl Into<AttackSpec>) -> Self {
        self.attacks.push(attack.into());
        self
    }

    /// Other nodes of the same operator, which tell each other what they are sent.
    pub fn accomplices(mut self, accomplices: &Accomplices) -> Self {
        self.accomplices = Some(accomplices.clone());
        self
    }

    /// Signs receipts for this chain; 0, no chain, by default.
    pub fn receipts_for(mut self, chain_id: u64) -> Self {
        self.options.receipts = Some(chain_id);
        self
    }

    /// Gives no receipts, as a stock node.
    pub fn no_receipts(mut self) -> Self {
        self.options.receipts = None;
        self
    }

    /// Longest that [`Orchestrator::wait_for`] waits; 20 s by default.
    pub fn wait_at_most(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Binds the port and starts to serve.
    pub async fn start(self) -> anyhow::Result<Orchestrator> {
        let bits = &self.options.capabilities;
        ensure!(
            bits.iter().all(|bit| *bit <= MAX_CAPABILITY),
            "capability bits must be at most {MAX_CAPABILITY}"
        );
        let payee = match (self.payments, &self.options.key) {
            (Some(payments), Some(key)) => Some(Arc::new(Payee::new(payments, key.address()))),
            (Some(_), None) => bail!("an orchestrator that is paid needs a key"),
            (None, _) => None,
        };
        let port = Port::take(self.listen)?;
        let scheme = if self.options.tls { "https" } else { "http" };
        let own_uri = format!("{scheme}://{}", port.addr());
        let uri = self.service_uri.unwrap_or_else(|| own_uri.clone());
        let uri = uri.trim_end_matches('/').to_owned();
        let (origin, _) = Origin::parse(&uri).context("the service URI")?;
        let node = Arc::new(Node {
            host: origin.host().to_owned(),
            uri,
            capabilities: advertised(&self.options.capabilities, &self.options.version),
            payee,
            engine: Engine::new(self.transcoding, self.threads).await?,
            faults: Switchboard::new(self.faults),
            cheat: Cheat::new(self.attacks, self.accomplices),
            stats: Recorder::new(),
            pause: Gate::new(),
            hold: Gate::new(),
            options: self.options,
        });
        let life = Arc::new(Life::new(&node)?);
        server::serve(port.listen()?, Arc::clone(&node), &life);
        tracing::debug!(node = node.options.name, uri = node.uri, "orchestrator started");
        Ok(Orchestrator::new(node, life, port, own_uri, self.wait))
    }
}
