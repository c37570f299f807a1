//! What a piece of work will cost, before it is done.
//!
//! The estimate decides how many tickets go along, and an orchestrator that runs out of credit
//! refuses the next segment: so it must be go-livepeer's estimate to the last digit
//! (server/segment_rpc.go:37, 724-760), rounding of frame rates and seconds included.

use std::time::Duration;

use num_bigint::BigInt;
use num_rational::Ratio;

use crate::money::Wei;
use crate::price::Price;

/// The double 1.02, exactly: what go-livepeer multiplies an estimate by.
const MARGIN: (u64, u64) = (2_296_835_809_958_953, 2_251_799_813_685_248);

/// Frame rate of the estimate when a rendition keeps its source's.
const SOURCE_RATE: u32 = 60;

/// One rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Numerator of the frame rate; 0 keeps the source's.
    pub rate: u32,
    /// Denominator of the frame rate; 0 counts as 1.
    pub rate_denominator: u32,
}

/// What is asked of the orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work<'a> {
    /// Renditions of a segment; the estimate has a margin.
    Transcode {
        /// The renditions.
        outputs: &'a [Output],
        /// How long the segment is.
        duration: Duration,
    },
    /// A number of units that is known beforehand.
    Units(u64),
}

impl Work<'_> {
    /// Pixels (units) of the estimate, without margin. At most 2^128 - 1: a limit refuses long before.
    pub fn units(&self) -> u128 {
        match self {
            Self::Transcode { outputs, duration } => {
                let begun = u64::from(duration.subsec_nanos() > 0);
                let seconds = duration.as_secs().saturating_add(begun);
                let pixels = |output: &Output| output.pixels(seconds);
                outputs.iter().map(pixels).fold(0, u128::saturating_add)
            }
            Self::Units(units) => (*units).into(),
        }
    }

    /// The estimated fee, not in lowest terms.
    pub fn fee(&self, price: Price) -> Wei {
        let fee = price.of(self.units());
        match self {
            Self::Transcode { .. } => {
                let (numerator, denominator) = MARGIN;
                Ratio::new_raw(
                    fee.numer() * BigInt::from(numerator),
                    fee.denom() * BigInt::from(denominator),
                )
            }
            Self::Units(_) => fee,
        }
    }
}

impl Output {
    fn pixels(&self, seconds: u64) -> u128 {
        let rate = if self.rate == 0 { SOURCE_RATE } else { self.rate };
        let rate = rate.div_ceil(self.rate_denominator.max(1));
        let frame = u128::from(self.width) * u128::from(self.height);
        frame.saturating_mul(rate.into()).saturating_mul(seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    const P144: Output = Output { width: 256, height: 144, rate: 30, rate_denominator: 0 };
    const P240: Output = Output { width: 426, height: 240, rate: 30, rate_denominator: 1 };
    const P360: Output = Output { width: 640, height: 360, rate: 30, rate_denominator: 1 };

    fn check(outputs: &[Output], millis: u64, wei: u64, pixels: u128, fee: &str) {
        let work = Work::Transcode { outputs, duration: Duration::from_millis(millis) };
        let price = Price { wei, pixels: NonZeroU64::MIN };
        assert_eq!(work.units(), pixels);
        assert_eq!(work.fee(price).reduced().to_string(), fee);
    }

    /// Specification of the wire 11.12; pixels from server/rpc_test.go:577-651.
    #[test]
    fn estimates_are_those_of_a_stock_gateway() {
        let same = P144.pixels(3) + P240.pixels(3);
        check(&[P144], 2000, 3, 2_211_840, "930218503033375965/137438953472");
        check(&[P144, P240], 2000, 3, 8_346_240, "449295536965120591095/17592186044416");
        check(&[P144, P240], 2200, 3, same, "1347886610895361773285/35184372088832");
        assert_eq!(same, 12_519_360);
        let keep = Output { rate: 0, ..P144 };
        check(&[keep, P240], 3000, 3, 15_837_120, "1705090516060178143845/35184372088832");
        let ntsc = Output { rate: 30_000, rate_denominator: 1001, ..P144 };
        check(&[ntsc, P240], 3000, 3, same, "1347886610895361773285/35184372088832");
        check(&[P240, P360], 2000, 1200, 19_958_400, "26860059275088730989375/1099511627776");
    }

    #[test]
    fn units_that_are_known_have_no_margin() {
        let price = Price { wei: 7, pixels: NonZeroU64::new(3).unwrap() };
        assert_eq!(Work::Units(6).fee(price), Ratio::from_integer(14.into()));
    }

    #[test]
    fn absurd_work_saturates() {
        let absurd =
            Output { width: u32::MAX, height: u32::MAX, rate: u32::MAX, rate_denominator: 1 };
        let work = Work::Transcode { outputs: &[absurd; 2], duration: Duration::MAX };
        assert_eq!(work.units(), u128::MAX);
    }
}
