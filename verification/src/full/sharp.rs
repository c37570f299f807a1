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
/// What has less than this share of the richest picture's energy in a band says nothing of the band: of large pictures, only
/// windows are looked at, and detail may be in one of them.
const POOR: f64 = 0.125;
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
    let mut energies: [Vec<(f64, f64)>; BANDS] = Default::default();
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
        for ((band, s), r) in energies.iter_mut().zip(source).zip(shown) {
            band.push((s, r));
        }
    }
    // Encoders of sources keep noise in key pictures and smear it in the others.
    features.noise = noisy;
    let worst = energies.iter().filter_map(|band| kept(band)).min_by(f64::total_cmp);
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

/// What is kept of a band's energy, of which there are the source's and the rendition's for each picture, in octaves.
fn kept(band: &[(f64, f64)]) -> Option<f64> {
    let most = band.iter().map(|(source, _)| *source).fold(0.0, f64::max);
    let rich = band.iter().filter(|(source, _)| *source >= POOR * most);
    let mut ratios: Vec<f64> = rich.map(|(s, r)| ((r + FAINT) / (s + FAINT)).log2()).collect();
    median(&mut ratios)
}
