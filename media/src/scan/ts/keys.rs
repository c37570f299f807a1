//! Where in the file the key pictures of a video stream end.

use super::super::coded::Raw;
use super::super::{KeyEnds, UnitKind};

/// A file is not cut before: demultiplexers look at so much to learn what it is.
const SHORTEST: usize = 1 << 16;

/// Watches units and PES packets go by. A cut is made only between PES packets: a demultiplexer marks one that is not
/// whole as damaged.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Units seen so far.
    seen: usize,
    /// Key pictures that are over; the file can be cut at the next PES packet.
    waiting: bool,
    first: Option<usize>,
    last: Option<usize>,
}

impl Keys {
    /// Looks at what has begun: a unit is over when the next one begins.
    #[inline]
    pub(super) fn see(&mut self, units: &[Raw]) {
        if units.len() == self.seen {
            return;
        }
        let over = self.seen.saturating_sub(1)..units.len().saturating_sub(1);
        if units.get(over).unwrap_or_default().iter().any(is_key) {
            (self.waiting, self.last) = (true, None);
        }
        self.seen = units.len();
    }

    /// A PES packet begins, `at` bytes into the file.
    pub(super) fn cut(&mut self, at: usize) {
        if std::mem::take(&mut self.waiting) {
            self.first.get_or_insert(at);
            self.last = Some(at);
        }
    }

    /// Of a file of so many bytes.
    pub(super) fn ends(&self, units: &[Raw], file: usize) -> KeyEnds {
        let long = |end: Option<usize>| end.map_or(file, |end| end.max(SHORTEST).min(file));
        // the last unit is not over before the file is
        let last = self.last.filter(|_| !units.last().is_some_and(is_key));
        KeyEnds { first: long(self.first), last: long(last) }
    }
}

fn is_key(unit: &Raw) -> bool {
    unit.kind == UnitKind::Idr
}
