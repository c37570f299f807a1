//! What can be wrong with key files, in words an operator can act on.

use std::{fmt::Write as _, io, path::PathBuf};

use alloy_primitives::Address;

use super::v3::FormatError;

/// No key could be taken from disk, or none written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// A file or directory is not there or cannot be read.
    #[error("cannot read {}; check -ethKeystorePath, owner and mode", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A key file, or a file beside it, could not be written.
    #[error("cannot write a key file at {}; check owner and mode of the directory", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// More than any key file has.
    #[error("{} is no key file: larger than {limit} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Largest that is read.
        limit: usize,
    },
    /// Not a directory of keys.
    #[error("{} has more than {limit} entries: is it the key directory?", path.display())]
    TooMany {
        /// Which.
        path: PathBuf,
        /// Most that are looked at.
        limit: usize,
    },
    /// A key file that cannot be used, whatever the pass-phrase.
    #[error("{} cannot be used as a key file", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: FormatError,
    },
    /// The pass-phrase is not that of the file.
    #[error(
        "the pass-phrase does not open {}: it is wrong or the file is damaged; -ethPassword takes the \
         pass-phrase, or the path of a file that holds it",
        path.display()
    )]
    WrongPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds the key of another address than it says.
    #[error("{} says it holds the key of {named}, but it holds that of {held}", path.display())]
    OtherKey {
        /// Which file.
        path: PathBuf,
        /// What it says.
        named: Address,
        /// What it holds.
        held: Address,
    },
    /// `-ethKeystorePath` and `-ethAcctAddr` name different accounts.
    #[error(
        "-ethAcctAddr is {asked}, but the key file {} of -ethKeystorePath is for {named}; leave one of them out",
        path.display()
    )]
    AccountMismatch {
        /// The key file.
        path: PathBuf,
        /// Its address.
        named: Address,
        /// The address that was asked for.
        asked: Address,
    },
    /// No key for the address that was asked for.
    #[error("no key of {address} in {}; it has {}", directory.display(), join(known))]
    NoSuchAccount {
        /// What was asked for.
        address: Address,
        /// Where.
        directory: PathBuf,
        /// What is there instead.
        known: Vec<Address>,
    },
    /// A key that anybody who reads the file can use.
    #[error("no account is made in {} without a pass-phrase; set -ethPassword", directory.display())]
    EmptyPassphrase {
        /// Where it would have been made.
        directory: PathBuf,
    },
}

fn join(addresses: &[Address]) -> String {
    const SHOWN: usize = 5;
    let mut text = String::new();
    for (index, address) in addresses.iter().take(SHOWN).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(text, "{comma}{address}").expect("a string takes any text");
    }
    match addresses.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{text} and {} more", count - SHOWN),
        _ => text,
    }
}
