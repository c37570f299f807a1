//! The one file of segments: blocks that are written over and over.
//!
//! The file has no name, so nothing is left of it whatever happens to the process. Blocks of segments
//! that are gone are used again, those at the front first. Their pages are in the page cache already,
//! and writing over these costs a quarter of what fresh ones cost; and the free end of the file can
//! be given back.

use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, IoSlice},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::{fs::OFlags, io::pwritev};

use crate::buffers::{ALIGNMENT, Buffer, Buffers};

/// Bytes of a block: what a segment wastes is half of it on average.
const BLOCK: usize = 32 * 1024;
/// Free blocks looked at in search of some that follow one another.
const LOOKED_AT: usize = 4096;
/// What fills a sector.
const ZEROS: [u8; ALIGNMENT] = [0; ALIGNMENT];

/// The file.
#[derive(Debug)]
pub(super) struct SpillFile {
    file: File,
    /// The same file for direct I/O, if there is such a thing here.
    direct: Option<Direct>,
    blocks: Mutex<Blocks>,
}

/// Writing past the page cache: from aligned memory, in whole sectors.
#[derive(Debug)]
struct Direct {
    file: File,
    /// The rest of a segment that fills no sector.
    rest: Mutex<Buffer>,
}

/// Which blocks hold nothing.
#[derive(Debug, Default)]
struct Blocks {
    /// Blocks the file has.
    count: u32,
    /// Those of them that are free.
    free: BTreeSet<u32>,
}

/// A segment in the file. Its blocks are free when this value goes.
#[derive(Debug)]
pub(super) struct SpilledSegment {
    file: Arc<SpillFile>,
    /// In the order of the bytes.
    blocks: Vec<u32>,
    len: usize,
    /// The buffer of those who read the segment now, so that many players cost one buffer.
    shared: tokio::sync::Mutex<Weak<Vec<u8>>>,
}

/// Bytes that keep their shared buffer alive.
struct Reading(Arc<Vec<u8>>);

impl AsRef<[u8]> for Reading {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl SpillFile {
    /// Makes the directory, for this user alone, and an empty file in it.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let named = tempfile::NamedTempFile::new_in(dir)?;
        // Better to learn now that nothing can be written than with the first full window.
        named.as_file().write_all_at(&[0], 0)?;
        let direct = Direct::open(named.path()).ok();
        named.as_file().set_len(0)?;
        // It loses its name here.
        Ok(Self { direct, ..Self::over(named.into_file()) })
    }

    pub(super) fn over(file: File) -> Self {
        Self { file, direct: None, blocks: Mutex::default() }
    }

    /// Writes a segment: straight to the disk, or, in a hurry, to the page cache. Only one thread
    /// may.
    pub(super) fn store(self: &Arc<Self>, bytes: &[u8], hurry: bool) -> io::Result<SpilledSegment> {
        let blocks = self.blocks.lock().take(bytes.len().div_ceil(BLOCK))?;
        let shared = tokio::sync::Mutex::default();
        let segment = SpilledSegment { file: Arc::clone(self), blocks, len: bytes.len(), shared };
        for (offset, range) in segment.runs() {
            let part = bytes.get(range).unwrap_or_default();
            match self.direct.as_ref().filter(|_| !hurry && is_aligned(part)) {
                Some(direct) => direct.write(part, offset)?,
                None => self.file.write_all_at(part, offset)?,
            }
        }
        Ok(segment)
    }

    /// Gives the free end of the file back. Only the thread that writes may.
    pub(super) fn trim(&self) -> io::Result<()> {
        let count = self.blocks.lock().trim();
        self.file.set_len(u64::from(count) * BLOCK as u64)
    }

    /// Bytes of the file.
    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.file.metadata().unwrap().len()
    }

    /// The file itself.
    #[cfg(test)]
    pub(super) fn inner(&self) -> &File {
        &self.file
    }
}

impl Direct {
    /// Opens it once more, and tries it: some file systems refuse only the writing.
    fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECT.bits().cast_signed();
        let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
        let rest = Buffers::default().take(BLOCK);
        let direct = Self { file, rest: Mutex::new(rest) };
        direct.write(&[0], 0)?;
        Ok(direct)
    }

    /// Writes `bytes`, which are aligned, and zeros up to the end of the sector: both in one request
    /// to the disk.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % ALIGNMENT);
        if rest.is_empty() {
            return self.file.write_all_at(whole, offset);
        }
        let mut sector = self.rest.lock();
        sector.clear();
        sector.extend(rest);
        sector.extend(ZEROS.get(rest.len()..).unwrap_or_default());
        let both = [IoSlice::new(whole), IoSlice::new(sector.bytes())];
        let written = pwritev(
            &self.file,
            both.get(usize::from(whole.is_empty())..).unwrap_or_default(),
            offset,
        )?;
        if written == whole.len() + ALIGNMENT {
            return Ok(());
        }
        // Rarely less: each by itself, from the start.
        self.file.write_all_at(whole, offset)?;
        self.file.write_all_at(sector.bytes(), offset + whole.len() as u64)
    }
}

fn is_aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().align_offset(ALIGNMENT) == 0
}

impl Blocks {
    fn take(&mut self, wanted: usize) -> io::Result<Vec<u32>> {
        if let Some(run) = self.run(wanted) {
            for block in &run {
                self.free.remove(block);
            }
            return Ok(run);
        }
        let mut taken = Vec::with_capacity(wanted);
        while taken.len() < wanted {
            let block = if let Some(block) = self.free.pop_first() {
                block
            } else {
                let next = self.count.checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
                std::mem::replace(&mut self.count, next)
            };
            taken.push(block);
        }
        Ok(taken)
    }

    /// The first free blocks that follow one another: a segment in one piece is one request to the
    /// disk.
    fn run(&self, wanted: usize) -> Option<Vec<u32>> {
        let mut run: Vec<u32> = Vec::with_capacity(wanted);
        for block in self.free.iter().copied().take(LOOKED_AT) {
            if run.last().is_some_and(|last| last.checked_add(1) != Some(block)) {
                run.clear();
            }
            run.push(block);
            if run.len() == wanted {
                return Some(run);
            }
        }
        None
    }

    /// Forgets the free blocks at the end; how many blocks are left.
    fn trim(&mut self) -> u32 {
        while self.count.checked_sub(1).is_some_and(|last| self.free.remove(&last)) {
            self.count -= 1;
        }
        self.count
    }
}

impl SpilledSegment {
    /// Bytes of the segment.
    pub(super) const fn len(&self) -> u64 {
        self.len as u64
    }

    /// Blocks that follow one another: where they begin in the file, and which bytes of the segment
    /// they hold.
    fn runs(&self) -> impl Iterator<Item = (u64, std::ops::Range<usize>)> {
        let mut start = 0;
        self.blocks.chunk_by(|a, b| a.checked_add(1) == Some(*b)).map(move |run| {
            let offset = u64::from(run.first().copied().unwrap_or_default()) * BLOCK as u64;
            let range = start..(start + run.len() * BLOCK).min(self.len);
            start = range.end;
            (offset, range)
        })
    }

    /// The whole segment.
    pub(super) async fn read(self: Arc<Self>) -> io::Result<Bytes> {
        let mut shared = self.shared.lock().await;
        if let Some(buffer) = shared.upgrade() {
            return Ok(Bytes::from_owner(Reading(buffer)));
        }
        let segment = Arc::clone(&self);
        let read = tokio::task::spawn_blocking(move || segment.read_blocking());
        let buffer = Arc::new(read.await.map_err(io::Error::other)??);
        *shared = Arc::downgrade(&buffer);
        Ok(Bytes::from_owner(Reading(buffer)))
    }

    fn read_blocking(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; self.len];
        for (offset, range) in self.runs() {
            let part = buffer.get_mut(range).unwrap_or_default();
            self.file.file.read_exact_at(part, offset)?;
        }
        Ok(buffer)
    }
}

impl Drop for SpilledSegment {
    fn drop(&mut self) {
        self.file.blocks.lock().free.extend(self.blocks.drain(..));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(n: usize, len: usize) -> Bytes {
        let bytes: Vec<_> =
            (0..len).map(|i| u8::try_from((i * 7 + n * 31 + i / BLOCK) % 251).unwrap()).collect();
        let mut buffer = Buffers::default().take(len);
        buffer.extend(&bytes);
        buffer.freeze()
    }

    #[test]
    fn bytes_of_a_buffer_are_where_the_disk_can_take_them() {
        assert!(is_aligned(&segment(1, 300_000)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn whatever_comes_and_goes_each_segment_reads_back(
            steps in prop::collection::vec((0..4 * BLOCK, any::<prop::sample::Index>(), any::<bool>(), any::<bool>()), 1..40),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let file = Arc::new(SpillFile::create(dir.path()).unwrap());
            let mut kept = Vec::new();
            for (n, (len, victim, trim, hurry)) in steps.into_iter().enumerate() {
                let bytes = segment(n, len);
                kept.push((file.store(&bytes, hurry).unwrap(), bytes));
                if n % 3 > 0 {
                    kept.swap_remove(victim.index(kept.len()));
                }
                if trim {
                    file.trim().unwrap();
                }
                for (stored, bytes) in &kept {
                    prop_assert_eq!(&stored.read_blocking().unwrap(), bytes);
                }
            }
            kept.clear();
            file.trim().unwrap();
            prop_assert_eq!(file.len(), 0);
        }
    }

    #[test]
    fn blocks_are_used_again_from_the_front() {
        let dir = tempfile::tempdir().unwrap();
        let file = Arc::new(SpillFile::create(dir.path()).unwrap());
        let first = file.store(&segment(1, 2 * BLOCK), false).unwrap();
        let second = file.store(&segment(2, BLOCK), false).unwrap();
        drop(first);
        let third = file.store(&segment(3, 3 * BLOCK), false).unwrap();
        assert_eq!((second.blocks.as_slice(), third.blocks.as_slice()), (&[2][..], &[0, 1, 3][..]));
        assert_eq!(third.read_blocking().unwrap(), segment(3, 3 * BLOCK));
        drop(third);
        file.trim().unwrap();
        assert_eq!(file.len(), 3 * BLOCK as u64, "the second is in the way");
    }
}
