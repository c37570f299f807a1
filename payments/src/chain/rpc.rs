//! Talking to the chain's nodes: one or several endpoints, the first that is well is asked.
//!
//! An endpoint that fails, is late, refuses to serve, belongs to another chain, or is found to
//! contradict the others is *set aside*: not asked until its back-off has passed (2 s, doubled each
//! time, at most 5 minutes; for the wrong chain at once 5 minutes). When all are set aside the one
//! whose time comes first is asked anyway, so that a lone endpoint is found again as soon as it is
//! back. Every call has a deadline. Nothing here judges what an answer says about the chain; see
//! [`head`](super::head).

mod endpoint;
mod message;
mod socket;
mod transport;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use endpoint::Endpoint;
pub use endpoint::{EndpointStatus, Fault};
pub(crate) use message::quantity;
pub use message::{Answer, CallError, Malformed, Request};
pub use transport::{Heads, Transport, TransportError};

/// The most calls in one message; providers refuse long ones.
const MAX_BATCH: usize = 40;

/// Addresses that cannot be used as endpoints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// None given.
    #[error(
        "no RPC endpoint is given; set {option} to one or several addresses, separated by commas"
    )]
    None {
        /// Where the operator gives them.
        option: &'static str,
    },
    /// Another scheme.
    #[error("{host}: scheme {scheme:?} is not supported; accepted: http, https, ws, wss")]
    Scheme {
        /// Its host.
        host: String,
        /// The scheme.
        scheme: String,
    },
    /// The HTTP client could not be made.
    #[error("{host}: the HTTP client cannot be made")]
    Client {
        /// Its host.
        host: String,
        /// Why.
        #[source]
        source: TransportError,
    },
}

/// No endpoint gave an answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// Every one that was asked failed.
    #[error(
        "no RPC endpoint answered ({tried} asked, the last was {host}); check {option} and the provider's state"
    )]
    Unreachable {
        /// How many were asked.
        tried: usize,
        /// Host of the last one.
        host: String,
        /// Where the operator gives them.
        option: &'static str,
        /// What became of the last one.
        #[source]
        source: Fault,
    },
    /// The node understood and refused.
    #[error("{host} refused {method}")]
    Refused {
        /// Whose answer it is.
        host: String,
        /// What was asked.
        method: &'static str,
        /// Its words.
        #[source]
        source: CallError,
    },
    /// The answer has another shape than the method's.
    #[error("{host} answered {method} with something else: {what}")]
    Unexpected {
        /// Whose answer it is.
        host: String,
        /// What was asked.
        method: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// How long calls may take, and which chain is expected.
#[derive(Debug, Clone, Copy)]
pub struct RpcSettings {
    /// For one attempt at one endpoint.
    pub deadline: Duration,
    /// The chain's id; without it, the first endpoint to answer decides.
    pub chain_id: Option<u64>,
    /// Where the operator gives the endpoints, for messages.
    pub option: &'static str,
}

impl Default for RpcSettings {
    /// Ten seconds, any chain, `-ethUrl`.
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), chain_id: None, option: "-ethUrl" }
    }
}

/// What has been sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages: a batch is one.
    pub messages: u64,
    /// Calls by method: each item of a batch is one.
    pub calls: BTreeMap<&'static str, u64>,
    /// Messages that failed.
    pub failures: u64,
}

impl Counts {
    /// All calls.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// The answers to one batch.
#[derive(Debug)]
pub struct Replies {
    /// In the order of the calls.
    pub answers: Vec<Answer>,
    /// Which endpoint gave them.
    pub endpoint: usize,
    host: String,
}

impl Replies {
    /// The host that answered.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The endpoints. A clone is the same.
#[derive(Clone)]
pub struct Rpc(Arc<Inner>);

struct Inner {
    endpoints: Vec<Endpoint>,
    settings: RpcSettings,
    chain_id: Mutex<Option<u64>>,
    counts: Mutex<Counts>,
}

impl Rpc {
    /// Endpoints by address, in the order of preference. Nothing is connected yet.
    pub fn new(urls: &[Url], settings: RpcSettings) -> Result<Self, EndpointError> {
        let endpoints = urls
            .iter()
            .map(|url| {
                let host = transport::host(url);
                let transport: Arc<dyn Transport> = match url.scheme() {
                    "http" | "https" => {
                        Arc::new(transport::Http::new(url.clone(), settings.deadline).map_err(
                            |source| EndpointError::Client { host: host.clone(), source },
                        )?)
                    }
                    "ws" | "wss" => Arc::new(socket::Socket::new(url.clone(), settings.deadline)),
                    scheme => {
                        return Err(EndpointError::Scheme { host, scheme: scheme.to_owned() });
                    }
                };
                Ok((host, transport))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::with_transports(endpoints, settings)
    }

    /// Endpoints by a way of one's own, with the name each is shown under.
    pub fn with_transports(
        transports: Vec<(String, Arc<dyn Transport>)>,
        settings: RpcSettings,
    ) -> Result<Self, EndpointError> {
        if transports.is_empty() {
            return Err(EndpointError::None { option: settings.option });
        }
        let endpoints =
            transports.into_iter().map(|(host, way)| Endpoint::new(host, way)).collect();
        Ok(Self(Arc::new(Inner {
            endpoints,
            settings,
            chain_id: Mutex::new(settings.chain_id),
            counts: Mutex::default(),
        })))
    }

    /// The chain's id: configured, or as the first endpoint told it.
    pub fn chain_id(&self) -> Option<u64> {
        *self.0.chain_id.lock()
    }

    /// What has been sent so far.
    pub fn counts(&self) -> Counts {
        self.0.counts.lock().clone()
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.0.endpoints.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.0.endpoints.is_empty()
    }

    /// How each endpoint is.
    pub fn status(&self) -> Vec<EndpointStatus> {
        self.0.endpoints.iter().map(Endpoint::status).collect()
    }

    /// Does not ask an endpoint for a while, because of what it said.
    pub fn set_aside(&self, endpoint: usize, fault: Fault) {
        if let Some(endpoint) = self.0.endpoints.get(endpoint) {
            endpoint.set_aside(fault);
        }
    }

    /// An endpoint is believed again: its back-off starts anew.
    pub fn vindicate(&self, endpoint: usize) {
        if let Some(endpoint) = self.0.endpoints.get(endpoint) {
            endpoint.vindicate();
        }
    }

    /// The chain's id; asks for it if it is not known yet.
    pub async fn learn_chain_id(&self) -> Result<u64, RpcError> {
        if self.chain_id().is_none() {
            // The first words with an endpoint tell it, whatever they are.
            self.call(Request::block(None)).await?;
        }
        Ok(self.chain_id().expect("an endpoint that answered has told the chain's id"))
    }

    /// One call.
    pub async fn call(&self, request: Request) -> Result<Value, RpcError> {
        let method = request.method;
        let mut replies = self.batch(vec![request]).await?;
        let host = replies.host;
        match replies.answers.pop() {
            Some(Ok(value)) => Ok(value),
            Some(Err(source)) => Err(RpcError::Refused { host, method, source }),
            None => Err(RpcError::Unexpected { host, method, what: "no answer".to_owned() }),
        }
    }

    /// Several calls, in as few messages as can be. All answers are one endpoint's.
    pub async fn batch(&self, requests: Vec<Request>) -> Result<Replies, RpcError> {
        let mut last = None;
        let order = self.order();
        for (tried, &index) in order.iter().enumerate() {
            match self.ask(index, &requests).await {
                Ok(answers) => {
                    let host = self.0.endpoints[index].host().to_owned();
                    return Ok(Replies { answers, endpoint: index, host });
                }
                Err(fault) => {
                    let host = self.0.endpoints[index].host().to_owned();
                    tracing::debug!(%host, error = %fault, "RPC endpoint set aside");
                    self.set_aside(index, fault.clone());
                    let (tried, option) = (tried + 1, self.0.settings.option);
                    last = Some(RpcError::Unreachable { tried, host, option, source: fault });
                }
            }
        }
        Err(last.expect("the order names at least one endpoint"))
    }

    /// Asks one endpoint and no other; judges it, but leaves setting it aside to the caller.
    pub async fn ask(&self, index: usize, requests: &[Request]) -> Result<Vec<Answer>, Fault> {
        let endpoint = &self.0.endpoints[index];
        let mut answers = Vec::with_capacity(requests.len());
        let chunks = requests.chunks(MAX_BATCH);
        for chunk in chunks {
            let got = if endpoint.is_known() {
                self.send(endpoint, chunk).await?
            } else {
                self.introduce(endpoint, chunk).await?
            };
            if let Some(refusal) = got.iter().find_map(|answer| {
                answer.as_ref().err().filter(|error| error.is_of_endpoint()).cloned()
            }) {
                return Err(Fault::Refuses(refusal));
            }
            answers.extend(got);
        }
        Ok(answers)
    }

    /// Heads as they are pushed, from the first endpoint if that can push.
    pub async fn heads(&self) -> Option<(usize, Heads)> {
        let index = *self.order().first()?;
        if !self.0.endpoints[index].is_known() {
            return None;
        }
        match self.0.endpoints[index].transport().heads().await {
            Ok(heads) => heads.map(|heads| (index, heads)),
            Err(error) => {
                let host = self.0.endpoints[index].host();
                tracing::debug!(%host, %error, "no subscription to new heads; asking instead");
                None
            }
        }
    }

    /// The first words with an endpoint begin with the question which chain it is on.
    async fn introduce(
        &self,
        endpoint: &Endpoint,
        requests: &[Request],
    ) -> Result<Vec<Answer>, Fault> {
        let mut all = vec![Request::new("eth_chainId", json!([]))];
        all.extend_from_slice(requests);
        let mut answers = self.send(endpoint, &all).await?;
        let id = answers.remove(0).map_err(Fault::Refuses)?;
        let found = hex_u64(&id).ok_or(Fault::NoChainId)?;
        let expected = *self.0.chain_id.lock().get_or_insert(found);
        if expected != found {
            return Err(Fault::WrongChain { expected, found });
        }
        endpoint.introduced();
        Ok(answers)
    }

    async fn send(&self, endpoint: &Endpoint, requests: &[Request]) -> Result<Vec<Answer>, Fault> {
        {
            let mut counts = self.0.counts.lock();
            counts.messages += 1;
            for request in requests {
                *counts.calls.entry(request.method).or_default() += 1;
            }
        }
        let deadline = self.0.settings.deadline;
        let result = tokio::time::timeout(deadline, endpoint.transport().send(requests)).await;
        let result = result.unwrap_or(Err(TransportError::Timeout { after: deadline }));
        result.map_err(|error| {
            self.0.counts.lock().failures += 1;
            Fault::Transport(error)
        })
    }

    /// Endpoints in the order in which to ask them: those that are well, in the order given; if none
    /// is, the one whose time comes first.
    fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let well: Vec<usize> =
            (0..self.len()).filter(|&i| self.0.endpoints[i].is_well(now)).collect();
        if !well.is_empty() {
            return well;
        }
        (0..self.len()).min_by_key(|&i| self.0.endpoints[i].until()).into_iter().collect()
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc").field("endpoints", &self.0.endpoints).finish_non_exhaustive()
    }
}

/// A number as JSON-RPC writes it.
pub(crate) fn hex_u64(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests;
