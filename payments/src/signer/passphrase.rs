//! The pass-phrase of a key file: given literally, or as the path of a file that holds it.
//!
//! It must never be printed, also not as the "path" of a file that is not there: whatever does not
//! exist as a file may be the pass-phrase itself. Asking at the terminal is the gateway's business.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Longest pass-phrase file read.
const LONGEST: usize = 4096;

/// The file that should hold the pass-phrase cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// It exists, but cannot be read.
    #[error("cannot read the pass-phrase file {}; check its owner and mode", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nothing but white space in it.
    #[error("the pass-phrase file {} is empty; put the pass-phrase into it", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Longer than any pass-phrase.
    #[error("the pass-phrase file {} is larger than {LONGEST} bytes; is it another file?", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Not text.
    #[error("the pass-phrase file {} is not UTF-8 text", path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
    },
}

/// A pass-phrase. Overwritten when dropped; not printable.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Exactly this text, as typed at a prompt.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The value of `-ethPassword`: the path of an existing file, whose trimmed content is taken, or
    /// else the pass-phrase itself (go-livepeer `common/readfromfile.go:12-33`).
    ///
    /// Unlike there, a file that exists and cannot be used is an error instead of a pass-phrase that
    /// consists of its path; and the same rule holds when an account is created.
    pub fn from_setting(value: &str) -> Result<Self, PassphraseError> {
        let path = Path::new(value);
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => Self::from_file(path),
            _ => Ok(Self::literal(value)),
        }
    }

    /// The trimmed content of a file.
    pub fn from_file(path: &Path) -> Result<Self, PassphraseError> {
        let path = || path.to_owned();
        let unreadable = |source| PassphraseError::Unreadable { path: path(), source };
        // Large enough from the start: growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 64));
        let limit = u64::try_from(LONGEST + 1).expect("a small number");
        let file = fs::File::open(path()).map_err(unreadable)?;
        file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > LONGEST {
            return Err(PassphraseError::TooLarge { path: path() });
        }
        let text =
            std::str::from_utf8(&bytes).map_err(|_| PassphraseError::NotText { path: path() })?;
        match text.trim() {
            "" => Err(PassphraseError::Empty { path: path() }),
            text => Ok(Self::literal(text)),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(<hidden>)")
    }
}
