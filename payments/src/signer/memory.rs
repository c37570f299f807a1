//! A key in memory: what a key file becomes once it is open, and what tests pay with.
//!
//! It signs and tells its address. It must never show the key: there is no getter, `Debug` prints
//! the address, and the bytes are overwritten when the last copy is dropped.

use std::{fmt, sync::Arc};

use alloy::{network::EthereumWallet, signers::local::LocalSigner};
use alloy_primitives::{Address, B256, ChainId};
use bytes::Bytes;
use k256::ecdsa::{self, RecoveryId, signature::hazmat::PrehashSigner};
use rand::RngCore as _;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use zeroize::Zeroizing;

use super::{SignError, Signature, Signer, personal_digest};

/// 32 bytes that are no secp256k1 key: zero, or not below the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key: a secp256k1 key has 32 bytes, is not zero and below the curve's order")]
pub struct InvalidKey;

/// A private key and the address that belongs to it. A clone shares the key.
#[derive(Clone)]
pub struct LocalKey {
    key: Arc<Scalar>,
    address: Address,
}

/// The key itself, overwritten when dropped.
struct Scalar(SecretKey);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// The key as `alloy` wants it for transactions: it signs, and has no way to give the key out.
pub type TransactionSigner = LocalSigner<LocalKey>;

impl LocalKey {
    /// Takes a key of 32 bytes. The caller overwrites its own copy.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| InvalidKey)?;
        let key = Scalar(SecretKey::from_byte_array(*bytes).map_err(|_| InvalidKey)?);
        let public = PublicKey::from_secret_key(SECP256K1, &key.0).serialize_uncompressed();
        // The first byte only says that the point is not compressed.
        let address = Address::from_raw_public_key(&public[1..]);
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

    /// Signs the EIP-712 digest of a document that the gateway publishes. The caller makes the digest
    /// itself and from its own document, so that nobody can have a ticket or a transaction signed.
    pub fn sign_document(&self, digest: &B256) -> Signature {
        self.sign_digest(digest)
    }

    /// For transactions on one chain; one for another chain is refused before it is signed.
    pub fn transactions(&self, chain: ChainId) -> TransactionSigner {
        LocalSigner::new_with_credential(self.clone(), self.address, Some(chain))
    }

    /// The same as a wallet for an `alloy` provider.
    pub fn wallet(&self, chain: ChainId) -> EthereumWallet {
        EthereumWallet::from(self.transactions(chain))
    }

    /// The one place that does elliptic curve arithmetic with the key: RFC 6979, low S, like geth's
    /// signer, so that the same ticket always has the same signature. libsecp256k1 takes about half
    /// the time of the fastest library in Rust (`benches/tickets.rs`), and in constant time.
    fn sign_digest(&self, digest: &B256) -> Signature {
        let message = Message::from_digest(digest.0);
        let (id, rs) = SECP256K1.sign_ecdsa_recoverable(message, &self.key.0).serialize_compact();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&rs);
        // Ids 2 and 3 stand for an R above the order, which nobody has ever met.
        bytes[64] = if id == secp256k1::ecdsa::RecoveryId::One { 28 } else { 27 };
        bytes
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
        let digest = B256::try_from(digest).map_err(|_| ecdsa::Error::new())?;
        let bytes = self.sign_digest(&digest);
        let signature = ecdsa::Signature::from_slice(&bytes[..64])?;
        Ok((signature, RecoveryId::new(bytes[64] == 28, false)))
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("address", &self.address).finish_non_exhaustive()
    }
}
