//! One key file: Web3 Secret Storage, version 3, as geth writes it.
//!
//! Read here and not with `eth-keystore`, which panics on short fields and takes any amount of memory
//! a file asks for. Every parameter is checked before it is used. The parser's messages are not
//! passed on: they quote what they read, and what was given as a key file may be a bare key.

use std::fmt;

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use alloy_primitives::{Address, Keccak256};
use hmac::Hmac;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::super::{InvalidKey, LocalKey, Passphrase};

type Aes128Ctr = ctr::Ctr128BE<aes::Aes128>;

/// Most memory that opening a file may take. Standard is 256 MiB.
const MAX_MEMORY: u64 = 1 << 30;
/// Most N·r·p. Standard is 2^21, about a second.
const MAX_WORK: u64 = 1 << 25;
/// Most rounds of PBKDF2. Usual are 262,144.
const MAX_ROUNDS: u32 = 10_000_000;

/// How hard guessing is made in a file that is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    log_n: u8,
    p: u32,
}

/// geth's and go-livepeer's: N 262144, r 8, p 1.
pub(super) const STANDARD: Cost = Cost { log_n: 18, p: 1 };
/// geth's "light" one, for tests.
#[cfg(test)]
pub(super) const LIGHT: Cost = Cost { log_n: 12, p: 6 };
const R: u32 = 8;

/// A file is not a key file of this format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Not JSON, or a field of another type.
    #[error("it is not a V3 key file in JSON (line {line}, column {column})")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// A field that is missing or of a wrong form.
    #[error("its field {field} is not {expected}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Another format than the one everybody writes.
    #[error("its {field} is not supported; accepted is {accepted}")]
    Unsupported {
        /// Which field.
        field: &'static str,
        /// What is read.
        accepted: &'static str,
    },
    /// Deriving the key would take more memory or time than any honest file does.
    #[error(
        "deriving its key would take {asked}; accepted are up to 1 GiB and N·r·p of {MAX_WORK}, or \
         {MAX_ROUNDS} rounds of PBKDF2; write the file again with standard parameters"
    )]
    TooCostly {
        /// What the file asks for.
        asked: KeyCost,
    },
    /// The pass-phrase is wrong, or the content changed.
    #[error("its check value does not match: wrong pass-phrase or damaged file")]
    Mac,
    /// What it holds is not a key.
    #[error("what it holds is no key")]
    Key(#[source] InvalidKey),
}

/// Parameters of a derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCost {
    /// scrypt.
    Scrypt {
        /// Cost.
        n: u64,
        /// Block size.
        r: u32,
        /// Parallelisation.
        p: u32,
    },
    /// PBKDF2.
    Pbkdf2 {
        /// Rounds.
        rounds: u32,
    },
}

#[derive(Deserialize)]
#[serde(default)]
struct KeyFile {
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Option<Crypto>,
    version: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    ciphertext: String,
    kdf: String,
    kdfparams: KdfParams,
    mac: String,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct CipherParams {
    iv: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct KdfParams {
    dklen: u32,
    n: u64,
    p: u32,
    r: u32,
    c: u32,
    prf: String,
    salt: String,
}

/// The address a file says it holds.
pub(super) fn address(text: &[u8]) -> Result<Address, FormatError> {
    let file = parse(text)?;
    let expected = FormatError::Field { field: "address", expected: "an address of 40 hex digits" };
    let digits = file.address.as_deref().ok_or(expected.clone())?;
    let mut bytes = [0; 20];
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut bytes)
        .map_err(|_| expected)?;
    Ok(Address::from(bytes))
}

/// Takes the key out.
pub(super) fn decrypt(text: &[u8], passphrase: &Passphrase) -> Result<LocalKey, FormatError> {
    let file = parse(text)?;
    if !matches!(file.version.as_u64(), Some(3)) {
        return Err(FormatError::Unsupported { field: "version", accepted: "3" });
    }
    let crypto = file.crypto.ok_or(FormatError::Field { field: "crypto", expected: "there" })?;
    if crypto.cipher != "aes-128-ctr" {
        return Err(FormatError::Unsupported { field: "cipher", accepted: "aes-128-ctr" });
    }
    let iv: [u8; 16] = fixed("iv", "32 hex digits", &crypto.cipherparams.iv)?;
    let mac: [u8; 32] = fixed("mac", "64 hex digits", &crypto.mac)?;
    let sealed = bytes("ciphertext", "1 to 32 bytes in hex", &crypto.ciphertext, 1..=32)?;

    let derived = derive(&crypto, passphrase)?;
    if seal(&derived, &sealed) != mac {
        return Err(FormatError::Mac);
    }
    let mut key = Zeroizing::new([0; 32]);
    // Some old files left out leading zeros.
    let start = 32 - sealed.len();
    key[start..].copy_from_slice(&sealed);
    Aes128Ctr::new_from_slices(&derived[..16], &iv)
        .expect("16 bytes of key and 16 of iv")
        .apply_keystream(&mut key[start..]);
    LocalKey::from_slice(key.as_slice()).map_err(FormatError::Key)
}

/// Writes a file for a key, in the order of fields geth uses.
pub(super) fn encrypt(
    key: &LocalKey,
    secret: &Zeroizing<[u8; 32]>,
    passphrase: &Passphrase,
    cost: Cost,
) -> String {
    let (mut salt, mut iv, mut id) = ([0; 32], [0; 16], [0; 16]);
    let mut random = rand::rng();
    random.fill_bytes(&mut salt);
    random.fill_bytes(&mut iv);
    random.fill_bytes(&mut id);

    let params = scrypt::Params::new(cost.log_n, R, cost.p, 32).expect("geth's own parameters");
    let mut derived = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, derived.as_mut_slice())
        .expect("32 bytes can be derived");
    let mut sealed = secret.clone();
    Aes128Ctr::new_from_slices(&derived[..16], &iv)
        .expect("16 bytes of key and 16 of iv")
        .apply_keystream(sealed.as_mut_slice());

    let written = Written {
        address: hex::encode(key.address()),
        crypto: WrittenCrypto {
            cipher: "aes-128-ctr",
            ciphertext: hex::encode(sealed.as_slice()),
            cipherparams: CipherParams { iv: hex::encode(iv) },
            kdf: "scrypt",
            kdfparams: WrittenScrypt {
                dklen: 32,
                n: 1 << cost.log_n,
                p: cost.p,
                r: R,
                salt: hex::encode(salt),
            },
            mac: hex::encode(seal(derived.as_slice(), sealed.as_slice())),
        },
        id: uuid(id),
        version: 3,
    };
    serde_json::to_string(&written).expect("strings and numbers")
}

#[derive(Serialize)]
struct Written {
    address: String,
    crypto: WrittenCrypto,
    id: String,
    version: u8,
}

#[derive(Serialize)]
struct WrittenCrypto {
    cipher: &'static str,
    ciphertext: String,
    cipherparams: CipherParams,
    kdf: &'static str,
    kdfparams: WrittenScrypt,
    mac: String,
}

#[derive(Serialize)]
struct WrittenScrypt {
    dklen: u8,
    n: u32,
    p: u32,
    r: u32,
    salt: String,
}

impl Default for KeyFile {
    fn default() -> Self {
        Self { address: None, crypto: None, version: serde_json::Value::Null }
    }
}

fn parse(text: &[u8]) -> Result<KeyFile, FormatError> {
    serde_json::from_slice(text)
        .map_err(|error| FormatError::Json { line: error.line(), column: error.column() })
}

/// At least 32 bytes from the pass-phrase: 16 for the cipher, 16 for the check value.
fn derive(crypto: &Crypto, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, FormatError> {
    let params = &crypto.kdfparams;
    if !(32..=64).contains(&params.dklen) {
        return Err(FormatError::Field { field: "dklen", expected: "32 to 64" });
    }
    let salt = bytes("salt", "1 to 1024 bytes in hex", &params.salt, 1..=1024)?;
    let length = usize::try_from(params.dklen).expect("at most 64");
    let mut derived = Zeroizing::new(vec![0; length]);
    match crypto.kdf.as_str() {
        "scrypt" => {
            let scrypt = scrypt_params(params)?;
            scrypt::scrypt(passphrase.as_bytes(), &salt, &scrypt, &mut derived)
                .expect("32 to 64 bytes can be derived");
        }
        "pbkdf2" => {
            if params.prf != "hmac-sha256" {
                return Err(FormatError::Unsupported { field: "prf", accepted: "hmac-sha256" });
            }
            match params.c {
                0 => return Err(FormatError::Field { field: "c", expected: "at least 1" }),
                rounds if rounds > MAX_ROUNDS => {
                    return Err(FormatError::TooCostly { asked: KeyCost::Pbkdf2 { rounds } });
                }
                rounds => {
                    pbkdf2::pbkdf2::<Hmac<Sha256>>(
                        passphrase.as_bytes(),
                        &salt,
                        rounds,
                        &mut derived,
                    )
                    .expect("HMAC takes a pass-phrase of any length");
                }
            }
        }
        _ => return Err(FormatError::Unsupported { field: "kdf", accepted: "scrypt or pbkdf2" }),
    }
    Ok(derived)
}

fn scrypt_params(params: &KdfParams) -> Result<scrypt::Params, FormatError> {
    let KdfParams { n, r, p, .. } = *params;
    if !n.is_power_of_two() || n < 2 {
        return Err(FormatError::Field { field: "n", expected: "a power of two above 1" });
    }
    if r == 0 || p == 0 {
        return Err(FormatError::Field { field: "r or p", expected: "at least 1" });
    }
    let (wide_r, wide_p) = (u64::from(r), u64::from(p));
    // The table has N blocks of 128·r bytes, the work area p of them.
    let memory = n.checked_add(wide_p).and_then(|blocks| blocks.checked_mul(128 * wide_r));
    let work = n.checked_mul(wide_r).and_then(|work| work.checked_mul(wide_p));
    if memory.is_none_or(|bytes| bytes > MAX_MEMORY) || work.is_none_or(|work| work > MAX_WORK) {
        return Err(FormatError::TooCostly { asked: KeyCost::Scrypt { n, r, p } });
    }
    let log_n = u8::try_from(n.trailing_zeros()).expect("at most 63");
    // What is left to refuse is an N too large for a small r.
    scrypt::Params::new(log_n, r, p, 32).map_err(|_| FormatError::Field {
        field: "n",
        expected: "below 2^(16·r), as RFC 7914 demands",
    })
}

/// The check value.
fn seal(derived: &[u8], sealed: &[u8]) -> [u8; 32] {
    let mut hash = Keccak256::new();
    hash.update(&derived[16..32]);
    hash.update(sealed);
    hash.finalize().0
}

fn fixed<const N: usize>(
    field: &'static str,
    expected: &'static str,
    digits: &str,
) -> Result<[u8; N], FormatError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| FormatError::Field { field, expected })?;
    Ok(bytes)
}

fn bytes(
    field: &'static str,
    expected: &'static str,
    digits: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<Vec<u8>, FormatError> {
    hex::decode(digits)
        .ok()
        .filter(|bytes| length.contains(&bytes.len()))
        .ok_or(FormatError::Field { field, expected })
}

/// Random bytes as a UUID of version 4.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

impl fmt::Display for KeyCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scrypt { n, r, p } => write!(f, "scrypt with N {n}, r {r}, p {p}"),
            Self::Pbkdf2 { rounds } => write!(f, "{rounds} rounds of PBKDF2"),
        }
    }
}
