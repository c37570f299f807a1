//! How many pixels a result is paid for.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// Pixels of one or more renditions, as they are claimed and as they are known.
///
/// An orchestrator bills what it claims. What it is owed is never more than the job gives, and nothing for what is
/// refused: whatever a claim says, the clamp is [`Debit::pixels`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debit {
    /// What the orchestrator bills.
    pub claimed: u64,
    /// What an honest one would have made.
    pub expected: u64,
    /// What came back and passed every check that was made: the pixels returned, or 0 if they were refused.
    pub verified: u64,
    payable: u64,
}

impl Debit {
    /// One rendition.
    pub const fn new(claimed: u64, expected: u64, verified: u64) -> Self {
        let least = if claimed < expected { claimed } else { expected };
        let payable = if least < verified { least } else { verified };
        Self { claimed, expected, verified, payable }
    }

    /// What to account for: the least of the three, rendition by rendition.
    pub const fn pixels(&self) -> u64 {
        self.payable
    }

    /// What was billed and is not owed.
    pub const fn excess(&self) -> u64 {
        self.claimed.saturating_sub(self.payable)
    }
}

/// Sums keep the clamp of each part: what one rendition claims too much never makes up for another.
impl Add for Debit {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            claimed: self.claimed.saturating_add(other.claimed),
            expected: self.expected.saturating_add(other.expected),
            verified: self.verified.saturating_add(other.verified),
            payable: self.payable.saturating_add(other.payable),
        }
    }
}

impl AddAssign for Debit {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Debit {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_claimed_expected_and_verified_is_owed() {
        assert_eq!(Debit::new(100, 100, 100).pixels(), 100);
        assert_eq!(Debit::new(200, 100, 200).pixels(), 100, "claimed and returned too much");
        assert_eq!(Debit::new(90, 100, 90).pixels(), 90, "one picture less");
        assert_eq!(Debit::new(100, 100, 0).pixels(), 0, "refused");
        assert_eq!(Debit::new(200, 100, 100).excess(), 100);
    }

    #[test]
    fn too_much_of_one_rendition_does_not_pay_for_another() {
        let sum: Debit = [Debit::new(300, 100, 100), Debit::new(100, 100, 0)].into_iter().sum();
        assert_eq!((sum.claimed, sum.expected, sum.verified), (400, 200, 100));
        assert_eq!((sum.pixels(), sum.excess()), (100, 300));
        assert_eq!((Debit::new(u64::MAX, u64::MAX, u64::MAX) + sum).pixels(), u64::MAX);
    }
}
