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
    table: &'static str,
}

impl Layout {
    pub(super) fn new(data_dir: &Path, table: &'static str) -> Self {
        Self { root: data_dir.join("data"), table }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Held as long as a recorder lives.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.root.join(format!(".lock-{}", self.table))
    }

    /// Parts that are being written. On the same file system as their destination.
    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join(format!(".incomplete-{}", self.table))
    }

    pub(super) fn jsonl(&self, date: Date) -> PathBuf {
        self.root.join("jsonl").join(format!("{}-{date}.jsonl", self.table))
    }

    pub(super) fn partition(&self, date: Date, gateway: Address, tag_root: &str) -> PathBuf {
        self.root
            .join("v1")
            .join(self.table)
            .join(format!("date={date}"))
            .join(format!("gateway={gateway}"))
            .join(format!("tagroot={tag_root}"))
    }
}

/// The UTC date that a row belongs to.
pub(super) fn date_of(moment: Timestamp) -> Date {
    Offset::UTC.to_datetime(moment).date()
}
