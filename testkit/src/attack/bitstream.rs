//! Attacks on the file: tracks, times, codecs, sizes, and bytes of pictures.

use waymark_media::{Container, Encoding, Reel, Scaling, Tape, Target, TrackKind};

use super::bomb::{self, Bomb};
use super::scene::{Forged, Scene, pixels};
use super::{Attack, Attack as A};

/// What all times are moved by, and what sound is moved by, in microseconds.
const SHIFT: i64 = 10_000_000;
const DESYNC: i64 = 300_000;
/// One byte of so many is changed.
const DAMAGE: u64 = 500;

pub(super) fn forge(
    scene: &Scene,
    attack: Attack,
    target: &Target,
    honest: &Reel,
) -> anyhow::Result<Option<Forged>> {
    let claim = pixels(honest);
    let container = target.container;
    let video = |reel: &Reel| scene.encode(reel, target);
    let sound = scene.tape.count(TrackKind::Audio) > 0;
    let bytes = match attack {
        A::SourcePassthrough => scene.tape.write(container)?,
        A::CropTrick => match crop_trick(scene, target, honest)? {
            Some(tape) => scene.file(&tape, target)?,
            None => return Ok(None),
        },
        A::InflatedClaim => {
            let bytes = scene.file(&video(honest)?, target)?;
            return Ok(Some(Forged { bytes, pixels: claim * 2, material: true }));
        }
        A::WrongCodec => {
            let quiet = [
                ("preset", "ultrafast"),
                ("x265-params", "log-level=none:pools=none:frame-threads=1"),
            ];
            let encoding = Encoding {
                codec: "libx265",
                profile: None,
                further: &quiet,
                ..scene.encoding(target)
            };
            scene.file(&honest.encode(&encoding)?, target)?
        }
        A::WrongSize => {
            let (w, h) = honest.size();
            let half = honest.scale(even(w / 2), even(h / 2), Scaling::Bicubic)?;
            scene.file(&video(&half)?, target)?
        }
        A::Swapped => {
            let (w, h) = honest.size();
            let third = honest.scale(even(w * 2 / 3), even(h * 2 / 3), Scaling::Bicubic)?;
            scene.file(&video(&third)?, target)?
        }
        A::Corrupted => {
            let whole = video(honest)?;
            let untouched = scene.file(&whole, target)?;
            let bytes = scene.file(&whole.edited(TrackKind::Video, damage), target)?;
            // Black pictures are too small to hold a byte that is hit.
            let material = bytes != untouched;
            return Ok(Some(Forged { bytes, pixels: claim, material }));
        }
        A::Truncated => {
            let whole = scene.file(&video(honest)?, target)?;
            whole.slice(..whole.len() * 9 / 20)
        }
        A::NoKeyFrame if container == Container::MpegTs => {
            let without = |_, unit: Vec<u8>| Some(without_type(&unit, 5));
            scene.file(&video(honest)?.edited(TrackKind::Video, without), target)?
        }
        A::Padded => {
            let black = honest.filter("[in]drawbox=c=black:t=fill[out]", None)?;
            let padded = [("x264-params", "nal-hrd=cbr:filler=1")];
            scene.file(&black.encode(&scene.encoding(target).with(&padded))?, target)?
        }
        A::TimeShifted => {
            let tape = video(honest)?.with(&scene.tape, TrackKind::Audio);
            tape.moved(TrackKind::Video, SHIFT).moved(TrackKind::Audio, SHIFT).write(container)?
        }
        A::OutOfSync if sound => {
            let tape = video(honest)?.with(&scene.tape, TrackKind::Audio);
            tape.moved(TrackKind::Audio, DESYNC).write(container)?
        }
        A::HiddenStream => {
            let tape = video(honest)?.with(&scene.tape, TrackKind::Audio);
            tape.with(&scene.tape, TrackKind::Video).write(container)?
        }
        A::NoSound if sound => video(honest)?.write(container)?,
        A::OtherSound if sound => {
            let start = scene.tape.starts_at_us(TrackKind::Audio).unwrap_or(0);
            let silence =
                Tape::sound("anullsrc=r=48000:cl=mono", "aac", start, length(honest), container)?;
            video(honest)?.with(&silence, TrackKind::Audio).write(container)?
        }
        A::DecoderBomb => return scene.bomb(Bomb::HugePicture, target),
        // Honest bytes: what is wrong is around them.
        A::BadSignature | A::HugeHash | A::LateOrPartial => scene.file(&video(honest)?, target)?,
        _ => return Ok(None),
    };
    Ok(Some(Forged { bytes, pixels: claim, material: true }))
}

/// The source's own size, with a header that crops it to the size asked for; only where that is smaller.
fn crop_trick(scene: &Scene, target: &Target, honest: &Reel) -> anyhow::Result<Option<Tape>> {
    let ((w, h), (sw, sh)) = (honest.size(), scene.reel.size());
    if w >= sw || h >= sh {
        return Ok(None);
    }
    let size = |side: u32| i32::try_from(side).unwrap_or(0);
    let whole = Target { width: size(sw), height: size(sh), ..target.clone() };
    let reel = scene.honest(&whole)?;
    let crop = format!("crop-rect=0,0,{},{}", sw - w, sh - h);
    let further = [("x264-params", crop.as_str())];
    Ok(Some(reel.encode(&scene.encoding(target).with(&further))?))
}

/// Changes one byte of [`DAMAGE`] behind the first hundred of a picture, the same ones each time.
#[allow(clippy::unnecessary_wraps, reason = "what an edit of packets is")]
fn damage(n: usize, mut unit: Vec<u8>) -> Option<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (n as u64 + 1);
    for byte in unit.iter_mut().skip(100) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if state.is_multiple_of(DAMAGE) {
            *byte ^= 1 << (state >> 32 & 7);
        }
    }
    Some(unit)
}

/// An access unit in the byte stream format without the units of a type.
fn without_type(unit: &[u8], kind: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(unit.len());
    for nal in bomb::units(unit) {
        if nal.first().is_some_and(|head| head & 31 != kind) {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(nal);
        }
    }
    out
}

fn even(side: u32) -> u32 {
    (side / 2 * 2).max(16)
}

/// From the first picture to half a picture after the last, in microseconds.
fn length(reel: &Reel) -> i64 {
    let times = reel.times_us();
    let span = times.last().copied().unwrap_or(0) - times.first().copied().unwrap_or(0);
    span + 20_000
}
