//! Files of segments: written by one thread, read back without blocking the runtime, removed with
//! the last reference.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;

use bytes::Bytes;
use tempfile::{NamedTempFile, TempPath};

use super::shelf::{Shelf, Work};

const PREFIX: &str = "segment-";
const SUFFIX: &str = ".part";
/// Empty files kept for the segments to come.
const SPARE: usize = 32;

/// A segment on disk. The file goes with this value.
#[derive(Debug)]
pub(super) struct SegmentFile {
    path: TempPath,
    len: u64,
    /// The buffer of those who read the file now, so that many players cost one buffer.
    shared: tokio::sync::Mutex<Weak<Vec<u8>>>,
}

/// Bytes that keep their shared buffer alive.
struct Reading(Arc<Vec<u8>>);

impl AsRef<[u8]> for Reading {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl SegmentFile {
    fn write(mut file: NamedTempFile, bytes: &[u8]) -> io::Result<Self> {
        file.write_all(bytes)?;
        let path = file.into_temp_path();
        Ok(Self { path, len: bytes.len() as u64, shared: tokio::sync::Mutex::default() })
    }

    /// Gives up the segment but not the file: what it held goes at once.
    fn empty(self) -> io::Result<NamedTempFile> {
        let file = fs::OpenOptions::new().write(true).open(&self.path)?;
        file.set_len(0)?;
        Ok(NamedTempFile::from_parts(file, self.path))
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// The whole file, which has to have `len` bytes still.
    pub(super) async fn read(self: Arc<Self>, len: u64) -> io::Result<Bytes> {
        let mut shared = self.shared.lock().await;
        if let Some(buffer) = shared.upgrade() {
            return Ok(Bytes::from_owner(Reading(buffer)));
        }
        let buffer = tokio::fs::read(&self.path).await?;
        if buffer.len() as u64 != len {
            let text = format!("a segment of {len} bytes has {} in its file", buffer.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let buffer = Arc::new(buffer);
        *shared = Arc::downgrade(&buffer);
        Ok(Bytes::from_owner(Reading(buffer)))
    }
}

/// Makes the directory, for this user alone, and removes the segments an earlier process left.
/// Other files are not touched.
pub(super) fn clear(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_segment =
            name.to_str().is_some_and(|n| n.starts_with(PREFIX) && n.ends_with(SUFFIX));
        if is_segment && !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
        }
    }
    // Better to learn now that nothing can be written than with the first full window.
    new_file(dir)?.close()
}

fn new_file(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(dir)
}

/// The thread that writes and removes files. It ends when this value goes.
#[derive(Debug)]
pub(super) struct Writer {
    shelf: Arc<Shelf>,
}

impl Writer {
    pub(super) fn start(shelf: Arc<Shelf>) -> io::Result<Self> {
        let shared = Arc::clone(&shelf);
        thread::Builder::new().name("hls-store".into()).spawn(move || {
            let mut disk = Disk::default();
            while let Some(work) = shared.wait_for_work() {
                disk.carry_out(&shared, work);
            }
        })?;
        Ok(Self { shelf })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shelf.close();
    }
}

/// What the thread remembers.
///
/// Files are emptied and used again rather than removed and made: ext4 does not give out the number
/// of a file removed in the last seconds and looks at each of these for every new one, which at the
/// pace of segments becomes the larger part of writing them.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// It did not work last time, so that a full disk is one line in the log and not one for every
    /// segment.
    failing: bool,
    spare: Vec<NamedTempFile>,
}

impl Disk {
    fn write(&mut self, dir: &Path, bytes: &[u8]) -> io::Result<SegmentFile> {
        let file = self.spare.pop().map_or_else(|| new_file(dir), Ok)?;
        SegmentFile::write(file, bytes)
    }

    fn recycle(&mut self, file: Arc<SegmentFile>) {
        if self.spare.len() < SPARE {
            // A file somebody still reads goes with that reader; one that cannot be emptied goes now.
            self.spare.extend(Arc::into_inner(file).and_then(|file| file.empty().ok()));
        }
    }

    pub(super) fn carry_out(&mut self, shelf: &Shelf, work: Work) {
        match work {
            Work::Remove(files) => files.into_iter().for_each(|file| self.recycle(file)),
            Work::Write { id, bytes } => match self.write(shelf.dir(), &bytes) {
                Ok(file) => {
                    shelf.written(id, Some(file));
                    if std::mem::take(&mut self.failing) {
                        tracing::info!(dir = %shelf.dir().display(), "HLS segments can be written again");
                    }
                }
                Err(error) => {
                    shelf.written(id, None);
                    if !std::mem::replace(&mut self.failing, true) {
                        let dir: PathBuf = shelf.dir().into();
                        tracing::warn!(
                            dir = %dir.display(),
                            %error,
                            "cannot write HLS segments; the oldest are dropped"
                        );
                    }
                }
            },
        }
    }
}
