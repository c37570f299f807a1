use alloy_primitives::{B256, address, keccak256};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;

use super::*;

fn statement() -> Statement {
    Statement {
        chain_id: 42_161,
        gateway: address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"),
        manifest_id: b"movie1".to_vec(),
        seq: 42,
        source: keccak256("foo"),
        profiles: vec![
            Profile {
                name: "240p30fps16x9".to_owned(),
                width: 426,
                height: 240,
                bitrate: 600_000,
                fps: 30,
                fps_den: 1,
                ..Profile::default()
            },
            Profile {
                name: "keys".to_owned(),
                width: 640,
                gop: -1,
                quality: 23,
                ..Profile::default()
            },
        ],
        renditions: vec![
            Made { hash: keccak256("rendition-0"), pixels: 6_134_400 },
            Made { hash: keccak256("rendition-1"), pixels: 13_824_000 },
        ],
        session_id: "0a1b2c3d".to_owned(),
        time: 1_764_284_400_123,
    }
}

fn sign(key: &SigningKey, digest: &B256) -> Vec<u8> {
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
    let mut bytes = signature.to_bytes().to_vec();
    bytes.push(27 + id.to_byte());
    bytes
}

#[test]
fn the_digest_is_that_of_the_encoding_rules_written_out_by_hand() {
    // The testkit's orchestrator writes the words down one by one and has the same vector.
    assert_eq!(
        statement().digest().to_string(),
        "0x09725c5e6420e3428e7c9d63ab2aa2ccb945c213a67c7eb6e521cbf34f97bf9d"
    );
}

#[test]
fn a_receipt_names_its_signer_and_nothing_in_it_can_be_exchanged() {
    let key = SigningKey::from_slice(&[0x11; 32]).unwrap();
    let signer = address!("19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A");
    let signature = sign(&key, &statement().digest());
    assert_eq!(statement().signer(&signature), Ok(signer));
    let exchanged: [fn(&mut Statement); 10] = [
        |s| s.chain_id = 1,
        |s| s.gateway = Address::ZERO,
        |s| s.manifest_id.push(b'2'),
        |s| s.seq = -42,
        |s| s.source = keccak256("bar"),
        |s| s.profiles[0].bitrate += 1,
        |s| s.profiles.truncate(1),
        |s| s.renditions.swap(0, 1),
        |s| s.session_id.clear(),
        |s| s.time += 1,
    ];
    for exchange in exchanged {
        let mut other = statement();
        exchange(&mut other);
        assert_ne!(other.signer(&signature), Ok(signer), "{other:?}");
    }
}

proptest! {
    #[test]
    fn no_statement_or_signature_makes_it_panic(
        manifest in proptest::collection::vec(any::<u8>(), 0..40),
        seq in any::<i64>(),
        pixels in any::<i64>(),
        signature in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let renditions = vec![Made { hash: B256::ZERO, pixels }];
        let odd = Statement { manifest_id: manifest, seq, renditions, ..statement() };
        // Half of all 65 bytes are some key's signature of something; it is never one of ours.
        prop_assert_ne!(odd.signer(&signature), Ok(odd.gateway));
    }
}
