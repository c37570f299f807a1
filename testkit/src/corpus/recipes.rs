//! How a clip is described: what it shows, how it is timed, how it sounds, how it is encoded.
//!
//! Neighbours in kind stand in different halves.

mod training;
mod unseen;

use waymark_media::{Container, Gop, Reel};

use super::Half;

/// How a clip is made.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// A source graph.
    pub(super) scene: fn() -> String,
    pub(super) rate: (u32, u32),
    pub(super) timing: Timing,
    pub(super) sound: Sound,
    pub(super) bitrate: u32,
    pub(super) gop: Gop,
    pub(super) container: Container,
    pub(super) further: &'static [(&'static str, &'static str)],
}

/// When pictures are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// At the nominal rate.
    Even,
    /// At it, but with pictures missing here and there.
    Gaps,
    /// Up to a third of a picture early or late.
    Jitter,
    /// One picture in all.
    Single,
}

/// What is heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    None,
    /// A tone of this frequency with a beep a second, in AAC.
    Tone(u32),
    /// Coloured noise of this seed, in AAC.
    Noise(u32),
    /// A tone in MP3.
    Mp3(u32),
}

impl Recipe {
    const fn new(name: &'static str, scene: fn() -> String) -> Self {
        Self {
            name,
            scene,
            rate: (30, 1),
            timing: Timing::Even,
            sound: Sound::Tone(440),
            bitrate: 4_000_000,
            gop: Gop::Default,
            container: Container::MpegTs,
            further: &[],
        }
    }

    const fn rate(self, num: u32, den: u32) -> Self {
        Self { rate: (num, den), ..self }
    }

    const fn timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    const fn sound(self, sound: Sound) -> Self {
        Self { sound, ..self }
    }

    const fn container(self, container: Container) -> Self {
        Self { container, ..self }
    }

    const fn gop(self, gop: Gop) -> Self {
        Self { gop, ..self }
    }

    const fn bitrate(self, bitrate: u32) -> Self {
        Self { bitrate, ..self }
    }

    const fn further(self, further: &'static [(&'static str, &'static str)]) -> Self {
        Self { further, ..self }
    }

    /// The whole graph.
    pub(super) fn graph(&self) -> String {
        (self.scene)()
    }
}

impl Timing {
    pub(super) fn apply(self, reel: &Reel) -> Reel {
        match self {
            Self::Even => reel.part(0, reel.len()),
            Self::Gaps => reel.thin(|n| n % 7 != 3 && n % 11 != 5 && !(20..24).contains(&n)),
            Self::Jitter => reel.retimed(|n, at| {
                let wobble = i64::try_from(n * 7919 % 21).unwrap_or(0) - 10;
                if n == 0 { at } else { at + wobble * 100 }
            }),
            Self::Single => reel.part(0, 1),
        }
    }
}

impl Sound {
    /// Source graph and encoder.
    pub(super) fn source(self) -> Option<(String, &'static str)> {
        match self {
            Self::None => None,
            Self::Tone(hertz) => Some((format!("sine=frequency={hertz}:beep_factor=3"), "aac")),
            Self::Noise(seed) => {
                Some((format!("anoisesrc=color=pink:amplitude=0.4:seed={seed}"), "aac"))
            }
            Self::Mp3(hertz) => {
                Some((format!("sine=frequency={hertz}:beep_factor=3"), "libmp3lame"))
            }
        }
    }
}

/// All clips of a half.
pub(super) const fn of(half: Half) -> &'static [Recipe] {
    match half {
        Half::Training => training::RECIPES,
        Half::Unseen => unseen::RECIPES,
    }
}
