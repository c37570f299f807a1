//! Everything a cheating orchestrator can return, as a catalogue that can be applied to any segment.
//!
//! Each [`Attack`] has the number it has in the matrix of attacks (A01 to A64), says what must notice it ([`Tier`]), and
//! turns a source and a profile into the rendition a cheater would send ([`Scene::forge`]). Attacks on pictures start
//! from what an honest node would encode, so that nothing but the attack differs. Those on the protocol (who signs,
//! when, for whom) are switches of [`crate::Orchestrator`].

mod bitstream;
mod bomb;
mod catalogue;
mod lettering;
mod pictures;
mod quality;
mod scene;
mod schedule;

use std::fmt;
use std::str::FromStr;

pub use bomb::Bomb;
pub use catalogue::Attack;
pub use scene::{Forged, Scene};
pub use schedule::{AttackSpec, Schedule};

/// What must notice an attack at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Parsing alone, on every rendition.
    Packets,
    /// The picture of a key frame beside the source's, on every rendition.
    Key,
    /// All pictures beside the source's, on a sample.
    Full,
    /// Comparison with an encode of our own.
    Quality,
    /// The protocol: signatures, claims, numbers.
    Protocol,
    /// Many segments together: sampling, trust, time.
    Statistics,
}

/// What an attack is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Other pictures altogether, or the right ones in a way nobody could miss.
    Gross,
    /// Something laid over the right pictures.
    Overlay,
    /// Pictures missing, repeated, late.
    Temporal,
    /// Brightness and colours.
    Tone,
    /// Less detail than was paid for.
    Quality,
    /// The file around the pictures.
    Bitstream,
    /// Claims, signatures, hashes, timing.
    Protocol,
}

/// Clips that showed an attack when the matrix was measured first, and on how many of them each tier noticed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Clips that the attack changed.
    pub clips: u32,
    /// Noticed by parsing.
    pub packets: u32,
    /// Noticed by the key frame.
    pub key: u32,
    /// Noticed by all pictures.
    pub full: u32,
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A text that names no attack.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is no attack: give a number from A01 to A64, or a name such as other-stream")]
pub struct UnknownAttack {
    given: String,
}

impl FromStr for Attack {
    type Err = UnknownAttack;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|attack| attack.id().eq_ignore_ascii_case(text) || attack.name() == text)
            .ok_or_else(|| UnknownAttack { given: text.to_owned() })
    }
}
