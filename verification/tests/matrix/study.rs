//! Attacks and honest encoders on the clips of a half, each through every tier.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use waymark_media::{Difference, Reel, Speed, Target};
use waymark_testkit::{
    attack::{Attack, Family, Forged, Scene, Tier},
    corpus::{self, Clip, Half},
};
use waymark_verification::{Decision, Kind, expect::Wanted, thresholds::Thresholds};

use crate::{
    Failed,
    judge::{Judged, Returned, Source},
};

/// Threads that work on clips.
const THREADS: usize = 2;

/// What one result was and what each tier said.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) clip: &'static str,
    /// Its renditions are larger than what is looked at for detail at once.
    pub(crate) large: bool,
    pub(crate) what: What,
    pub(crate) starved: bool,
    pub(crate) noise: bool,
    pub(crate) packets: Found,
    pub(crate) key: Found,
    pub(crate) full: Found,
    /// The comparison with our own encoding, disputed or not.
    pub(crate) reference: Found,
    pub(crate) decision: Decision,
}

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An honest encoder, by its name.
    Honest(&'static str),
    /// A cheater, on a clip that shows the attack.
    Attack(Attack),
}

/// What a tier found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Checks that failed.
    pub(crate) failed: Vec<&'static str>,
    /// One of them is a fact.
    pub(crate) hard: bool,
    /// One of them is a measurement that counts.
    pub(crate) soft: bool,
    /// The worst value as a multiple of its bound.
    pub(crate) ratio: f64,
}

/// What a viewer sees: blocks that moved by more than in an honest rendition, in samples; octaves of detail less than in
/// that; errors that are so many times as large.
const SEEN: Difference = Difference { luma: 4.0, chroma: 3.0, detail: -0.5, mse: 1.26 };

/// Attacks that take detail from all of a picture.
pub(crate) const DETAIL: [Attack; 4] =
    [Attack::UpscaledQuarter, Attack::UpscaledHalf, Attack::UpscaledTwoThirds, Attack::Blurred];

/// Attacks that one result shows: on pictures, on the file, on the claim.
pub(crate) fn attacks() -> impl Iterator<Item = Attack> {
    let shown = |attack: &Attack| {
        attack.is_on_pictures()
            || attack.family() == Family::Bitstream
            || matches!(attack, Attack::InflatedClaim | Attack::Swapped)
    };
    Attack::ALL.iter().copied().filter(shown)
}

/// Every honest variant and every attack on every clip of a half. Blocks for minutes.
pub(crate) fn study(half: Half) -> Vec<Case> {
    let names = corpus::names(half);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(name) = names.get(index).copied() else { return done };
            let made = on_clip(name);
            done.push((index, made.unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    };
    let mut cases: Vec<(usize, Vec<Case>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    cases.sort_by_key(|(index, _)| *index);
    cases.into_iter().flat_map(|(_, cases)| cases).collect()
}

fn on_clip(name: &'static str) -> Result<Vec<Case>, Failed> {
    let bounds = Thresholds::default();
    let clip = corpus::clip(name)?;
    let mut source = Source::new(name, &clip.segment, &clip.previous)?;
    let mut cases = Vec::new();
    for variant in corpus::variants(&clip) {
        let made = variant.make(&clip.segment)?;
        let claimed = u64::try_from(made.pixels).ok();
        let returned = Returned {
            wanted: &Wanted::from(&variant.target),
            bytes: &made.bytes,
            claimed,
            beside: true,
        };
        let judged = source.judge(returned, &bounds)?;
        cases.push(Case::of(&clip, What::Honest(variant.name), &judged));
    }
    let other = corpus::other(&clip)?;
    let scene = Scene::open(&clip.segment, &other.segment, Some(&clip.previous))?;
    let scene = scene.with_speed(Speed::Veryfast);
    let target = target(&clip);
    let usual = Usual::new(&scene, &target)?;
    let wanted = Wanted::from(&target);
    for attack in attacks() {
        let forged = scene.forge_from(attack, &target, &usual.pictures);
        let forged = forged.unwrap_or_else(|error| {
            // x265 makes nothing of a single picture.
            println!("{name}: {attack} cannot be made: {error:#}");
            None
        });
        let Some(Forged { bytes, pixels, material: true, .. }) = forged else { continue };
        let shows = attack.is_on_pictures() || attack == Attack::Padded;
        if shows && !usual.differs(attack, &bytes)? {
            continue;
        }
        let claimed = u64::try_from(pixels).ok();
        let beside = attack.caught_by() == Tier::Quality;
        let returned = Returned { wanted: &wanted, bytes: &bytes, claimed, beside };
        let judged =
            source.judge(returned, &bounds).map_err(|error| format!("{attack}: {error}"))?;
        cases.push(Case::of(&clip, What::Attack(attack), &judged));
    }
    Ok(cases)
}

/// What an honest node makes of a profile.
struct Usual {
    /// The pictures it encodes.
    pictures: Reel,
    /// Those that a viewer sees.
    shown: Reel,
    /// How far they are from each other.
    off: Difference,
}

impl Usual {
    fn new(scene: &Scene, target: &Target) -> Result<Self, Failed> {
        let pictures = scene.honest(target)?;
        let shown = Reel::decode(&scene.honest_file(target)?)?;
        let off = shown.difference(&pictures);
        Ok(Self { pictures, shown, off })
    }

    /// Whether a viewer sees another thing than in an honest rendition. White noise looks the same with and without a blur:
    /// no encoder keeps it.
    fn differs(&self, attack: Attack, forged: &[u8]) -> Result<bool, Failed> {
        let forged = Reel::decode(forged)?;
        if (forged.len(), forged.size()) != (self.shown.len(), self.shown.size()) {
            return Ok(true);
        }
        let off = forged.difference(&self.pictures);
        Ok(match attack {
            attack if DETAIL.contains(&attack) => {
                forged.difference(&self.shown).detail <= SEEN.detail
            }
            // Measured on what was encoded when it was made.
            Attack::Starved | Attack::Meagre | Attack::Careless => true,
            Attack::Grain => off.mse > SEEN.mse * self.off.mse,
            _ => {
                off.luma - self.off.luma >= SEEN.luma || off.chroma - self.off.chroma >= SEEN.chroma
            }
        })
    }
}

/// What attacks are made on: 320 pixels on the longer side, three quarters of a large clip, at the bit rate of the usual
/// ladder.
fn target(clip: &Clip) -> Target {
    let (width, height) = clip.size;
    let longer = if is_large(clip) { width.max(height) * 3 / 4 } else { 320 };
    let side = |pixels: u32| i32::try_from(pixels * longer / width.max(height)).unwrap_or(0);
    let (width, height) = (side(width), side(height));
    let rate = f64::from(clip.rate.0) / f64::from(clip.rate.1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bit rate")]
    let bitrate = (f64::from(width) * f64::from(height) * rate * 0.13) as u32;
    Target { container: clip.container, ..Target::new(width, height, bitrate) }
}

/// A clip whose renditions are larger than what is looked at for detail at once.
fn is_large(clip: &Clip) -> bool {
    clip.size.0 >= 1280
}

impl Case {
    fn of(clip: &Clip, what: What, judged: &Judged) -> Self {
        let found = |checks: &[_]| Found {
            failed: Judged::failed(checks),
            hard: Judged::any(checks, Kind::Hard),
            soft: Judged::any(checks, Kind::Soft),
            ratio: Judged::ratio(checks),
        };
        Self {
            clip: clip.name,
            large: is_large(clip),
            what,
            starved: judged.starved,
            noise: judged.noise,
            packets: found(&judged.packets),
            key: found(&judged.key),
            full: found(&judged.full),
            reference: found(&judged.reference),
            decision: judged.decision,
        }
    }

    /// The attack, if it is one.
    pub(crate) fn attack(&self) -> Option<Attack> {
        match self.what {
            What::Attack(attack) => Some(attack),
            What::Honest(_) => None,
        }
    }

    /// The honest encoder, if it is one.
    pub(crate) fn honest(&self) -> Option<&'static str> {
        match self.what {
            What::Honest(name) => Some(name),
            What::Attack(_) => None,
        }
    }

    /// A measurement speaks against it in the end, and nothing has confirmed or cleared it.
    pub(crate) fn alarms(&self) -> bool {
        self.decision == Decision::Soft
    }

    /// A measurement of any tier counts against it before the dispute.
    pub(crate) fn soft(&self) -> bool {
        [&self.packets, &self.key, &self.full].iter().any(|found| found.soft)
    }

    /// No tier found anything to look at again.
    pub(crate) fn dispute_free(&self) -> bool {
        [&self.packets, &self.key, &self.full].iter().all(|found| !found.noticed())
    }

    pub(crate) fn refused(&self) -> bool {
        self.decision == Decision::Refused
    }
}

impl Found {
    /// Something was outside its bound, whatever follows from it.
    pub(crate) fn noticed(&self) -> bool {
        !self.failed.is_empty()
    }
}
