//! Whether a document is from whom it says, for this reader, and still valid.

use jiff::Timestamp;

use super::{Address, B256, GatewayDocument, Head, Received, Requirements, SigningDomain};

/// What a reader knows beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// The time.
    pub now: Timestamp,
    /// Whose document it has to be, if that is known.
    pub gateway: Option<Address>,
    /// The delegated key of the gateway, if the contract names one (`setDataKey`).
    pub data_key: Option<Address>,
    /// For which chain and registry it has to be signed, if that is known.
    pub domain: Option<SigningDomain>,
    /// The newest state the reader has seen: an older document is not news, it is a replay.
    pub min_seq: u64,
}

impl Expectation {
    /// Nothing is known but the time.
    pub const fn at(now: Timestamp) -> Self {
        Self { now, gateway: None, data_key: None, domain: None, min_seq: 0 }
    }
}

/// Whose word a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignedBy {
    /// The gateway itself.
    Gateway(Address),
    /// The key that the contract names as the gateway's.
    DataKey(Address),
    /// A key that the document names and the reader could not look up: worth as much as the place it
    /// came from.
    UnconfirmedKey(Address),
    /// Nobody: a gateway without a key. Worth as much as the place it came from.
    Nobody,
}

/// A document that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It has ended.
    #[error("the document of {gateway:#x} expired at {expired}; ask its gateway for a newer one")]
    Expired {
        /// Whose document it is.
        gateway: Address,
        /// When it ended.
        expired: String,
    },
    /// It is of somebody else.
    #[error("the document is of gateway {found:#x}; expected {expected:#x}")]
    OtherGateway {
        /// Whose document it is.
        found: Address,
        /// Whose was asked for.
        expected: Address,
    },
    /// It is signed for another chain or contract.
    #[error(
        "the document is signed for chain {} and registry {:#x}; expected chain {} and registry {:#x}",
        found.chain_id, found.registry, expected.chain_id, expected.registry
    )]
    OtherDomain {
        /// What it is signed for.
        found: SigningDomain,
        /// What was asked for.
        expected: SigningDomain,
    },
    /// It is older than what is known already.
    #[error("the document has seq {found}, older than {known}, which is known already")]
    Replayed {
        /// Its state.
        found: u64,
        /// The newest state known.
        known: u64,
    },
    /// The signature is not of whom the document names.
    #[error("the signature is forged or the document was changed: {}; expected that of {expected:#x}", by(*found))]
    Forged {
        /// Whose key fits the signature, if any does.
        found: Option<Address>,
        /// Whose key it should be.
        expected: Address,
    },
    /// It names a gateway with a key, and nobody signed it.
    #[error(
        "the document of {gateway:#x} is not signed; only a gateway without an address may leave that out"
    )]
    Unsigned {
        /// Whose document it is.
        gateway: Address,
    },
}

fn by(found: Option<Address>) -> String {
    found.map_or_else(|| "no key fits it".to_owned(), |of| format!("it is that of {of:#x}"))
}

impl Received<GatewayDocument> {
    /// Checks who signed it, for whom, and until when.
    pub fn verify(&self, expect: &Expectation) -> Result<SignedBy, VerifyError> {
        verify(&self.document.head, self.hash, expect)
    }
}

impl Received<Requirements> {
    /// Checks who signed it, for whom, and until when.
    pub fn verify(&self, expect: &Expectation) -> Result<SignedBy, VerifyError> {
        verify(&self.document.head, self.hash, expect)
    }
}

fn verify(head: &Head, hash: B256, expect: &Expectation) -> Result<SignedBy, VerifyError> {
    let gateway = head.gateway;
    if let Some(expected) = expect.gateway
        && expected != gateway
    {
        return Err(VerifyError::OtherGateway { found: gateway, expected });
    }
    if let Some(expected) = expect.domain
        && expected != head.domain
    {
        return Err(VerifyError::OtherDomain { found: head.domain, expected });
    }
    let signed = signature(head, hash, expect)?;
    if head.expires_at.at() <= expect.now {
        return Err(VerifyError::Expired { gateway, expired: head.expires_at.to_string() });
    }
    if head.seq < expect.min_seq {
        return Err(VerifyError::Replayed { found: head.seq, known: expect.min_seq });
    }
    Ok(signed)
}

fn signature(head: &Head, hash: B256, expect: &Expectation) -> Result<SignedBy, VerifyError> {
    let expected = head.signer.unwrap_or(head.gateway);
    let Some(signature) = &head.signature else {
        return if head.gateway.is_zero() && head.signer.is_none() {
            Ok(SignedBy::Nobody)
        } else {
            Err(VerifyError::Unsigned { gateway: head.gateway })
        };
    };
    let found = signature.signer(&head.digest(hash));
    if found != Some(expected) || expected.is_zero() {
        return Err(VerifyError::Forged { found, expected });
    }
    if head.signer.is_none_or(|signer| signer == head.gateway) {
        return Ok(SignedBy::Gateway(head.gateway));
    }
    match expect.data_key {
        Some(key) if key == expected => Ok(SignedBy::DataKey(key)),
        Some(key) => Err(VerifyError::Forged { found, expected: key }),
        None => Ok(SignedBy::UnconfirmedKey(expected)),
    }
}
