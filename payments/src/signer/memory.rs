//! A key in memory: what a key file becomes once it is open, and what tests pay with.
//!
//! It signs and tells its address. It must never show the key: there is no getter, `Debug` prints
//! the address, and the bytes are overwritten when the last copy is dropped.

use std::{fmt, sync::Arc};

use alloy::{network::EthereumWallet, signers::local::LocalSigner};
use alloy_primitives::{Address, B256, ChainId};
use bytes::Bytes;
use k256::ecdsa::{self, RecoveryId, SigningKey, signature::hazmat::PrehashSigner};
use rand::RngCore as _;
use zeroize::Zeroizing;

use super::{SignError, Signature, Signer, personal_digest};

/// 32 bytes that are no secp256k1 key: zero, or not below the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key: a secp256k1 key has 32 bytes, is not zero and below the curve's order")]
pub struct InvalidKey;

/// A private key and the address that belongs to it. A clone shares the key.
#[derive(Clone)]
pub struct LocalKey {
    key: Arc<SigningKey>,
    address: Address,
}

/// The key as `alloy` wants it for transactions: it signs, and has no way to give the key out.
pub type TransactionSigner = LocalSigner<LocalKey>;

impl LocalKey {
    /// Takes a key of 32 bytes. The caller overwrites its own copy.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| InvalidKey)?;
        let key = SigningKey::from_bytes(bytes.into()).map_err(|_| InvalidKey)?;
        let address = Address::from_public_key(key.verifying_key());
        Ok(Self { key: Arc::new(key), address })
    }

    /// Makes a new key, with its bytes for the key file. The generator is cryptographic and seeded by
    /// the operating system.
    pub(super) fn random() -> (Self, Zeroizing<[u8; 32]>) {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            rand::rng().fill_bytes(bytes.as_mut_slice());
            // One in 2^128 is no key.
            if let Ok(key) = Self::from_slice(bytes.as_slice()) {
                return (key, bytes);
            }
        }
    }

    /// The address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs 32 bytes as a personal message, without allocating: the hot path of tickets.
    pub fn sign_message(&self, message: &B256) -> Signature {
        self.sign_digest(&personal_digest(message))
    }

    /// For transactions on one chain; one for another chain is refused before it is signed.
    pub fn transactions(&self, chain: ChainId) -> TransactionSigner {
        LocalSigner::new_with_credential(self.clone(), self.address, Some(chain))
    }

    /// The same as a wallet for an `alloy` provider.
    pub fn wallet(&self, chain: ChainId) -> EthereumWallet {
        EthereumWallet::from(self.transactions(chain))
    }

    fn sign_digest(&self, digest: &B256) -> Signature {
        let (signature, id) = self.sign_raw(digest.as_slice()).expect("any 32 bytes can be signed");
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + u8::from(id.is_y_odd());
        bytes
    }

    /// The one place that does elliptic curve arithmetic with the key: RFC 6979, low S, like geth's
    /// signer, so that the same ticket always has the same signature.
    fn sign_raw(&self, digest: &[u8]) -> Result<(ecdsa::Signature, RecoveryId), ecdsa::Error> {
        self.key.sign_prehash_recoverable(digest)
    }
}

impl Signer for LocalKey {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, message: &B256) -> Result<Bytes, SignError> {
        Ok(Bytes::copy_from_slice(&self.sign_message(message)))
    }
}

/// What makes a [`TransactionSigner`] of it.
impl PrehashSigner<(ecdsa::Signature, RecoveryId)> for LocalKey {
    fn sign_prehash(&self, digest: &[u8]) -> Result<(ecdsa::Signature, RecoveryId), ecdsa::Error> {
        self.sign_raw(digest)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("address", &self.address).finish_non_exhaustive()
    }
}
