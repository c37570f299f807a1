use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559},
    network::TxSignerSync as _,
};
use alloy_primitives::{U256, address, b256, hex};
use zeroize::ZeroizeOnDrop;

use super::*;

/// Public development keys.
const KEY: B256 = b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const ADDRESS: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");

fn key() -> LocalKey {
    LocalKey::from_slice(KEY.as_slice()).unwrap()
}

#[test]
fn off_chain_there_is_no_address_and_no_signature() {
    assert_eq!(OffChain.address(), Address::ZERO);
    assert_eq!(sign_text(&OffChain, b"anything").unwrap(), Bytes::new());
}

#[test]
fn a_text_is_hashed_before_it_is_signed() {
    let key = LocalKey::from_slice(&[0x11; 32]).unwrap();
    let signature = sign_text(&key, &hex!("deadbeef")).unwrap();
    assert_eq!(
        hex::encode(&signature),
        "e5554b57d9ef264e1c776e06babf6e2028697794295bc2770a9f9ad7af3386454265c4f8c01a59fedc96446f89ce93ec9ebf7fd7780cb0998117c7c0c207e49a1b"
    );
    assert_eq!(recover(&keccak256(hex!("deadbeef")), &signature), Some(key.address()));
}

/// Vectors V1 to V4 of the specification: an always winning ticket, one with a tag in its nonce, the
/// address of GetOrchestrator, segment credentials.
#[test]
fn signatures_are_those_of_gos_signer() {
    let cases = [
        (
            b256!("adccf572577f6748bd2dbec3d5df75367562fe0ccf893d775be225a67d746a68"),
            "7a969fe778a349148558f49beb8d22d2a306905d88da8708552f9da429a8b9873bbdd32ad57242db6ffe63d22154e7d9571cf51c84992241583d1b6b3bfc8e7c1b",
        ),
        (
            b256!("f6c1ee0ee46bb6ed951b0ad77f470cdcf6bcbad9419c83afb1b95a7be3baaed5"),
            "a183cfbb6f50888bcfd8497d0baa4bb72ca4d40edc2ed0dd0aa9283da16f172b2d2ebfa404655e55cb4b52edee7a8bd352e4ef8df2dad3cc6874922980b0c1ad1b",
        ),
        (
            keccak256(ADDRESS.to_checksum(None)),
            "e191166afd511a08818c2f55906e65db02dfe2366708885e92a2e54cef7ac2673e5dfe70c2d0d63a337c7792906a623f3aff0506aa2c5de6325e2d689bab95731b",
        ),
        (
            b256!("8945988141c5e68ce328561ac49be40b0c6d712729b149475c3b4f27cd822971"),
            "8bdb7b3e270ee9837599335476044359a55a9da5860aa8e9a04ff6666e541c2f64c86bebf33a6c8b8ca64792f504db777a8d75f48e39eb592cabee667e72cc611c",
        ),
    ];
    for (message, signature) in cases {
        assert_eq!(hex::encode(key().sign_message(&message)), signature);
        assert_eq!(hex::encode(key().sign(&message).unwrap()), signature);
    }
    let digest = personal_digest(&cases[0].0);
    let of_v1 = b256!("66cd0d0e189b9ac6f072d9db7fda8a1555a2cacea3345b31f4d8594f54c353b7");
    assert_eq!(digest, of_v1);
}

#[test]
fn every_signature_is_low_and_leads_back_to_the_address() {
    let key = key();
    assert_eq!(key.address(), ADDRESS);
    let mut parities = [false; 2];
    for number in 0..200_u64 {
        let message = keccak256(number.to_be_bytes());
        let signature = key.sign_message(&message);
        assert_eq!(recover(&message, &signature), Some(ADDRESS));
        parities[usize::from(signature[64] - 27)] = true;
    }
    assert_eq!(parities, [true; 2]);
}

#[test]
fn a_signature_orchestrators_refuse_leads_nowhere() {
    let message = b256!("b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b76261cc55cc8fbabb3");
    let good = hex!(
        "206443228e8f784bc3a122de0d85eb3ebff82d6a79cca26c7eeb907099a6404f6dff57bc6828f28bd6cd073c89d94cf3364204679ed8365fa45b5ee6af19a9841c"
    );
    let signer = address!("3BadDb1eeE2105893136A3F96c8a963E9C6309d6");
    assert_eq!(recover(&message, &good), Some(signer));
    let high_s = hex!(
        "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bde0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d1b"
    );
    assert_eq!(recover(&message, &high_s), None);
    let mut low_v = good;
    low_v[64] -= 27;
    assert_eq!(recover(&message, &low_v), None);
    assert_eq!(recover(&message, &good[..64]), None);
    assert_eq!(recover(&message, &[]), None);
}

#[test]
fn no_key_is_refused() {
    assert_eq!(LocalKey::from_slice(&[0; 32]).unwrap_err(), InvalidKey);
    assert_eq!(LocalKey::from_slice(&[0xff; 32]).unwrap_err(), InvalidKey);
    assert_eq!(LocalKey::from_slice(&[1; 31]).unwrap_err(), InvalidKey);
}

#[test]
fn the_key_is_overwritten_when_it_goes() {
    fn overwritten<T: ZeroizeOnDrop>() {}
    overwritten::<k256::ecdsa::SigningKey>();
    overwritten::<zeroize::Zeroizing<[u8; 32]>>();
}

#[test]
fn transactions_are_signed_for_one_chain() {
    let signer = key().transactions(42_161);
    let mut transaction = TxEip1559 {
        chain_id: 42_161,
        value: U256::from(5),
        gas_limit: 21_000,
        ..Default::default()
    };
    let signature = signer.sign_transaction_sync(&mut transaction).unwrap();
    let hash = transaction.signature_hash();
    assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), ADDRESS);

    let mut elsewhere = TxEip1559 { chain_id: 1, ..transaction };
    assert!(signer.sign_transaction_sync(&mut elsewhere).is_err());
    let wallet = key().wallet(42_161);
    assert_eq!(wallet.default_signer().address(), ADDRESS);
}

#[test]
fn sources_serve_what_they_can() {
    let source = PaymentSource::Key(key());
    assert_eq!(source.address(), ADDRESS);
    assert_eq!(source.identity().address(), ADDRESS);
    let message = keccak256(b"segment");
    let signature = source.signer_for(Work::Transcoding).unwrap().sign(&message).unwrap();
    assert_eq!(recover(&message, &signature), Some(ADDRESS));
    assert!(source.wallet(1).is_ok());
    assert!(source.remote().is_none());

    let source = PaymentSource::OffChain;
    assert_eq!(source.address(), Address::ZERO);
    assert!(source.signer_for(Work::Transcoding).is_ok());
    assert_eq!(source.wallet(1).unwrap_err(), KeyNeeded { work: Work::Transactions });
}

mod passphrase {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_and_trimmed_anything_else_is_the_pass_phrase() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("secret");
        fs::write(&file, "  correct horse \n\n").unwrap();
        let read = |value: &str| Passphrase::from_setting(value).unwrap().as_bytes().to_vec();
        assert_eq!(read(file.to_str().unwrap()), b"correct horse");
        assert_eq!(read("correct horse "), b"correct horse ");
        assert_eq!(read(""), b"");
        assert_eq!(read("with\0zero"), b"with\0zero");
        let directory = place.path().to_str().unwrap();
        assert_eq!(read(directory), directory.as_bytes());
        assert!(Passphrase::from_setting("").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let set = |name: &str, content: &[u8]| {
            let file = place.path().join(name);
            fs::write(&file, content).unwrap();
            Passphrase::from_setting(file.to_str().unwrap()).unwrap_err()
        };
        assert!(matches!(set("empty", b" \n"), PassphraseError::Empty { .. }));
        assert!(matches!(set("large", &[b'a'; 4097]), PassphraseError::TooLarge { .. }));
        assert!(matches!(set("binary", &[0xff, 0xfe]), PassphraseError::NotText { .. }));
        let missing = Passphrase::from_file(&place.path().join("missing")).unwrap_err();
        assert!(matches!(missing, PassphraseError::Unreadable { .. }));
    }
}

/// Nothing printable shows a key or a pass-phrase, whatever went wrong.
mod secrets {
    use std::{error::Error, fmt::Write as _, fs};

    use super::*;
    use crate::signer::keystore::{Account, Found, Location, find};

    const PHRASE: &str = "hunter2-correct-horse";

    /// Everything a log could print of a value.
    fn shown(value: &impl Debug) -> String {
        format!("{value:?} {value:#?}")
    }

    fn told(error: &(dyn Error + 'static)) -> String {
        let mut text = format!("{error:?} {error:#?}");
        let mut cause = Some(error);
        while let Some(error) = cause {
            write!(text, " {error}").unwrap();
            cause = error.source();
        }
        text
    }

    fn assert_clean(text: &str) {
        let text = text.to_lowercase();
        for needle in secret_texts() {
            assert!(!text.contains(&needle), "{needle} in {text}");
        }
    }

    fn secret_texts() -> Vec<String> {
        let bytes = KEY.as_slice();
        let list = bytes.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut texts = vec![PHRASE.to_owned(), list[..4].join(", ")];
        // No run of eight digits either; a number may be cut or rounded.
        texts.extend(
            hex::encode(bytes)
                .as_bytes()
                .windows(8)
                .map(|w| String::from_utf8(w.to_vec()).unwrap()),
        );
        texts
    }

    fn open(content: &str) -> String {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("key");
        fs::write(&file, content).unwrap();
        let data_dir = place.path();
        let location = Location { data_dir, keystore_path: Some(&file), account: None };
        match find(&location) {
            Err(error) => told(&error),
            Ok(Found::Nothing { .. }) => unreachable!("a file was named"),
            Ok(Found::Account(account)) => {
                let error = account.unlock(&Passphrase::literal(PHRASE)).unwrap_err();
                shown(&account) + &told(&error)
            }
        }
    }

    #[test]
    fn values_do_not_show_them() {
        let key = key();
        assert_clean(&shown(&key));
        assert_clean(&shown(&key.transactions(1)));
        assert_clean(&shown(&key.wallet(1)));
        assert_clean(&shown(&PaymentSource::Key(key.clone())));
        let signer: Arc<dyn Signer> = Arc::new(key);
        assert_clean(&shown(&signer));
        let phrase = Passphrase::literal(PHRASE);
        assert_clean(&shown(&phrase));
        assert_clean(&shown(&Passphrase::from_setting(PHRASE).unwrap()));
    }

    #[test]
    fn a_bare_key_given_as_a_key_file_is_not_quoted() {
        let digits = hex::encode(KEY);
        let address = hex::encode(ADDRESS);
        for content in [
            digits.clone(),
            format!("0x{digits}"),
            format!("\"{digits}\""),
            format!("[\"{digits}\"]"),
            format!("{{\"address\":\"{digits}\"}}"),
            format!("{{\"{digits}\":1}}"),
            format!("{{\"address\":\"{address}\",\"crypto\":\"{digits}\"}}"),
            format!("{{\"address\":\"{address}\",\"version\":\"{digits}\"}}"),
            format!(
                "{{\"address\":\"{address}\",\"version\":3,\"crypto\":{{\"cipher\":\"{digits}\"}}}}"
            ),
            format!(
                "{{\"address\":\"{address}\",\"version\":3,\"crypto\":{{\"cipher\":\"aes-128-ctr\",\
                 \"ciphertext\":\"{digits}{digits}\",\"cipherparams\":{{\"iv\":\"{digits}\"}}}}}}"
            ),
        ] {
            assert_clean(&open(&content));
        }
    }

    #[test]
    fn a_wrong_pass_phrase_is_not_quoted() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keystore/geth");
        let path = std::path::Path::new(place);
        let location =
            Location { data_dir: path, keystore_path: Some(path), account: Some(ADDRESS) };
        let Found::Account(account) = find(&location).unwrap() else { panic!("a key is there") };
        let wrong: fn(&Account) -> KeystoreError =
            |account| account.unlock(&Passphrase::literal(PHRASE)).unwrap_err();
        assert_clean(&told(&wrong(&account)));
        let open = account.unlock(&Passphrase::literal("correct horse")).unwrap();
        assert_clean(&shown(&open));
    }
}
