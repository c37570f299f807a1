//! Prices as exact fractions of wei for a pixel.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};
use waymark_proto::net;

/// A price that an operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Wei.
    pub wei: u64,
    /// For this many pixels; at least 1.
    pub pixels: u64,
}

impl Price {
    /// So many wei for each pixel.
    pub const fn per_pixel(wei: u64) -> Self {
        Self { wei, pixels: 1 }
    }

    pub(crate) fn exact(self) -> BigRational {
        BigRational::new(self.wei.into(), self.pixels.max(1).into())
    }
}

/// A price that cannot be put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("price cannot be converted to int64")]
pub(crate) struct PriceTooLarge;

/// What is wrong with the price in a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PriceError {
    #[error("expected price is nil")]
    Missing,
    #[error("pixels per unit is 0")]
    ZeroPixels,
}

/// The price a payment names, reduced.
pub(crate) fn read(price: Option<&net::PriceInfo>) -> Result<BigRational, PriceError> {
    let price = price.ok_or(PriceError::Missing)?;
    if price.pixels_per_unit == 0 {
        return Err(PriceError::ZeroPixels);
    }
    Ok(BigRational::new(price.price_per_unit.into(), price.pixels_per_unit.into()))
}

/// The price as information names it.
pub(crate) fn write(price: &BigRational) -> Result<net::PriceInfo, PriceTooLarge> {
    Ok(net::PriceInfo {
        price_per_unit: price.numer().to_i64().ok_or(PriceTooLarge)?,
        pixels_per_unit: price.denom().to_i64().ok_or(PriceTooLarge)?,
        ..Default::default()
    })
}

/// The price that earns `base` when `tx_cost` of every `face_value` redeemed goes into the
/// transaction, rounded to three decimals (go-livepeer `core/orchestrator.go:391-464`).
pub(crate) fn adjusted(base: &BigRational, tx_cost: &BigInt, face_value: &BigInt) -> BigRational {
    if !base.is_positive() || face_value.is_zero() {
        return base.clone();
    }
    let overhead = BigRational::new(face_value + tx_cost, face_value.clone());
    let thousand = BigRational::from_integer(1000.into());
    (base * overhead * &thousand).round() / thousand
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numer: i64, denom: i64) -> BigRational {
        BigRational::new(numer.into(), denom.into())
    }

    #[test]
    fn the_adjusted_price_is_the_recorded_one() {
        let (cost, face) = (BigInt::from(1), BigInt::from(100));
        assert_eq!(adjusted(&ratio(70_000_000, 1), &cost, &face), ratio(70_700_000, 1));
        assert_eq!(adjusted(&ratio(1000, 1), &cost, &face), ratio(1010, 1));
        assert_eq!(adjusted(&ratio(1, 3), &cost, &face), ratio(337, 1000));
        assert_eq!(adjusted(&ratio(0, 1), &cost, &face), ratio(0, 1));
    }

    #[test]
    fn a_price_is_compared_as_a_fraction() {
        let wire = |wei, pixels| {
            Some(net::PriceInfo {
                price_per_unit: wei,
                pixels_per_unit: pixels,
                ..Default::default()
            })
        };
        assert_eq!(read(wire(2, 4).as_ref()), Ok(ratio(1, 2)));
        assert_eq!(read(wire(2, 0).as_ref()), Err(PriceError::ZeroPixels));
        assert_eq!(read(None), Err(PriceError::Missing));
        let written = write(&ratio(1, 2)).unwrap();
        assert_eq!((written.price_per_unit, written.pixels_per_unit), (1, 2));
        let huge = BigRational::from_integer(BigInt::from(u64::MAX));
        assert_eq!(write(&huge), Err(PriceTooLarge));
    }
}
