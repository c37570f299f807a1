//! One life of a node: what a restart of its process would replace. Secrets, credit, certificate,
//! sessions and connections belong to a life; address, key, options, faults and counts outlive it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certificate::Identity;
use super::node::Node;
use super::payee::Memory;
use super::sessions::Sessions;
use super::token::TokenMint;

pub(crate) struct Life {
    pub(crate) tokens: TokenMint,
    pub(crate) sessions: Sessions,
    /// What the payee knows; nothing off-chain.
    memory: Mutex<Arc<Memory>>,
    /// `None` on a plain port.
    identity: Mutex<Option<Identity>>,
    /// No further connections and requests; those there are may finish.
    pub(crate) draining: CancellationToken,
    /// Everything ends at once.
    pub(crate) dead: CancellationToken,
    /// Cancelled to close the connections there are, and replaced.
    connections: Mutex<CancellationToken>,
    tasks: TaskTracker,
}

impl Life {
    pub(crate) fn new(node: &Node) -> anyhow::Result<Self> {
        Ok(Self {
            tokens: TokenMint::new(&rand::random()),
            sessions: Sessions::new(node.options.max_sessions, node.options.session_idle),
            memory: Mutex::new(Arc::new(Memory::new())),
            identity: Mutex::new(node.new_identity()?),
            draining: CancellationToken::new(),
            dead: CancellationToken::new(),
            connections: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// What the payee knows now.
    pub(crate) fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory.lock())
    }

    /// New secrets and no credit, as after a restart, while connections and sessions stay.
    pub(crate) fn renew_secrets(&self) {
        self.tokens.renew(&rand::random());
        *self.memory.lock() = Arc::new(Memory::new());
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity.lock().clone()
    }

    pub(crate) fn replace_identity(&self, identity: Option<Identity>) {
        *self.identity.lock() = identity;
    }

    /// Token that ends one new connection.
    pub(crate) fn connection_token(&self) -> CancellationToken {
        self.connections.lock().child_token()
    }

    pub(crate) fn drop_connections(&self) {
        let old = std::mem::take(&mut *self.connections.lock());
        old.cancel();
    }

    /// Runs a task that ends with this life.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let dead = self.dead.clone();
        drop(self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = dead.cancelled() => {}
                () = task => {}
            }
        }));
    }

    /// Ends everything at once and waits until it is gone.
    pub(crate) async fn kill(&self) {
        self.draining.cancel();
        self.dead.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits until nothing runs any more; only ends after `draining` was cancelled.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}
