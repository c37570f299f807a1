//! Exact amounts of wei: rationals of any size, and the few operations paying needs on them.
//!
//! Balances decide how many tickets a payment carries, so nothing here may round unless its name
//! says so. The operations avoid reducing fractions (a greatest common divisor of 600 bits costs
//! more than hashing a ticket) and keep denominators small by other means.

use std::{borrow::Cow, cmp::Ordering};

use alloy_primitives::U256;
use num_bigint::{BigInt, Sign};
use num_rational::{BigRational, Ratio};
use num_traits::{One as _, Pow as _, Signed as _, ToPrimitive as _, Zero as _};

/// Wei, exactly. May be negative, may be in other than lowest terms.
pub type Wei = BigRational;

/// Denominators beyond this are an orchestrator that changes the units of its price on purpose.
const MOST_BITS: u64 = 2048;
/// Longest number that is read.
const LONGEST: usize = 100;
/// Largest exponent that is read, either sign.
const LARGEST_EXPONENT: u32 = 77;

/// A whole number of wei.
pub fn whole(wei: U256) -> Wei {
    Ratio::from_integer(integer(wei))
}

/// The same number.
pub fn integer(value: U256) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, &value.to_be_bytes::<32>())
}

/// The least whole number of wei that is not less; 0 for a negative amount, and the largest there is
/// for one that does not fit: a limit then refuses it.
pub fn round_up(wei: &Wei) -> U256 {
    if !wei.is_positive() {
        return U256::ZERO;
    }
    to_u256(&div_up(wei.numer(), wei.denom()))
}

/// As floating point, for metrics alone.
pub fn approximate(wei: &Wei) -> f64 {
    wei.to_f64().unwrap_or(f64::MAX)
}

/// Compares by cross-multiplication.
pub fn compare(a: &Wei, b: &Wei) -> Ordering {
    if a.denom() == b.denom() {
        return a.numer().cmp(b.numer());
    }
    (a.numer() * b.denom()).cmp(&(b.numer() * a.denom()))
}

/// The larger of two.
pub fn larger<'a>(a: &'a Wei, b: &'a Wei) -> &'a Wei {
    if compare(a, b).is_lt() { b } else { a }
}

/// `a + b` over a denominator that both divide.
pub fn sum(a: &Wei, b: &Wei) -> Wei {
    combine(a, b, |a, b| a + b)
}

/// `a - b` over a denominator that both divide.
pub fn difference(a: &Wei, b: &Wei) -> Wei {
    combine(a, b, |a, b| a - b)
}

/// `wei` × `times`.
pub fn times(wei: &Wei, times: impl Into<BigInt>) -> Wei {
    Ratio::new_raw(wei.numer() * times.into(), wei.denom().clone())
}

/// How many of `part` make at least `amount`: `part` must be positive. 0 if `amount` is not.
pub fn parts(amount: &Wei, part: &Wei) -> BigInt {
    if !amount.is_positive() {
        return BigInt::zero();
    }
    if amount.denom() == part.denom() {
        return div_up(amount.numer(), part.numer());
    }
    div_up(&(amount.numer() * part.denom()), &(amount.denom() * part.numer()))
}

/// How many of `part` fit into `amount`: `part` must be positive. 0 if `amount` is negative.
pub fn fitting(amount: &Wei, part: &Wei) -> BigInt {
    if !amount.is_positive() {
        return BigInt::zero();
    }
    (amount.numer() * part.denom()) / (amount.denom() * part.numer())
}

/// Decimal text with at most five digits behind the point, rounded: for people.
pub fn show(wei: &Wei) -> String {
    let scaled = (times(wei, 100_000)).round().to_integer();
    let whole: BigInt = &scaled / BigInt::from(100_000);
    let fraction: BigInt = (&scaled % BigInt::from(100_000)).abs();
    if fraction.is_zero() {
        return whole.to_string();
    }
    let sign = if scaled.is_negative() && whole.is_zero() { "-" } else { "" };
    let digits = format!("{fraction:0>5}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Text that is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is not a number; accepted: a decimal number like 3000000000000 or 0.5, or a fraction like 3/4"
)]
pub struct NumberError {
    /// What was given, cut to a line.
    pub given: String,
}

/// A number that is not negative as go-livepeer's flags take it: `1200`, `0.5`, `1e3`, `3/4`
/// (Go's `big.Rat.SetString`; cmd/livepeer/starter/starter.go:1132-1157).
pub fn parse(text: &str) -> Result<Wei, NumberError> {
    let text = text.trim();
    let number = if text.len() > LONGEST { None } else { parse_fraction(text) };
    number.ok_or_else(|| NumberError { given: text.chars().take(LONGEST).collect() })
}

fn parse_fraction(text: &str) -> Option<Wei> {
    match text.split_once('/') {
        Some((a, b)) => {
            let denominator = digits(b)?;
            if denominator.is_zero() { None } else { Some(Ratio::new(digits(a)?, denominator)) }
        }
        None => parse_decimal(text),
    }
}

fn parse_decimal(text: &str) -> Option<Wei> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    if exponent.unsigned_abs() > LARGEST_EXPONENT {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number = digits(&format!("{whole}{fraction}"))?;
    let power = |n: u32| BigInt::from(10).pow(n);
    let number = Ratio::new(number, power(u32::try_from(fraction.len()).ok()?));
    let scale = power(exponent.unsigned_abs());
    Some(if exponent < 0 { number / scale } else { number * scale })
}

fn digits(text: &str) -> Option<BigInt> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn to_u256(value: &BigInt) -> U256 {
    let (_, bytes) = value.to_bytes_be();
    U256::try_from_be_slice(&bytes).unwrap_or(U256::MAX)
}

/// Rounded up; both positive.
fn div_up(a: &BigInt, b: &BigInt) -> BigInt {
    (a + b - BigInt::one()) / b
}

/// Denominators here are products of a few numbers (2^256 - 1, the units of prices), so one of two
/// is nearly always a multiple of the other and no greatest common divisor is needed.
fn combine(a: &Wei, b: &Wei, op: impl Fn(&BigInt, &BigInt) -> BigInt) -> Wei {
    if a.denom() == b.denom() {
        return Ratio::new_raw(op(a.numer(), b.numer()), a.denom().clone());
    }
    let (a, b) = (bounded(a), bounded(b));
    let denominator = least_common_multiple(a.denom(), b.denom());
    let scaled = |x: &Wei| x.numer() * (&denominator / x.denom());
    let numerator = op(&scaled(&a), &scaled(&b));
    Ratio::new_raw(numerator, denominator)
}

fn least_common_multiple(a: &BigInt, b: &BigInt) -> BigInt {
    let (large, small) = if a < b { (b, a) } else { (a, b) };
    if (large % small).is_zero() {
        return large.clone();
    }
    // Reducing `small` over `large` divides both by what they have in common.
    let rest = Ratio::new(small.clone(), large.clone());
    large * rest.numer()
}

/// Gives up less than a wei to stop a denominator from growing for ever.
fn bounded(wei: &Wei) -> Cow<'_, Wei> {
    if wei.denom().bits() <= MOST_BITS { Cow::Borrowed(wei) } else { Cow::Owned(wei.floor()) }
}

#[cfg(test)]
mod tests;
