//! Pictures at full resolution beside those of our own encoding.

use crate::{
    check::Check,
    full::{
        quality::{Quality, psnr},
        stats::mean,
    },
};

/// PSNR of a mean squared difference of 1, in dB: nobody sees more.
const CLEAR: f64 = 48.13;

/// Pictures of the rendition, and the same ones of our own encoding.
pub(super) type Pictures<'a> = (&'a [Quality], &'a [Quality]);

/// Fails where SSIM *and* PSNR are lower than ours by more than their bounds. The value is the
/// smaller of the two shares of the bounds.
pub(super) fn worse(
    id: &'static str,
    pictures: Pictures<'_>,
    ssim_bound: f64,
    psnr_bound: f64,
) -> Check {
    let average =
        |of: fn((&Quality, &Quality)) -> f64| mean(&common(pictures).map(of).collect::<Vec<_>>());
    let theirs = average(|(theirs, _)| theirs.ssim).zip(average(|(theirs, _)| theirs.psnr));
    let ours = average(|(_, ours)| ours.ssim).zip(average(|(_, ours)| ours.psnr));
    let (Some((ssim, psnr)), Some((our_ssim, our_psnr))) = (theirs, ours) else {
        return Check::not_run(id, "no picture of both encodings to compare");
    };
    let share = ((our_ssim - ssim) / ssim_bound).min((our_psnr - psnr) / psnr_bound);
    Check::at_most(id, share, 1.0).detail(format!(
        "SSIM {ssim:.3}, ours {our_ssim:.3}; PSNR {psnr:.1} dB, ours {our_psnr:.1} dB"
    ))
}

/// Fails where PSNR is lower than ours by more than the bound, however little SSIM falls: grain on a page of text. Encoders
/// that care for what the eye sees give up PSNR and keep SSIM.
pub(super) fn error(pictures: Pictures<'_>, bound: f64) -> Check {
    const ID: &str = "C.error";
    let average =
        |of: fn((&Quality, &Quality)) -> f64| mean(&common(pictures).map(of).collect::<Vec<_>>());
    let psnrs = average(|(theirs, _)| theirs.psnr.min(CLEAR))
        .zip(average(|(_, ours)| ours.psnr.min(CLEAR)));
    let (Some((psnr, our_psnr)), Some(lost)) = (psnrs, average(|(a, b)| b.ssim - a.ssim)) else {
        return Check::not_run(ID, "no picture of both encodings to compare");
    };
    let error = if lost > 0.0 { our_psnr - psnr } else { (our_psnr - psnr).min(0.0) };
    Check::at_most(ID, error, bound)
        .detail(format!("PSNR {psnr:.1} dB, ours {our_psnr:.1} dB; SSIM lower by {lost:.4}"))
}

pub(super) fn tiles(pictures: Pictures<'_>, ssim_bound: f64, psnr_bound: f64) -> Check {
    const ID: &str = "C.tile";
    let found = common(pictures).flat_map(|(theirs, ours)| {
        let tiles = theirs.tiles.iter().zip(&ours.tiles).enumerate();
        tiles.map(move |(tile, (a, b))| {
            let ssim = f64::from(b.ssim - a.ssim) / ssim_bound;
            let psnr = (psnr(b.error.into()) - psnr(a.error.into())) / psnr_bound;
            (ssim.min(psnr), theirs.frame, tile)
        })
    });
    let Some((share, frame, tile)) = found.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return Check::not_run(ID, "no picture of both encodings to compare");
    };
    Check::at_most(ID, share, 1.0).detail(format!("picture {frame}, tile {tile}"))
}

/// Mean PSNR in dB: of the rendition, and of our own encoding.
pub(super) fn psnrs(pictures: Pictures<'_>) -> Option<(f64, f64)> {
    let pairs: Vec<_> = common(pictures).collect();
    let theirs: Vec<f64> = pairs.iter().map(|(theirs, _)| theirs.psnr).collect();
    let ours: Vec<f64> = pairs.iter().map(|(_, ours)| ours.psnr).collect();
    mean(&theirs).zip(mean(&ours))
}

/// Pictures that both lists have.
fn common((theirs, ours): Pictures<'_>) -> impl Iterator<Item = (&Quality, &Quality)> {
    theirs.iter().filter_map(|a| Some((a, ours.iter().find(|b| b.frame == a.frame)?)))
}
