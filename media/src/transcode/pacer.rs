//! When a rendition shows which picture: the source's own times, or a constant rate by repeating and dropping.

use ffmpeg_next::{Rational, Rescale, Rounding};

/// Turns times of source pictures into times of rendition pictures.
#[derive(Debug)]
pub(crate) enum Pacer {
    /// Every picture once, at its own time.
    Source { last: Option<i64> },
    /// A picture per tick of `rate`'s clock.
    Constant { clock: Rational, held: Option<i64> },
}

/// Ticks at which the picture before the new one is shown.
pub(crate) type Shown = std::ops::Range<i64>;

impl Pacer {
    pub(crate) const fn source() -> Self {
        Self::Source { last: None }
    }

    /// `clock` is one over the frame rate.
    pub(crate) const fn constant(clock: Rational) -> Self {
        Self::Constant { clock, held: None }
    }

    /// A picture arrives at `pts` in `time_base`. For a constant rate the answer is about the picture
    /// before it; otherwise about itself.
    pub(crate) fn arrive(&mut self, pts: i64, time_base: Rational) -> Shown {
        match self {
            Self::Source { last } => {
                // encoders refuse times that stand still
                let pts = last.map_or(pts, |last| pts.max(last.saturating_add(1)));
                *last = Some(pts);
                pts..pts.saturating_add(1)
            }
            Self::Constant { clock, held } => {
                let tick = pts.rescale_with(time_base, *clock, Rounding::NearInfinity);
                let from = held.unwrap_or(tick);
                let tick = tick.max(from);
                *held = Some(tick);
                from..tick
            }
        }
    }

    /// No picture follows and the last one ends at `end`; `shown` tells whether any was shown before.
    pub(crate) fn finish(&mut self, end: i64, time_base: Rational, shown: bool) -> Shown {
        match self {
            Self::Source { .. } => 0..0,
            Self::Constant { clock, held } => {
                let Some(from) = held.take() else { return 0..0 };
                let tick = end.rescale_with(time_base, *clock, Rounding::NearInfinity);
                from..tick.max(if shown { from } else { from.saturating_add(1) })
            }
        }
    }

    /// Whether a picture is shown only when the next one is known.
    pub(crate) const fn holds(&self) -> bool {
        matches!(self, Self::Constant { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TS: Rational = Rational(1, 90_000);

    /// Ticks shown for `count` source pictures every `delta` from `start`.
    fn paced(start: i64, delta: i64, count: i64, clock: Rational) -> Vec<i64> {
        let mut pacer = Pacer::constant(clock);
        let mut shown = Vec::new();
        for n in 0..count {
            shown.extend(pacer.arrive(start + n * delta, TS));
        }
        let any = !shown.is_empty();
        shown.extend(pacer.finish(start + count * delta, TS, any));
        shown
    }

    #[test]
    fn constant_rates_give_the_picture_counts_stock_transcoders_gave() {
        // (start, ticks per picture, pictures, rate) -> (pictures, first and last time in 1/90000)
        let recorded = [
            ((252_000, 3_000, 60, (1, 15)), (30, 252_000, 426_000)),
            ((252_000, 3_600, 50, (1, 60)), (120, 252_000, 430_500)),
            ((432_000, 3_000, 26, (1, 60)), (52, 432_000, 508_500)),
            ((252_000, 3_003, 36, (1, 30)), (36, 252_000, 357_000)),
            ((360_108, 3_003, 60, (1, 30)), (60, 360_000, 537_000)),
        ];
        for ((start, delta, count, (num, den)), (pictures, first, last)) in recorded {
            let clock = Rational::new(num, den);
            let shown = paced(start, delta, count, clock);
            let times: Vec<_> = shown.iter().map(|tick| tick.rescale(clock, TS)).collect();
            assert_eq!(times.len(), pictures, "{delta} at {den}/{num}");
            assert_eq!((times.first(), times.last()), (Some(&first), Some(&last)));
        }
    }

    #[test]
    fn a_single_picture_is_shown_once_even_if_it_has_no_length() {
        let mut pacer = Pacer::constant(Rational::new(1, 60));
        assert_eq!(pacer.arrive(252_000, TS).count(), 0);
        assert_eq!(pacer.finish(252_000, TS, false), 168..169);
    }

    #[test]
    fn source_times_that_stand_still_or_go_back_still_advance() {
        let mut pacer = Pacer::source();
        let shown: Vec<_> =
            [5, 5, 3, 9].into_iter().flat_map(|pts| pacer.arrive(pts, TS)).collect();
        assert_eq!(shown, [5, 6, 7, 9]);
    }
}
