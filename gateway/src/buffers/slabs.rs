//! Regions of memory and their free pieces.
//!
//! A piece is found at the lowest place in the oldest region with room for it, so that what is in use
//! stays together and younger regions become empty again.

use std::mem::take;

use bytes::BytesMut;
use waymark_media::memory;

/// Pieces begin at a multiple of this, and their length is one.
pub const PAGE: usize = 4096;
/// Smallest region: some of the largest pages a machine has for ordinary memory. One that nobody uses
/// is kept.
const SLAB: usize = 16 << 20;

/// All regions.
#[derive(Debug, Default)]
pub(super) struct Slabs {
    /// Oldest first.
    slabs: Vec<Slab>,
    next_id: u64,
}

/// A region.
#[derive(Debug)]
pub(super) struct Slab {
    id: u64,
    len: usize,
    /// In the order of their places; no two that touch.
    free: Vec<BytesMut>,
}

/// A part of a region, all of its bytes initialised.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: BytesMut,
    slab: u64,
}

impl Piece {
    /// Cuts off the pages beyond `len` bytes.
    pub(super) fn cut(&mut self, len: usize) -> Self {
        let keep = len.next_multiple_of(PAGE).min(self.bytes.len());
        Self { bytes: self.bytes.split_off(keep), slab: self.slab }
    }
}

impl Slabs {
    /// At least `len` bytes, with anything in them.
    pub(super) fn take(&mut self, len: usize) -> Piece {
        let len = len.checked_next_multiple_of(PAGE).unwrap_or(len);
        if let Some(piece) = self.slabs.iter_mut().find_map(|slab| slab.take(len)) {
            return piece;
        }
        let mut slab = Slab::new(self.next_id, len);
        self.next_id += 1;
        let piece = slab.take(len);
        self.slabs.push(slab);
        piece.unwrap_or_default()
    }

    /// Takes a piece back. A region to be freed comes out.
    pub(super) fn give(&mut self, piece: Piece) -> Option<Slab> {
        if piece.bytes.is_empty() {
            return None;
        }
        let at = self.slabs.binary_search_by_key(&piece.slab, |slab| slab.id).ok()?;
        let slab = self.slabs.get_mut(at)?;
        slab.give(piece.bytes);
        if !slab.is_idle() {
            return None;
        }
        let is_large = slab.len > SLAB;
        let kept = self.slabs.iter().filter(|slab| slab.is_idle()).count();
        (is_large || kept > 1).then(|| self.slabs.remove(at))
    }

    /// Bytes of pieces that are out.
    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        let free = |slab: &Slab| slab.free.iter().map(BytesMut::len).sum::<usize>();
        self.slabs.iter().map(|slab| slab.len - free(slab)).sum()
    }
}

impl Slab {
    fn new(id: u64, least: usize) -> Self {
        let len = least.next_multiple_of(memory::HUGE_PAGE).max(SLAB);
        // Where it begins is not for us to choose; what lies before is never touched.
        let mut bytes = BytesMut::zeroed(len + memory::HUGE_PAGE);
        let before = bytes.as_ptr().align_offset(memory::HUGE_PAGE).min(memory::HUGE_PAGE);
        let mut bytes = bytes.split_off(before);
        bytes.truncate(len);
        memory::prefer_huge_pages(&mut bytes);
        Self { id, len, free: vec![bytes] }
    }

    fn is_idle(&self) -> bool {
        self.free.first().is_some_and(|first| first.len() == self.len)
    }

    fn take(&mut self, len: usize) -> Option<Piece> {
        let at = self.free.iter().position(|free| free.len() >= len)?;
        let free = self.free.get_mut(at)?;
        let bytes = free.split_to(len);
        if free.is_empty() {
            self.free.remove(at);
        }
        Some(Piece { bytes, slab: self.id })
    }

    /// Puts bytes back between their neighbours.
    fn give(&mut self, mut bytes: BytesMut) {
        let at = self.free.partition_point(|free| free.as_ptr() < bytes.as_ptr());
        if let Some(next) = self.free.get_mut(at).filter(|next| touch(&bytes, next)) {
            bytes.unsplit(take(next));
            self.free.remove(at);
        }
        let previous = at.checked_sub(1).and_then(|before| self.free.get_mut(before));
        if let Some(previous) = previous.filter(|previous| touch(previous, &bytes)) {
            previous.unsplit(bytes);
        } else {
            self.free.insert(at, bytes);
        }
    }
}

/// Whether `b` begins where `a` ends.
fn touch(a: &BytesMut, b: &BytesMut) -> bool {
    a.as_ptr_range().end == b.as_ptr()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_never_overlap_and_all_come_together_again(
            steps in prop::collection::vec(
                (1..6_usize << 20, any::<prop::sample::Index>(), any::<prop::sample::Index>()),
                1..60,
            ),
        ) {
            let mut slabs = Slabs::default();
            let mut out: Vec<Piece> = Vec::new();
            for (len, cut, gone) in steps {
                let mut piece = slabs.take(len);
                prop_assert!(piece.bytes.len() >= len && piece.bytes.len() < len + PAGE);
                prop_assert_eq!(piece.bytes.as_ptr().align_offset(PAGE), 0);
                let surplus = piece.cut(cut.index(len) + 1);
                slabs.give(surplus);
                out.push(piece);
                for _ in 0..gone.index(3).min(out.len()) {
                    slabs.give(out.swap_remove(gone.index(out.len())));
                }
                let mut places: Vec<_> = out.iter().map(|p| p.bytes.as_ptr_range()).collect();
                places.sort_by_key(|place| place.start);
                prop_assert!(places.windows(2).all(|w| w[0].end <= w[1].start));
                prop_assert_eq!(slabs.in_use(), out.iter().map(|p| p.bytes.len()).sum::<usize>());
                for slab in &slabs.slabs {
                    prop_assert!(slab.free.windows(2).all(|w| !touch(&w[0], &w[1])));
                }
            }
            for piece in out {
                slabs.give(piece);
            }
            prop_assert_eq!(slabs.in_use(), 0);
            prop_assert!(slabs.slabs.len() <= 1, "one is kept");
        }
    }

    #[test]
    fn what_is_larger_than_a_region_has_one_of_its_own_and_goes_with_it() {
        let mut slabs = Slabs::default();
        let large = slabs.take(SLAB + 1);
        assert!(large.bytes.len() > SLAB);
        let freed = slabs.give(large).unwrap();
        assert_eq!((freed.free.len(), slabs.slabs.len()), (1, 0));
    }
}
