//! Buffers for segments and renditions.
//!
//! Each is written once, read by a few and held for the length of an HLS window. Memory fresh from
//! the system for every one of them costs more than filling it, and memory in small pages costs again
//! whenever the bytes are touched or handed to a device. So they are pieces of large regions that are
//! used again.
//!
//! The bytes begin at a page of memory, so that a disk can take them from there without a copy.

mod slabs;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;

pub use self::slabs::PAGE as ALIGNMENT;
use self::slabs::{Piece, Slabs};

/// What is smaller in the end is copied out of its piece, so that this is one again.
const SMALLEST: usize = 32 * 1024;

/// Where buffers come from and go back to. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Buffers(Arc<Mutex<Slabs>>);

/// A buffer that is being filled.
#[derive(Debug)]
pub struct Buffer {
    lease: Lease,
    filled: usize,
}

/// A piece of memory that goes back to where it came from.
#[derive(Debug)]
struct Lease {
    piece: Piece,
    home: Buffers,
}

/// Bytes in such a piece.
struct Lent {
    lease: Lease,
    len: usize,
}

impl Buffers {
    /// An empty buffer with room for `size` bytes.
    pub fn take(&self, size: usize) -> Buffer {
        Buffer { lease: self.lease(size), filled: 0 }
    }

    fn lease(&self, size: usize) -> Lease {
        let piece = if size == 0 { Piece::default() } else { self.0.lock().take(size) };
        Lease { piece, home: self.clone() }
    }
}

impl Buffer {
    /// Nothing in it yet.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        self.memory().get(..self.filled).unwrap_or_default()
    }

    /// Adds bytes; grows where there is no room for them.
    pub fn extend(&mut self, bytes: &[u8]) {
        let end = self.filled.saturating_add(bytes.len());
        if end > self.memory().len() {
            self.grow(end);
        }
        if let Some(room) = self.lease.piece.bytes.get_mut(self.filled..end) {
            room.copy_from_slice(bytes);
            self.filled = end;
        }
    }

    /// Room for more, to be filled from its beginning: at least one byte, at most `most`.
    pub fn room(&mut self, most: usize) -> &mut [u8] {
        if self.filled == self.memory().len() {
            self.grow(self.filled + 1);
        }
        let end = self.filled.saturating_add(most.max(1)).min(self.memory().len());
        self.lease.piece.bytes.get_mut(self.filled..end).unwrap_or_default()
    }

    /// So many bytes of the room were filled.
    pub fn advance(&mut self, bytes: usize) {
        self.filled = self.filled.saturating_add(bytes).min(self.memory().len());
    }

    /// What is in it, for good. Room beyond that is given back, so that what is kept for players is
    /// no larger than it says.
    pub fn freeze(self) -> Bytes {
        let Self { mut lease, filled } = self;
        if filled < SMALLEST {
            return Bytes::copy_from_slice(lease.piece.bytes.get(..filled).unwrap_or_default());
        }
        let surplus = lease.piece.cut(filled);
        drop(Lease { piece: surplus, home: lease.home.clone() });
        Bytes::from_owner(Lent { lease, len: filled })
    }

    fn memory(&self) -> &BytesMut {
        &self.lease.piece.bytes
    }

    /// Moves to a place with room for `least` bytes.
    fn grow(&mut self, least: usize) {
        let room = least.max(self.memory().len().saturating_mul(2)).max(SMALLEST);
        let mut larger = self.lease.home.lease(room);
        if let Some(to) = larger.piece.bytes.get_mut(..self.filled) {
            to.copy_from_slice(self.bytes());
        }
        self.lease = larger;
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.lease.piece.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        // Freed only when the lock is gone.
        let surplus = self.home.0.lock().give(piece);
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

    fn in_use(buffers: &Buffers) -> usize {
        buffers.0.lock().in_use()
    }

    #[test]
    fn memory_comes_back_with_the_last_reference_and_is_used_again() {
        let buffers = Buffers::default();
        let first = filled(&buffers, SIZE, SIZE);
        let (place, slice) = (first.as_ptr(), first.slice(10..20));
        drop(first);
        assert_eq!(in_use(&buffers), SIZE.next_multiple_of(ALIGNMENT));
        drop(slice);
        assert_eq!(in_use(&buffers), 0);
        let second = filled(&buffers, SIZE - 1000, SIZE - 1000);
        assert_eq!((second.as_ptr(), second.len()), (place, SIZE - 1000));
        assert!(second.iter().all(|b| *b == 7));
    }

    #[test]
    fn a_buffer_that_is_not_used_to_the_end_goes_back_as_well() {
        let buffers = Buffers::default();
        let mut left = buffers.take(SIZE);
        left.extend(&[1; 1000]);
        drop(left);
        assert_eq!(in_use(&buffers), 0);
    }

    #[test]
    fn what_is_kept_is_no_larger_than_it_says() {
        let buffers = Buffers::default();
        let small = filled(&buffers, SIZE, 10);
        assert_eq!((small.len(), in_use(&buffers)), (10, 0));
        let mut grown = buffers.take(0);
        (0..30).for_each(|n| grown.extend(&[n; 9000]));
        let grown = grown.freeze();
        assert_eq!(in_use(&buffers), 270_000_usize.next_multiple_of(ALIGNMENT));
        assert!(grown.chunks(9000).zip(0..30).all(|(piece, n)| piece == [n; 9000]));
    }

    #[test]
    fn room_is_filled_from_its_beginning_and_there_is_always_some() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(ALIGNMENT);
        for n in 0..100 {
            let room = buffer.room(1000);
            assert!((1..=1000).contains(&room.len()));
            room.fill(n);
            let filled = room.len();
            buffer.advance(filled / 2 + 1);
        }
        assert!(buffer.bytes().is_sorted());
        assert_eq!(buffer.bytes().last(), Some(&99));
    }

    #[test]
    fn bytes_begin_at_a_page() {
        let buffers = Buffers::default();
        let all: Vec<_> = (0..20).map(|n| filled(&buffers, SIZE + n, SIZE + n)).collect();
        assert!(all.iter().all(|bytes| bytes.as_ptr().align_offset(ALIGNMENT) == 0));
    }
}
