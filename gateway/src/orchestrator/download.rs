//! Fetching renditions, each whole and exactly sized.
//!
//! They are collected before anything is answered: after the first byte neither a failed second
//! rendition nor another attempt could reach the client any more.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use http::{HeaderValue, Method, Request, StatusCode, header};
use tokio::time::timeout;
use url::Url;
use waymark_proto::TAG_HEADER;

use super::{
    error::{AttemptError, DownloadError},
    transport::{Peer, Reach, Transport},
};

/// For one whole GET (go-livepeer `core/os.go:25`).
const TIMEOUT: Duration = Duration::from_secs(4);

/// One rendition to fetch.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Its name, for errors.
    pub name: &'a str,
    /// Where it is.
    pub url: &'a Url,
    /// Largest size an honest rendition of this profile and duration has, bytes.
    pub limit: usize,
}

/// Fetches all renditions of a segment at once; the first failure fails all. The tag is told to the
/// orchestrator alone, not to whoever else stores them.
pub async fn all(
    transport: &Transport,
    orchestrator: &Peer,
    tag: Option<&HeaderValue>,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Bytes>, AttemptError> {
    try_join_all(wanted.iter().map(async |w| {
        let fetched = timeout(TIMEOUT, one(transport, orchestrator, tag, w)).await;
        fetched
            .unwrap_or(Err(DownloadError::Timeout { after: TIMEOUT }))
            .map_err(|source| AttemptError::Download { rendition: w.name.to_owned(), source })
    }))
    .await
}

/// Fetches files that stand by themselves: what comes of each.
pub async fn each(
    transport: &Transport,
    orchestrator: &Peer,
    tag: Option<&HeaderValue>,
    wanted: &[Wanted<'_>],
) -> Vec<Result<Bytes, DownloadError>> {
    join_all(wanted.iter().map(async |w| {
        let fetched = timeout(TIMEOUT, one(transport, orchestrator, tag, w)).await;
        fetched.unwrap_or(Err(DownloadError::Timeout { after: TIMEOUT }))
    }))
    .await
}

async fn one(
    transport: &Transport,
    orchestrator: &Peer,
    tag: Option<&HeaderValue>,
    wanted: &Wanted<'_>,
) -> Result<Bytes, DownloadError> {
    let address = || DownloadError::Address { url: wanted.url.to_string() };
    let peer = Peer::of(wanted.url).ok_or_else(address)?;
    // Storage of somebody else is fine, the inside of the gateway's own network is not.
    let own = peer.same_host(orchestrator);
    let reach = if own { Reach::Anywhere } else { Reach::PublicOnly };
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(path(wanted.url))
        .header(header::HOST, authority(wanted.url))
        .body(Bytes::new())
        .map_err(|_| address())?;
    if let Some(tag) = tag.filter(|_| own) {
        request.headers_mut().insert(TAG_HEADER, tag.clone());
    }
    let exchange = transport.send(&peer, reach, &request).await?;
    if exchange.status() != StatusCode::OK {
        return Err(DownloadError::Status { status: exchange.status().as_u16() });
    }
    let body = exchange.collect(wanted.limit).await?;
    if body.is_empty() { Err(DownloadError::Empty) } else { Ok(body) }
}

/// Path and query as HTTP/1.1 sends them.
pub(super) fn path(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

/// The Host header.
pub(super) fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}
