//! Who the gateway is towards orchestrators and the chain: an address, and signatures that prove it.
//!
//! ```text
//!   PaymentSource ─┬─ OffChain                 zero address, empty signatures
//!                  ├─ Key(LocalKey)            memory, or opened from a V3 key file (`keystore`)
//!                  └─ Remote(RemoteSigner)     go-livepeer's remote signer over HTTP
//! ```
//!
//! Two levels, because the three kinds differ in what they hand out. [`Signer`] is the level of one
//! signature and the only thing the hot path knows: a synchronous call, one digest, one
//! multiplication, no lock. [`PaymentSource`] is the level of a payment and is asked once per
//! stream: with a key, tickets are made here; with a remote signer whole payments come from it
//! ([`remote`]), and a `Signer` taken from it can prove the address and nothing else.
//!
//! All the protocol's signatures are personal messages over 32 bytes. Requests and segments hash
//! their text first ([`sign_text`]); tickets and results sign a hash that is ready
//! ([`Signer::sign`]). Mixing the two up makes signatures that nobody accepts.
//! A key never leaves its signer, and nothing here writes a log line.

pub mod keystore;
mod memory;
mod passphrase;
pub mod remote;
mod source;

use std::fmt::Debug;

use alloy_primitives::{Address, B256, keccak256};
use bytes::Bytes;

pub use keystore::KeystoreError;
pub use memory::{InvalidKey, LocalKey, TransactionSigner};
pub use passphrase::{Passphrase, PassphraseError};
pub use remote::RemoteSigner;
pub use source::{KeyNeeded, PaymentSource, Work};

/// `R || S || V` with low S and V 27 or 28: what orchestrators and the ticket broker accept
/// (go-livepeer `crypto/verify.go:12-56`).
pub type Signature = [u8; 65];

/// Signing did not come through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key or the service that holds it could not be used.
    #[error("signing as {address} failed")]
    Unavailable {
        /// Whose key was asked for.
        address: Address,
        /// What the key store or the remote signer said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A remote signer was asked for a signature that its protocol does not have.
    #[error(
        "the remote signer of {address} proves its address and makes live payments, it signs nothing \
         else; use a key file (-ethKeystorePath) for transcoding"
    )]
    NotOffered {
        /// Whose key was asked for.
        address: Address,
    },
}

/// Signs for one gateway.
pub trait Signer: Debug + Send + Sync {
    /// The gateway's address: zero off-chain.
    fn address(&self) -> Address;

    /// Signs 32 bytes as an Ethereum personal message: a [`Signature`], or nothing off-chain
    /// (core/broadcaster.go:14-19).
    fn sign(&self, message: &B256) -> Result<Bytes, SignError>;
}

/// Signs a text of any length: its Keccak-256 as a personal message.
pub fn sign_text(signer: &dyn Signer, text: &[u8]) -> Result<Bytes, SignError> {
    signer.sign(&keccak256(text))
}

/// A gateway without Ethereum: the zero address, empty signatures. Off-chain orchestrators accept
/// any or no signature (core/orchestrator.go:71-73).
#[derive(Clone, Copy, Debug, Default)]
pub struct OffChain;

impl Signer for OffChain {
    fn address(&self) -> Address {
        Address::ZERO
    }

    fn sign(&self, _message: &B256) -> Result<Bytes, SignError> {
        Ok(Bytes::new())
    }
}

/// What is signed for a personal message over 32 bytes (EIP-191).
fn personal_digest(message: &B256) -> B256 {
    const PREFIX: &[u8; 28] = b"\x19Ethereum Signed Message:\n32";
    let mut text = [0; 60];
    text[..28].copy_from_slice(PREFIX);
    text[28..].copy_from_slice(message.as_slice());
    keccak256(text)
}

/// Who signed `message`, by the rules of orchestrators: 65 bytes, low S, V 27 or 28.
fn recover(message: &B256, signature: &[u8]) -> Option<Address> {
    let (&v, rs) = signature.split_last().filter(|(_, rs)| rs.len() == 64)?;
    let odd = match v {
        27 => false,
        28 => true,
        _ => return None,
    };
    let signature = alloy_primitives::Signature::from_bytes_and_parity(rs, odd);
    if signature.normalize_s().is_some() {
        return None;
    }
    signature.recover_address_from_prehash(&personal_digest(message)).ok()
}

#[cfg(test)]
mod tests;
