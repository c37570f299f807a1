//! What an orchestrator may cost, at the rates of the moment.

use jiff::{SignedDuration, Timestamp};
use num_rational::BigRational;
use waymark_payments::{
    limits::{Currency, RateProblem, Rates},
    money,
    price::MaxPrice,
};
use waymark_tagging::Tag;

use crate::config::{PriceCap, Prices};

/// The operator's price rules.
#[derive(Debug, Clone)]
pub struct Caps {
    prices: Prices,
    max_rate_age: SignedDuration,
}

/// What kind of work is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced<'a> {
    /// Its pipeline, such as `text-to-image`; `None` for transcoding.
    pub pipeline: Option<&'a str>,
    /// The model, if there is one.
    pub model: Option<&'a str>,
}

impl Priced<'_> {
    /// Transcoding has neither pipeline nor model.
    pub const TRANSCODING: Self = Self { pipeline: None, model: None };
}

/// No comparison with a price in a currency is possible now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapError {
    /// The currency is none that a rate can be had for.
    #[error("the maximum price {cap} is in a currency without a rate; write it in USD or in wei")]
    Currency {
        /// As it was written.
        cap: String,
    },
    /// There is no rate, or only an old one.
    #[error("the maximum price {cap} cannot be compared")]
    Rate {
        /// As it was written.
        cap: String,
        /// Why.
        #[source]
        source: RateProblem,
    },
}

impl Caps {
    /// These rules; rates older than `max_rate_age` are not used.
    pub fn new(prices: Prices, max_rate_age: SignedDuration) -> Self {
        Self { prices, max_rate_age }
    }

    /// Whether a dearer orchestrator is used when no other is there.
    pub fn ignored_if_needed(&self) -> bool {
        self.prices.ignore_max_if_needed
    }

    /// The most that may be asked for a unit of this work; `None` is any price. A price of the tag
    /// comes before one of the capability, and that before the one for everything.
    pub fn max(
        &self,
        tag: &Tag,
        work: Priced<'_>,
        rates: &Rates,
        now: Timestamp,
    ) -> Result<Option<MaxPrice>, CapError> {
        let Some(cap) = self.cap(tag, work) else { return Ok(None) };
        let rate = match &cap.currency {
            None => None,
            Some(code) => Some(self.rate(cap, code, rates, now)?),
        };
        Ok(cap.wei_per_unit(rate.as_ref()).and_then(MaxPrice::new))
    }

    fn cap(&self, tag: &Tag, work: Priced<'_>) -> Option<&PriceCap> {
        let of_tag = self.prices.per_tag.iter().find(|(pattern, _)| pattern.matches(tag));
        let pipeline = || {
            let of =
                self.prices.per_capability.iter().filter(|p| Some(&*p.pipeline) == work.pipeline);
            let exact = of.clone().find(|p| p.model.is_some() && p.model.as_deref() == work.model);
            exact.or_else(|| of.clone().find(|p| p.model.is_none())).map(|p| &p.max)
        };
        of_tag.map(|(_, cap)| cap).or_else(pipeline).or(self.prices.max.as_ref())
    }

    fn rate(
        &self,
        cap: &PriceCap,
        code: &str,
        rates: &Rates,
        now: Timestamp,
    ) -> Result<BigRational, CapError> {
        let text = || cap.to_string();
        let currency: Currency = code.parse().map_err(|()| CapError::Currency { cap: text() })?;
        let problem = |source| CapError::Rate { cap: text(), source };
        let rate = rates.get(currency).ok_or(problem(RateProblem::Missing { currency }))?;
        let max_age = self.max_rate_age;
        if now.duration_since(rate.at()) > max_age {
            return Err(problem(RateProblem::Stale { currency, at: rate.at(), max_age }));
        }
        let (wei, per) = rate.wei_per_unit();
        Ok(BigRational::new(money::integer(wei), money::integer(per)))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use alloy_primitives::U256;
    use waymark_payments::{limits::Rate, price::Price};

    use super::*;
    use crate::config::CapabilityPrice;

    fn cap(text: &str) -> PriceCap {
        PriceCap::parse(text, NonZeroU64::MIN).unwrap().unwrap()
    }

    fn tag(text: &str) -> Tag {
        text.parse().unwrap()
    }

    fn caps(prices: Prices) -> Caps {
        Caps::new(prices, SignedDuration::from_hours(1))
    }

    fn noon() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    fn dollars(at: Timestamp) -> Rates {
        let mut rates = Rates::default();
        // One ether is 2,000 dollars: a dollar is 5e14 wei.
        let price = U256::from(200_000_000_000_u64);
        rates.set(Rate::from_price(Currency::USD, price, 8, at, "feed").unwrap());
        rates
    }

    #[test]
    fn a_price_of_the_tag_comes_first_then_the_capability_then_everything() {
        let capability = |model: Option<&str>, max: &str| CapabilityPrice {
            pipeline: "text-to-image".to_owned(),
            model: model.map(str::to_owned),
            max: cap(max),
        };
        let caps = caps(Prices {
            max: Some(cap("1")),
            per_capability: vec![capability(None, "2"), capability(Some("m"), "3")],
            per_tag: vec![("ai/image/*".parse().unwrap(), cap("4"))],
            ignore_max_if_needed: false,
        });
        let max = |tag_of: &str, work| {
            let max = caps.max(&tag(tag_of), work, &Rates::default(), noon());
            max.unwrap().unwrap().to_string()
        };
        let image = |model| Priced { pipeline: Some("text-to-image"), model };
        assert_eq!(max("transcode/live", Priced::TRANSCODING), "1");
        assert_eq!(max("ai/other", image(Some("n"))), "2");
        assert_eq!(max("ai/other", image(Some("m"))), "3");
        assert_eq!(max("ai/image/fast", image(Some("m"))), "4");
    }

    #[test]
    fn without_a_rule_any_price_is_allowed() {
        let none = caps(Prices::default());
        let max = none.max(&tag("ai/x"), Priced::TRANSCODING, &Rates::default(), noon());
        assert_eq!(max, Ok(None));
    }

    #[test]
    fn a_price_in_dollars_needs_a_fresh_rate() {
        let caps = caps(Prices { max: Some(cap("0.002USD")), ..Prices::default() });
        let max = |rates: &Rates| caps.max(&tag("ai/x"), Priced::TRANSCODING, rates, noon());
        assert!(matches!(max(&Rates::default()), Err(CapError::Rate { .. })));
        let old = noon() - SignedDuration::from_mins(61);
        assert!(matches!(max(&dollars(old)), Err(CapError::Rate { .. })));
        let max = max(&dollars(noon())).unwrap().unwrap();
        assert!(max.allows(Price { wei: 1_000_000_000_000, pixels: NonZeroU64::MIN }));
        assert!(!max.allows(Price { wei: 1_000_000_000_001, pixels: NonZeroU64::MIN }));
    }
}
