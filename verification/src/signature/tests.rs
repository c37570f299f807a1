use alloy_primitives::{Address, B256, U256, address, b256, hex, keccak256};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;

use super::*;

/// A message and signature from go-livepeer's own tests, crypto/verify_test.go.
const MESSAGE: B256 = b256!("b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b76261cc55cc8fbabb3");
const SIGNATURE: [u8; 65] = hex!(
    "206443228e8f784bc3a122de0d85eb3ebff82d6a79cca26c7eeb907099a6404f6dff57bc6828f28bd6cd073c89d94cf3364204679ed8365fa45b5ee6af19a9841c"
);
const SIGNER: Address = address!("3BadDb1eeE2105893136A3F96c8a963E9C6309d6");

/// Signs as a node does; the key is thrown away.
fn sign(key: &SigningKey, message: &B256) -> [u8; 65] {
    let digest = text_hash(message.as_slice());
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + id.to_byte();
    bytes
}

#[test]
fn a_signature_of_a_stock_node_recovers_its_address() {
    assert_eq!(recover(&MESSAGE, &SIGNATURE), Ok(SIGNER));
}

#[test]
fn the_personal_message_hash_is_ethereums() {
    let message = keccak256("0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    assert_eq!(message, b256!("969fa3eae55716669979e5c87080d2ff347c38c16743686c0af60e233463b8f9"));
    assert_eq!(
        text_hash(message.as_slice()),
        b256!("fc058f3381f8c14b7495a11911ac00cf0e565133b7eceaf88bae632a4747eff0")
    );
}

#[test]
fn a_signature_with_high_s_is_refused() {
    let high = hex!(
        "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bde0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d1b"
    );
    assert_eq!(recover(&MESSAGE, &high), Err(SignatureError::HighS));
}

#[test]
fn the_other_spelling_of_a_good_signature_is_refused() {
    let order = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let s = U256::from_be_slice(&SIGNATURE[32..64]);
    let mut other = SIGNATURE;
    other[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    other[64] = 27;
    assert_eq!(recover(&MESSAGE, &other), Err(SignatureError::HighS));
}

#[test]
fn only_27_and_28_are_recovery_bytes() {
    for v in (0..=255).filter(|v| ![27, 28].contains(v)) {
        let mut signature = SIGNATURE;
        signature[64] = v;
        assert_eq!(recover(&MESSAGE, &signature), Err(SignatureError::RecoveryId { found: v }));
    }
}

#[test]
fn only_65_bytes_are_a_signature() {
    for found in [0, 1, 64, 66, 130] {
        let signature = vec![27; found];
        assert_eq!(recover(&MESSAGE, &signature), Err(SignatureError::Length { found }));
    }
}

#[test]
fn zeros_are_no_signature() {
    let mut signature = [0; 65];
    signature[64] = 27;
    assert_eq!(recover(&MESSAGE, &signature), Err(SignatureError::NoKey));
}

proptest! {
    #[test]
    fn whoever_signs_is_found(key in any::<[u8; 32]>(), message in any::<[u8; 32]>()) {
        let Ok(key) = SigningKey::from_slice(&key) else { return Ok(()) };
        let message = B256::from(message);
        let address = Address::from_public_key(key.verifying_key());
        prop_assert_eq!(recover(&message, &sign(&key, &message)), Ok(address));
    }

    #[test]
    fn no_bytes_make_it_panic_or_find_the_zero_address(message in any::<[u8; 32]>(), bytes in any::<[u8; 64]>(), v in 26..30u8) {
        let mut signature = Vec::from(bytes);
        signature.push(v);
        let found = recover(&B256::from(message), &signature);
        prop_assert_ne!(found, Ok(Address::ZERO));
        prop_assert!(found.is_err() || [27, 28].contains(&v));
    }
}
