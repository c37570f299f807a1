//! Sums of wei that cannot overflow, whatever the logs say: a face value may be any 256-bit number.

use std::fmt;

use alloy_primitives::{U256, U512, ruint::Uint};
use serde::{Serialize, Serializer};

/// Room for 2^64 squares of 256-bit numbers.
type Squares = Uint<576, 9>;

/// A sum of amounts, wei. Written as a decimal number, in JSON as a string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wei(U512);

impl Wei {
    /// Nothing.
    pub const ZERO: Self = Self(U512::ZERO);

    /// Adds an amount.
    pub(crate) fn add(&mut self, amount: U256) {
        self.0 = self.0.saturating_add(U512::from(amount));
    }

    /// Adds a sum.
    pub(crate) fn add_sum(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    /// What is left after taking a part away.
    #[must_use]
    pub(crate) fn without(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0.const_is_zero()
    }

    /// Whether this is at least `percent` hundredths of `whole`.
    pub(crate) fn is_share_of(self, whole: Self, percent: u64) -> bool {
        let hundred = |sum: U512, times: u64| sum.saturating_mul(U512::from(times));
        hundred(self.0, 100) >= hundred(whole.0, percent)
    }

    /// Nearest number with a point.
    pub(crate) fn to_f64(self) -> f64 {
        f64::from(self.0)
    }

    /// The number itself.
    pub const fn get(self) -> U512 {
        self.0
    }
}

impl From<U256> for Wei {
    fn from(amount: U256) -> Self {
        Self(U512::from(amount))
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl Serialize for Wei {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The sum of the squares of face values, whose root is the standard error of their sum: each winner
/// is one draw of a rare event (payments-contracts 6.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Variance(Squares);

impl Variance {
    pub(crate) fn add(&mut self, face_value: U256) {
        let square: U512 = face_value.widening_mul(face_value);
        self.0 = self.0.saturating_add(Squares::from(square));
    }

    /// The standard error, rounded down.
    pub(crate) fn standard_error(self) -> Wei {
        Wei(U512::saturating_from(self.0.root(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_winner_has_its_face_value_as_standard_error() {
        for face_value in
            [U256::ZERO, U256::from(1), U256::from(2_400_000_000_000_000_u64), U256::MAX]
        {
            let mut variance = Variance::default();
            variance.add(face_value);
            assert_eq!(variance.standard_error(), Wei::from(face_value));
        }
    }

    #[test]
    fn a_hundred_winners_have_ten_face_values() {
        let mut variance = Variance::default();
        for _ in 0..100 {
            variance.add(U256::from(7));
        }
        assert_eq!(variance.standard_error(), Wei::from(U256::from(70)));
    }

    #[test]
    fn the_largest_amounts_add_up() {
        let (mut sum, mut variance) = (Wei::ZERO, Variance::default());
        for _ in 0..4 {
            sum.add(U256::MAX);
            variance.add(U256::MAX);
        }
        assert_eq!(sum.get(), U512::from(U256::MAX) * U512::from(4));
        assert_eq!(variance.standard_error().get(), U512::from(U256::MAX) * U512::from(2));
    }

    #[test]
    fn shares_are_exact() {
        let wei = |amount: u64| Wei::from(U256::from(amount));
        assert!(wei(90).is_share_of(wei(100), 90));
        assert!(!wei(89).is_share_of(wei(100), 90));
        assert!(Wei::ZERO.is_share_of(Wei::ZERO, 90));
    }
}
