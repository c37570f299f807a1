//! Key files on disk: geth's V3 format in geth's directory, so that go-livepeer's data directory
//! works as it is and what is written here opens there.
//!
//! [`find`] decides which account is meant, [`Account::unlock`] opens it, [`create`] makes a new one.
//! All of them block, and opening derives a key for up to seconds: call them from a thread that may
//! wait, never from the runtime.
//!
//! A key file is input like any other: bounded in size, in memory and in time. No error says
//! anything of a file's content beyond names of fields, sizes and public addresses.

mod error;
mod files;
mod v3;

use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use jiff::Timestamp;

use super::{LocalKey, Passphrase};

pub use error::KeystoreError;
pub use v3::FormatError;

/// What an operator configured.
#[derive(Debug, Clone, Copy)]
pub struct Location<'a> {
    /// Data directory of the network; keys are in `keystore` below it.
    pub data_dir: &'a Path,
    /// `-ethKeystorePath`: another directory, or a key file.
    pub keystore_path: Option<&'a Path>,
    /// `-ethAcctAddr`.
    pub account: Option<Address>,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The account to use; still locked.
    Account(Account),
    /// No key at all, and none asked for by address: [`create`] makes one here.
    Nothing {
        /// Where the key file would be put.
        directory: PathBuf,
    },
}

/// A key file and the address it says it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    path: PathBuf,
    address: Address,
}

/// The content of a key directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Key files by name, which for geth's names means oldest first.
    pub accounts: Vec<Account>,
    /// Files that are no key files, or do not say their address.
    pub ignored: Vec<PathBuf>,
}

/// Finds the account that is meant, by the rules of go-livepeer
/// (`cmd/livepeer/starter/starter.go:810-825,2508-2534`, `eth/accountmanager.go:42-80`):
///
/// * keys are in `<data directory>/keystore`, unless `-ethKeystorePath` is another directory;
/// * when that is a file, it names the account, and its address is looked up in the default
///   directory. If the key is not there, the named file itself is used (go-livepeer gives up);
/// * `-ethAcctAddr` picks among several, and may not contradict a key file; without it the first is
///   taken. An address that has no key is an error (go-livepeer makes another account).
pub fn find(location: &Location<'_>) -> Result<Found, KeystoreError> {
    let default = location.data_dir.join("keystore");
    let named = match location.keystore_path {
        None => None,
        Some(path) if files::is_directory(path)? => {
            return choose(path, location.account, None);
        }
        Some(path) => Some(files::account(path)?),
    };
    if let (Some(named), Some(asked)) = (&named, location.account)
        && named.address != asked
    {
        let (path, named) = (named.path.clone(), named.address);
        return Err(KeystoreError::AccountMismatch { path, named, asked });
    }
    let wanted = named.as_ref().map(|named| named.address).or(location.account);
    choose(&default, wanted, named)
}

/// Lists a directory; one that does not exist is empty.
pub fn list(directory: &Path) -> Result<Listing, KeystoreError> {
    files::list(directory)
}

/// Makes a key and writes it as geth does: standard scrypt, mode 0600, `UTC--<time>--<address>`.
pub fn create(
    directory: &Path,
    passphrase: &Passphrase,
    now: Timestamp,
) -> Result<Account, KeystoreError> {
    create_with(directory, passphrase, now, v3::STANDARD)
}

impl Account {
    /// The address the file says it holds.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The key file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the key. Takes about a second and 256 MiB for a standard file, for up to 16 seconds and
    /// 1 GiB for the costliest that is accepted.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<LocalKey, KeystoreError> {
        let path = || self.path.clone();
        let text = files::read(&self.path)?;
        let key = v3::decrypt(&text, passphrase).map_err(|source| match source {
            FormatError::Mac => KeystoreError::WrongPassphrase { path: path() },
            source => KeystoreError::Unusable { path: path(), source },
        })?;
        if key.address() != self.address {
            let (named, held) = (self.address, key.address());
            return Err(KeystoreError::OtherKey { path: path(), named, held });
        }
        Ok(key)
    }
}

fn choose(
    directory: &Path,
    wanted: Option<Address>,
    fallback: Option<Account>,
) -> Result<Found, KeystoreError> {
    let accounts = files::list(directory)?.accounts;
    let found = match wanted {
        Some(address) => accounts.iter().find(|account| account.address == address),
        None => accounts.first(),
    };
    match (found.cloned().or(fallback), wanted) {
        (Some(account), _) => Ok(Found::Account(account)),
        (None, None) => Ok(Found::Nothing { directory: directory.to_owned() }),
        (None, Some(address)) => Err(KeystoreError::NoSuchAccount {
            address,
            directory: directory.to_owned(),
            known: accounts.iter().map(|account| account.address).collect(),
        }),
    }
}

fn create_with(
    directory: &Path,
    passphrase: &Passphrase,
    now: Timestamp,
    cost: v3::Cost,
) -> Result<Account, KeystoreError> {
    if passphrase.is_empty() {
        return Err(KeystoreError::EmptyPassphrase { directory: directory.to_owned() });
    }
    let (key, bytes) = LocalKey::random();
    let text = v3::encrypt(&key, &bytes, passphrase, cost);
    let name =
        format!("UTC--{}--{}", now.strftime("%Y-%m-%dT%H-%M-%S.%9fZ"), hex::encode(key.address()));
    let path = files::write(directory, &name, text.as_bytes())?;
    Ok(Account { path, address: key.address() })
}

#[cfg(test)]
mod tests;
