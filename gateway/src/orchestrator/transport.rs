//! HTTP/1.1 connections to orchestrators, kept warm and used one request at a time.
//!
//! HTTP/2 would put all uploads to one orchestrator into a flow-control window of 1 MiB a round trip;
//! separate connections do not share one. A kept connection may be closed by the peer just as it is
//! used: such a request is repeated once on a fresh connection, and only when no byte of a response
//! came.

mod filled;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls_pki_types::ServerName;
use tokio::{
    io::BufReader,
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use self::filled::Filled;
use super::{error::TransportError, tls};
use crate::{buffers::Buffers, lifecycle::Tasks};

/// TCP and TLS together (go-livepeer `common/util.go:34`).
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections are dropped well before the 10 minutes of an orchestrator.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Idle connections kept for one peer; more are closed after use.
const IDLE_PER_PEER: usize = 256;
/// Enough for the head of any honest response; also keeps read buffers small, which retained
/// renditions would otherwise pin.
const READ_BUFFER: usize = 64 * 1024;
/// Bytes taken from the socket at once: several records of TLS, of which rustls reads one a time.
const TLS_READ_BUFFER: usize = 64 * 1024;
/// Plain text rustls takes before it pushes back: fewer, larger writes than its 64 KiB.
const TLS_WRITE_BUFFER: usize = 256 * 1024;

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

type Idle = Vec<(Instant, SendRequest<Full<Bytes>>)>;

/// Connections to all peers. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    tasks: Tasks,
    buffers: Buffers,
    tls: TlsConnector,
    idle: Arc<Mutex<HashMap<Peer, Idle>>>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("peers", &self.idle.lock().len()).finish_non_exhaustive()
    }
}

/// A response whose connection goes back to the pool once the body was read to its end.
pub struct Exchange {
    /// Head and body as they arrive.
    pub response: Response<Incoming>,
    connection: SendRequest<Full<Bytes>>,
    peer: Peer,
    transport: Transport,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Reads the body into one buffer of at most `limit` bytes and keeps the connection.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        let body =
            super::download::collect(self.response.into_body(), limit, &self.transport.buffers)
                .await?;
        self.transport.keep(self.peer, self.connection);
        Ok(body)
    }
}

impl Transport {
    /// No connections yet.
    pub fn new(tasks: Tasks, buffers: Buffers) -> Self {
        let tls = TlsConnector::from(tls::media_config());
        Self { tasks, buffers, tls, idle: Arc::default() }
    }

    /// Sends a request on a warm connection, or on a new one, and waits for the response's head.
    /// The caller puts a deadline around it.
    pub async fn send(
        &self,
        peer: &Peer,
        reach: Reach,
        request: Request<Full<Bytes>>,
    ) -> Result<Exchange, TransportError> {
        let mut request = request;
        if let Some(mut connection) = self.take(peer) {
            let repeat = request.clone();
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.exchange(response, connection, peer)),
                Err(mut failed) => {
                    let unsent = failed.take_message();
                    let error = failed.into_error();
                    if unsent.is_none() && !closed_by_peer(&error) {
                        return Err(TransportError::Dropped { source: error });
                    }
                    request = unsent.unwrap_or(repeat);
                }
            }
        }
        let mut connection = self.dial(peer, reach).await?;
        match connection.send_request(request).await {
            Ok(response) => Ok(self.exchange(response, connection, peer)),
            Err(source) => Err(TransportError::Dropped { source }),
        }
    }

    /// Dials in the background until `wanted` connections are idle, for use a moment later.
    pub fn warm(&self, peer: &Peer, reach: Reach, wanted: usize) {
        let have = self.idle.lock().get(peer).map_or(0, Vec::len);
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
        let mut idle = self.idle.lock();
        for connections in idle.values_mut() {
            connections.retain(|(since, c)| since.elapsed() < IDLE_TIMEOUT && !c.is_closed());
        }
        idle.retain(|_, connections| !connections.is_empty());
    }

    /// Closes what is kept for one peer, after it failed.
    pub fn forget(&self, peer: &Peer) {
        drop(self.idle.lock().remove(peer));
    }

    fn exchange(
        &self,
        response: Response<Incoming>,
        connection: SendRequest<Full<Bytes>>,
        peer: &Peer,
    ) -> Exchange {
        Exchange { response, connection, peer: peer.clone(), transport: self.clone() }
    }

    fn take(&self, peer: &Peer) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock();
        let connections = idle.get_mut(peer)?;
        // The newest first: the oldest are then the ones that time out.
        while let Some((since, connection)) = connections.pop() {
            if connection.is_ready() && since.elapsed() < IDLE_TIMEOUT {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, peer: Peer, connection: SendRequest<Full<Bytes>>) {
        if connection.is_closed() {
            return;
        }
        let mut idle = self.idle.lock();
        let connections = idle.entry(peer).or_default();
        if connections.len() < IDLE_PER_PEER {
            connections.push((Instant::now(), connection));
        }
    }

    async fn dial(
        &self,
        peer: &Peer,
        reach: Reach,
    ) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        timeout(DIAL_TIMEOUT, self.dial_unbounded(peer, reach))
            .await
            .map_err(|_| TransportError::DialTimeout { after: DIAL_TIMEOUT })?
    }

    async fn dial_unbounded(
        &self,
        peer: &Peer,
        reach: Reach,
    ) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        let dial = |source| TransportError::Dial { source };
        let tcp = connect(peer, reach).await.map_err(dial)?;
        tcp.set_nodelay(true).map_err(dial)?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(READ_BUFFER).max_headers(64);
        if peer.tls {
            let name = server_name(&peer.host).map_err(dial)?;
            let tls = self
                .tls
                .connect_with(name, BufReader::with_capacity(TLS_READ_BUFFER, tcp), |c| {
                    c.set_buffer_limit(Some(TLS_WRITE_BUFFER));
                })
                .await
                .map_err(dial)?;
            let handshake = builder.handshake(TokioIo::new(Filled::new(tls))).await;
            let (sender, connection) =
                handshake.map_err(|source| TransportError::Dropped { source })?;
            self.drive(connection);
            Ok(sender)
        } else {
            let handshake = builder.handshake(TokioIo::new(tcp)).await;
            let (sender, connection) =
                handshake.map_err(|source| TransportError::Dropped { source })?;
            self.drive(connection);
            Ok(sender)
        }
    }

    fn drive<T>(&self, connection: http1::Connection<TokioIo<T>, Full<Bytes>>)
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        self.tasks.service("connection", async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "connection to an orchestrator ended");
            }
        });
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

/// The peer closed a kept connection before it answered.
fn closed_by_peer(error: &hyper::Error) -> bool {
    error.is_canceled() || error.is_closed() || error.is_incomplete_message() || is_reset(error)
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let mut cause = error.source();
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
            return matches!(io.kind(), ConnectionReset | BrokenPipe);
        }
        cause = e.source();
    }
    false
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
