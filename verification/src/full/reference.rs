//! The dispute: a rendition beside our own encoding of the same segment with the same profile.
//!
//! Block means say that something is different; they cannot say whether an honest encoder would have
//! done better. So nothing is refused on them. A hit is confirmed only by a second method that knows
//! nothing of block means: SSIM *and* PSNR of whole pictures or tiles at full resolution, both far
//! below what our own encoding reaches on the very same pictures, or three times its error. What our
//! own encoding misses as well is the source's doing and is cleared. Ours may code pictures in another
//! order than they are shown in where theirs did: in dense patterns that alone is worth 6 dB.
//!
//! | hit | confirmed by | what is compared |
//! |---|---|---|
//! | any | `C.quality`, `C.error` | all pictures, or as many as fit into memory, drawn by a secret; mean |
//! | fy, pbk, fbk, gain, offset, order, late, freeze | `C.struck` | the pictures that the hit points at, mean |
//! | fy, pbk, fbk | `C.tile` | the same pictures, tile by tile |
//! | gain, offset | `C.tone` | the same on another secret lattice *and* PSNR, beside ours |
//! | fc, pck, hue, saturation | `C.colour` | chroma of block means on another secret lattice, beside ours |
//! | sharp | `C.sharp` | detail *and* PSNR beside ours |

mod pictures;

use super::{features::Features, judge};
use crate::{
    check::{Check, Kind, Tier},
    thresholds::Full,
    verdict::Outcome,
};
use pictures::{Pictures, error, psnrs, tiles, worse};

/// Pictures looked at in a dispute: those of hits, besides the secret ones.
pub const MOST_STRUCK: usize = 12;

/// Everything that a dispute compares. Lists hold the same pictures in the same order; what is
/// missing from one is left out.
#[derive(Clone, Copy, Debug)]
pub struct Dispute<'a> {
    /// The checks that led here: [`judge`](super::judge())'s.
    pub checks: &'a [Check],
    /// What was measured on the rendition in question, on a lattice of its own.
    pub theirs: &'a Features,
    /// The same on our own encoding.
    pub ours: &'a Features,
    /// Pictures of the rendition, all or drawn by a secret, and the same ones of our own encoding.
    pub compared: Pictures<'a>,
    /// Pictures named by [`struck`].
    pub struck: Pictures<'a>,
}

/// Pictures that the failed checks point at, at most [`MOST_STRUCK`], ascending.
pub fn struck(checks: &[Check], features: &Features) -> Vec<u32> {
    let lists: Vec<&[u32]> = failed(checks)
        .filter(|check| of_content(check.id) || of_time(check.id))
        .filter_map(|check| Some(features.of(check.id)?.worst.as_slice()))
        .collect();
    // The worst of each check first, so that no check is left out.
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let mut frames: Vec<u32> = Vec::new();
    for rank in 0..longest {
        for frame in lists.iter().filter_map(|list| list.get(rank)) {
            if !frames.contains(frame) && frames.len() < MOST_STRUCK {
                frames.push(*frame);
            }
        }
    }
    frames.sort_unstable();
    frames
}

/// The comparison's checks: all hard, since each is a second opinion on a hit.
pub fn compare(dispute: Dispute<'_>, bounds: &Full) -> Vec<Check> {
    let limits = &bounds.reference;
    let hit = |of: fn(&str) -> bool| {
        failed(dispute.checks).any(|check| of(check.id) && !excused(check.id, dispute, bounds))
    };
    let mut checks = vec![
        worse("C.quality", dispute.compared, limits.ssim, limits.psnr),
        error(dispute.compared, limits.error),
    ];
    if hit(of_content) || hit(of_time) {
        checks.push(worse("C.struck", dispute.struck, limits.struck_ssim, limits.struck_psnr));
    }
    if hit(of_content) {
        checks.push(tiles(dispute.struck, limits.tile_ssim, limits.tile_psnr));
    }
    if hit(of_tone) {
        checks.push(tone(dispute, bounds));
    }
    if hit(of_colour) {
        checks.push(colour(dispute, bounds));
    }
    if hit(|id| id == "A.sharp") {
        checks.push(detail(dispute, bounds));
    }
    checks.into_iter().map(|check| check.tier(Tier::Reference).kind(Kind::Hard)).collect()
}

/// Whether our own encoding misses the bound of this check as well, or comes so near that the
/// rendition is no worse than `times` it: then the source is what fails.
pub fn excused(id: &str, dispute: Dispute<'_>, bounds: &Full) -> bool {
    let (Some(theirs), Some(ours)) = (dispute.theirs.of(id), dispute.ours.of(id)) else {
        return false;
    };
    let bound = judge::bound(id, dispute.theirs, bounds).abs();
    let scale = (bounds.reference.times * ours.value.abs() / bound).max(1.0);
    theirs.value.abs() <= scale * bound
}

/// Whether a doubt that nothing has confirmed is answered: it is excused; or the dispute, which looks at more pictures than
/// what raised the doubt, shows that the source is noise; or the rendition is no further beyond our own encoding than its
/// bound lets it be beyond the source. What differs from the source by *d* and from our own, which itself differs by *o*,
/// by no more than the bound has d ≤ bound + o: two honest encoders may each stray by the bound, and stray differently.
///
/// This clears. It keeps nothing from being compared, and so nothing from being confirmed.
pub fn answered(id: &str, dispute: Dispute<'_>, bounds: &Full) -> bool {
    let (Some(theirs), Some(ours)) = (dispute.theirs.of(id), dispute.ours.of(id)) else {
        return dispute.theirs.noise;
    };
    let bound = judge::bound(id, dispute.theirs, bounds).abs();
    let near = theirs.value.abs() <= bound + ours.value.abs();
    dispute.theirs.noise || near || excused(id, dispute, bounds)
}

fn failed(checks: &[Check]) -> impl Iterator<Item = &Check> {
    checks.iter().filter(|check| check.outcome == Outcome::Fail && check.tier == Tier::Full)
}

fn of_content(id: &str) -> bool {
    matches!(id, "A.fy" | "A.pbk" | "A.fbk" | "A.gain" | "A.offset")
}

fn of_time(id: &str) -> bool {
    matches!(id, "A.order" | "A.late" | "A.freeze" | "A.freeze_run")
}

fn of_colour(id: &str) -> bool {
    matches!(id, "A.fc" | "A.pck" | "A.hue" | "A.saturation")
}

fn of_tone(id: &str) -> bool {
    matches!(id, "A.gain" | "A.offset")
}

/// Colour that an honest encoder keeps, on a lattice of its own.
fn colour(dispute: Dispute<'_>, bounds: &Full) -> Check {
    const ID: &str = "C.colour";
    match beyond(&["A.fc", "A.pck", "A.hue", "A.saturation"], dispute, bounds) {
        None => Check::not_run(ID, "no chroma of both encodings to compare"),
        Some((share, theirs, ours)) => {
            Check::at_most(ID, share, 1.0).detail(format!("off by {theirs:.2}, ours by {ours:.2}"))
        }
    }
}

/// Contrast and brightness that an honest encoder keeps, on a lattice of its own; and PSNR.
fn tone(dispute: Dispute<'_>, bounds: &Full) -> Check {
    const ID: &str = "C.tone";
    let found = beyond(&["A.gain", "A.offset"], dispute, bounds).zip(psnrs(dispute.compared));
    let Some(((share, theirs, ours), (psnr, our_psnr))) = found else {
        return Check::not_run(ID, "no picture of both encodings to compare");
    };
    let share = share.min((our_psnr - psnr) / bounds.reference.tone_psnr);
    Check::at_most(ID, share, 1.0).detail(format!(
        "off by {theirs:.2}, ours by {ours:.2}; PSNR {psnr:.1} dB, ours {our_psnr:.1} dB"
    ))
}

/// Of these features the one that is furthest beyond its bound and beyond ours: the share of the
/// larger of both, theirs and ours.
fn beyond(ids: &[&str], dispute: Dispute<'_>, bounds: &Full) -> Option<(f64, f64, f64)> {
    let shares = ids.iter().filter_map(|id| {
        let theirs = dispute.theirs.of(id)?.value;
        let ours = dispute.ours.of(id)?.value;
        let bound = judge::bound(id, dispute.theirs, bounds);
        Some((theirs / bound.max(bounds.reference.times * ours), theirs, ours))
    });
    shares.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Detail that an honest encoder keeps at this rate: lower than ours, and PSNR as well.
fn detail(dispute: Dispute<'_>, bounds: &Full) -> Check {
    const ID: &str = "C.sharp";
    let sharp = dispute.theirs.sharp.as_ref().zip(dispute.ours.sharp.as_ref());
    let (Some((theirs, ours)), Some((psnr, our_psnr))) = (sharp, psnrs(dispute.compared)) else {
        return Check::not_run(ID, "no picture of both encodings to compare");
    };
    let octaves = (ours.value - theirs.value) / bounds.sharp.abs();
    let share = octaves.min((our_psnr - psnr) / bounds.reference.sharp_psnr);
    Check::at_most(ID, share, 1.0).detail(format!(
        "detail {:.2} octaves, ours {:.2}; PSNR {psnr:.1} dB, ours {our_psnr:.1} dB",
        theirs.value, ours.value
    ))
}
