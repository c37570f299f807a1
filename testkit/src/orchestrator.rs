//! An orchestrator as a library: start it, break it, look at what it saw.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use waymark_testkit::{Orchestrator, SegmentFault, Times};
//!
//! let orchestrator = Orchestrator::builder().max_sessions(2).start().await?;
//! println!("{}", orchestrator.uri());
//! orchestrator.inject(SegmentFault::Busy, Times::Once);
//! orchestrator.wait_for(|stats| stats.segments_accepted == 1).await?;
//! orchestrator.kill().await;
//! # Ok(())
//! # }
//! ```
//!
//! It serves on the runtime it was started on and ends with the handle. Everything it keeps is bounded.

mod body;
mod builder;
mod capabilities;
mod certificate;
mod cheat;
mod credentials;
mod download;
mod engine;
mod forge;
mod grpc;
mod io;
mod life;
mod node;
mod payee;
mod phash;
mod port;
mod receipt;
mod refusal;
mod reply;
mod report;
mod result;
mod segment;
mod server;
mod sessions;
mod stats;
mod switchboard;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use anyhow::Context as _;
use parking_lot::Mutex;

use crate::attack::AttackSpec;
use crate::fault::{Fault, Times};
use life::Life;
use node::Node;
use port::Port;

pub use builder::Builder;
pub use cheat::Accomplices;
pub use engine::Transcoding;
pub use payee::{
    ChainError, ChainView, FakeChain, Funds, Head, OnChain, PaymentStats, Price, Redeemer,
    RpcChain, TagEarnings, Wei, Winner,
};
pub use report::Report;
pub use stats::{OrchestratorRequestSeen, ProfileList, ReceivedSegment, Stats, Verdict};

/// Longest that [`Orchestrator::stop`] waits for what is running.
const STOP_TIME: Duration = Duration::from_secs(10);

/// A running orchestrator. Dropping it kills it.
#[derive(Debug)]
pub struct Orchestrator {
    node: Arc<Node>,
    life: Mutex<Arc<Life>>,
    port: Port,
    own_uri: String,
    wait: Duration,
}

/// Keeps an orchestrator from transcoding; see [`Orchestrator::hold`].
#[derive(Debug)]
pub struct Held<'a> {
    orchestrator: &'a Orchestrator,
}

impl Orchestrator {
    fn new(node: Arc<Node>, life: Arc<Life>, port: Port, own_uri: String, wait: Duration) -> Self {
        Self { node, life: Mutex::new(life), port, own_uri, wait }
    }

    /// Options, with those of a stock node as defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens, as a gateway's configuration wants it: scheme, host and port.
    pub fn uri(&self) -> &str {
        &self.own_uri
    }

    /// The URI it gives out, which is [`Self::uri`] unless it was overridden.
    pub fn service_uri(&self) -> &str {
        &self.node.uri
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// The address results are signed with; zeros off-chain.
    pub fn address(&self) -> Address {
        self.node.address()
    }

    /// The certificate in use as DER; `None` on a plain port.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.life().identity().map(|identity| identity.certificate.to_vec())
    }

    /// Counts and records so far.
    pub fn stats(&self) -> Stats {
        self.node.stats.open_sessions(self.life().sessions.count(tokio::time::Instant::now()));
        self.node.stats.snapshot()
    }

    /// Waits until `condition` holds, and gives the counts that made it so. An error after the time set
    /// by [`Builder::wait_at_most`] shows the last ones.
    pub async fn wait_for(&self, condition: impl Fn(&Stats) -> bool) -> anyhow::Result<Stats> {
        let mut stats = self.node.stats.subscribe();
        let reached = stats.wait_for(|stats| condition(stats));
        if let Ok(Ok(reached)) = tokio::time::timeout(self.wait, reached).await {
            return Ok(reached.clone());
        }
        let mut last = self.stats();
        last.segments.clear();
        last.requests.clear();
        anyhow::bail!("not reached within {:?}; the counts are {last:#?}", self.wait)
    }

    /// Switches a fault on, after those of its phase that are on already.
    pub fn inject(&self, fault: impl Into<Fault>, times: Times) {
        self.node.faults.inject(fault.into(), times);
    }

    /// Switches an attack on, after those that are on already.
    pub fn cheat(&self, attack: impl Into<AttackSpec>) {
        self.node.cheat.add(attack.into());
    }

    /// Switches all attacks off.
    pub fn be_honest(&self) {
        self.node.cheat.clear();
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.node.faults.clear();
    }

    /// Keeps every segment from being transcoded until the guard is dropped. Segments come in, get
    /// their 200, wait, and are refused as busy where five are waiting.
    pub fn hold(&self) -> Held<'_> {
        self.node.hold.shut();
        Held { orchestrator: self }
    }

    /// Freezes the whole process, as SIGSTOP would: connections are taken by the kernel and nothing is
    /// ever answered.
    pub fn pause(&self) {
        self.node.pause.shut();
    }

    /// Ends [`Self::pause`].
    pub fn resume(&self) {
        self.node.pause.open();
    }

    /// Closes every connection at once; new ones are welcome.
    pub fn drop_connections(&self) {
        self.life().drop_connections();
    }

    /// Uses a new certificate for connections from now on.
    pub fn change_certificate(&self) -> anyhow::Result<()> {
        self.life().replace_identity(self.node.new_identity()?);
        Ok(())
    }

    /// New secrets, as after a restart, while connections and sessions stay: every token and all ticket
    /// parameters are void, and credit is gone.
    pub fn change_secrets(&self) {
        self.life().renew_secrets();
    }

    /// Closes the port and lets what is running finish, for at most ten seconds.
    pub async fn stop(&self) {
        let life = self.life();
        life.draining.cancel();
        if tokio::time::timeout(STOP_TIME, life.drained()).await.is_err() {
            tracing::warn!(node = self.node.options.name, "stopped in the middle of work");
        }
        self.kill().await;
    }

    /// Ends like a process killed with -9: connections break, the port refuses, sessions and tokens are
    /// lost. [`Self::restart`] brings it back.
    pub async fn kill(&self) {
        self.life().kill().await;
        self.node.stats.open_sessions(0);
    }

    /// A new process on the same port: new secret, new certificate, no sessions. Whatever was running
    /// is killed; faults, counts and address stay.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.kill().await;
        self.resume();
        let life = Arc::new(Life::new(&self.node)?);
        let listener = self.port.listen().context("cannot listen again")?;
        server::serve(listener, Arc::clone(&self.node), &life);
        *self.life.lock() = life;
        Ok(())
    }

    fn life(&self) -> Arc<Life> {
        Arc::clone(&self.life.lock())
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let life = self.life();
        life.draining.cancel();
        life.dead.cancel();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.orchestrator.node.hold.open();
    }
}
