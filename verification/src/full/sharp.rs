//! Detail: the energy of four bands of spatial frequency beside the source's.
//!
//! A picture that was made smaller and enlarged again, or blurred, has the block means of an honest
//! one and misses the bands.

use waymark_media::pixels::Luma;

use super::{
    features::{Features, Spot},
    noise,
    spectrum::{BANDS, Spectrum},
    stats::median,
};

/// Energy added to both before they are compared: what encoders drop where there is next to nothing. The largest power of two
/// with which every loss of detail on the training clips is beyond the bound; rounding to whole samples leaves 0.01.
const FAINT: f64 = 0.5;
/// Standard deviation of a source's noise floor from which on it counts as noise. Textures of the training clips have up
/// to 4.4, recorded noise 7.
const NOISE: f64 = 5.0;

/// One picture of a rendition and its source, scaled to the rendition's size, both in limited range.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// Index in the rendition.
    pub frame: u32,
    /// The source's picture.
    pub source: &'a Luma,
    /// The rendition's.
    pub rendition: &'a Luma,
}

/// Adds `sharp` and `noise` to what the block means showed. Pictures whose two planes differ in size
/// are left out.
pub fn sharpen(features: &mut Features, pictures: &[Whole<'_>]) {
    let mut known: Option<Spectrum> = None;
    let mut ratios: [Vec<f64>; BANDS] = Default::default();
    let mut noisy = false;
    let mut judged = Vec::new();
    for picture in pictures {
        if !known.as_ref().is_some_and(|known| known.fits(picture.source)) {
            known = Spectrum::new((picture.source.width, picture.source.height));
        }
        let mut energy = |plane| known.as_mut()?.energy(plane, picture.frame);
        let (Some(source), Some(shown)) = (energy(picture.source), energy(picture.rendition))
        else {
            continue;
        };
        judged.push(picture.frame);
        noisy |= noise::floor(picture.source).is_some_and(|floor| floor > NOISE);
        for ((ratios, s), r) in ratios.iter_mut().zip(source).zip(shown) {
            ratios.push(((r + FAINT) / (s + FAINT)).log2());
        }
    }
    // Encoders of sources keep noise in key pictures and smear it in the others.
    features.noise = noisy;
    let worst = ratios.iter_mut().filter_map(|band| median(band)).min_by(f64::total_cmp);
    features.sharp = worst.map(|value| Spot {
        value,
        block: None,
        frames: (
            judged.iter().min().copied().unwrap_or(0),
            judged.iter().max().copied().unwrap_or(0),
        ),
        worst: judged,
    });
}
