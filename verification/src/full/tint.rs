//! Colour: how the chroma of all pictures was turned and scaled.
//!
//! Chroma is a point in a plane whose origin is gray. Turning it is another hue, moving it to or from the origin another
//! saturation; one complex factor says both, by least squares over all blocks of all pictures. Coding noise has no direction,
//! so it hardly moves that factor, however few blocks are coloured.

use super::{align::Aligned, features::Spot, stats::count};

/// Mean squared distance from gray, in samples, below which a source has no colour to compare.
const COLOURED: f64 = 1.0;
/// A picture that keeps less of its saturation has no hue.
const GRAY: f64 = 0.1;

/// By how many degrees hues are turned, and the distance of the factor of saturation from 1.
pub(super) fn measure(aligned: &Aligned<'_>) -> (Option<Spot>, Option<Spot>) {
    let (mut along, mut across, mut square, mut blocks) = (0.0, 0.0, 0.0, 0_usize);
    for pair in &aligned.pairs {
        let known = aligned.source(pair.of).zip(aligned.rendition(pair.shown));
        let Some((source, shown)) = known else { continue };
        let ours = source.u.iter().zip(source.v.iter());
        for ((u, v), (a, b)) in ours.zip(shown.u.iter().zip(shown.v.iter())) {
            let [u, v, a, b] = [*u, *v, *a, *b].map(colour);
            along += u * a + v * b;
            across += u * b - v * a;
            square += u * u + v * v;
        }
        blocks += source.u.len();
    }
    if square <= COLOURED * count(blocks) {
        return (None, None);
    }
    let scale = along.hypot(across) / square;
    let turn = across.atan2(along).to_degrees().abs();
    let spot = |value| Spot::of(value, &aligned.span());
    ((scale >= GRAY).then(|| spot(turn)), Some(spot((scale - 1.0).abs())))
}

/// Distance from gray, in samples.
fn colour(chroma: u16) -> f64 {
    (f64::from(chroma) - 32_768.0) / 256.0
}
