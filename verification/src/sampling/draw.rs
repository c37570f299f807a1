//! The draw for one result, and the rate it is compared with.

use alloy_primitives::U256;

use super::LEAST;
use crate::loss::unit;

/// What one draw is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who made it: the trust store's key of the orchestrator.
    pub orchestrator: &'a str,
    /// The job or stream it belongs to.
    pub job: &'a [u8],
    /// Its number there.
    pub seq: u64,
    /// Keccak-256 of the output: of all renditions, or of the one that is drawn for.
    pub output: &'a [u8; 32],
}

impl Subject<'_> {
    pub(super) fn with<T>(&self, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        then(&[self.orchestrator.as_bytes(), self.job, &self.seq.to_be_bytes(), self.output])
    }
}

/// 256 secret bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(pub(super) [u8; 32]);

impl Draw {
    /// Whether the result is audited: the bits, as a number, are below `rate · 2^256`.
    pub fn hits(&self, rate: Rate) -> bool {
        let Some(bound) = rate.bound() else { return true };
        U256::from_be_bytes(self.0) < bound
    }

    /// One of `n`, each as likely as any other (to one in 2^64); 0 where there are none.
    pub fn one_of(&self, n: usize) -> usize {
        usize::try_from(self.below(n as u128)).unwrap_or(0)
    }

    /// A number below `n`; 0 where there is none.
    pub(super) fn below(&self, n: u128) -> u128 {
        let low = self.0.iter().skip(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        low.checked_rem(n).unwrap_or(0)
    }

    /// The bits, for records.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Chance that a result is audited: never below [`LEAST`], never above 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// All of them.
    pub const ALL: Self = Self(1.0);

    /// This chance, at least the floor. What is no number audits all.
    pub fn new(chance: f64, floor: f64) -> Self {
        Self(unit(chance).max(unit(floor)).max(LEAST))
    }

    /// The chance.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// `rate · 2^256`, exactly; `None` for all.
    fn bound(self) -> Option<U256> {
        const HIDDEN: u64 = 1 << 52;
        if self.0 >= 1.0 {
            return None;
        }
        let bits = self.0.to_bits();
        // At least LEAST, so normal, and its exponent is from -14 to -1.
        let mantissa = (bits & (HIDDEN - 1)) | HIDDEN;
        let exponent = (bits >> 52 & 0x7ff).saturating_sub(1023 - 256 + 52);
        Some(U256::from(mantissa) << usize::try_from(exponent).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::sampling::{DayKey, Secret};

    const OUTPUT: [u8; 32] = [3; 32];

    fn key() -> DayKey {
        Secret::new([7; 32]).day_key(Timestamp::UNIX_EPOCH)
    }

    fn subject(seq: u64) -> Subject<'static> {
        Subject { orchestrator: "o.example:8935", job: b"stream", seq, output: &OUTPUT }
    }

    #[test]
    fn the_bound_is_the_chance_of_all_numbers() {
        let half = Rate::new(0.5, 0.0).bound().unwrap();
        assert_eq!(half, U256::from(1) << 255);
        let quarter_of_all = Rate::new(0.25, 0.0).bound().unwrap();
        assert_eq!(quarter_of_all, U256::from(1) << 254);
        assert_eq!(Rate::ALL.bound(), None);
    }

    #[test]
    fn a_rate_is_never_zero() {
        assert_eq!(Rate::new(0.0, 0.0).get().to_bits(), LEAST.to_bits());
        assert_eq!(Rate::new(-1.0, 0.01).get().to_bits(), 0.01_f64.to_bits());
        assert_eq!(Rate::new(f64::NAN, 0.0), Rate::ALL);
    }

    #[test]
    fn draws_hit_as_often_as_the_rate_says() {
        let key = key();
        for chance in [0.01, 0.05, 0.5] {
            let rate = Rate::new(chance, 0.0);
            let n = 20_000_u32;
            let hits = (0..u64::from(n)).filter(|i| key.draw(&subject(*i)).hits(rate)).count();
            let (hits, n) = (f64::from(u32::try_from(hits).unwrap()), f64::from(n));
            let deviation = (n * chance * (1.0 - chance)).sqrt();
            assert!((hits - n * chance).abs() < 4.0 * deviation, "{hits} of {n} at {chance}");
        }
    }

    #[test]
    fn other_bytes_are_another_draw() {
        let key = key();
        let other = [4; 32];
        assert_ne!(key.draw(&subject(1)), key.draw(&subject(2)));
        assert_ne!(key.draw(&subject(1)), key.draw(&Subject { output: &other, ..subject(1) }));
        assert_ne!(key.draw(&subject(1)), key.derive("rendition", &subject(1)));
        // Moving a byte from one part to the next is not the same subject.
        let moved = Subject { orchestrator: "o.example:893", job: b"5stream", ..subject(1) };
        assert_ne!(key.draw(&subject(1)), key.draw(&moved));
    }

    proptest! {
        #[test]
        fn a_higher_rate_audits_everything_a_lower_one_does(seq: u64, a in 0.0..1.0, b in 0.0..1.0) {
            let draw = key().draw(&subject(seq));
            let (low, high) = (f64::min(a, b), f64::max(a, b));
            prop_assert!(!draw.hits(Rate::new(low, 0.0)) || draw.hits(Rate::new(high, 0.0)));
        }

        #[test]
        fn one_of_many_is_one_of_them(seq: u64, n in 1_usize..50) {
            prop_assert!(key().derive("rendition", &subject(seq)).one_of(n) < n);
        }
    }
}
