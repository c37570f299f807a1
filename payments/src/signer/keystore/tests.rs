use std::{fs, os::unix::fs::PermissionsExt as _};

use alloy_primitives::address;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const FIRST: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const LIGHT: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");
const STANDARD: Address = address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keystore")
}

fn phrase() -> Passphrase {
    Passphrase::literal("correct horse")
}

/// A data directory that has the two keys of geth's directory.
fn data_dir() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let keys = place.path().join("keystore");
    fs::create_dir(&keys).unwrap();
    for entry in fs::read_dir(fixtures().join("geth")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), keys.join(entry.file_name())).unwrap();
    }
    place
}

fn found(
    data_dir: &Path,
    keystore_path: Option<&Path>,
    account: Option<Address>,
) -> Result<Option<Account>, KeystoreError> {
    find(&Location { data_dir, keystore_path, account }).map(|found| match found {
        Found::Account(account) => Some(account),
        Found::Nothing { .. } => None,
    })
}

#[test]
fn keys_written_by_others_open() {
    let place = data_dir();
    for address in [LIGHT, STANDARD] {
        let account = found(place.path(), None, Some(address)).unwrap().unwrap();
        assert_eq!(account.address(), address);
        assert_eq!(account.unlock(&phrase()).unwrap().address(), address);
    }
    let file = fixtures().join("pbkdf2.json");
    let account = found(place.path(), Some(&file), None).unwrap().unwrap();
    assert_eq!(account.unlock(&phrase()).unwrap().address(), FIRST);
}

/// The vectors of the Web3 Secret Storage Definition.
#[test]
fn the_definitions_own_files_open_or_say_why_not() {
    let cipher = |iv: &str, text: &str, mac: &str, kdf: &str, params: Value| {
        json!({"version": 3, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "crypto": {
            "cipher": "aes-128-ctr", "cipherparams": {"iv": iv}, "ciphertext": text, "mac": mac,
            "kdf": kdf, "kdfparams": params,
        }})
    };
    let files = [
        cipher(
            "6087dab2f9fdbbfaddc31a909735c1e6",
            "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
            "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
            "pbkdf2",
            json!({"c": 262_144, "dklen": 32, "prf": "hmac-sha256",
                "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"}),
        ),
        cipher(
            "83dbcc02d8ccb40e466191a123791e0e",
            "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
            "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
            "scrypt",
            json!({"n": 262_144, "r": 1, "p": 8, "dklen": 32,
                "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"}),
        ),
    ];
    let open = |file: &Value| {
        v3::decrypt(file.to_string().as_bytes(), &Passphrase::literal("testpassword"))
    };
    let expected = address!("008aeeda4d805471df9b2a5b0f38a0c3bcba786b");
    assert_eq!(open(&files[0]).unwrap().address(), expected);
    // N is beyond what RFC 7914 allows for r 1; nobody writes such files today.
    assert!(matches!(open(&files[1]), Err(FormatError::Field { field: "n", .. })));
}

#[test]
fn accounts_are_chosen_as_go_livepeer_does() {
    let place = data_dir();
    let path = |account: Option<Account>| account.unwrap().path().to_owned();
    // The first by name.
    assert_eq!(found(place.path(), None, None).unwrap().unwrap().address(), STANDARD);
    // Another directory.
    let other = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("keystore");
    let account = found(other.path(), Some(&elsewhere), Some(LIGHT)).unwrap();
    assert!(path(account).starts_with(&elsewhere));
    // A key file names the account; the directory stays the default one.
    let copy = other.path().join("copy.json");
    let original = path(found(place.path(), None, Some(LIGHT)).unwrap());
    fs::copy(&original, &copy).unwrap();
    assert_eq!(path(found(place.path(), Some(&copy), None).unwrap()), original);
    // Not in the default directory: the file itself.
    assert_eq!(path(found(other.path(), Some(&copy), Some(LIGHT)).unwrap()), copy);
    // Nothing anywhere.
    assert_eq!(found(other.path(), None, None).unwrap(), None);
}

#[test]
fn contradictions_are_errors() {
    let place = data_dir();
    let file = fixtures().join("pbkdf2.json");
    let error = found(place.path(), Some(&file), Some(LIGHT)).unwrap_err();
    assert!(matches!(error, KeystoreError::AccountMismatch { named: FIRST, asked: LIGHT, .. }));

    let error = found(place.path(), None, Some(FIRST)).unwrap_err();
    assert!(error.to_string().contains(&STANDARD.to_string()), "{error}");
    assert!(matches!(error, KeystoreError::NoSuchAccount { address: FIRST, .. }));

    let empty = tempfile::tempdir().unwrap();
    let error = found(empty.path(), None, Some(FIRST)).unwrap_err();
    assert!(error.to_string().ends_with("it has none"), "{error}");

    let error = found(empty.path(), Some(&empty.path().join("missing")), None).unwrap_err();
    assert!(matches!(error, KeystoreError::Unreadable { .. }));
}

#[test]
fn other_files_in_the_directory_are_passed_over() {
    let place = data_dir();
    let keys = place.path().join("keystore");
    fs::write(keys.join(".hidden"), "{}").unwrap();
    fs::write(keys.join("UTC--backup~"), "{}").unwrap();
    fs::write(keys.join("00-notes.txt"), "my keys").unwrap();
    fs::write(keys.join("01-large"), vec![b' '; 70_000]).unwrap();
    fs::create_dir(keys.join("00-directory")).unwrap();
    std::os::unix::fs::symlink("gone", keys.join("02-dangling")).unwrap();
    let linked = fixtures().join("pbkdf2.json");
    std::os::unix::fs::symlink(linked, keys.join("00-mounted")).unwrap();
    let listing = list(&keys).unwrap();
    let addresses: Vec<_> = listing.accounts.iter().map(Account::address).collect();
    assert_eq!(addresses, [FIRST, STANDARD, LIGHT]);
    let ignored: Vec<_> =
        listing.ignored.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(ignored, ["00-notes.txt", "01-large", "02-dangling"]);
}

#[test]
fn a_new_account_looks_like_geths_and_opens_again() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("data/keystore");
    let now = "2026-11-22T10:11:12.000345Z".parse().unwrap();
    let account = create_with(&directory, &phrase(), now, v3::LIGHT).unwrap();

    let digits = hex::encode(account.address());
    let name = format!("UTC--2026-11-22T10-11-12.000345000Z--{digits}");
    assert_eq!(account.path(), directory.join(name));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(account.path()), mode(&directory)), (0o600, 0o700));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);

    let text = fs::read_to_string(account.path()).unwrap();
    let order = ["address", "crypto", "cipher", "ciphertext", "cipherparams", "kdf", "mac", "id"];
    let places: Vec<_> =
        order.iter().map(|field| text.find(&format!("\"{field}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert_eq!(found(&place.path().join("data"), None, None).unwrap(), Some(account.clone()));
    assert_eq!(account.unlock(&phrase()).unwrap().address(), account.address());

    let other = create_with(&directory, &phrase(), now, v3::LIGHT).unwrap();
    assert_ne!(other.address(), account.address());
}

#[test]
fn the_standard_cost_is_written() {
    let place = tempfile::tempdir().unwrap();
    let account = create(place.path(), &phrase(), Timestamp::UNIX_EPOCH).unwrap();
    let file: Value = serde_json::from_slice(&fs::read(account.path()).unwrap()).unwrap();
    let params = &file["crypto"]["kdfparams"];
    assert_eq!((&params["n"], &params["r"], &params["p"]), (&json!(262_144), &json!(8), &json!(1)));
    assert_eq!(account.unlock(&phrase()).unwrap().address(), account.address());
}

#[test]
fn no_account_is_made_without_a_pass_phrase_or_a_place() {
    let place = tempfile::tempdir().unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let error = create(place.path(), &Passphrase::literal(""), now).unwrap_err();
    assert!(matches!(error, KeystoreError::EmptyPassphrase { .. }));
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let error = create_with(&file, &phrase(), now, v3::LIGHT).unwrap_err();
    assert!(matches!(error, KeystoreError::Unwritable { .. }));
}

#[test]
fn a_wrong_pass_phrase_and_a_changed_file_say_so() {
    let place = data_dir();
    let account = found(place.path(), None, Some(LIGHT)).unwrap().unwrap();
    let error = account.unlock(&Passphrase::literal("correct hors")).unwrap_err();
    assert!(matches!(error, KeystoreError::WrongPassphrase { .. }), "{error}");

    let text = fs::read_to_string(account.path()).unwrap();
    fs::write(account.path(), text.replace("\"fe43fa", "\"fe43fb")).unwrap();
    let error = account.unlock(&phrase()).unwrap_err();
    assert!(matches!(error, KeystoreError::WrongPassphrase { .. }), "{error}");

    // Another key's file under this address.
    fs::write(account.path(), text.replace("709979", "709978")).unwrap();
    let account = files::account(account.path()).unwrap();
    let error = account.unlock(&phrase()).unwrap_err();
    assert!(matches!(error, KeystoreError::OtherKey { held: LIGHT, .. }), "{error}");

    fs::remove_file(account.path()).unwrap();
    let error = account.unlock(&phrase()).unwrap_err();
    assert!(matches!(error, KeystoreError::Unreadable { .. }), "{error}");
}

fn changed(change: impl FnOnce(&mut Value)) -> FormatError {
    let place = data_dir();
    let account = found(place.path(), None, Some(LIGHT)).unwrap().unwrap();
    let mut file: Value = serde_json::from_slice(&fs::read(account.path()).unwrap()).unwrap();
    change(&mut file);
    v3::decrypt(file.to_string().as_bytes(), &phrase()).unwrap_err()
}

#[test]
fn hostile_costs_are_refused_before_anything_is_derived() {
    let scrypt = |n: u64, r: u64, p: u64| {
        changed(|file| {
            let params = &mut file["crypto"]["kdfparams"];
            (params["n"], params["r"], params["p"]) = (json!(n), json!(r), json!(p));
        })
    };
    let costly = |error: &FormatError| matches!(error, FormatError::TooCostly { .. });
    // Memory: 2 GiB, and numbers that wrap around.
    assert!(costly(&scrypt(1 << 21, 8, 1)));
    assert!(costly(&scrypt(1 << 63, u64::from(u32::MAX), u64::from(u32::MAX))));
    // Memory by p, time by p.
    assert!(costly(&scrypt(2, 1 << 14, 1 << 10)));
    assert!(costly(&scrypt(1 << 18, 8, 1000)));
    let text = scrypt(1 << 30, 8, 1).to_string();
    assert!(text.contains("N 1073741824, r 8, p 1") && text.contains("1 GiB"), "{text}");

    let field = |error: FormatError| match error {
        FormatError::Field { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field(scrypt(0, 8, 1)), "n");
    assert_eq!(field(scrypt(1, 8, 1)), "n");
    assert_eq!(field(scrypt(4095, 8, 1)), "n");
    assert_eq!(field(scrypt(1 << 20, 1, 1)), "n");
    assert_eq!(field(scrypt(4096, 0, 1)), "r or p");
    assert_eq!(field(scrypt(4096, 8, 0)), "r or p");
    assert!(matches!(scrypt(4096, 1 << 32, 1), FormatError::Json { .. }));

    let rounds = |c: u64| {
        changed(|file| {
            file["crypto"]["kdf"] = json!("pbkdf2");
            file["crypto"]["kdfparams"]["prf"] = json!("hmac-sha256");
            file["crypto"]["kdfparams"]["c"] = json!(c);
        })
    };
    assert!(costly(&rounds(u64::from(u32::MAX))));
    assert_eq!(field(rounds(0)), "c");
}

#[test]
fn every_field_is_checked_before_it_is_used() {
    let cases: [(&str, Value, &str); 14] = [
        ("/version", json!(1), "version"),
        ("/version", json!("3"), "version"),
        ("/crypto/cipher", json!("aes-128-cbc"), "cipher"),
        ("/crypto/kdf", json!("argon2"), "kdf"),
        ("/crypto/cipherparams/iv", json!("00"), "iv"),
        ("/crypto/mac", json!(""), "mac"),
        ("/crypto/mac", json!("zz"), "mac"),
        ("/crypto/ciphertext", json!(""), "ciphertext"),
        ("/crypto/ciphertext", json!("00".repeat(33)), "ciphertext"),
        ("/crypto/kdfparams/dklen", json!(16), "dklen"),
        ("/crypto/kdfparams/dklen", json!(65), "dklen"),
        ("/crypto/kdfparams/salt", json!(""), "salt"),
        ("/crypto/kdfparams/salt", json!("00".repeat(1025)), "salt"),
        ("/crypto", json!(null), "crypto"),
    ];
    for (place, value, name) in cases {
        let error = changed(|file| *file.pointer_mut(place).unwrap() = value.clone());
        let (FormatError::Field { field, .. } | FormatError::Unsupported { field, .. }) = error
        else {
            panic!("{place} {value}: {error}")
        };
        assert_eq!(field, name);
    }
}

#[test]
fn what_is_no_json_says_where() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("key.json");
    fs::write(&file, "{\"address\": \"70\",\n  oops").unwrap();
    let error = found(place.path(), Some(&file), None).unwrap_err();
    let KeystoreError::Unusable { source, .. } = error else { panic!("{error}") };
    assert_eq!(source, FormatError::Json { line: 2, column: 3 });
}

/// Vector `31_byte_key` of geth's tests is of this form: leading zeros were left out.
#[test]
fn a_short_key_is_padded_in_front() {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    bytes[2..].fill(7);
    let key = LocalKey::from_slice(bytes.as_slice()).unwrap();
    let text = v3::encrypt(&key, &bytes, &phrase(), v3::LIGHT);
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let derived = {
        let salt = hex::decode(file["crypto"]["kdfparams"]["salt"].as_str().unwrap()).unwrap();
        let params = scrypt::Params::new(12, 8, 6, 32).unwrap();
        let mut derived = [0; 32];
        scrypt::scrypt(b"correct horse", &salt, &params, &mut derived).unwrap();
        derived
    };
    let iv = hex::decode(file["crypto"]["cipherparams"]["iv"].as_str().unwrap()).unwrap();
    let mut sealed = [7; 30];
    {
        use aes::cipher::{KeyIvInit as _, StreamCipher as _};
        let mut cipher =
            ctr::Ctr128BE::<aes::Aes128>::new_from_slices(&derived[..16], &iv).unwrap();
        cipher.apply_keystream(&mut sealed);
    }
    let mac = alloy_primitives::keccak256([&derived[16..], &sealed].concat());
    file["crypto"]["ciphertext"] = json!(hex::encode(sealed));
    file["crypto"]["mac"] = json!(hex::encode(mac));
    let opened = v3::decrypt(file.to_string().as_bytes(), &phrase()).unwrap();
    assert_eq!(opened.address(), key.address());
}
