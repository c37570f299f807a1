//! Which source picture each picture of a rendition shows, and by how much its times are shifted.

use waymark_media::Container;
use waymark_media::scan::CLOCK;

use super::{Expectation, WRAP};

/// Times in two containers are equal if they differ by no more than this many ticks (1 ms).
pub(crate) const SAME: u64 = CLOCK as u64 / 1_000;

/// How a rendition lies against its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Ticks by which the rendition's times are later than expected; 0 for nearly all.
    pub shift: i64,
    /// For each time given, the source picture it shows, as an index into
    /// [`Expectation::source_pts`]; `None` where no source picture is at or before it.
    pub sources: Vec<Option<u32>>,
}

impl Expectation {
    /// Maps presentation times of a rendition to source pictures. Any order; never fails, since what does not fit
    /// is what checks are for.
    pub fn align(&self, pts: &[i64]) -> Alignment {
        let shift = self.shift_of(pts.iter().copied().min());
        let sources = pts.iter().map(|&pts| self.source_at(pts.saturating_sub(shift))).collect();
        Alignment { shift, sources }
    }

    /// The shift of a rendition whose first picture is shown at `first`: 0 if that is where it may be, else the
    /// distance from where it should be.
    pub(crate) fn shift_of(&self, first: Option<i64>) -> i64 {
        let (Some(first), Some(&expected), Some(&source)) =
            (first, self.pts.first(), self.source_pts.first())
        else {
            return 0;
        };
        let slack = SAME.cast_signed();
        let slack = if self.clock.is_some() { slack.saturating_add(self.frame / 2) } else { slack };
        let off = first.saturating_sub(source);
        if (-slack..=slack.saturating_add(self.late)).contains(&off) {
            0
        } else {
            first.saturating_sub(expected)
        }
    }

    /// The source picture shown at a time of the source's own clock.
    fn source_at(&self, time: i64) -> Option<u32> {
        let index = if let Some(clock) = self.clock {
            let frame = clock.frame(time);
            self.source_pts.partition_point(|&pts| clock.frame(pts) <= frame).checked_sub(1)?
        } else {
            let after = self.source_pts.partition_point(|&pts| pts < time);
            let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
            let distance = |&at: &usize| self.source_pts.get(at).map(|pts| pts.abs_diff(time));
            near.filter(|at| distance(at).is_some_and(|d| d <= SAME)).min_by_key(distance)?
        };
        u32::try_from(index).ok()
    }

    /// Whether stock transcoders shift a rendition like this: `lowest` is its lowest decoding time of any stream.
    ///
    /// Two cases are known, and in both the lowest decoding time becomes 0. A transport stream that starts less than
    /// two frames after 0 is moved up, since decoding times would lie before 0. And a source in the last minute
    /// before the wrap of its times starts over.
    pub(crate) fn permits(&self, shift: i64, lowest: i64, container: Container) -> bool {
        if shift == 0 {
            return true;
        }
        let from_zero = lowest.unsigned_abs() <= SAME;
        let delay = self.frame.max(if self.clock.is_none() { self.source_gap } else { 0 });
        let delay = delay.saturating_mul(2);
        let first = self.pts.first().copied().unwrap_or(0);
        let moved_up = container == Container::MpegTs
            && first < delay
            && (1..=delay.saturating_sub(first.min(0)).saturating_add(SAME.cast_signed()))
                .contains(&shift);
        // A node that keeps counting past the wrap is right as well.
        let onwards = self.wraps && shift.saturating_add(WRAP).unsigned_abs() <= SAME;
        (from_zero && (moved_up || self.wraps)) || onwards
    }
}
