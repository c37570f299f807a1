//! A small HTTP client: one connection, one protocol version, certificates not looked at.
//!
//! It serves the load generator, the node's own fetch of a segment by URL, and tests that talk to a
//! node without a gateway between. Nothing here retries, pools or follows redirects: what a peer does
//! must be seen as it is.

mod grpc;
mod payment;
mod segment;
mod tls;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

pub use grpc::{GrpcChannel, get_orchestrator, grpc};
pub use payment::{
    get_orchestrator_as, header, payment, payment_data, post_paid, refresh_payment, sign_segment,
    sign_tickets, signed_request,
};
pub use segment::{SegmentOutcome, job_capabilities, seg_data, segment_request, send_segment};

/// Longest wait for TCP and TLS.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// What can go wrong with an exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A text that is no absolute http or https URI.
    #[error("`{given}` is not an address: write http://HOST:PORT or https://HOST:PORT")]
    Address {
        /// What was given.
        given: String,
    },
    /// TCP or TLS failed.
    #[error("no connection to {authority}")]
    Connect {
        /// Host and port.
        authority: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The exchange broke.
    #[error("the exchange with {authority} broke")]
    Http {
        /// Host and port.
        authority: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// A request that cannot be put into HTTP.
    #[error("not a valid HTTP request")]
    Request {
        /// Why.
        #[source]
        source: http::Error,
    },
    /// The answer took too long.
    #[error("no whole answer from {authority} in time")]
    Timeout {
        /// Host and port.
        authority: String,
    },
    /// The answer is larger than accepted.
    #[error("the answer of {authority} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        authority: String,
        /// The limit.
        limit: usize,
    },
    /// Another status than asked for.
    #[error("{authority} answered {status}: {text}")]
    Status {
        /// Host and port.
        authority: String,
        /// HTTP status.
        status: u16,
        /// Start of the body.
        text: String,
    },
    /// A message that does not decode.
    #[error("the answer of {authority} is no protobuf message")]
    Protobuf {
        /// Host and port.
        authority: String,
        /// Why.
        #[source]
        source: prost::DecodeError,
    },
    /// gRPC refused.
    #[error("{authority} refused: {message}")]
    Grpc {
        /// Host and port.
        authority: String,
        /// The status' message.
        message: String,
    },
}

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    https: bool,
    authority: Authority,
}

impl Origin {
    /// Reads an absolute URI and gives its origin and its path with query.
    pub fn parse(uri: &str) -> Result<(Self, PathAndQuery), ClientError> {
        let wrong = || ClientError::Address { given: uri.to_owned() };
        let parts = uri.trim().parse::<Uri>().map_err(|_| wrong())?.into_parts();
        let https = match parts.scheme {
            Some(scheme) if scheme == Scheme::HTTPS => true,
            Some(scheme) if scheme == Scheme::HTTP => false,
            _ => return Err(wrong()),
        };
        let authority = parts.authority.ok_or_else(wrong)?;
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok((Self { https, authority }, path))
    }

    /// Host as written.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Host and port as written.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The URI of a path on this server.
    pub fn uri(&self, path: &str) -> Result<Uri, ClientError> {
        Uri::builder()
            .scheme(if self.https { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|source| ClientError::Request { source })
    }

    fn broke(&self, source: hyper::Error) -> ClientError {
        ClientError::Http { authority: self.authority.to_string(), source }
    }

    async fn tcp(&self) -> Result<TcpStream, std::io::Error> {
        let host = self.authority.host();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = self.authority.port_u16().unwrap_or(if self.https { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Connects; over TLS with only the protocol of `version` on offer.
    async fn connect(&self, version: Version) -> Result<Box<dyn tls::Stream>, ClientError> {
        let connecting = async {
            let tcp = self.tcp().await?;
            if self.https {
                Ok(Box::new(tls::wrap(tcp, self.authority.host(), version).await?) as Box<_>)
            } else {
                Ok(Box::new(tcp) as Box<dyn tls::Stream>)
            }
        };
        let elapsed = || std::io::Error::from(std::io::ErrorKind::TimedOut);
        tokio::time::timeout(OPEN_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|_| Err(elapsed()))
            .map_err(|source| ClientError::Connect {
                authority: self.authority.to_string(),
                source,
            })
    }
}

/// One open connection. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    origin: Origin,
    sender: Sender,
    /// Drives the connection; ends with it.
    _driver: JoinSet<()>,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Opens a connection that speaks HTTP/2 if `version` says so, else HTTP/1.1.
    pub async fn open(origin: &Origin, version: Version) -> Result<Self, ClientError> {
        let io = TokioIo::new(origin.connect(version).await?);
        let mut driver = JoinSet::new();
        let sender = if version == Version::HTTP_2 {
            let (sender, connection) =
                http2::handshake(TokioExecutor::new(), io).await.map_err(|e| origin.broke(e))?;
            driver.spawn(async move { log_end(connection.await) });
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(|e| origin.broke(e))?;
            driver.spawn(async move { log_end(connection.await) });
            Sender::Http1(sender)
        };
        Ok(Self { origin: origin.clone(), sender, _driver: driver })
    }

    /// The server.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the peer closed the connection.
    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Starts a request; its URI must be absolute. The answer's head has come when this returns.
    pub async fn start(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let sent = match &mut self.sender {
            Sender::Http1(sender) => {
                if let Ok(host) = self.origin.authority().parse() {
                    request.headers_mut().entry(http::header::HOST).or_insert(host);
                }
                if let Some(path) = request.uri().path_and_query().cloned() {
                    *request.uri_mut() = Uri::from(path);
                }
                sender.ready().await.map_err(|e| self.origin.broke(e))?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await.map_err(|e| self.origin.broke(e))?;
                sender.send_request(request).await
            }
        };
        sent.map_err(|e| self.origin.broke(e))
    }

    /// Sends a request and reads the whole answer, at most `limit` bytes of it, until `deadline`.
    pub async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        limit: usize,
        deadline: Instant,
    ) -> Result<Response<Bytes>, ClientError> {
        let authority = self.origin.authority().to_owned();
        let whole = async {
            let (head, body) = self.start(request).await?.into_parts();
            let body = collect(&self.origin, body, limit).await?;
            Ok(Response::from_parts(head, body))
        };
        timeout_at(deadline, whole).await.unwrap_or(Err(ClientError::Timeout { authority }))
    }

    /// GETs a path and wants status 200.
    pub async fn get(
        &mut self,
        path: &str,
        limit: usize,
        deadline: Instant,
    ) -> Result<Bytes, ClientError> {
        let request = Request::get(self.origin.uri(path)?)
            .body(Full::default())
            .map_err(|source| ClientError::Request { source })?;
        let response = self.exchange(request, limit, deadline).await?;
        if response.status() != http::StatusCode::OK {
            return Err(self.origin.status(&response));
        }
        Ok(response.into_body())
    }
}

impl Origin {
    pub(crate) fn status(&self, response: &Response<Bytes>) -> ClientError {
        let text = String::from_utf8_lossy(response.body());
        ClientError::Status {
            authority: self.authority.to_string(),
            status: response.status().as_u16(),
            text: text.trim_end().chars().take(200).collect(),
        }
    }
}

/// GETs a URI over a new HTTP/1.1 connection and wants status 200.
pub async fn get(uri: &str, limit: usize, deadline: Instant) -> Result<Bytes, ClientError> {
    let (origin, path) = Origin::parse(uri)?;
    let mut connection = Connection::open(&origin, Version::HTTP_11).await?;
    connection.get(path.as_str(), limit, deadline).await
}

/// Reads a body to its end, at most `limit` bytes.
async fn collect(origin: &Origin, mut body: Incoming, limit: usize) -> Result<Bytes, ClientError> {
    let too_large = || ClientError::TooLarge { authority: origin.authority().to_owned(), limit };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large());
    }
    let mut whole = BytesMut::with_capacity(announced.min(4 << 20));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| origin.broke(e))?;
        if let Some(data) = frame.data_ref() {
            if data.len() > limit - whole.len() {
                return Err(too_large());
            }
            whole.extend_from_slice(data);
        }
    }
    Ok(whole.freeze())
}

fn log_end(end: Result<(), hyper::Error>) {
    if let Err(error) = end {
        tracing::debug!(%error, "client connection ended");
    }
}
