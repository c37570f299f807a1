//! Who the gateway is towards orchestrators: an address, and signatures that prove it.
//!
//! All the protocol's signatures are personal messages over 32 bytes. Requests and segments hash
//! their text first ([`sign_text`]); tickets and results sign a hash that is ready
//! ([`Signer::sign`]). Mixing the two up makes signatures that nobody accepts.
//! A key never leaves its signer.

use std::fmt::Debug;

use alloy_primitives::{Address, B256, keccak256};
use bytes::Bytes;

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
}

/// Signs for one gateway.
pub trait Signer: Debug + Send + Sync {
    /// The gateway's address: zero off-chain.
    fn address(&self) -> Address;

    /// Signs 32 bytes as an Ethereum personal message: 65 bytes `R || S || V` with low S and V 27 or
    /// 28, or nothing off-chain (core/broadcaster.go:14-19).
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

#[cfg(test)]
pub(crate) mod tests {
    use alloy_primitives::hex;
    use k256::ecdsa::SigningKey;
    use waymark_verification::signature::{recover, text_hash};

    use super::*;

    /// A key in memory, for tests alone.
    #[derive(Debug)]
    pub(crate) struct TestKey(SigningKey);

    impl TestKey {
        /// The key of 32 equal bytes.
        pub(crate) fn of(byte: u8) -> Self {
            Self(SigningKey::from_slice(&[byte; 32]).unwrap())
        }
    }

    impl Signer for TestKey {
        fn address(&self) -> Address {
            Address::from_public_key(self.0.verifying_key())
        }

        fn sign(&self, message: &B256) -> Result<Bytes, SignError> {
            let digest = text_hash(message.as_slice());
            let (signature, id) = self.0.sign_prehash_recoverable(digest.as_slice()).unwrap();
            Ok([&*signature.to_bytes(), &[27 + id.to_byte()]].concat().into())
        }
    }

    #[test]
    fn off_chain_there_is_no_address_and_no_signature() {
        assert_eq!(OffChain.address(), Address::ZERO);
        assert_eq!(sign_text(&OffChain, b"anything").unwrap(), Bytes::new());
    }

    #[test]
    fn a_text_is_hashed_before_it_is_signed() {
        let key = TestKey::of(0x11);
        let signature = sign_text(&key, &hex!("deadbeef")).unwrap();
        assert_eq!(
            hex::encode(&signature),
            "e5554b57d9ef264e1c776e06babf6e2028697794295bc2770a9f9ad7af3386454265c4f8c01a59fedc96446f89ce93ec9ebf7fd7780cb0998117c7c0c207e49a1b"
        );
        assert_eq!(recover(&keccak256(hex!("deadbeef")), &signature), Ok(key.address()));
    }
}
