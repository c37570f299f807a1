//! Prices and amounts of wei as operators write them.
//!
//! A price is a number of wei for a number of units, or of a currency when it ends in one
//! (go-livepeer `cmd/livepeer/starter/starter.go`, `-maxPricePerUnit`). Numbers stay exact.

use std::{fmt, num::NonZeroU64};

use alloy_primitives::U256;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Pow as _, Zero as _};

/// Most digits of a number.
const MOST_DIGITS: usize = 60;

/// A price that must not be exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceCap {
    /// Amount of the currency for `per` units.
    pub amount: BigRational,
    /// The currency's code in capitals; `None` is wei.
    pub currency: Option<String>,
    /// Units that the amount pays for.
    pub per: NonZeroU64,
    /// The amount as it was written.
    written: String,
}

impl PriceCap {
    /// `1200`, `0.5wei`, `0.000001eth` or `0.50USD` for so many units. `None` stands for any price,
    /// which is what 0 means.
    pub fn parse(text: &str, per: NonZeroU64) -> Result<Option<Self>, String> {
        const WANTED: &str = "is not a price: write a number of wei, or a number with its currency, \
                              like 1200 or 0.50USD";
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end).ok_or(WANTED)?;
        let amount = decimal(number).ok_or(WANTED)?;
        let unit = unit.trim();
        let is_code = unit.bytes().all(|b| b.is_ascii_alphanumeric())
            && !unit.starts_with(|c: char| c.is_ascii_digit())
            && unit.len() <= 16;
        if !is_code {
            return Err(WANTED.to_owned());
        }
        if amount.is_zero() {
            return Ok(None);
        }
        let (amount, currency) = match unit.to_ascii_uppercase().as_str() {
            "" | "WEI" => (amount, None),
            "GWEI" => (amount * power(9), None),
            "ETH" => (amount * power(18), None),
            code => (amount, Some(code.to_owned())),
        };
        Ok(Some(Self { amount, currency, per, written: text.to_owned() }))
    }

    /// The same amount for so many units.
    #[must_use]
    pub fn for_units(self, per: NonZeroU64) -> Self {
        Self { per, ..self }
    }

    /// Wei for one unit, with the wei that one unit of the currency is worth.
    pub fn wei_per_unit(&self, wei_per_currency: Option<&BigRational>) -> Option<BigRational> {
        let per = BigRational::from_integer(self.per.get().into());
        match &self.currency {
            None => Some(&self.amount / per),
            Some(_) => wei_per_currency.map(|rate| &self.amount * rate / per),
        }
    }
}

impl fmt::Display for PriceCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// A whole number of wei: `3000000000000`, `20 gwei`, `0.05 eth`.
pub fn wei(text: &str) -> Result<U256, String> {
    const WANTED: &str = "must be an amount like 3000000000000, 20 gwei or 0.05 eth";
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).ok_or(WANTED)?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "wei" => power(0),
        "gwei" => power(9),
        "eth" => power(18),
        _ => return Err(WANTED.to_owned()),
    };
    let amount = decimal(number).ok_or(WANTED)? * factor;
    if !amount.is_integer() {
        return Err(format!("{WANTED}; there is nothing smaller than a wei"));
    }
    let (_, bytes) = amount.to_integer().to_bytes_be();
    U256::try_from_be_slice(&bytes).ok_or_else(|| format!("{WANTED}; it is too large"))
}

/// An exact decimal number.
fn decimal(text: &str) -> Option<BigRational> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let bad = whole.is_empty()
        || !digits(whole)
        || !digits(fraction)
        || (text.contains('.') && fraction.is_empty())
        || text.len() > MOST_DIGITS;
    if bad {
        return None;
    }
    let number: BigInt = format!("{whole}{fraction}").parse().ok()?;
    Some(BigRational::new(number, BigInt::from(10).pow(fraction.len())))
}

fn power(exponent: u32) -> BigRational {
    BigRational::from_integer(BigInt::from(10).pow(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(text: &str) -> PriceCap {
        PriceCap::parse(text, NonZeroU64::MIN).unwrap().unwrap()
    }

    #[test]
    fn a_price_is_wei_unless_it_names_a_currency() {
        assert_eq!(cap("1200").wei_per_unit(None), Some(BigRational::from_integer(1200.into())));
        assert_eq!(cap("0.5wei").wei_per_unit(None), Some(BigRational::new(1.into(), 2.into())));
        assert_eq!(cap("2gwei").wei_per_unit(None).unwrap().to_string(), "2000000000");
        let dollars = cap("0.50USD");
        assert_eq!(dollars.wei_per_unit(None), None, "no rate, no price");
        let rate = BigRational::from_integer(BigInt::from(1_000_000));
        assert_eq!(dollars.wei_per_unit(Some(&rate)).unwrap().to_string(), "500000");
    }

    #[test]
    fn a_price_is_for_as_many_units_as_it_says() {
        let per = NonZeroU64::new(1000).unwrap();
        let cap = PriceCap::parse("1200", per).unwrap().unwrap();
        assert_eq!(cap.wei_per_unit(None), Some(BigRational::new(6.into(), 5.into())));
    }

    #[test]
    fn zero_is_any_price() {
        for text in ["0", "0.0", "0USD"] {
            assert_eq!(PriceCap::parse(text, NonZeroU64::MIN), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["", "abc", "-1", "1.", ".5", "1,5", "1 2", "1USD!"] {
            assert!(PriceCap::parse(text, NonZeroU64::MIN).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_of_wei_have_units() {
        assert_eq!(wei("3000000000000"), Ok(U256::from(3_000_000_000_000_u64)));
        assert_eq!(wei("20 gwei"), Ok(U256::from(20_000_000_000_u64)));
        assert_eq!(wei("0.05eth"), Ok(U256::from(50_000_000_000_000_000_u64)));
        for text in ["", "1.5", "1 usd", "0.0000000001 gwei", &"9".repeat(61)] {
            assert!(wei(text).is_err(), "{text}");
        }
        assert!(wei(&"9".repeat(60)).is_ok());
    }
}
