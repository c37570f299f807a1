//! Buffers for segments and renditions, used again.
//!
//! Each is written once, read by a few and held for the length of an HLS window. Memory fresh from
//! the system for every one of them costs more than filling it: the kernel clears each page first.
//! What comes back is kept for the next of about the same size, up to a small bound.
//!
//! The bytes begin at a page of memory, so that a disk can take them from there without a copy.

use std::sync::Arc;

use bytes::{BufMut, Bytes};
use parking_lot::Mutex;

/// Bytes of buffers nobody uses that are kept.
const IDLE_BYTES: usize = 16 << 20;
/// Their number, so that looking through them is quick.
const IDLE_BUFFERS: usize = 64;
/// Smaller ones are left to the allocator.
const SMALLEST: usize = 32 * 1024;
/// Where the bytes of a larger buffer begin: at a multiple of this.
pub const ALIGNMENT: usize = 4096;

/// Where buffers come from and go back to. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Buffers(Arc<Mutex<Idle>>);

#[derive(Debug, Default)]
struct Idle {
    /// The one that came back last at the end: its memory is still in the cache.
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

/// A buffer that is being filled.
#[derive(Debug)]
pub struct Buffer {
    /// Up to `start` there is nothing but what makes the rest begin at a page.
    bytes: Vec<u8>,
    start: usize,
    home: Buffers,
}

/// Bytes whose memory goes back to where it came from.
struct Lent {
    bytes: Vec<u8>,
    start: usize,
    home: Buffers,
}

impl Buffers {
    /// An empty buffer with room for `size` bytes.
    pub fn take(&self, size: usize) -> Buffer {
        if size < SMALLEST {
            return Buffer { bytes: Vec::with_capacity(size), start: 0, home: self.clone() };
        }
        let room = size.saturating_add(ALIGNMENT);
        let idle = self.0.lock().take(room);
        let mut bytes = idle.unwrap_or_else(|| Vec::with_capacity(room));
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        bytes.resize(start, 0);
        Buffer { bytes, start, home: self.clone() }
    }
}

impl Idle {
    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        let fits = |b: &Vec<u8>| b.capacity() >= size && !is_wasteful(size, b.capacity());
        let found = self.buffers.iter().rposition(fits)?;
        let buffer = self.buffers.remove(found);
        self.bytes -= buffer.capacity();
        Some(buffer)
    }

    /// Keeps a buffer; what had to make room for it is left to the caller to free.
    fn keep(&mut self, mut buffer: Vec<u8>) -> Vec<Vec<u8>> {
        buffer.clear();
        self.bytes += buffer.capacity();
        self.buffers.push(buffer);
        let (mut bytes, mut surplus) = (self.bytes, 0);
        while bytes > IDLE_BYTES || self.buffers.len() - surplus > IDLE_BUFFERS {
            bytes -= self.buffers.get(surplus).map_or(bytes, Vec::capacity);
            surplus += 1;
        }
        self.bytes = bytes;
        self.buffers.drain(..surplus).collect()
    }
}

/// Whether so much room for so few bytes should not be held for the length of a window.
fn is_wasteful(len: usize, capacity: usize) -> bool {
    capacity > len + len / 8 + 2 * ALIGNMENT
}

impl Buffer {
    /// Nothing in it yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Forgets what is in it.
    pub fn clear(&mut self) {
        self.bytes.truncate(self.start);
    }

    /// Adds bytes; grows where there is no room for them.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Room for at most `most` bytes more, to be filled in place.
    pub fn room(&mut self, most: usize) -> impl BufMut + '_ {
        (&mut self.bytes).limit(most)
    }

    /// What is in it, for good. If it grew past its content it is copied once, so that what is kept
    /// for players is no larger than it says.
    pub fn freeze(self) -> Bytes {
        let Self { mut bytes, mut start, home } = self;
        if is_wasteful(bytes.len(), bytes.capacity()) {
            let filled = bytes.get(start..).unwrap_or_default();
            let mut exact = home.take(filled.len());
            exact.extend(filled);
            (bytes, start) = (exact.bytes, exact.start);
        }
        if bytes.capacity() < SMALLEST {
            return Bytes::from(bytes);
        }
        Bytes::from_owner(Lent { bytes, start, home })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        // Freed only when the lock is gone.
        let surplus = self.home.0.lock().keep(bytes);
        drop(surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 300_000;

    fn filled(buffers: &Buffers, room: usize, len: usize) -> Bytes {
        let mut buffer = buffers.take(room);
        buffer.extend(&vec![7; len]);
        buffer.freeze()
    }

    fn idle(buffers: &Buffers) -> (usize, usize) {
        let idle = buffers.0.lock();
        assert_eq!(idle.bytes, idle.buffers.iter().map(Vec::capacity).sum::<usize>());
        (idle.buffers.len(), idle.bytes)
    }

    #[test]
    fn memory_comes_back_with_the_last_reference_and_is_used_again() {
        let buffers = Buffers::default();
        let first = filled(&buffers, SIZE, SIZE);
        let (place, slice) = (first.as_ptr(), first.slice(10..20));
        drop(first);
        assert_eq!(idle(&buffers).0, 0);
        drop(slice);
        assert_eq!(idle(&buffers).0, 1);
        let second = filled(&buffers, SIZE - 1000, SIZE - 1000);
        assert_eq!((second.as_ptr(), second.len()), (place, SIZE - 1000));
        assert!(second.iter().all(|b| *b == 7));
        assert_eq!(idle(&buffers).0, 0);
    }

    #[test]
    fn a_buffer_much_too_large_or_too_small_is_not_taken() {
        let buffers = Buffers::default();
        drop(filled(&buffers, SIZE, SIZE));
        drop(filled(&buffers, SIZE / 2, SIZE / 2));
        drop(filled(&buffers, SIZE * 2, SIZE * 2));
        assert_eq!(idle(&buffers).0, 3);
    }

    #[test]
    fn what_grew_past_its_content_is_cut_to_size() {
        let buffers = Buffers::default();
        let small = filled(&buffers, SIZE, 10);
        assert_eq!(small.len(), 10);
        let mut grown = buffers.take(0);
        (0..30).for_each(|_| grown.extend(&[1; 9000]));
        assert_eq!(grown.freeze().len(), 270_000);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let buffers = Buffers::default();
        let many: Vec<_> = (0..40).map(|_| filled(&buffers, 1 << 20, 1 << 20)).collect();
        drop(many);
        assert_eq!(idle(&buffers), (15, 15 * ((1 << 20) + ALIGNMENT)));
        let many: Vec<_> = (0..200).map(|_| filled(&buffers, SMALLEST, SMALLEST)).collect();
        drop(many);
        assert_eq!(idle(&buffers), (IDLE_BUFFERS, IDLE_BUFFERS * (SMALLEST + ALIGNMENT)));
        drop(filled(&buffers, IDLE_BYTES + 1, IDLE_BYTES + 1));
        assert_eq!(idle(&buffers), (0, 0));
    }
}
