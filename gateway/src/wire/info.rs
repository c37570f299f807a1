//! What an orchestrator says of itself when it opens a session, checked once.
//!
//! Nothing in it is signed: address, price and storage are taken on trust. What a session needs must
//! be there and make sense (discovery/discovery.go:120-336, server/broadcast.go:884-948); what it
//! does not need is dropped, so that a talkative orchestrator occupies no memory for half an hour.

use alloy_primitives::Address;
use bytes::Bytes;
use jiff::Timestamp;
use prost::Message;
use url::Url;
use waymark_payments::price::{Price, PriceError};
use waymark_proto::net::{self, AuthToken, OrchestratorInfo};

use super::address::{self, AddressProblem};
use crate::capability::Incompatible;

/// Bytes of a token; a stock one has about 50. It travels in a header of every segment.
const TOKEN_LIMIT: usize = 4096;
/// Bytes of a capability set; stock sets have one word of 8.
const SET_LIMIT: usize = 512;
/// Bytes of a version text.
const VERSION_LIMIT: usize = 256;
/// Bytes of ticket parameters; stock ones have about 250.
const TICKET_LIMIT: usize = 4096;
/// Bytes of a store's description; a signed upload policy has about 1000.
const STORAGE_LIMIT: usize = 16 * 1024;
/// Longest session id; a stock one has 8 characters.
const LONGEST_SESSION_ID: usize = 64;
/// Most sibling nodes remembered.
const MOST_NODES: usize = 32;

/// Why no session can be made of what an orchestrator says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InfoError {
    /// No address for segments: the orchestrator does no work.
    #[error("the orchestrator gives no address for segments: it takes no work now")]
    NoTranscoder,
    /// An address for segments that cannot be one.
    #[error("the orchestrator's address for segments is unusable: {url}")]
    BadTranscoder {
        /// The address, cut to a line.
        url: String,
        /// What is wrong with it.
        #[source]
        source: AddressProblem,
    },
    /// No token.
    #[error("the orchestrator issued no token")]
    NoToken,
    /// A part far larger than it can honestly be.
    #[error("the orchestrator's {what} of {found} bytes is too large, at most {limit} are kept")]
    TooLarge {
        /// The part.
        what: &'static str,
        /// Bytes found.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// A session id that is empty, too long or not plain text.
    #[error("the orchestrator's session id is not 1 to {LONGEST_SESSION_ID} letters and digits")]
    BadSessionId,
    /// No capabilities.
    #[error("the orchestrator advertises no capabilities")]
    NoCapabilities,
    /// An Ethereum address of the wrong length.
    #[error("the orchestrator's Ethereum address has {found} bytes, not 20")]
    BadAddress {
        /// Bytes found.
        found: usize,
    },
    /// A price that is negative or for no pixels.
    #[error("the orchestrator's price is {wei} wei for {pixels} pixels")]
    BadPrice {
        /// Wei.
        wei: i64,
        /// Pixels.
        pixels: i64,
    },
    /// The operator never uses this orchestrator.
    #[error("the orchestrator {address} is on the block list")]
    Blocked {
        /// Its address.
        address: Address,
    },
    /// The orchestrator does not meet the class of the job's tag.
    #[error("the orchestrator does not meet the class of {tag}: {missing}")]
    Unqualified {
        /// The tag.
        tag: String,
        /// Each predicate and the distance to passing it.
        missing: String,
    },
    /// The orchestrator cannot do the job.
    #[error("the orchestrator cannot do this job")]
    Incompatible {
        /// What it lacks or demands.
        #[source]
        source: Incompatible,
    },
}

/// What an orchestrator said of itself when it opened a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionInfo {
    /// Base address for segments, without a slash at its end unless it is all of the path. It may
    /// differ from the address that was asked.
    pub transcoder: Url,
    /// Who signs results; `None` off-chain.
    pub address: Option<Address>,
    /// The session's token, to be sent back exactly as it is.
    pub token: AuthToken,
    /// When segments with this token begin to be refused. A time out of range is the last there is.
    pub expires_at: Timestamp,
    /// What the orchestrator can do: sets and version. Capacities and the constraints of AI models
    /// decide nothing here and are dropped.
    pub capabilities: net::Capabilities,
    /// Price; `None` off-chain.
    pub price: Option<Price>,
    /// For tickets; `None` off-chain.
    pub ticket_params: Option<net::TicketParams>,
    /// The orchestrator's own store, if it uses one.
    pub storage: Option<net::OsInfo>,
    /// Sibling instances that may be asked too; at most 32.
    pub nodes: Vec<Url>,
}

impl SessionInfo {
    /// Checks what an orchestrator said.
    pub fn read(info: OrchestratorInfo) -> Result<Self, InfoError> {
        if info.transcoder.is_empty() {
            return Err(InfoError::NoTranscoder);
        }
        let transcoder = address::read_base(&info.transcoder).map_err(|source| {
            InfoError::BadTranscoder { url: address::excerpt(&info.transcoder), source }
        })?;
        let token = read_token(info.auth_token.ok_or(InfoError::NoToken)?)?;
        let capabilities = info.capabilities.ok_or(InfoError::NoCapabilities)?;
        Ok(Self {
            transcoder,
            address: read_address(&info.address)?,
            expires_at: read_time(token.expiration),
            token,
            capabilities: trim_capabilities(capabilities)?,
            price: info.price_info.as_ref().map(read_price).transpose()?,
            ticket_params: info.ticket_params.map(read_ticket_params).transpose()?,
            storage: info.storage.into_iter().next().map(read_storage).transpose()?,
            nodes: read_nodes(&info.nodes),
        })
    }

    /// Names the session at the orchestrator. Whoever knows it can fetch the renditions.
    pub fn session_id(&self) -> &str {
        &self.token.session_id
    }

    /// The orchestrator's version, as it says.
    pub fn version(&self) -> &str {
        &self.capabilities.version
    }

    /// Whose signature results must carry: the orchestrator's address, or where it gives none, the
    /// recipient of its tickets (verification/verify.go:186-215). `None` off-chain.
    pub fn result_signer(&self) -> Option<Address> {
        let recipient = || {
            let params = self.ticket_params.as_ref()?;
            read_address(&params.recipient).ok().flatten()
        };
        self.address.or_else(recipient)
    }
}

/// Byte fields are slices of the message they came in. What is kept for long is copied out of it, so
/// that a few bytes do not hold the whole message.
fn owned(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), InfoError> {
    if found > limit { Err(InfoError::TooLarge { what, found, limit }) } else { Ok(()) }
}

fn read_token(token: AuthToken) -> Result<AuthToken, InfoError> {
    within("token", token.encoded_len(), TOKEN_LIMIT)?;
    let id = token.session_id.as_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if id.is_empty() || id.len() > LONGEST_SESSION_ID || !id.iter().all(plain) {
        return Err(InfoError::BadSessionId);
    }
    Ok(AuthToken {
        token: owned(&token.token),
        unknown_fields: owned(&token.unknown_fields),
        ..token
    })
}

/// The token that a refreshed session brings, and when it begins to be refused; `None` if it is none.
pub fn read_fresh_token(token: AuthToken) -> Option<(AuthToken, Timestamp)> {
    let token = read_token(token).ok()?;
    let expires_at = read_time(token.expiration);
    Some((token, expires_at))
}

fn trim_capabilities(capabilities: net::Capabilities) -> Result<net::Capabilities, InfoError> {
    let net::Capabilities { bitstring, mandatories, version, .. } = capabilities;
    for set in [&bitstring, &mandatories] {
        within("capability set", size_of_val(set.as_slice()), SET_LIMIT)?;
    }
    within("version", version.len(), VERSION_LIMIT)?;
    Ok(net::Capabilities { bitstring, mandatories, version, ..Default::default() })
}

fn read_ticket_params(params: net::TicketParams) -> Result<net::TicketParams, InfoError> {
    within("set of ticket parameters", params.encoded_len(), TICKET_LIMIT)?;
    let expiration_params = params.expiration_params.map(|p| net::TicketExpirationParams {
        creation_round_block_hash: owned(&p.creation_round_block_hash),
        ..p
    });
    Ok(net::TicketParams {
        recipient: owned(&params.recipient),
        face_value: owned(&params.face_value),
        win_prob: owned(&params.win_prob),
        recipient_rand_hash: owned(&params.recipient_rand_hash),
        seed: owned(&params.seed),
        expiration_block: owned(&params.expiration_block),
        expiration_params,
    })
}

fn read_storage(storage: net::OsInfo) -> Result<net::OsInfo, InfoError> {
    within("store", storage.encoded_len(), STORAGE_LIMIT)?;
    Ok(storage)
}

/// Zero and nothing both mean that there is none.
fn read_address(bytes: &[u8]) -> Result<Option<Address>, InfoError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let address =
        Address::try_from(bytes).map_err(|_| InfoError::BadAddress { found: bytes.len() })?;
    Ok(Some(address).filter(|address| !address.is_zero()))
}

fn read_time(unix_seconds: i64) -> Timestamp {
    let limit = if unix_seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(unix_seconds).unwrap_or(limit)
}

fn read_price(price: &net::PriceInfo) -> Result<Price, InfoError> {
    Price::try_from(price).map_err(|PriceError { wei, pixels }| InfoError::BadPrice { wei, pixels })
}

/// Siblings are hints: one that is no address is passed over.
fn read_nodes(nodes: &[String]) -> Vec<Url> {
    nodes.iter().take(MOST_NODES).filter_map(|node| address::read_base(node).ok()).collect()
}

#[cfg(test)]
mod tests;
