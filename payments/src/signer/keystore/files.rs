//! The key directory as files: what is looked at, how much of it is read, how a file is added.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{Account, KeystoreError, Listing, v3};

/// Largest key file read; geth's have 491 bytes.
const LARGEST: usize = 64 * 1024;
/// Most entries of a directory looked at.
const MOST: usize = 10_000;

pub(super) fn is_directory(path: &Path) -> Result<bool, KeystoreError> {
    let found = fs::metadata(path).map_err(unreadable(path))?;
    Ok(found.is_dir())
}

/// Reads a key file, no more than a key file can have.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeystoreError> {
    let mut text = Vec::new();
    let limit = u64::try_from(LARGEST + 1).expect("a small number");
    let file = fs::File::open(path).map_err(unreadable(path))?;
    file.take(limit).read_to_end(&mut text).map_err(unreadable(path))?;
    if text.len() > LARGEST {
        return Err(KeystoreError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    Ok(text)
}

/// The account a key file says it holds.
pub(super) fn account(path: &Path) -> Result<Account, KeystoreError> {
    let address = v3::address(&read(path)?)
        .map_err(|source| KeystoreError::Unusable { path: path.to_owned(), source })?;
    Ok(Account { path: path.to_owned(), address })
}

/// Lists what geth would: regular files that are neither hidden nor an editor's backup. Links are
/// followed, because that is how a mounted secret looks.
pub(super) fn list(directory: &Path) -> Result<Listing, KeystoreError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listing::default()),
        entries => entries.map_err(unreadable(directory))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable(directory))?;
        if paths.len() == MOST {
            return Err(KeystoreError::TooMany { path: directory.to_owned(), limit: MOST });
        }
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !name.starts_with(b".") && !name.ends_with(b"~") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let mut listing = Listing::default();
    for path in paths {
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(found) if found.is_file() => match account(&path) {
                Ok(account) => listing.accounts.push(account),
                // Other files may lie here; that one is not readable shows when it is missed.
                Err(_) => listing.ignored.push(path),
            },
            _ => listing.ignored.push(path),
        }
    }
    Ok(listing)
}

/// Adds a file that only its owner can read. It is complete on disk before it has its name.
pub(super) fn write(directory: &Path, name: &str, text: &[u8]) -> Result<PathBuf, KeystoreError> {
    let path = directory.join(name);
    let draft = directory.join(format!(".{name}.tmp"));
    let written = private_directory(directory)
        .and_then(|()| private_file(&draft, text))
        .and_then(|()| fs::rename(&draft, &path))
        .and_then(|()| fs::File::open(directory)?.sync_all());
    match written {
        Ok(()) => Ok(path),
        Err(source) => {
            // The draft may not even exist; what went wrong before is what matters.
            drop(fs::remove_file(&draft));
            Err(KeystoreError::Unwritable { path, source })
        }
    }
}

fn private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn private_file(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> KeystoreError {
    let path = path.to_owned();
    move |source| KeystoreError::Unreadable { path, source }
}
