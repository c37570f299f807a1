//! HTTP/1.1 connections to orchestrators, kept warm and used one request at a time.
//!
//! HTTP/2 would put all uploads to one orchestrator into a flow-control window of 1 MiB a round trip;
//! separate connections do not share one. A kept connection may be closed by the peer just as it is
//! used: such a request is repeated once on a fresh connection, and only when no byte of a response
//! came. Should the peer have read it all the same, it gets twice what means the same: tickets and
//! segments are numbered, and a number counts once.

mod connection;
pub mod response;
mod wire;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use url::{Host, Url};

use self::{
    connection::{Answer, Connection},
    wire::Wire,
};
use super::{error::TransportError, tls};
use crate::{buffers::Buffers, lifecycle::Tasks};

/// TCP and TLS together (go-livepeer `common/util.go:34`).
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections are dropped well before the 10 minutes of an orchestrator.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Idle connections kept for one peer; more are closed after use.
const IDLE_PER_PEER: usize = 256;

/// One end to dial.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    tls: bool,
    host: Host<String>,
    port: u16,
}

impl Peer {
    /// The peer behind an `http` or `https` URL; `None` for anything else.
    pub fn of(url: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host()?.to_owned();
        Some(Self { tls, host, port: url.port_or_known_default()? })
    }

    /// Same host, whatever the port: where a rendition may be fetched from without more questions.
    pub fn same_host(&self, other: &Self) -> bool {
        self.host == other.host
    }
}

/// Whether addresses that are not public may be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The operator named this peer, or the peer itself did for its own host.
    Anywhere,
    /// Somebody else's word: loopback, private and link-local addresses are refused.
    PublicOnly,
}

type Idle = Vec<(Instant, Connection)>;

/// Connections to all peers. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    tasks: Tasks,
    buffers: Buffers,
    tls: Arc<ClientConfig>,
    idle: Arc<Mutex<HashMap<Peer, Idle>>>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("peers", &self.idle.lock().len()).finish_non_exhaustive()
    }
}

/// A response whose connection goes back to the pool once the body was read to its end.
pub struct Exchange {
    answer: Answer,
    peer: Peer,
    transport: Transport,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Status of the response.
    pub const fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// Reads the body into one buffer of at most `limit` bytes and keeps the connection.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        let (body, again) = self.answer.collect(limit, &self.transport.buffers).await?;
        if let Some(connection) = again {
            self.transport.keep(self.peer, connection);
        }
        Ok(body)
    }
}

impl Transport {
    /// No connections yet.
    pub fn new(tasks: Tasks, buffers: Buffers) -> Self {
        Self { tasks, buffers, tls: tls::media_config(), idle: Arc::default() }
    }

    /// Sends a request on a warm connection, or on a new one, and waits for the response's head.
    /// The caller puts a deadline around it.
    pub async fn send(
        &self,
        peer: &Peer,
        reach: Reach,
        request: &Request<Bytes>,
    ) -> Result<Exchange, TransportError> {
        if let Some(connection) = self.take(peer) {
            match connection.send(request).await {
                Ok(answer) => return Ok(self.exchange(answer, peer)),
                Err(failed) if failed.unheard && is_closed(&failed.source) => {}
                Err(failed) => return Err(TransportError::Dropped { source: failed.source }),
            }
        }
        match self.dial(peer, reach).await?.send(request).await {
            Ok(answer) => Ok(self.exchange(answer, peer)),
            Err(failed) => Err(TransportError::Dropped { source: failed.source }),
        }
    }

    /// Dials in the background until `wanted` connections can be used at once. The one that is about
    /// to be used, or dialled, is among them: it will be idle again.
    pub fn warm(&self, peer: &Peer, reach: Reach, wanted: usize) {
        let have = self.idle.lock().get(peer).map_or(0, Vec::len).max(1);
        for _ in have..wanted {
            let (transport, peer) = (self.clone(), peer.clone());
            self.tasks.service("dial", async move {
                match transport.dial(&peer, reach).await {
                    Ok(connection) => transport.keep(peer, connection),
                    Err(error) => tracing::debug!(%error, "no spare connection"),
                }
            });
        }
    }

    /// Closes connections idle for too long; called from time to time.
    pub fn sweep(&self) {
        let peers: Vec<_> = self.idle.lock().keys().cloned().collect();
        for peer in peers {
            // Looking reads what the peer sent, so nobody else waits for it.
            let Some(mut older) = self.idle.lock().remove(&peer) else { continue };
            older.retain_mut(|(since, c)| since.elapsed() < IDLE_TIMEOUT && c.is_open());
            if older.is_empty() {
                continue;
            }
            let mut idle = self.idle.lock();
            let connections = idle.entry(peer).or_default();
            older.append(connections);
            *connections = older;
        }
    }

    /// Closes what is kept for one peer, after it failed.
    pub fn forget(&self, peer: &Peer) {
        drop(self.idle.lock().remove(peer));
    }

    fn exchange(&self, answer: Answer, peer: &Peer) -> Exchange {
        Exchange { answer, peer: peer.clone(), transport: self.clone() }
    }

    fn take(&self, peer: &Peer) -> Option<Connection> {
        // The newest first: the oldest are then the ones that time out.
        while let Some((since, mut connection)) = self.newest(peer) {
            if since.elapsed() < IDLE_TIMEOUT && connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    fn newest(&self, peer: &Peer) -> Option<(Instant, Connection)> {
        self.idle.lock().get_mut(peer)?.pop()
    }

    fn keep(&self, peer: Peer, connection: Connection) {
        let mut idle = self.idle.lock();
        let connections = idle.entry(peer).or_default();
        if connections.len() < IDLE_PER_PEER {
            connections.push((Instant::now(), connection));
        }
    }

    async fn dial(&self, peer: &Peer, reach: Reach) -> Result<Connection, TransportError> {
        let wire = timeout(DIAL_TIMEOUT, self.dial_unbounded(peer, reach))
            .await
            .map_err(|_| TransportError::DialTimeout { after: DIAL_TIMEOUT })?;
        Ok(Connection::new(wire.map_err(|source| TransportError::Dial { source })?))
    }

    async fn dial_unbounded(&self, peer: &Peer, reach: Reach) -> std::io::Result<Wire> {
        let tcp = connect(peer, reach).await?;
        tcp.set_nodelay(true)?;
        if peer.tls {
            Wire::tls(tcp, Arc::clone(&self.tls), server_name(&peer.host)?).await
        } else {
            Ok(Wire::plain(tcp))
        }
    }
}

async fn connect(peer: &Peer, reach: Reach) -> std::io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match &peer.host {
        Host::Ipv4(ip) => vec![(IpAddr::V4(*ip), peer.port).into()],
        Host::Ipv6(ip) => vec![(IpAddr::V6(*ip), peer.port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), peer.port)).await?.collect(),
    };
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        if reach == Reach::PublicOnly && !is_public(address.ip()) {
            last = std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                format!("{} is not a public address", address.ip()),
            );
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Not loopback, private, link-local or otherwise special.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            !(ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b)))
        }
        IpAddr::V6(ip) => {
            if let Some(v4) = ip.to_ipv4() {
                return is_public(IpAddr::V4(v4));
            }
            let first = ip.segments()[0];
            !(ip.is_multicast() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80)
        }
    }
}

fn server_name(host: &Host<String>) -> std::io::Result<ServerName<'static>> {
    match host {
        Host::Ipv4(ip) => Ok(ServerName::IpAddress(IpAddr::V4(*ip).into())),
        Host::Ipv6(ip) => Ok(ServerName::IpAddress(IpAddr::V6(*ip).into())),
        Host::Domain(name) => ServerName::try_from(name.clone())
            .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidInput, e)),
    }
}

/// The peer closed a kept connection before it answered. One that breaks off without a word, which
/// TLS tells apart, failed.
fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_a_network_are_not_public() {
        for ip in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "100.64.1.1", "::1"] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["fe80::1", "fd00::1", "::ffff:10.0.0.1", "192.168.1.1", "224.0.0.1"] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "2606:4700::1111", "172.32.0.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_peer_is_scheme_host_and_port() {
        let peer = |s: &str| Peer::of(&Url::parse(s).unwrap());
        assert_eq!(peer("https://o:8935/stream/1.ts"), peer("https://o:8935"));
        assert_ne!(peer("http://o:8935"), peer("https://o:8935"));
        assert!(peer("https://o:1").unwrap().same_host(&peer("https://o:2").unwrap()));
        assert_eq!(peer("ftp://o:8935"), None);
    }
}
