//! What is kept over restarts: every class that was published, with the number of its state, so that
//! numbers never fall and readers get changes across a restart.
//!
//! One file for each gateway address, `<data_dir>/requirements-<address>.json`. It is replaced as a
//! whole: whatever moment the machine stops at, the old one or the new one is there.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use alloy_primitives::Address;
use jiff::Timestamp;
use waymark_tagging::document::{MAX_DOCUMENT_BYTES, Requirements, Revisions};

/// Where the state of a gateway is.
pub(super) fn path(data_dir: &Path, gateway: Address) -> PathBuf {
    data_dir.join(format!("requirements-{gateway:#x}.json"))
}

/// What a process before this one kept. A file that cannot be used is set aside, and numbers go on
/// from the seconds since 1970: more than there ever were changes, so that they do not fall.
pub(super) fn load(path: &Path, gateway: Address, now: Timestamp) -> io::Result<Revisions> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Revisions::default()),
        Err(error) => return Err(error),
    };
    let problem = match Requirements::read(&path.display().to_string(), &bytes) {
        Ok(kept) if kept.document.head.gateway == gateway => {
            return Ok(Revisions::restore(kept.document));
        }
        Ok(_) => "it is of another gateway".to_owned(),
        Err(problems) => problems.to_string(),
    };
    let aside = path.with_extension("json.unusable");
    fs::rename(path, &aside)?;
    tracing::error!(
        problem,
        moved_to = %aside.display(),
        "what was published before is not known; readers get everything anew"
    );
    Ok(Revisions::resume(u64::try_from(now.as_second()).unwrap_or(0)))
}

/// Writes beside the file, to the disk, and puts it in its place.
pub(super) fn save(path: &Path, state: &Requirements) -> io::Result<()> {
    let text = serde_json::to_vec(state)?;
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the classes are too large"));
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use waymark_tagging::{canonical::SigningDomain, document::Head};

    use super::*;

    fn head() -> Head {
        Head {
            gateway: Address::ZERO,
            seq: 0,
            issued_at: "2026-11-27T00:00:00Z".parse().unwrap(),
            expires_at: "2026-11-28T00:00:00Z".parse().unwrap(),
            domain: SigningDomain::OFF_CHAIN,
            signer: None,
            signature: None,
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), Address::ZERO);
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(load(&path, Address::ZERO, now).unwrap(), Revisions::default());
        let kept = Revisions::resume(7);
        save(&path, &kept.whole(head())).unwrap();
        assert_eq!(load(&path, Address::ZERO, now).unwrap(), kept);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn numbers_do_not_fall_when_the_file_is_cut_or_of_somebody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), Address::ZERO);
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        fs::write(&path, "{\"api\":\"lp.requ").unwrap();
        assert_eq!(load(&path, Address::ZERO, now).unwrap().seq(), 1_700_000_000);
        assert!(path.with_extension("json.unusable").exists() && !path.exists());
        save(&path, &Revisions::resume(7).whole(head())).unwrap();
        let other = Address::repeat_byte(1);
        assert_eq!(load(&path, other, now).unwrap().seq(), 1_700_000_000);
    }
}
