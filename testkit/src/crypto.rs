//! Signatures of the orchestrator protocol: a key that signs as nodes do, and the checks of a verifier.
//!
//! Two forms exist and must not be mixed. *Eth*: ECDSA over the personal-message hash of the message.
//! *Lp*: the same over the message's Keccak-256. Signatures are 65 bytes R, S, V with V 27 or 28 and a
//! low S (go-livepeer `eth/accountmanager.go:159-193`, `core/orchestrator.go:63-75`,
//! `crypto/verify.go:19-56`). A key here is made up for one run; it must never hold value.

use std::fmt;

use alloy_primitives::{Address, B256, Keccak256, eip191_hash_message, keccak256};
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

/// Bytes of a signature on the wire.
const SIGNATURE_LEN: usize = 65;

/// A 32-byte string that is no secp256k1 key.
#[derive(Debug, thiserror::Error)]
#[error("not a secp256k1 private key: it must be 32 bytes, above zero and below the curve's order")]
#[non_exhaustive]
pub struct KeyError {
    /// What the curve library said.
    #[source]
    source: k256::ecdsa::Error,
}

/// A node's key.
#[derive(Clone)]
pub struct Key {
    signer: SigningKey,
    address: Address,
}

impl Key {
    /// A new random key.
    pub fn random() -> Self {
        loop {
            // One draw in 2^128 is not below the curve's order.
            if let Ok(key) = Self::from_bytes(&rand::random()) {
                return key;
            }
        }
    }

    /// The key with these big-endian bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let signer = SigningKey::from_slice(bytes).map_err(|source| KeyError { source })?;
        let address = Address::from_public_key(signer.verifying_key());
        Ok(Self { signer, address })
    }

    /// The address of this key.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The *eth* signature of `message`: R, S, V.
    pub fn sign_eth(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.sign_hash(&eip191_hash_message(message))
    }

    /// The signature of a hash as it is: R, S, V. For transactions and typed data, never for messages.
    pub fn sign_hash(&self, hash: &B256) -> [u8; SIGNATURE_LEN] {
        let (signature, recovery) = self
            .signer
            .sign_prehash_recoverable(hash.as_slice())
            .expect("a 32-byte hash always signs");
        let mut out = [0; SIGNATURE_LEN];
        out[..64].copy_from_slice(&signature.to_bytes());
        out[64] = 27 + u8::from(recovery.is_y_odd());
        out
    }

    /// The *lp* signature of `message`.
    pub fn sign_lp(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.sign_eth(keccak256(message).as_slice())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Whether `signature` is the *eth* signature of `message` by `address`.
pub fn verify_eth(address: Address, message: &[u8], signature: &[u8]) -> bool {
    recover(&eip191_hash_message(message), signature) == Some(address)
}

/// Whether `signature` is the *lp* signature of `message` by `address`.
pub fn verify_lp(address: Address, message: &[u8], signature: &[u8]) -> bool {
    verify_eth(address, keccak256(message).as_slice(), signature)
}

/// What a node signs (*eth*) to vouch for a result: the Keccak-256 of the renditions' Keccak-256 hashes
/// in profile order (go-livepeer `core/orchestrator.go:774-814`).
pub fn result_digest<'a>(rendition_hashes: impl IntoIterator<Item = &'a B256>) -> B256 {
    let mut hasher = Keccak256::new();
    for hash in rendition_hashes {
        hasher.update(hash);
    }
    hasher.finalize()
}

fn recover(hash: &B256, signature: &[u8]) -> Option<Address> {
    let (rs, v) = signature.split_at_checked(64)?;
    let &[v] = v else { return None };
    let recovery = RecoveryId::from_byte(v.checked_sub(27).filter(|v| *v <= 1)?)?;
    let signature = Signature::from_slice(rs).ok()?;
    if signature.normalize_s().is_some() {
        return None; // high S
    }
    let key = VerifyingKey::recover_from_prehash(hash.as_slice(), &signature, recovery).ok()?;
    Some(Address::from_public_key(&key))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256, hex};

    use super::*;

    fn gateway_key() -> Key {
        Key::from_bytes(&[0x46; 32]).unwrap()
    }

    fn orchestrator_key() -> Key {
        Key::from_bytes(&[0x11; 32]).unwrap()
    }

    #[test]
    fn a_key_has_the_address_every_ethereum_tool_gives_it() {
        assert_eq!(gateway_key().address(), address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"));
        assert_eq!(
            orchestrator_key().address(),
            address!("19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A")
        );
    }

    #[test]
    fn a_request_signature_equals_the_vector() {
        let key = gateway_key();
        let text = key.address().to_checksum(None);
        let expected = hex!(
            "4e166c2cd389f60c02051be1252202fc8a9d9f81b34ace389523a47cb5e70d265bcff71ffa9bda088fb65f04930ca11aa5818b5c688e0d130a32f3a03e9254c91c"
        );
        assert_eq!(key.sign_lp(text.as_bytes()), expected);
        assert!(verify_lp(key.address(), text.as_bytes(), &expected));
    }

    #[test]
    fn a_result_signature_equals_the_vector() {
        let key = orchestrator_key();
        let hashes = [keccak256("rendition-0"), keccak256("rendition-1")];
        let digest = result_digest(&hashes);
        assert_eq!(
            digest,
            b256!("280a8d232fedf497ed3ee90fbb9127030b958aa2b6ce582fed735d929e7a9257")
        );
        assert_eq!(
            key.sign_eth(digest.as_slice()),
            hex!(
                "d92a0bb724d7218baa47f56e2d755437ec9170c497052fa5c6c376dae299318d73ccdef5dc4b9a571515f56a640355253bd953436588c540406700caf6cc90ff1c"
            )
        );
        let one = result_digest(&hashes[..1]);
        assert_eq!(
            key.sign_eth(one.as_slice()),
            hex!(
                "0e641f9ab9a25c680f038e543d4a9a787c466b5675f91c9c63919e90cd1b1b2245a60873aefc48bb2fae171adc1bad257bbebed05819f245b5781ad7d4ea82bb1b"
            )
        );
    }

    #[test]
    fn a_generic_signature_recovers_to_its_signer() {
        let message = hex!("b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b76261cc55cc8fbabb3");
        let signature = hex!(
            "206443228e8f784bc3a122de0d85eb3ebff82d6a79cca26c7eeb907099a6404f6dff57bc6828f28bd6cd073c89d94cf3364204679ed8365fa45b5ee6af19a9841c"
        );
        assert!(verify_eth(
            address!("3BadDb1eeE2105893136A3F96c8a963E9C6309d6"),
            &message,
            &signature
        ));
    }

    #[test]
    fn a_signature_of_wrong_length_wrong_v_or_high_s_is_refused() {
        let key = gateway_key();
        let good = key.sign_eth(b"message");
        assert!(verify_eth(key.address(), b"message", &good));
        for v in [0, 1, 26, 29, 37] {
            let mut bad = good;
            bad[64] = v;
            assert!(!verify_eth(key.address(), b"message", &bad), "v {v}");
        }
        assert!(!verify_eth(key.address(), b"message", &good[..64]));
        assert!(!verify_eth(key.address(), b"message", &[good.as_slice(), &[0]].concat()));
        let high = hex!(
            "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bde0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d1b"
        );
        let hash = eip191_hash_message(b"anything");
        assert_eq!(recover(&hash, &high), None);
    }
}
