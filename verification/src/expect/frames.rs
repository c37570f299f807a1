//! The pictures of a source that a transcoder gets to see, and how they lie in time.

use waymark_media::scan::{AccessUnit, CLOCK, UnitKind, VideoTrack};

use crate::number::{float, many};

/// Steps between pictures that differ by more than this, in ticks (2 ms), are no constant rate: containers round
/// to a millisecond at most.
const STEADY: u64 = CLOCK as u64 / 500;

/// The pictures of one segment that decode without any other segment, in presentation order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frames {
    /// Presentation times in ticks, ascending.
    pub(crate) pts: Vec<i64>,
    /// Length of the last picture in ticks; 0 where nothing tells.
    pub(crate) last: i64,
    /// The step between pictures in ticks, gaps apart; 0 for a single one.
    pub(crate) step: i64,
    /// The largest step in ticks.
    pub(crate) gap: i64,
    /// The steps differ.
    pub(crate) variable: bool,
    /// A picture that decoding can start at is no IDR picture, or a refresh is spread over many, so that what is decodable is
    /// not certain: transcoders lose some pictures around these.
    pub(crate) uncertain: bool,
}

impl Frames {
    /// What decodes of a track on its own, see [`VideoTrack::decodable`].
    pub(crate) fn of(track: &VideoTrack) -> Self {
        let units = &track.units;
        let seen: Vec<&AccessUnit> =
            track.decodable().into_iter().filter_map(|at| units.get(at)).collect();
        let pts: Vec<i64> = seen.iter().map(|unit| unit.pts).collect();
        let mut steps: Vec<u64> = pts.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
        steps.sort_unstable();
        let (least, most) = (steps.first().copied(), steps.last().copied());
        let step = nominal(&steps);
        let stated = seen.last().and_then(|unit| unit.duration).filter(|&ticks| ticks > 0);
        Self {
            last: stated.map_or(ticks(step), i64::from),
            step: ticks(step),
            gap: ticks(most.unwrap_or(0)),
            variable: least.zip(most).is_some_and(|(least, most)| most - least > STEADY),
            uncertain: track.gradual || units.iter().any(|unit| unit.kind == UnitKind::Entry),
            pts,
        }
    }

    /// Frames per second, from the first to the last picture; 30 for a single one, as a decoder assumes nothing else.
    pub(crate) fn rate(&self) -> f64 {
        let span = match (self.pts.first(), self.pts.last()) {
            (Some(first), Some(last)) => last.abs_diff(*first),
            _ => 0,
        };
        if span == 0 {
            return 30.0;
        }
        many(self.pts.len() - 1) * f64::from(CLOCK) / float(span)
    }
}

/// The step that a source with gaps would have without them, as demultiplexers guess it: the smallest, where all are
/// multiples of it, else the middle one of `steps`, which ascend.
fn nominal(steps: &[u64]) -> u64 {
    let least = steps.iter().copied().find(|&step| step > 0).unwrap_or(0);
    let off = |step: u64| {
        let rest = step % least;
        rest.min(least - rest)
    };
    let gaps_only = least > STEADY && steps.iter().all(|&step| off(step) <= STEADY);
    if gaps_only { least } else { steps.get(steps.len() / 2).copied().unwrap_or(0) }
}

fn ticks(distance: u64) -> i64 {
    i64::try_from(distance).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{track, unit};

    #[test]
    fn pictures_are_put_into_the_order_they_are_shown_in() {
        let frames = Frames::of(&track(vec![
            unit(9_000, UnitKind::Idr),
            unit(18_000, UnitKind::Other),
            unit(12_000, UnitKind::Other),
            unit(15_000, UnitKind::Other),
        ]));
        assert_eq!(frames.pts, [9_000, 12_000, 15_000, 18_000]);
        assert_eq!((frames.last, frames.gap, frames.variable), (3_000, 3_000, false));
        assert!((frames.rate() - 30.0).abs() < 1e-9);
    }

    #[test]
    fn what_comes_before_an_entry_point_does_not_decode() {
        let cut = track(vec![
            unit(3_000, UnitKind::Other),
            unit(9_000, UnitKind::Idr),
            unit(12_000, UnitKind::Other),
        ]);
        assert_eq!(Frames::of(&cut).pts, [9_000, 12_000]);
        let open = track(vec![
            unit(9_000, UnitKind::Entry),
            unit(6_000, UnitKind::Other),
            unit(12_000, UnitKind::Other),
        ]);
        assert_eq!(Frames::of(&open).pts, [9_000, 12_000]);
        assert!(Frames::of(&open).uncertain);
        assert!(Frames::of(&track(vec![unit(0, UnitKind::Other)])).pts.is_empty());
    }

    #[test]
    fn removed_pictures_make_a_rate_variable() {
        let gaps = [0, 3_000, 9_000, 12_000].map(|pts| unit(pts, UnitKind::Idr));
        let frames = Frames::of(&track(gaps.to_vec()));
        assert!(frames.variable);
        assert_eq!((frames.step, frames.gap), (3_000, 6_000));
        let mostly = [0, 6_000, 12_000, 15_000, 21_000].map(|pts| unit(pts, UnitKind::Idr));
        assert_eq!(Frames::of(&track(mostly.to_vec())).step, 3_000);
        let uneven = [0, 3_000, 7_000, 12_000].map(|pts| unit(pts, UnitKind::Idr));
        assert_eq!(Frames::of(&track(uneven.to_vec())).step, 4_000);
    }
}
