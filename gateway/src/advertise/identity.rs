//! Whose documents these are, and who signs them.

use alloy_primitives::{Address, B256};
use waymark_tagging::canonical::{DocumentSignature, SigningDomain};

use crate::{
    payments::Payments,
    signer::{LocalKey, PaymentSource},
};

/// The gateway's address, its key if it has one, and what its signatures are good for.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Whose documents these are: zero without a chain.
    pub gateway: Address,
    /// For which chain and registry they are signed.
    pub domain: SigningDomain,
    key: Option<LocalKey>,
}

impl Identity {
    /// Without a chain: no address, no signature, and the documents say so.
    pub const OFF_CHAIN: Self =
        Self { gateway: Address::ZERO, domain: SigningDomain::OFF_CHAIN, key: None };

    /// With a key, for a chain and the registry on it.
    pub fn of_key(key: LocalKey, domain: SigningDomain) -> Self {
        Self { gateway: key.address(), domain, key: Some(key) }
    }

    /// That of a gateway that pays. A remote signer signs no documents, so they stay unsigned and
    /// are refused by readers: without a key here nothing is worth publishing under its address.
    pub fn of(payments: &Payments, registry: Option<Address>) -> Self {
        let chain_id = payments.chain.rpc().chain_id().unwrap_or(0);
        match &payments.source {
            PaymentSource::Key(key) => Self::of_key(
                key.clone(),
                SigningDomain { chain_id, registry: registry.unwrap_or_default() },
            ),
            PaymentSource::OffChain | PaymentSource::Remote(_) => Self::OFF_CHAIN,
        }
    }

    /// Whether documents are signed.
    pub fn signs(&self) -> bool {
        self.key.is_some()
    }

    /// The signature over a digest; `None` without a key.
    pub(super) fn sign(&self, digest: &B256) -> Option<DocumentSignature> {
        let bytes = self.key.as_ref()?.sign_document(digest);
        // Our own signatures have a low S and V 27 or 28, which is all that is asked for.
        DocumentSignature::from_bytes(bytes).ok()
    }
}
