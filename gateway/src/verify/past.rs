//! How large a stream's segments usually are: a rendition of few bytes is nothing odd where its source
//! is small for once as well.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// Segments that are looked back on.
const KEPT: usize = 32;
/// Fewer say nothing yet.
const FEWEST: usize = 3;

/// Bytes of video in a stream's newest segments.
#[derive(Debug, Default)]
pub struct Usual(Mutex<VecDeque<u64>>);

impl Usual {
    /// Takes a segment's bytes of video; gives the median of those before it, if there were enough.
    pub fn see(&self, bytes: u64) -> Option<u64> {
        let mut kept = self.0.lock();
        let mut before: Vec<u64> = kept.iter().copied().collect();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(bytes);
        drop(kept);
        before.sort_unstable();
        before.get(before.len() / 2).copied().filter(|_| before.len() >= FEWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_what_came_before_is_known_from_the_third_segment_on() {
        let usual = Usual::default();
        assert_eq!([5, 1, 9].map(|bytes| usual.see(bytes)), [None; 3]);
        assert_eq!(usual.see(1000), Some(5));
        for _ in 0..KEPT {
            usual.see(7);
        }
        assert_eq!(usual.see(0), Some(7));
        assert_eq!(usual.0.lock().len(), KEPT);
    }
}
