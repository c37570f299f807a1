//! F08: times that decode in order, show each picture when the source does, and keep audio and video together.

use std::collections::HashSet;

use super::{Check, Evidence, ms};
use crate::thresholds::Packets;

/// Order, shift, times, gaps, duration, and audio against video.
pub(super) fn checks(evidence: &Evidence<'_>, bounds: &Packets) -> Vec<Check> {
    let (Some(first), Some(last)) = (evidence.times().min(), evidence.times().max()) else {
        return vec![Check::not_run("F08.order", "no video")];
    };
    let order = order(evidence);
    if evidence.expected.is_empty() {
        return vec![order];
    }
    let shift = evidence.expected.shift_of(Some(first));
    vec![
        order,
        start(evidence, shift),
        times(evidence, shift, bounds),
        gap(evidence, bounds),
        duration(evidence, last.abs_diff(first), bounds),
        sync(evidence, first, bounds),
    ]
}

/// Decoding times rise, none is after its presentation time, and no two pictures are shown at once.
fn order(evidence: &Evidence<'_>) -> Check {
    let units = evidence.video().map_or(&[][..], |track| &track.units);
    let rising = units.windows(2).all(|pair| pair[0].dts < pair[1].dts);
    let possible = units.iter().all(|unit| unit.dts <= unit.pts);
    let mut seen = HashSet::with_capacity(units.len());
    let distinct = units.iter().all(|unit| seen.insert(unit.pts));
    match (rising, possible, distinct) {
        (false, ..) => Check::fail("F08.order", "decoding times do not rise"),
        (_, false, _) => Check::fail("F08.order", "a picture is shown before it is decoded"),
        (.., false) => Check::fail("F08.order", "two pictures are shown at the same time"),
        _ => Check::pass("F08.order", ""),
    }
}

/// The first picture is where it must be, or all streams are moved in one of the ways that transcoders have.
fn start(evidence: &Evidence<'_>, shift: i64) -> Check {
    let decoding = evidence.video().and_then(|track| track.units.iter().map(|u| u.dts).min());
    let audio = evidence.rendition.audio.iter().flat_map(|track| &track.packets);
    let lowest = audio.map(|packet| packet.pts).chain(decoding).min().unwrap_or(0);
    let permitted = evidence.expected.permits(shift, lowest, evidence.wanted.container);
    let value = ms(shift.unsigned_abs());
    let check = if permitted {
        Check::pass("F08.start", "")
    } else {
        Check::fail("F08.start", format!("starts {value:.1} ms off"))
    };
    check.value(value).threshold(0.0)
}

/// Every picture is shown at a time of the source, or on the grid of the frame rate: largest distance in ms.
fn times(evidence: &Evidence<'_>, shift: i64, bounds: &Packets) -> Check {
    let expected = evidence.expected;
    let distance = |time: i64| {
        let time = time.saturating_sub(shift);
        match expected.clock {
            Some(clock) => clock.time(clock.frame(time)).abs_diff(time),
            None => nearest(&expected.source_pts, time),
        }
    };
    let worst = evidence.times().map(distance).max().unwrap_or(0);
    Check::at_most("F08.times", ms(worst), bounds.same_ms)
}

/// Largest step between pictures, in ms.
fn gap(evidence: &Evidence<'_>, bounds: &Packets) -> Check {
    let mut times: Vec<i64> = evidence.times().collect();
    times.sort_unstable();
    let most = times.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap_or(0);
    let frame = ms(evidence.expected.frame.unsigned_abs());
    let source = ms(evidence.expected.source_gap.unsigned_abs()) + frame / 2.0;
    Check::at_most("F08.gap", ms(most), source.max(bounds.gap_frames * frame))
}

/// From the first picture to the last: difference in ms.
fn duration(evidence: &Evidence<'_>, span: u64, bounds: &Packets) -> Check {
    let expected = evidence.expected;
    let expected_span = match (expected.pts.first(), expected.pts.last()) {
        (Some(first), Some(last)) => last.abs_diff(*first),
        _ => 0,
    };
    let allowed = f64::from(expected.allowance) * ms(expected.frame.unsigned_abs());
    Check::at_most("F08.duration", ms(span.abs_diff(expected_span)), allowed + bounds.same_ms)
}

/// How far audio moved against video, in ms.
fn sync(evidence: &Evidence<'_>, first: i64, bounds: &Packets) -> Check {
    const ID: &str = "F08.sync";
    let Some((source, rendition)) = evidence.matching_audio() else {
        return Check::not_run(ID, "no audio to compare");
    };
    let (Some(theirs), Some(ours)) = (rendition.packets.first(), source.packets.first()) else {
        return Check::not_run(ID, "no audio to compare");
    };
    let shown = evidence.expected.source_pts.first().copied().unwrap_or(first);
    let before = i128::from(ours.pts) - i128::from(shown);
    let after = i128::from(theirs.pts) - i128::from(first);
    let moved = u64::try_from((after - before).unsigned_abs()).unwrap_or(u64::MAX);
    let allowed = if evidence.expected.clock.is_some() {
        ms(evidence.expected.frame.unsigned_abs()) / 2.0 + bounds.sync_ms
    } else {
        bounds.same_ms
    };
    Check::at_most(ID, ms(moved), allowed + ms(evidence.expected.late.unsigned_abs()))
}

/// Distance to the nearest of ascending times.
fn nearest(times: &[i64], time: i64) -> u64 {
    let after = times.partition_point(|&other| other < time);
    let distance = |at: Option<usize>| Some(times.get(at?)?.abs_diff(time));
    let near = [distance(after.checked_sub(1)), distance(Some(after))];
    near.into_iter().flatten().min().unwrap_or(u64::MAX)
}
