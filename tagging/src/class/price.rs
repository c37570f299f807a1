//! Prices as exact fractions. What is offered and what is paid at most are compared by
//! multiplication across, in 512 bits, so nothing is ever rounded.

use std::cmp::Ordering;
use std::fmt;

use alloy_primitives::{U256, U512};
use serde::{Deserialize, Serialize, Serializer};

use crate::tree::{Item, Path, Report};

/// Wei for work units: `wei / units` for each unit. `units` is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitPrice {
    wei: U256,
    units: U256,
}

impl UnitPrice {
    /// `wei` for `units` units of work; `None` for no units.
    pub fn new(wei: U256, units: U256) -> Option<Self> {
        (!units.is_zero()).then_some(Self { wei, units })
    }

    /// The same with small numbers, as orchestrators offer them.
    pub fn of(wei: u64, units: u64) -> Option<Self> {
        Self::new(U256::from(wei), U256::from(units))
    }

    /// The wei of the fraction.
    pub const fn wei(&self) -> U256 {
        self.wei
    }

    /// The units of the fraction, at least one.
    pub const fn units(&self) -> U256 {
        self.units
    }

    /// Which of two costs more for each unit. Equal fractions may be written differently.
    pub fn compare(&self, other: &Self) -> Ordering {
        if self.units == other.units {
            return self.wei.cmp(&other.wei);
        }
        let (a, b) = (U512::from(self.wei), U512::from(other.wei));
        // Two factors of 256 bits fit 512.
        (a * U512::from(other.units)).cmp(&(b * U512::from(self.units)))
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.units == U256::ONE {
            write!(f, "{}", self.wei)
        } else {
            write!(f, "{}/{}", self.wei, self.units)
        }
    }
}

impl Serialize for UnitPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            wei: String,
            per: String,
        }
        let (wei, per) = (self.wei.to_string(), self.units.to_string());
        Written { wei, per }.serialize(serializer)
    }
}

/// The most that a gateway pays, and what that is in dollars for people who read along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceCeiling {
    /// The most for each work unit.
    pub most: UnitPrice,
    /// Dollars for the same amount of work, as decimal text. A hint: it decides nothing.
    pub usd_hint: Option<String>,
}

impl PriceCeiling {
    /// Whether an offer is no dearer.
    pub fn admits(&self, offer: &UnitPrice) -> bool {
        offer.compare(&self.most) != Ordering::Greater
    }
}

impl Serialize for PriceCeiling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            max_wei: String,
            per: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            usd_hint: Option<&'a String>,
        }
        let (max_wei, per) = (self.most.wei.to_string(), self.most.units.to_string());
        Written { max_wei, per, usd_hint: self.usd_hint.as_ref() }.serialize(serializer)
    }
}

/// How an offer compares with what a class pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceVerdict {
    /// The class names no ceiling.
    Open,
    /// Nothing was offered that could be compared.
    Unknown,
    /// At most the ceiling.
    Within,
    /// Dearer than the ceiling.
    Above,
}

pub(super) fn ceiling(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<PriceCeiling> {
    let fields = report.fields(item, path, &["max_wei", "per", "usd_hint"])?;
    let wei = report.need(&fields, path, "max_wei", amount);
    let units = report.need(&fields, path, "per", |report, item, path| {
        let units = amount(report, item, path)?;
        if units.is_zero() {
            report.refuse(item.place, path, "must be at least 1: a price is for some work");
            return None;
        }
        Some(units)
    });
    let usd_hint = report.maybe(&fields, path, "usd_hint", |report, item, path| {
        let text = report.short_text(item, path, 32)?;
        let mut parts = text.splitn(2, '.');
        if !parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
            report.refuse(item.place, path, "must be a decimal number in quotes, such as \"0.90\"");
            return None;
        }
        Some(text.to_owned())
    });
    Some(PriceCeiling { most: UnitPrice::new(wei?, units?)?, usd_hint })
}

/// A whole number as decimal text without leading zeros, of at most 256 bits.
pub(crate) fn amount(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<U256> {
    let text = report.text(item, path)?;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    let found = plain.then(|| U256::from_str_radix(text, 10).ok()).flatten();
    if found.is_none() {
        let given = crate::problem::shown(text);
        let rule = format!(
            "{given} is not an amount; accepted: decimal digits in quotes without leading zeros, up to 2^256 - 1 (78 digits)"
        );
        report.refuse(item.place, path, rule);
    }
    found
}
