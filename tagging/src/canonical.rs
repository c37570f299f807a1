//! The bytes of a document that are hashed, the hash that is signed, and who signed it.
//!
//! ```text
//!   document ──► canonical JSON (RFC 8785) ──► keccak256 ──► EIP-712 digest ──► signature
//!                sorted keys, one spelling     the document    what a wallet      65 bytes,
//!                of each number                hash            shows and signs    by somebody else
//! ```
//!
//! Domain and structs: open-data 4.4. A gateway without a chain has chain 0 and the zero contract
//! (product.md 10). Keys are not handled here: whoever has one signs the digest.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, B256, Signature, U256, hex, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::class::JobClass;

#[cfg(test)]
mod tests;

mod typed {
    #![allow(missing_docs, clippy::pedantic, reason = "generated from the declaration")]

    alloy_sol_types::sol! {
        struct GatewayManifest { address gateway; uint64 seq; bytes32 docHash; uint64 expiresAt; }

        struct JobClassDoc {
            address gateway;
            bytes32 tagKey;
            uint32 rev;
            bytes32 docHash;
            uint64 issuedAt;
            uint64 expiresAt;
        }
    }
}

/// A value that RFC 8785 has no bytes for.
#[derive(Debug, thiserror::Error)]
#[error("the document has no canonical JSON")]
pub struct NotCanonical {
    /// What the writer found.
    #[source]
    source: serde_json::Error,
}

/// The one spelling of a document.
pub fn canonical_json<T: Serialize>(document: &T) -> Result<Vec<u8>, NotCanonical> {
    serde_json_canonicalizer::to_vec(document).map_err(|source| NotCanonical { source })
}

/// Keccak-256 of the canonical bytes.
pub fn document_hash<T: Serialize>(document: &T) -> Result<B256, NotCanonical> {
    canonical_json(document).map(keccak256)
}

/// For which chain and registry contract something is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SigningDomain {
    /// Chain id; 0 without a chain.
    pub chain_id: u64,
    /// The `JobTagRegistry`; zero without a chain.
    pub registry: Address,
}

impl SigningDomain {
    /// Without a chain.
    pub const OFF_CHAIN: Self = Self { chain_id: 0, registry: Address::ZERO };

    fn eip712(&self) -> Eip712Domain {
        let (name, version) = ("LivepeerGatewayData".into(), "1".into());
        let chain = U256::from(self.chain_id);
        Eip712Domain::new(Some(name), Some(version), Some(chain), Some(self.registry), None)
    }

    /// What is signed for a document of a gateway: its well-known document or its requirements.
    pub fn manifest_digest(
        &self,
        gateway: Address,
        seq: u64,
        document: B256,
        expires_at: u64,
    ) -> B256 {
        let typed =
            typed::GatewayManifest { gateway, seq, docHash: document, expiresAt: expires_at };
        typed.eip712_signing_hash(&self.eip712())
    }

    /// What is signed for one class alone.
    pub fn class_digest(&self, class: &JobClass) -> Result<B256, NotCanonical> {
        let typed = typed::JobClassDoc {
            gateway: class.gateway,
            tagKey: class.tag.key(),
            rev: class.rev,
            docHash: class.hash()?,
            issuedAt: class.issued_at.unix_seconds(),
            expiresAt: class.expires_at.unix_seconds(),
        };
        Ok(typed.eip712_signing_hash(&self.eip712()))
    }
}

/// `R || S || V`, V 27 or 28, low S. Written as 0x and 130 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentSignature([u8; 65]);

/// Bytes or text that are no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a signature; accepted: 0x and 130 hexadecimal digits in lower case, ending in 1b or 1c, with S in the lower half"
)]
pub struct NotASignature;

impl DocumentSignature {
    /// The signature in 65 bytes.
    pub fn from_bytes(bytes: [u8; 65]) -> Result<Self, NotASignature> {
        let (low, v) = (parse(&bytes)?.normalize_s().is_none(), bytes[64]);
        if low && matches!(v, 27 | 28) { Ok(Self(bytes)) } else { Err(NotASignature) }
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Whose key made it, if it fits any.
    pub fn signer(&self, digest: &B256) -> Option<Address> {
        parse(&self.0).ok()?.recover_address_from_prehash(digest).ok()
    }
}

fn parse(bytes: &[u8; 65]) -> Result<Signature, NotASignature> {
    Signature::from_raw_array(bytes).map_err(|_| NotASignature)
}

impl FromStr for DocumentSignature {
    type Err = NotASignature;

    fn from_str(text: &str) -> Result<Self, NotASignature> {
        let digits = text.strip_prefix("0x").filter(|d| d.len() == 130).ok_or(NotASignature)?;
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NotASignature);
        }
        let mut bytes = [0; 65];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NotASignature)?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for DocumentSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.0))
    }
}

impl fmt::Debug for DocumentSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DocumentSignature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
