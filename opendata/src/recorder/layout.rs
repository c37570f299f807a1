//! Where records are: the names of directories and files, all below `<dataDir>/data`. Nothing from
//! outside becomes part of a path except a date, an address and the root of a valid tag.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::Address;

#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { root: data_dir.join("data") }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Held as long as a recorder lives.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.root.join(".lock")
    }

    /// Parts that are being written. On the same file system as their destination.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join(".incomplete")
    }

    pub(super) fn jsonl(&self, date: Date) -> PathBuf {
        self.root.join("jsonl").join(format!("jobs-{date}.jsonl"))
    }

    pub(super) fn partition(&self, date: Date, gateway: Address, tag_root: &str) -> PathBuf {
        self.root
            .join("v1/jobs")
            .join(format!("date={date}"))
            .join(format!("gateway={gateway}"))
            .join(format!("tagroot={tag_root}"))
    }
}

/// The UTC date that a row belongs to.
pub(super) fn date_of(moment: Timestamp) -> Date {
    Offset::UTC.to_datetime(moment).date()
}
