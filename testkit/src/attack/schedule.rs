//! When a cheater cheats: always, at a rate, after a while, for some streams only.

use std::fmt;
use std::str::FromStr;

use super::{Attack, UnknownAttack};

/// Which segments an attack is made on. Parts are combined: all must agree.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// Share of segments, 0 to 1, drawn from the seed and the segment's count.
    pub rate: f64,
    /// Segments that are honest first.
    pub after: u64,
    /// Segments it is made on at most, then honest again.
    pub until: u64,
    /// Seed of the draw.
    pub seed: u64,
}

impl Schedule {
    /// Every segment.
    pub const ALWAYS: Self = Self { rate: 1.0, after: 0, until: u64::MAX, seed: 0 };

    /// This share of segments.
    pub const fn rate(rate: f64) -> Self {
        Self { rate, ..Self::ALWAYS }
    }

    /// The same, but honest for so many segments first.
    #[must_use]
    pub const fn after(self, segments: u64) -> Self {
        Self { after: segments, ..self }
    }

    /// Whether the segment that is the `count`th of this node (from 0) is cheated on.
    pub fn strikes(&self, count: u64) -> bool {
        if count < self.after || count - self.after >= self.until {
            return false;
        }
        if self.rate >= 1.0 {
            return true;
        }
        let mut mixed = count.wrapping_add(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        #[allow(clippy::cast_precision_loss, reason = "a draw between 0 and 1")]
        let drawn = (mixed >> 11) as f64 / (1u64 << 53) as f64;
        drawn < self.rate
    }
}

/// An attack and when it is made, as the command line writes it: `A20`, `A20:0.01`, `A20:0.05:60` for a share of 0.05
/// after 60 honest segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttackSpec {
    /// What is done.
    pub attack: Attack,
    /// When.
    pub schedule: Schedule,
}

/// Why a text is no attack on the command line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttackParseError {
    /// No such attack.
    #[error(transparent)]
    Unknown(#[from] UnknownAttack),
    /// A rate that is none.
    #[error("`{given}` is no share of segments: give a number above 0 and at most 1, such as 0.01")]
    Rate {
        /// What was given.
        given: String,
    },
    /// A count that is none.
    #[error("`{given}` is no number of honest segments before the attack")]
    After {
        /// What was given.
        given: String,
    },
}

impl From<Attack> for AttackSpec {
    fn from(attack: Attack) -> Self {
        let schedule = match attack {
            // What the attack is: good through probation, then a hundredth.
            Attack::CheatLater => Schedule::rate(0.01).after(60),
            _ => Schedule::ALWAYS,
        };
        Self { attack, schedule }
    }
}

impl FromStr for AttackSpec {
    type Err = AttackParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let mut spec = Self::from(parts.next().unwrap_or("").parse::<Attack>()?);
        if let Some(given) = parts.next() {
            let rate = given.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
            spec.schedule.rate =
                rate.ok_or_else(|| AttackParseError::Rate { given: given.to_owned() })?;
        }
        if let Some(given) = parts.next() {
            let after = given.parse().ok();
            spec.schedule.after =
                after.ok_or_else(|| AttackParseError::After { given: given.to_owned() })?;
        }
        Ok(spec)
    }
}

impl fmt::Display for AttackSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.attack, self.schedule.rate, self.schedule.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_segments_is_a_hundredth() {
        let schedule = Schedule::rate(0.01).after(60);
        assert_eq!((0..60).filter(|n| schedule.strikes(*n)).count(), 0);
        let struck = (60..100_060).filter(|n| schedule.strikes(*n)).count();
        assert!((900..1_100).contains(&struck), "{struck} of 100000");
    }

    #[test]
    fn the_command_line_names_attack_rate_and_honest_start() {
        let spec: AttackSpec = "A20:0.05:60".parse().unwrap();
        assert_eq!((spec.attack, spec.schedule.rate), (Attack::OtherStream, 0.05));
        assert_eq!(spec.schedule.after, 60);
        assert_eq!(spec.to_string().parse(), Ok(spec));
        assert_eq!("blurred".parse(), Ok(AttackSpec::from(Attack::Blurred)));
        let later: AttackSpec = "a61".parse().unwrap();
        assert_eq!((later.schedule.rate, later.schedule.after), (0.01, 60));
        let errors = ["A65", "A20:2", "A20:0.5:x"]
            .map(|text| text.parse::<AttackSpec>().unwrap_err().to_string());
        assert_eq!(
            errors,
            [
                "`A65` is no attack: give a number from A01 to A64, or a name such as other-stream",
                "`2` is no share of segments: give a number above 0 and at most 1, such as 0.01",
                "`x` is no number of honest segments before the attack",
            ]
        );
    }
}
