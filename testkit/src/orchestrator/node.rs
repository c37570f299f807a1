//! What stays the same through all lives of a node, and what each of its parts needs at hand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use waymark_proto::net;

use super::certificate::Identity;
use super::cheat::Cheat;
use super::engine::Engine;
use super::io::Gate;
use super::life::Life;
use super::payee::{Offer, Payee};
use super::stats::Recorder;
use super::switchboard::Switchboard;
use crate::clock::Clock;
use crate::crypto::Key;

/// Settings that never change.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) tls: bool,
    /// `None` is off-chain: zero address, empty signatures.
    pub(crate) key: Option<Key>,
    pub(crate) max_sessions: usize,
    pub(crate) session_idle: Duration,
    pub(crate) token_lifetime: Duration,
    pub(crate) clock: Clock,
    pub(crate) capabilities: BTreeSet<u32>,
    pub(crate) version: String,
    pub(crate) require_signatures: bool,
    pub(crate) check_hashes: bool,
    /// Chain of the receipts that go with results; `None` gives none.
    pub(crate) receipts: Option<u64>,
}

/// The node behind one port.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) options: Options,
    /// Service URI, without a slash at its end.
    pub(crate) uri: String,
    /// Host in the certificate.
    pub(crate) host: String,
    /// What it advertises.
    pub(crate) capabilities: net::Capabilities,
    pub(crate) engine: Engine,
    /// `None` off-chain, where work is free.
    pub(crate) payee: Option<Arc<Payee>>,
    pub(crate) faults: Switchboard,
    pub(crate) cheat: Cheat,
    pub(crate) stats: Recorder,
    /// Shut while the whole node is frozen.
    pub(crate) pause: Gate,
    /// Shut while no segment may be transcoded.
    pub(crate) hold: Gate,
}

/// What the handler of one request has at hand.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) node: Arc<Node>,
    pub(crate) life: Arc<Life>,
    /// Closes the connection the request came on.
    pub(crate) connection: CancellationToken,
}

impl Node {
    /// The address results are signed with; zeros off-chain.
    pub(crate) fn address(&self) -> Address {
        self.options.key.as_ref().map_or(Address::ZERO, Key::address)
    }

    /// Whether requests and segments must be signed: always where somebody is to pay.
    pub(crate) fn wants_signatures(&self) -> bool {
        self.options.require_signatures || self.payee.is_some()
    }

    /// A new certificate; `None` on a plain port.
    pub(crate) fn new_identity(&self) -> anyhow::Result<Option<Identity>> {
        self.options
            .tls
            .then(|| Identity::generate(&self.host, self.options.clock.now()))
            .transpose()
    }

    /// The node's information around a token, without price and ticket parameters, as off-chain.
    pub(crate) fn info(&self, auth_token: Option<net::AuthToken>) -> net::OrchestratorInfo {
        net::OrchestratorInfo {
            transcoder: self.uri.clone(),
            address: Bytes::copy_from_slice(self.address().as_slice()),
            capabilities: Some(self.capabilities.clone()),
            auth_token,
            ..Default::default()
        }
    }
}

impl Node {
    /// The same with a price and ticket parameters.
    pub(crate) fn priced_info(
        &self,
        auth_token: Option<net::AuthToken>,
        offer: Offer,
    ) -> net::OrchestratorInfo {
        net::OrchestratorInfo {
            ticket_params: Some(offer.params),
            price_info: Some(offer.price),
            ..self.info(auth_token)
        }
    }
}

impl Context {
    /// Closes the connection; never returns, as the request ends with it.
    pub(crate) async fn drop_connection(&self) -> std::convert::Infallible {
        self.connection.cancel();
        std::future::pending().await
    }

    /// Writes the number of open sessions down.
    pub(crate) fn count_sessions(&self) {
        self.node.stats.open_sessions(self.life.sessions.count(Instant::now()));
    }
}
