//! The one signature of the orchestrator protocol: ECDSA on secp256k1 over an Ethereum personal
//! message, `R || S || V`.
//!
//! Recovery is as strict as the peers' own (crypto/verify.go:19-56): what they refuse must never be
//! accepted here, or a result would count as signed for us and for nobody else.

use alloy_primitives::{Address, B256, Signature, U256, eip191_hash_message, uint};

/// Length of a signature in bytes: R (32), S (32), V (1).
pub const LENGTH: usize = 65;

/// Half the order of the curve. A larger S is the same signature in its other form, refused
/// everywhere so that each signature has one spelling.
const MAX_S: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// Why a signature is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not 65 bytes.
    #[error("the signature has {found} bytes, not {LENGTH}")]
    Length {
        /// Bytes found.
        found: usize,
    },
    /// V is not in its Ethereum form; a bare recovery id (0, 1) is refused too.
    #[error("the signature's last byte is {found}, not 27 or 28")]
    RecoveryId {
        /// Byte found.
        found: u8,
    },
    /// S is in the upper half of the curve's order.
    #[error("the signature's S is above half the order of the curve")]
    HighS,
    /// No public key makes this signature of this message.
    #[error("the signature fits no key")]
    NoKey,
}

/// Hash of a personal message: Keccak-256 of `"\x19Ethereum Signed Message:\n"`, the decimal length
/// of `message`, and `message`.
pub fn text_hash(message: &[u8]) -> B256 {
    eip191_hash_message(message)
}

/// The address whose key signed the 32 bytes of `message` as a personal message.
///
/// `message` is what was signed, before the prefix: the hash of the rendition hashes for a result,
/// Keccak-256 of the plain text for a request or a segment.
pub fn recover(message: &B256, signature: &[u8]) -> Result<Address, SignatureError> {
    recover_digest(&text_hash(message.as_slice()), signature)
}

/// The address whose key signed these 32 bytes as they are: for typed data, never for messages.
pub fn recover_digest(digest: &B256, signature: &[u8]) -> Result<Address, SignatureError> {
    let (&v, scalars) = match signature.split_last() {
        Some(split) if signature.len() == LENGTH => split,
        _ => return Err(SignatureError::Length { found: signature.len() }),
    };
    let y_parity = match v {
        27 => false,
        28 => true,
        found => return Err(SignatureError::RecoveryId { found }),
    };
    let (r, s) = scalars.split_at(32);
    let (r, s) = (U256::from_be_slice(r), U256::from_be_slice(s));
    if s > MAX_S {
        return Err(SignatureError::HighS);
    }
    Signature::new(r, s, y_parity)
        .recover_address_from_prehash(digest)
        .map_err(|_| SignatureError::NoKey)
}

#[cfg(test)]
mod tests;
