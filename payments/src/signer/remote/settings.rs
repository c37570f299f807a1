//! Where the remote signer is, how one proves to it who asks, and what is taken from it.

use std::{fmt, time::Duration};

use alloy_primitives::U256;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// The signer may ask a webhook that has 5 seconds (`server/remote_signer.go:326`).
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most tickets a stock signer puts into one payment (`server/remote_signer.go:615`).
const MOST_TICKETS: u16 = 100;

/// A remote signer cannot be configured like this. Values are not shown: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not an address of a web server.
    #[error("the remote signer's URL is not http(s)://host[:port]; a scheme left out means https")]
    Url,
    /// Not `name:value`.
    #[error(
        "header {position} for the remote signer is not name:value (-remoteSignerHeaders name:value,name:value)"
    )]
    Header {
        /// Counted from 1.
        position: usize,
    },
}

/// What a payment of a remote signer may have. Like those for our own tickets, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketLimits {
    /// Tickets in one payment; stock makes no more than 100.
    pub tickets: u16,
    /// Expected value of one ticket (`-maxTicketEV`).
    pub ticket_value: U256,
    /// Expected value of all tickets of a payment (`-maxTotalEV`).
    pub total_value: U256,
    /// Face value of one ticket; none by default, because the deposit is the signer's.
    pub face_value: Option<U256>,
}

impl Default for TicketLimits {
    fn default() -> Self {
        Self {
            tickets: MOST_TICKETS,
            ticket_value: U256::from(3_000_000_000_000_u64),
            total_value: U256::from(20_000_000_000_000_u64),
            face_value: None,
        }
    }
}

/// How to reach a remote signer.
#[derive(Clone)]
pub struct RemoteSettings {
    url: Url,
    headers: HeaderMap,
    /// For one call, connecting included.
    pub timeout: Duration,
    /// What its payments are held to.
    pub limits: TicketLimits,
}

impl RemoteSettings {
    /// The value of `-remoteSignerUrl`: `https://` may be left out. A path is dropped, as in
    /// go-livepeer, which resolves its own against the host.
    pub fn new(url: &str) -> Result<Self, SettingsError> {
        let with_scheme =
            if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
        let mut url = Url::parse(&with_scheme).map_err(|_| SettingsError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(SettingsError::Url);
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        let (timeout, limits) = (TIMEOUT, TicketLimits::default());
        Ok(Self { url, headers: HeaderMap::new(), timeout, limits })
    }

    /// Adds the headers of `-remoteSignerHeaders`, `name:value,name:value`: what the signer's own
    /// webhook recognises the caller by.
    pub fn headers(mut self, list: &str) -> Result<Self, SettingsError> {
        let entries = list.split(',').map(str::trim).enumerate();
        for (index, entry) in entries.filter(|(_, entry)| !entry.is_empty()) {
            let error = SettingsError::Header { position: index + 1 };
            let (name, value) = entry.split_once(':').ok_or(error.clone())?;
            let name = name.trim().parse().map_err(|_| error.clone())?;
            let value = value.trim().parse().map_err(|_| error)?;
            self = self.header(name, value);
        }
        Ok(self)
    }

    /// Adds one header. Its value is a secret from here on.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    pub(super) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }

    pub(super) fn secrets(&self) -> &HeaderMap {
        &self.headers
    }

    /// The URL's password, which goes into a header of its own.
    pub(super) fn password(&self) -> Option<&str> {
        self.url.password()
    }

    /// Scheme, host and port: what may be shown.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Debug for RemoteSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSettings")
            .field("url", &self.origin())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("limits", &self.limits)
            .finish()
    }
}
