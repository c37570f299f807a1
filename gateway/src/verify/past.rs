//! What a stream's segments were so far: how large, and what they showed.
//!
//! A rendition of few bytes is nothing odd where its source is small for once as well, and a picture that fits the source is
//! odd where it fits that of an earlier segment better.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use waymark_verification::fast::before::Earlier;

/// Segments whose size is looked back on.
const SIZES: usize = 32;
/// Fewer say nothing yet.
const FEWEST: usize = 3;
/// Segments whose first picture is kept, 2 KB each.
const PICTURES: usize = 4;

/// A stream's newest segments.
#[derive(Debug, Default)]
pub struct Past(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Bytes of video.
    sizes: VecDeque<u64>,
    pictures: VecDeque<Arc<Earlier>>,
}

impl Past {
    /// Takes a segment's bytes of video; gives the median of those before it, if there were enough.
    pub fn see(&self, bytes: u64) -> Option<u64> {
        let mut kept = self.0.lock();
        let mut before: Vec<u64> = kept.sizes.iter().copied().collect();
        keep(&mut kept.sizes, bytes, SIZES);
        drop(kept);
        before.sort_unstable();
        before.get(before.len() / 2).copied().filter(|_| before.len() >= FEWEST)
    }

    /// Takes a segment's first picture.
    pub fn show(&self, picture: Earlier) {
        keep(&mut self.0.lock().pictures, Arc::new(picture), PICTURES);
    }

    /// First pictures of segments before, oldest first.
    pub fn shown(&self) -> Vec<Arc<Earlier>> {
        self.0.lock().pictures.iter().cloned().collect()
    }
}

fn keep<T>(kept: &mut VecDeque<T>, newest: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(newest);
}

#[cfg(test)]
mod tests {
    use waymark_media::pixels::{Grid, Grids, Lattice};

    use super::*;

    #[test]
    fn the_median_of_what_came_before_is_known_from_the_third_segment_on() {
        let past = Past::default();
        assert_eq!([5, 1, 9].map(|bytes| past.see(bytes)), [None; 3]);
        assert_eq!(past.see(1000), Some(5));
        for _ in 0..SIZES {
            past.see(7);
        }
        assert_eq!(past.see(0), Some(7));
        assert_eq!(past.0.lock().sizes.len(), SIZES);
    }

    #[test]
    fn of_what_was_shown_the_newest_is_kept() {
        let past = Past::default();
        let picture = |luma: u16| {
            let plane = vec![luma; Lattice::FINE.cells()];
            let (u, v) = (plane.clone(), plane.clone());
            let grid = Grid { pts: 0, key: true, damaged: false, y: plane, u, v };
            let grids = Grids {
                lattice: Lattice::FINE,
                size: (640, 360),
                full_range: false,
                frames: vec![grid],
                decode_errors: 0,
            };
            Earlier::of(&grids).unwrap()
        };
        assert!(past.shown().is_empty());
        for number in 0..6 {
            past.show(picture(number));
        }
        let shown: Vec<_> = past.shown().iter().map(|earlier| (**earlier).clone()).collect();
        assert_eq!(shown, [2, 3, 4, 5].map(picture));
    }
}
