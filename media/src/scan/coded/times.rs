//! Lengths and times of units, once all of a stream is known.

use super::Raw;
use crate::scan::AccessUnit;

/// Gives each unit its length, and times to those that have none: they are spread over the time between their
/// neighbours in decoding order.
pub(in crate::scan) fn measured(raw: &[Raw], total: u64, step: i64) -> Vec<AccessUnit> {
    let times = spread(raw, step);
    let ends = raw.iter().skip(1).map(|unit| unit.start).chain([total]);
    let starts = std::iter::once(0).chain(raw.iter().skip(1).map(|unit| unit.start));
    let small = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX);
    raw.iter()
        .zip(starts.zip(ends))
        .zip(times)
        .map(|((unit, (start, end)), (pts, dts))| {
            let bytes = end.saturating_sub(start);
            AccessUnit {
                pts,
                dts,
                duration: None,
                bytes: small(bytes),
                filler: small(unit.filler.min(bytes)),
                kind: unit.kind,
            }
        })
        .collect()
}

/// Presentation and decoding times of all units; `step` is the length of a frame where no times tell.
fn spread(raw: &[Raw], step: i64) -> Vec<(i64, i64)> {
    let known: Vec<(usize, i64, i64)> = raw
        .iter()
        .enumerate()
        .filter_map(|(index, unit)| {
            let pts = unit.pts.or(unit.dts)?;
            Some((index, pts, unit.dts.unwrap_or(pts)))
        })
        .collect();
    let mut times = Vec::with_capacity(raw.len());
    let mut after = known.iter().peekable();
    let mut before: Option<(usize, i64, i64)> = None;
    for index in 0..raw.len() {
        while let Some(next) = after.next_if(|(at, ..)| *at <= index) {
            before = Some(*next);
        }
        let frames = |from: usize, to: usize| i64::try_from(to - from).unwrap_or(0);
        times.push(match (before, after.peek()) {
            (Some((at, pts, dts)), _) if at == index => (pts, dts),
            (Some((at, pts, dts)), Some((next, _, until))) => {
                let way = i128::from(until.saturating_sub(dts)) * i128::from(frames(at, index));
                let gone = i64::try_from(way / i128::from(frames(at, *next))).unwrap_or(0);
                (pts.saturating_add(gone), dts.saturating_add(gone))
            }
            (Some((at, pts, dts)), None) => {
                let gone = step.saturating_mul(frames(at, index));
                (pts.saturating_add(gone), dts.saturating_add(gone))
            }
            (None, Some((next, pts, dts))) => {
                let ahead = step.saturating_mul(frames(index, *next));
                (pts.saturating_sub(ahead), dts.saturating_sub(ahead))
            }
            (None, None) => {
                let gone = step.saturating_mul(frames(0, index));
                (gone, gone)
            }
        });
    }
    times
}
