//! Money as an operator writes it: `0.01 eth`, `200 gwei`, `5000 wei`, `12.50 usd`. Never a bare
//! number, and never rounded: an amount that cannot be held exactly is refused.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::U256;

/// Digits behind the point of an amount in ether or in a currency.
const DIGITS: u8 = 18;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Amount {
    /// Wei.
    Wei(U256),
    /// Units of a currency, worth as much as the rate of the moment says.
    Currency {
        /// 10^-18 units.
        atto: U256,
        /// Which currency.
        currency: Currency,
    },
}

/// A currency, by its three letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The dollar, which stock price feeds quote.
    pub const USD: Self = Self(*b"USD");

    /// The three letters, upper case.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("three ASCII letters by construction")
    }
}

/// Text that is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// No number in front of the unit.
    #[error("{given:?} does not begin with a number; write it like 0.01 eth or 12.50 usd")]
    Number {
        /// What was given.
        given: String,
    },
    /// No unit, or one nobody knows.
    #[error(
        "{given:?} has no unit of money; accepted: wei, gwei, eth, or a currency of three letters such as usd"
    )]
    Unit {
        /// What was given.
        given: String,
    },
    /// More digits behind the point than the unit has.
    #[error("{given:?} has more than {digits} digits behind the point")]
    TooFine {
        /// What was given.
        given: String,
        /// How many the unit has.
        digits: u8,
    },
    /// More than 2^256 - 1 of the smallest unit.
    #[error("{given:?} is larger than any amount")]
    TooLarge {
        /// What was given.
        given: String,
    },
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let given = || text.chars().take(64).collect::<String>();
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..split], text[split..].trim_start());
        if number.is_empty() {
            return Err(AmountError::Number { given: given() });
        }
        let digits = match unit.to_ascii_lowercase().as_str() {
            "wei" => 0,
            "gwei" => 9,
            "eth" => DIGITS,
            _ => {
                let currency = unit.parse().map_err(|()| AmountError::Unit { given: given() })?;
                return Ok(Self::Currency { atto: scaled(number, DIGITS, given)?, currency });
            }
        };
        scaled(number, digits, given).map(Self::Wei)
    }
}

impl FromStr for Currency {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| ())?;
        let known = letters.iter().all(u8::is_ascii_alphabetic);
        let upper = letters.map(|letter| letter.to_ascii_uppercase());
        // A slip of the keyboard must not become a currency without a rate.
        if known && upper != *b"WEI" && upper != *b"ETH" { Ok(Self(upper)) } else { Err(()) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wei(wei) => f.write_str(&wei_text(*wei)),
            Self::Currency { atto, currency } => {
                write!(f, "{} {currency}", point(*atto, DIGITS))
            }
        }
    }
}

/// `wei` in the unit that reads best, exactly; [`Amount`] reads it back.
pub fn wei_text(wei: U256) -> String {
    // The smallest number of ether that is still easier to read than gwei: 0.0001.
    if wei >= U256::from(100_000_000_000_000_u64) {
        format!("{} eth", point(wei, DIGITS))
    } else if wei >= U256::from(1_000_000_u64) {
        format!("{} gwei", point(wei, 9))
    } else {
        format!("{wei} wei")
    }
}

/// `number` in units of 10^-`digits`.
fn scaled(number: &str, digits: u8, given: impl Fn() -> String) -> Result<U256, AmountError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(AmountError::Number { given: given() });
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > usize::from(digits) {
        return Err(AmountError::TooFine { given: given(), digits });
    }
    let padded = format!("{whole}{fraction:0<width$}", width = usize::from(digits));
    U256::from_str_radix(&padded, 10).map_err(|_| AmountError::TooLarge { given: given() })
}

/// `value` × 10^-`digits` as a decimal number without needless zeros.
fn point(value: U256, digits: u8) -> String {
    let unit = U256::from(10).pow(U256::from(digits));
    let (whole, fraction) = value.div_rem(unit);
    if fraction.is_zero() {
        return whole.to_string();
    }
    let fraction = format!("{fraction:0>width$}", width = usize::from(digits));
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}
