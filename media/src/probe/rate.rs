//! Frame rates as exact fractions, from declared timing or from timestamps.

use std::time::Duration;

/// Frames per second as numerator and denominator in lowest terms.
pub(crate) type Rate = (u32, u32);

/// Rates video is made in. A rate measured from rounded timestamps is taken for one of these when it is
/// within half the distance of 24 and 24000/1001.
const USUAL: [Rate; 16] = [
    (5, 1),
    (10, 1),
    (12, 1),
    (15_000, 1001),
    (15, 1),
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
    (100, 1),
    (120, 1),
];

/// `num / den` in lowest terms, if it is above 0 and at most 300 frames per second.
pub(super) fn plausible(num: u64, den: u64) -> Option<Rate> {
    if num == 0 || den == 0 || num / den > 300 {
        return None;
    }
    let divisor = gcd(num, den);
    Some((u32::try_from(num / divisor).ok()?, u32::try_from(den / divisor).ok()?))
}

/// Rate of `frames` over `ticks` of a clock with `clock` ticks per second.
pub(super) fn measured(frames: u64, ticks: u64, clock: u64) -> Option<Rate> {
    let num = frames.checked_mul(clock)?;
    if num == 0 || ticks == 0 {
        return None;
    }
    // |num/ticks - n/d| * 2000 < n/d, without leaving integers
    let usual = USUAL.into_iter().find(|(n, d)| {
        let (a, b) = (u128::from(num) * u128::from(*d), u128::from(ticks) * u128::from(*n));
        a.abs_diff(b) * 2_000 < b
    });
    usual.or_else(|| plausible(num, ticks))
}

/// `ticks` of a clock with `clock` ticks per second; `None` if the clock stands still.
pub(super) fn span(ticks: u64, clock: u64) -> Option<Duration> {
    if clock == 0 {
        return None;
    }
    let nanos = u128::from(ticks % clock) * 1_000_000_000 / u128::from(clock);
    Some(Duration::new(ticks / clock, u32::try_from(nanos).unwrap_or(0)))
}

/// Ticks of one frame, rounded to the nearest.
pub(crate) fn frame_ticks((num, den): Rate, clock: u64) -> u64 {
    let num = u64::from(num.max(1));
    (clock.saturating_mul(u64::from(den)).saturating_add(num / 2)) / num
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_recognised_through_timestamps_rounded_to_the_90_khz_clock() {
        assert_eq!(measured(72, 270_270, 90_000), Some((24_000, 1001)));
        assert_eq!(measured(35, 105_105, 90_000), Some((30_000, 1001)));
        assert_eq!(measured(59, 177_000, 90_000), Some((30, 1)));
        assert_eq!(measured(71, 266_250, 90_000), Some((24, 1)));
        assert_eq!(measured(36, 177_000, 90_000), Some((1_080, 59)));
    }

    #[test]
    fn an_encoders_clock_is_not_taken_for_a_rate() {
        assert_eq!(plausible(90_000, 1), None);
        assert_eq!(plausible(60_000, 2_002), Some((30_000, 1001)));
        assert_eq!(plausible(0, 1), None);
        assert_eq!(plausible(1, 0), None);
    }
}
