//! What a cheater has at hand: a source, another stream, the segment before; and what it makes of them.

use std::cell::OnceCell;

use bytes::Bytes;
use waymark_media::{Container, Encoding, Reel, Scaling, Speed, Tape, Target, TrackKind};

use super::{Attack, Bomb, Family, bitstream, bomb, pictures, quality};

/// Block means that move by less are not seen, in samples of 8 bits: luma and chroma.
const SEEN: (f64, f64) = (4.0, 3.0);
/// Loss of detail that is seen, as a log2.
const SEEN_DETAIL: f64 = -0.5;

/// A segment to cheat on. Decoded once for any number of attacks.
#[derive(Debug)]
pub struct Scene {
    pub(super) reel: Reel,
    pub(super) tape: Tape,
    other: Bytes,
    previous: Option<Bytes>,
    other_reel: OnceCell<Reel>,
    previous_reel: OnceCell<Reel>,
    speed: Speed,
}

/// A cheater's rendition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Forged {
    /// The file that is sent.
    pub bytes: Bytes,
    /// Pixels that are claimed.
    pub pixels: i64,
    /// Whether it really differs from honest work: freezing a still picture does not.
    pub material: bool,
}

impl Scene {
    /// A scene of `source`, with another stream's segment and, where there is one, the segment before it. Blocks.
    pub fn open(source: &Bytes, other: &Bytes, previous: Option<&Bytes>) -> anyhow::Result<Self> {
        Ok(Self {
            reel: Reel::decode(source)?,
            tape: Tape::read(source)?,
            other: other.clone(),
            previous: previous.cloned(),
            other_reel: OnceCell::new(),
            previous_reel: OnceCell::new(),
            speed: Speed::Veryfast,
        })
    }

    /// The same with another effort of the cheater's encoder; `veryfast` by default.
    #[must_use]
    pub fn with_speed(self, speed: Speed) -> Self {
        Self { speed, ..self }
    }

    /// The pictures an honest node would encode for a profile.
    pub fn honest(&self, target: &Target) -> anyhow::Result<Reel> {
        Ok(self.reel.fit(target, Scaling::Bicubic)?)
    }

    /// The honest rendition of a profile.
    pub fn honest_file(&self, target: &Target) -> anyhow::Result<Bytes> {
        let reel = self.honest(target)?;
        self.file(&self.encode(&reel, target)?, target)
    }

    /// The rendition a cheater sends for a profile. `None` where the attack cannot be made: no sound to remove, no
    /// earlier segment, nothing larger to crop. Blocks.
    pub fn forge(&self, attack: Attack, target: &Target) -> anyhow::Result<Option<Forged>> {
        let honest = self.honest(target)?;
        self.forge_from(attack, target, &honest)
    }

    /// The same with the honest pictures at hand, for many attacks on one profile.
    pub fn forge_from(
        &self,
        attack: Attack,
        target: &Target,
        honest: &Reel,
    ) -> anyhow::Result<Option<Forged>> {
        let claim = pixels(honest);
        if attack.family() == Family::Quality {
            return quality::forge(self, attack, target, honest);
        }
        if let Some(forged) = pictures::forge(self, attack, honest)? {
            let bytes = self.file(&self.encode(&forged, target)?, target)?;
            let material = differs(&forged, honest);
            return Ok(Some(Forged { bytes, pixels: claim, material }));
        }
        bitstream::forge(self, attack, target, honest)
    }

    /// A rendition made to exhaust whoever decodes it; in MPEG-TS only. Blocks.
    pub fn bomb(&self, bomb: Bomb, target: &Target) -> anyhow::Result<Option<Forged>> {
        if target.container != Container::MpegTs {
            return Ok(None);
        }
        let honest = self.honest(target)?;
        let file = self.file(&self.encode(&honest, target)?, target)?;
        let bytes = bomb::made(bomb, &file)?;
        Ok(Some(Forged { bytes, pixels: pixels(&honest), material: true }))
    }

    /// Encodes pictures as an honest node would.
    pub(super) fn encode(&self, reel: &Reel, target: &Target) -> anyhow::Result<Tape> {
        Ok(reel.encode(&Encoding::of(target, self.speed))?)
    }

    /// How an honest node would encode.
    pub(super) fn encoding<'a>(&self, target: &Target) -> Encoding<'a> {
        Encoding::of(target, self.speed)
    }

    /// Adds the source's sound and writes the file.
    pub(super) fn file(&self, video: &Tape, target: &Target) -> anyhow::Result<Bytes> {
        let tape = Tape::default().with(video, TrackKind::Video);
        Ok(tape.with(&self.tape, TrackKind::Audio).write(target.container)?)
    }

    /// The other stream's pictures.
    pub(super) fn other(&self) -> anyhow::Result<&Reel> {
        load(&self.other_reel, &self.other)
    }

    /// The previous segment's pictures.
    pub(super) fn previous(&self) -> anyhow::Result<Option<&Reel>> {
        self.previous.as_ref().map(|bytes| load(&self.previous_reel, bytes)).transpose()
    }
}

fn load<'a>(cell: &'a OnceCell<Reel>, bytes: &[u8]) -> anyhow::Result<&'a Reel> {
    if let Some(reel) = cell.get() {
        return Ok(reel);
    }
    let reel = Reel::decode(bytes)?;
    Ok(cell.get_or_init(|| reel))
}

/// Width times height times pictures: what is billed.
pub(super) fn pixels(reel: &Reel) -> i64 {
    let (width, height) = reel.size();
    i64::from(width) * i64::from(height) * i64::try_from(reel.len()).unwrap_or(0)
}

/// Whether pictures differ from the honest ones as far as a viewer could see: in number, in a block, in detail.
pub(super) fn differs(forged: &Reel, honest: &Reel) -> bool {
    if forged.len() != honest.len() || forged.size() != honest.size() {
        return true;
    }
    let difference = forged.difference(honest);
    difference.luma >= SEEN.0 || difference.chroma >= SEEN.1 || difference.detail <= SEEN_DETAIL
}
