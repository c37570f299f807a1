//! The clock of a constant frame rate: which tick a time belongs to, and the time of a tick.

use waymark_media::scan::CLOCK;

/// Frames per second as a fraction above 0, over times in ticks of [`CLOCK`] counted from `origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    num: i128,
    den: i128,
    origin: i128,
}

impl Clock {
    /// A clock of `num / den` frames per second; terms of 0 count as 1.
    pub(crate) fn new((num, den): (u32, u32), origin: i64) -> Self {
        Self { num: num.max(1).into(), den: den.max(1).into(), origin: origin.into() }
    }

    /// The frame number of a time, rounded to the nearest, halves up: `floor(t * fps + 1/2)`.
    pub(crate) fn frame(&self, time: i64) -> i128 {
        let unit = i128::from(CLOCK) * self.den;
        (2 * (i128::from(time) - self.origin) * self.num + unit).div_euclid(2 * unit)
    }

    /// When a frame is shown, to the nearest tick; held at the ends of what an `i64` holds.
    pub(crate) fn time(&self, frame: i128) -> i64 {
        let unit = i128::from(CLOCK) * self.den;
        let ticks = frame
            .saturating_mul(2 * unit)
            .saturating_add(self.num)
            .div_euclid(2 * self.num)
            .saturating_add(self.origin);
        i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
    }

    /// Length of a frame in ticks, to the nearest, at least 1.
    pub(crate) fn length(&self) -> i64 {
        self.time(1).saturating_sub(self.time(0)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_half_way_between_two_frames_belongs_to_the_later_one() {
        let clock = Clock::new((30, 1), 0);
        assert_eq!(
            [2_999, 1_499, 1_500, 0, -1_500, -1_501].map(|t| clock.frame(t)),
            [1, 0, 1, 0, 0, -1]
        );
        assert_eq!((clock.time(84), clock.length()), (252_000, 3_000));
    }

    #[test]
    fn a_clock_that_starts_over_counts_from_its_origin() {
        let wrap = 1 << 33;
        let clock = Clock::new((30, 1), wrap);
        assert_eq!(clock.frame(8_589_753_000), -61);
        assert_eq!(clock.time(-61), wrap - 183_000);
    }

    proptest::proptest! {
        #[test]
        fn any_time_and_rate_have_a_frame_and_the_frame_a_time(
            time in proptest::prelude::any::<i64>(),
            rate in proptest::prelude::any::<(u32, u32)>(),
            origin in proptest::prelude::any::<i64>(),
        ) {
            let clock = Clock::new(rate, origin);
            let _ = clock.time(clock.frame(time));
            proptest::prop_assert!(clock.length() > 0);
        }
    }
}
