//! What an orchestrator asks: wei for a number of pixels (or of another unit of work), exactly.
//!
//! The two numbers are kept as they came: ticket parameters work only with the price they were
//! issued for, and it is sent back with every payment. Comparisons multiply across; nothing is
//! rounded and nothing goes through floating point.

use std::{fmt, num::NonZeroU64};

use num_bigint::BigInt;
use num_rational::Ratio;
use num_traits::Zero as _;
use waymark_proto::net;

use crate::money::{self, NumberError, Wei};

/// A price. Equal only to the same two numbers; [`is_same`](Self::is_same) compares the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    /// Wei for that many pixels. Not above 2^63 - 1 when it came from an orchestrator.
    pub wei: u64,
    /// Pixels.
    pub pixels: NonZeroU64,
}

/// A price that is negative or for no pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wei} wei for {pixels} pixels is no price")]
pub struct PriceError {
    /// Wei.
    pub wei: i64,
    /// Pixels.
    pub pixels: i64,
}

impl Price {
    /// Nothing is asked.
    pub const fn is_free(self) -> bool {
        self.wei == 0
    }

    /// The same value: 2/2 is 1/1.
    pub fn is_same(self, other: Self) -> bool {
        let (a, b) = self.across(other);
        a == b
    }

    /// More than twice `initial`: what a session must not come to
    /// (server/segment_rpc.go:902-926). From 0, every price is.
    pub fn more_than_doubled(self, initial: Self) -> bool {
        let (now, initial) = self.across(initial);
        // Twice a number of 128 bits: where it does not fit, `now` cannot be above it.
        initial.checked_mul(2).is_some_and(|doubled| now > doubled)
    }

    /// What `units` pixels cost, not in lowest terms.
    pub fn of(self, units: impl Into<BigInt>) -> Wei {
        Ratio::new_raw(units.into() * self.wei, self.pixels.get().into())
    }

    /// As it travels.
    pub fn to_wire(self) -> net::PriceInfo {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        net::PriceInfo {
            price_per_unit: number(self.wei),
            pixels_per_unit: number(self.pixels.get()),
            ..Default::default()
        }
    }

    fn across(self, other: Self) -> (u128, u128) {
        let product = |a: u64, b: NonZeroU64| u128::from(a) * u128::from(b.get());
        (product(self.wei, other.pixels), product(other.wei, self.pixels))
    }
}

impl TryFrom<&net::PriceInfo> for Price {
    type Error = PriceError;

    fn try_from(info: &net::PriceInfo) -> Result<Self, Self::Error> {
        let (wei, pixels) = (info.price_per_unit, info.pixels_per_unit);
        let non_zero = u64::try_from(pixels).ok().and_then(NonZeroU64::new);
        match (u64::try_from(wei), non_zero) {
            (Ok(wei), Some(pixels)) => Ok(Self { wei, pixels }),
            _ => Err(PriceError { wei, pixels }),
        }
    }
}

/// A fraction in lowest terms, `1/3` or `5`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ratio::new(self.wei, self.pixels.get()).fmt(f)
    }
}

/// The most that may be asked for a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPrice(Wei);

impl MaxPrice {
    /// So many wei for a pixel. `None` stands for any price, which is what 0 means to stock flags.
    pub fn new(wei_per_pixel: Wei) -> Option<Self> {
        if wei_per_pixel > Ratio::zero() { Some(Self(wei_per_pixel)) } else { None }
    }

    /// From the texts of `-maxPricePerUnit` (without a currency) and `-pixelsPerUnit`. `None` stands
    /// for any price.
    pub fn parse(max: &str, pixels: &str) -> Result<Option<Self>, NumberError> {
        let (wei, units) = (money::parse(max)?, money::parse(pixels)?);
        if units.is_zero() {
            return Err(NumberError { given: pixels.to_owned() });
        }
        Ok(Self::new(wei / units))
    }

    /// Whether `price` may be paid.
    pub fn allows(&self, price: Price) -> bool {
        BigInt::from(price.wei) * self.0.denom()
            <= self.0.numer() * BigInt::from(price.pixels.get())
    }

    /// Wei for a pixel.
    pub fn wei_per_pixel(&self) -> &Wei {
        &self.0
    }
}

impl fmt::Display for MaxPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(wei: u64, pixels: u64) -> Price {
        Price { wei, pixels: NonZeroU64::new(pixels).unwrap() }
    }

    #[test]
    fn one_seventh_to_one_third_is_more_than_double() {
        assert!(price(1, 3).more_than_doubled(price(1, 7)));
        assert_eq!(
            (price(1, 3).to_string(), price(2, 14).to_string()),
            ("1/3".into(), "1/7".into())
        );
        assert_eq!(price(10, 2).to_string(), "5");
        assert!(!price(2, 7).more_than_doubled(price(1, 7)), "exactly double is allowed");
        assert!(!price(2, 7).more_than_doubled(price(2, 7)));
        assert!(price(1, u64::MAX).more_than_doubled(price(0, 1)), "from nothing to something");
        assert!(!price(0, 1).more_than_doubled(price(0, 9)));
    }

    #[test]
    fn the_value_is_compared_and_the_numbers_are_kept() {
        assert!(price(2, 2).is_same(price(1, 1)));
        assert_ne!(price(2, 2), price(1, 1));
        assert_eq!(price(2, 2).to_wire().price_per_unit, 2);
    }

    #[test]
    fn a_cap_is_wei_for_a_pixel() {
        let cap = MaxPrice::parse("1200", "1000").unwrap().unwrap();
        assert_eq!(cap.to_string(), "6/5");
        assert!(
            cap.allows(price(6, 5)) && cap.allows(price(1200, 1000)) && cap.allows(price(0, 1))
        );
        assert!(!cap.allows(price(1201, 1000)) && !cap.allows(price(2, 1)));
        assert_eq!(MaxPrice::parse("0", "1").unwrap(), None, "0 is any price");
        let half = MaxPrice::parse("0.5", "1/2").unwrap().unwrap();
        assert_eq!(half.to_string(), "1");
        for (max, pixels) in [("", "1"), ("1", "0"), ("-1", "1"), ("1USD", "1")] {
            assert!(MaxPrice::parse(max, pixels).is_err(), "{max} {pixels}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for (wei, pixels) in [(-1, 1), (1, 0), (1, -1)] {
            let info = net::PriceInfo {
                price_per_unit: wei,
                pixels_per_unit: pixels,
                ..Default::default()
            };
            assert_eq!(Price::try_from(&info), Err(PriceError { wei, pixels }));
        }
    }

    fn any_price() -> impl Strategy<Value = Price> {
        (any::<u64>(), 1_u64..).prop_map(|(wei, pixels)| price(wei, pixels))
    }

    proptest! {
        #[test]
        fn doubling_is_what_it_is_with_rationals(now in any_price(), initial in any_price()) {
            let exact = now.of(1) > initial.of(2);
            prop_assert_eq!(now.more_than_doubled(initial), exact);
            prop_assert_eq!(now.is_same(initial), now.of(1) == initial.of(1));
            if let Some(cap) = MaxPrice::new(initial.of(1)) {
                prop_assert_eq!(cap.allows(now), now.of(1) <= initial.of(1));
            }
        }

        #[test]
        fn a_price_survives_the_wire(wei in 0..=i64::MAX, pixels in 1..=i64::MAX) {
            let sent = price(wei.unsigned_abs(), pixels.unsigned_abs());
            prop_assert_eq!(Price::try_from(&sent.to_wire()), Ok(sent));
        }
    }
}
