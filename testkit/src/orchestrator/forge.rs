//! Makes what a cheater returns in place of honest renditions.

use alloy_primitives::keccak256;
use bytes::Bytes;

use super::cheat::Ploy;
use super::credentials::SegmentJob;
use super::engine::{Rendition, target};
use crate::attack::{Attack, Bomb, Scene};
use crate::corpus;

/// The stream that cheaters show in place of the right one.
const OTHER: &str = "traffic";

/// What a cheater returns. Where an attack cannot be made on a profile, the honest rendition.
pub(crate) fn forged(
    job: &SegmentJob,
    body: &Bytes,
    ploy: &Ploy,
    honest: impl FnOnce() -> Result<Vec<Rendition>, String>,
) -> Result<Vec<Rendition>, String> {
    if ploy.attack == Attack::Swapped && job.profiles.len() > 1 {
        let mut made = honest()?;
        // Under each other's names, with the claims that belong there.
        let claims: Vec<_> = made.iter().map(|rendition| rendition.pixels).collect();
        made.rotate_left(1);
        for (rendition, pixels) in made.iter_mut().zip(claims) {
            rendition.pixels = pixels;
        }
        return Ok(made);
    }
    let failed = |error: anyhow::Error| {
        tracing::warn!(attack = ploy.attack.id(), %error, "the attack could not be made");
        "TranscoderInternal".to_owned()
    };
    let other = corpus::clip(OTHER).map_err(failed)?;
    let scene = Scene::open(body, &other.segment, ploy.previous.as_ref()).map_err(failed)?;
    let mut made = Vec::with_capacity(job.profiles.len());
    for profile in &job.profiles {
        let target = target(profile)?;
        let forged = match ploy.attack {
            Attack::DecoderBomb => scene.bomb(bomb_for(job), &target),
            attack => scene.forge(attack, &target),
        };
        let forged = forged.map_err(failed)?.map(|forged| {
            let hash = keccak256(&forged.bytes);
            Rendition { bytes: forged.bytes, hash, pixels: forged.pixels }
        });
        made.push(forged);
    }
    if made.iter().all(Option::is_some) {
        return Ok(made.into_iter().flatten().collect());
    }
    let honest = honest()?;
    Ok(made.into_iter().zip(honest).map(|(forged, honest)| forged.unwrap_or(honest)).collect())
}

/// One kind after the other.
fn bomb_for(job: &SegmentJob) -> Bomb {
    match job.data.seq.rem_euclid(3) {
        0 => Bomb::HugePicture,
        1 => Bomb::TinyPictures,
        _ => Bomb::CyclicTables,
    }
}
