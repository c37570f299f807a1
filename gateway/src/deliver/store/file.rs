//! The one file of segments: blocks that are written over and over.
//!
//! The file has no name, so nothing is left of it whatever happens to the process. Blocks of segments
//! that are gone are used again, those at the front first. Their pages are in the page cache already,
//! and writing over these costs a quarter of what fresh ones cost; and the free end of the file can
//! be given back.

mod blocks;

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, IoSlice},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{Arc, Weak},
};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::{fs::OFlags, io::pwritev};

use self::blocks::Blocks;
use crate::buffers::ALIGNMENT;

/// Bytes of a block: what a segment wastes is half of it on average.
const BLOCK: usize = 32 * 1024;
/// Most segments written in one request: those of a delivery come together.
pub(super) const MOST_AT_ONCE: usize = 8;

/// Memory where a disk can take it from.
#[derive(Debug, Clone)]
#[repr(align(4096))]
struct Aligned<const LEN: usize>([u8; LEN]);

type Sector = Aligned<ALIGNMENT>;

/// What fills sectors and blocks.
static ZEROS: Aligned<BLOCK> = Aligned([0; BLOCK]);

const _: () = assert!(align_of::<Sector>() == ALIGNMENT && size_of::<Sector>() == ALIGNMENT);

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
    /// The ends of segments that fill no sector.
    ends: Mutex<Vec<Sector>>,
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

    /// Writes segments: straight to the disk and in one request where there is room for them in one
    /// piece, or, in a hurry, to the page cache. Only one thread may.
    pub(super) fn store(
        self: &Arc<Self>,
        segments: &[Bytes],
        hurry: bool,
    ) -> io::Result<Vec<SpilledSegment>> {
        let direct = self.direct.as_ref().filter(|_| !hurry);
        let together = direct.is_some()
            && segments.len() <= MOST_AT_ONCE
            && segments.iter().all(|bytes| is_aligned(bytes));
        let run = together
            .then(|| self.blocks.lock().piece(segments.iter().map(blocks_of).sum()))
            .flatten();
        if let (Some(direct), Some(mut blocks)) = (direct, run) {
            let offset = offset_of(&blocks);
            let stored = segments.iter().map(|bytes| {
                let rest = blocks.split_off(blocks_of(bytes));
                self.holding(std::mem::replace(&mut blocks, rest), bytes)
            });
            let stored = stored.collect();
            direct.write(segments, offset)?;
            return Ok(stored);
        }
        segments.iter().map(|bytes| self.store_alone(bytes, direct)).collect()
    }

    fn store_alone(
        self: &Arc<Self>,
        bytes: &Bytes,
        direct: Option<&Direct>,
    ) -> io::Result<SpilledSegment> {
        let blocks = self.blocks.lock().take(blocks_of(bytes))?;
        let segment = self.holding(blocks, bytes);
        for (offset, range) in segment.runs() {
            let part = bytes.slice(range);
            match direct.filter(|_| is_aligned(&part)) {
                Some(direct) => direct.write(&[part], offset)?,
                None => self.file.write_all_at(&part, offset)?,
            }
        }
        Ok(segment)
    }

    fn holding(self: &Arc<Self>, blocks: Vec<u32>, bytes: &Bytes) -> SpilledSegment {
        let shared = tokio::sync::Mutex::default();
        SpilledSegment { file: Arc::clone(self), blocks, len: bytes.len(), shared }
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
        let ends = Mutex::new(vec![Aligned([0; ALIGNMENT]); MOST_AT_ONCE]);
        let direct = Self { file, ends };
        direct.write(&[Bytes::from_static(&[0])], 0)?;
        Ok(direct)
    }

    /// Writes segments, which are aligned, each from the beginning of a block, and zeros between them:
    /// all in one request to the disk.
    fn write(&self, segments: &[Bytes], offset: u64) -> io::Result<()> {
        let mut ends = self.ends.lock();
        for (sector, bytes) in ends.iter_mut().zip(segments) {
            let (_, end) = sectors(bytes);
            let (filled, rest) = sector.0.split_at_mut(end.len());
            filled.copy_from_slice(end);
            rest.fill(0);
        }
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(3 * segments.len());
        for (sector, bytes) in ends.iter().zip(segments) {
            let (whole, end) = sectors(bytes);
            pieces.push(whole);
            if !end.is_empty() {
                pieces.push(&sector.0);
            }
            let gap = blocks_of(bytes) * BLOCK - bytes.len().next_multiple_of(ALIGNMENT);
            pieces.push(ZEROS.0.get(..gap).unwrap_or_default());
        }
        // Nothing comes behind the last.
        pieces.pop();
        pieces.retain(|piece| !piece.is_empty());
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let all: usize = pieces.iter().map(|piece| piece.len()).sum();
        if pwritev(&self.file, &slices, offset)? == all {
            return Ok(());
        }
        // Rarely less: each by itself, from the start.
        let mut at = offset;
        for piece in pieces {
            self.file.write_all_at(piece, at)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// Bytes that fill sectors, and the rest.
fn sectors(bytes: &Bytes) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len() - bytes.len() % ALIGNMENT)
}

const fn blocks_of(bytes: &Bytes) -> usize {
    bytes.len().div_ceil(BLOCK)
}

/// Where the first of blocks begins in the file.
fn offset_of(blocks: &[u32]) -> u64 {
    u64::from(blocks.first().copied().unwrap_or_default()) * BLOCK as u64
}

fn is_aligned(bytes: &[u8]) -> bool {
    bytes.is_empty() || bytes.as_ptr().align_offset(ALIGNMENT) == 0
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
            let range = start..(start + run.len() * BLOCK).min(self.len);
            start = range.end;
            (offset_of(run), range)
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
        self.file.blocks.lock().give(self.blocks.drain(..));
    }
}

#[cfg(test)]
mod tests;
