//! Times of a file: unwrapped, carried from frame to frame without drift, and converted between clocks.

use super::CLOCK;

/// Where the 33 bits of a transport stream's times wrap.
const WRAP: u64 = 1 << 33;

/// Unwraps times of all tracks of a file around the first one seen, so that they stay comparable.
#[derive(Debug, Default)]
pub(super) struct Unwrap {
    first: Option<u64>,
}

impl Unwrap {
    pub(super) fn time(&mut self, raw: u64) -> i64 {
        let first = *self.first.get_or_insert(raw);
        let ahead = raw.wrapping_sub(first) % WRAP;
        let from_first = if ahead < WRAP / 2 {
            ahead.cast_signed()
        } else {
            ahead.cast_signed() - WRAP.cast_signed()
        };
        first.cast_signed() + from_first
    }

    /// Where libav sets zero: a minute before the wrap and later it counts down to it. Frames lie on a grid from there.
    pub(super) fn zero(&self) -> i64 {
        let late = WRAP - 60 * u64::from(CLOCK);
        if self.first.is_some_and(|first| first >= late) { WRAP.cast_signed() } else { 0 }
    }
}

/// `value` ticks of a clock with `from` ticks per second in one with `to`: the nearest, halves away from zero, as libav
/// rounds.
pub(super) fn rescale(value: i64, from: u64, to: u64) -> i64 {
    let from = i128::from(from.max(1));
    let scaled = i128::from(value) * i128::from(to);
    let rounded = (scaled.abs() + from / 2) / from;
    i64::try_from(rounded * scaled.signum()).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// How long an audio frame is: samples, and samples per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) samples: u32,
    pub(super) rate: u32,
}

impl Length {
    /// The time one frame after `time`. Frames rarely take whole ticks, so the time is found again on the grid of
    /// frames first: it does not drift, and is what libav's demultiplexers give (`av_add_stable`).
    pub(super) fn after(self, time: i64) -> i64 {
        let Self { samples, rate } = self;
        let (num, den) = (u64::from(samples) * u64::from(CLOCK), u64::from(rate));
        if num == 0 || den == 0 || num < den {
            return time;
        }
        if num.is_multiple_of(den) {
            return time.saturating_add((num / den).cast_signed());
        }
        let frames = rescale(time, num, den);
        let on_grid = rescale(frames, den, num);
        rescale(frames.saturating_add(1), den, num).saturating_add(time - on_grid)
    }

    /// Whole ticks of a frame, the rest left out: how libav counts where a parser tells the length (MPEG audio, AC-3,
    /// Opus, but not ADTS).
    pub(super) fn ticks(self) -> i64 {
        let ticks = u64::from(self.samples) * u64::from(CLOCK) / u64::from(self.rate.max(1));
        ticks.cast_signed()
    }

    /// The time one frame before `time`, to the nearest tick.
    pub(super) fn before(self, time: i64) -> i64 {
        let samples = i64::from(self.samples);
        time.saturating_sub(rescale(samples, u64::from(self.rate), u64::from(CLOCK)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_inside_a_file_does_not_show_in_any_track() {
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.time(WRAP - 100), WRAP.cast_signed() - 100);
        assert_eq!(unwrap.time(50), WRAP.cast_signed() + 50);
        assert_eq!(unwrap.time(WRAP - 300), WRAP.cast_signed() - 300);
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.time(50), 50);
        assert_eq!(unwrap.time(WRAP - 10), -10);
    }

    #[test]
    fn frames_of_44_100_hz_do_not_drift_from_their_clock() {
        let length = Length { samples: 1024, rate: 44_100 };
        let last = (0..44_100).fold(249_910, |time, _| length.after(time));
        assert!((last - (249_910 + 1_024 * 90_000)).abs() <= 1, "{last}");
    }

    #[test]
    fn rescaling_rounds_halves_away_from_zero() {
        assert_eq!(
            [rescale(1, 2, 1), rescale(-1, 2, 1), rescale(66, 1_000, 15_360)],
            [1, -1, 1_014]
        );
        assert_eq!(rescale(i64::MAX, 1, 90_000), i64::MAX);
        assert_eq!(rescale(5, 0, 90_000), 450_000);
    }
}
