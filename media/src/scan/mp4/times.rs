//! From a track's clock to the scan's: its edit list moves it, then ticks are converted.

use super::super::clock::rescale;
use super::CLOCK;
use crate::probe::boxes::{Boxes, be32, be64};

/// How times of one track are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    clock: u64,
    /// What is added to a time, in ticks of the track's clock.
    shift: i64,
}

impl Times {
    pub(super) fn new(moov: &[u8], trak: &[u8], clock: u64) -> Self {
        let movie = Boxes::new(moov)
            .body(*b"mvhd")
            .and_then(|mvhd| be32(mvhd, if *mvhd.first()? == 1 { 20 } else { 12 }));
        let edits =
            Boxes::new(trak).body(*b"edts").and_then(|edts| Boxes::new(edts).body(*b"elst"));
        let shift = edits.and_then(|elst| shift(elst, clock, u64::from(movie?))).unwrap_or(0);
        Self { clock, shift }
    }

    /// A time of the track in ticks of the scan.
    pub(super) fn of(&self, time: i64) -> i64 {
        rescale(time.saturating_add(self.shift), self.clock, u64::from(CLOCK))
    }

    /// A length in ticks of the scan.
    pub(super) fn length(&self, ticks: u32) -> u32 {
        let length = rescale(i64::from(ticks), self.clock, u64::from(CLOCK));
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}

/// What the edits at the beginning do to all times (ISO/IEC 14496-12 8.6.6): an empty one delays the track, the next
/// leaves out its start. Later ones are not followed.
fn shift(elst: &[u8], clock: u64, movie: u64) -> Option<i64> {
    let (wide, count) = (*elst.first()? == 1, be32(elst, 4)?);
    let edit = |index: usize| {
        if wide {
            let at = 8 + index * 20;
            Some((be64(elst, at)?, be64(elst, at + 8)?.cast_signed()))
        } else {
            let at = 8 + index * 12;
            Some((u64::from(be32(elst, at)?), i64::from(be32(elst, at + 4)?.cast_signed())))
        }
    };
    let edit = |index: u32| if index < count { edit(usize::try_from(index).ok()?) } else { None };
    let (mut first, mut empty) = (edit(0)?, 0);
    if first.1 == -1 && movie > 0 {
        empty = rescale(i64::try_from(first.0).ok()?, movie, clock);
        first = edit(1).unwrap_or((0, 0));
    }
    Some(empty.saturating_sub(first.1.max(0)))
}
