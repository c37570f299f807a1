//! What a currency is worth in wei, exactly, and since when. A rate comes from a price feed; this
//! module only converts, and refuses to convert with a rate that is missing or old.

use std::collections::BTreeMap;

use alloy_primitives::{U256, U512};
use jiff::{SignedDuration, Timestamp};

use super::{Amount, Currency};

/// One ether in wei, and one unit of a currency in the 10^-18 that [`Amount`] counts.
const ONE: u64 = 1_000_000_000_000_000_000;

/// What one unit of a currency is worth: an exact fraction of wei.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    currency: Currency,
    wei: U256,
    per: U256,
    at: Timestamp,
    source: String,
}

/// A rate that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// A price of zero, or no wei for a unit.
    #[error("the rate of {currency} is zero; the price feed is broken")]
    Zero {
        /// Of which currency.
        currency: Currency,
    },
    /// More decimals than any feed has.
    #[error("the price of {currency} has {decimals} decimals; accepted: up to 36")]
    Decimals {
        /// Of which currency.
        currency: Currency,
        /// How many.
        decimals: u8,
    },
}

impl Rate {
    /// `per` units of `currency` are worth `wei` wei.
    pub fn new(
        currency: Currency,
        wei: U256,
        per: U256,
        at: Timestamp,
        source: impl Into<String>,
    ) -> Result<Self, RateError> {
        if wei.is_zero() || per.is_zero() {
            return Err(RateError::Zero { currency });
        }
        Ok(Self { currency, wei, per, at, source: source.into() })
    }

    /// The rate of a feed that says one ether costs `price` × 10^-`decimals` units, as the stock
    /// network's feeds do (go-livepeer `eth/pricefeed.go`).
    pub fn from_price(
        currency: Currency,
        price: U256,
        decimals: u8,
        at: Timestamp,
        source: impl Into<String>,
    ) -> Result<Self, RateError> {
        if decimals > 36 {
            return Err(RateError::Decimals { currency, decimals });
        }
        let wei = U256::from(10).pow(U256::from(18 + u16::from(decimals)));
        Self::new(currency, wei, price, at, source)
    }

    /// Which currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Wei for one unit, as numerator and denominator.
    pub const fn wei_per_unit(&self) -> (U256, U256) {
        (self.wei, self.per)
    }

    /// When it was true.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Who said so.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `atto` × 10^-18 units in wei, rounded down: a limit is never widened by rounding.
    fn wei(&self, atto: U256) -> U256 {
        let wide: U512 = atto.widening_mul(self.wei);
        let per: U512 = self.per.widening_mul(U256::from(ONE));
        U256::saturating_from(wide / per)
    }
}

/// Why an amount in a currency cannot be compared with wei.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateProblem {
    /// Nobody said what it is worth.
    #[error("there is no rate for {currency} yet; check the price feed, or set the limit in eth")]
    Missing {
        /// Of which currency.
        currency: Currency,
    },
    /// The last word on it is old.
    #[error(
        "the rate for {currency} is from {at} and older than {} minutes; check the price feed, or set the limit in eth", max_age.as_mins()
    )]
    Stale {
        /// Of which currency.
        currency: Currency,
        /// When it was true.
        at: Timestamp,
        /// How old it may be.
        max_age: SignedDuration,
    },
}

/// The newest rate of each currency.
#[derive(Debug, Clone, Default)]
pub struct Rates(BTreeMap<Currency, Rate>);

impl Rates {
    /// Replaces the rate of a currency, unless the one here is newer.
    pub fn set(&mut self, rate: Rate) {
        if self.0.get(&rate.currency).is_none_or(|old| old.at <= rate.at) {
            self.0.insert(rate.currency, rate);
        }
    }

    /// The rate of a currency, of whatever age.
    pub fn get(&self, currency: Currency) -> Option<&Rate> {
        self.0.get(&currency)
    }

    /// `amount` in wei at the rate of the moment.
    pub fn wei(
        &self,
        amount: &Amount,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<U256, RateProblem> {
        let (atto, currency) = match *amount {
            Amount::Wei(wei) => return Ok(wei),
            Amount::Currency { atto, currency } => (atto, currency),
        };
        let rate = self.get(currency).ok_or(RateProblem::Missing { currency })?;
        if now.duration_since(rate.at) > max_age {
            return Err(RateProblem::Stale { currency, at: rate.at, max_age });
        }
        Ok(rate.wei(atto))
    }
}
