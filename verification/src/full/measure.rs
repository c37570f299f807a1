//! All pictures of a rendition against the source, on block means.

use waymark_media::pixels::{Grids, Lattice};

use super::{
    align::{Aligned, Pair, mean_difference},
    features::{Features, Spot},
    stats::{percentile, twice_median},
    temporal, tint, tone,
};

/// Measures a rendition. `mapping[k]` is the picture of the source, in presentation order, that
/// picture `k` of the rendition must show, see [`mapping`](super::mapping()); `None`, or an index
/// beyond the source's pictures, leaves `k` out.
///
/// What needs whole pictures ([`sharp`](super::sharp)) is added by the caller.
pub fn measure(source: &Grids, rendition: &Grids, mapping: &[Option<u32>]) -> Features {
    let aligned = Aligned::new(source, rendition, mapping);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut features = Features {
        expected: number(mapping.len()),
        decoded: number(rendition.frames.len()),
        compared: number(aligned.pairs.len()),
        damage: damage(rendition),
        source_damage: damage(source),
        coarse: rendition.lattice.cells() <= Lattice::COARSE.cells(),
        ..Features::default()
    };
    blocks(&aligned, rendition.lattice, &mut features);
    (features.gain, features.offset) = tone::measure(&aligned);
    (features.hue, features.saturation) = tint::measure(&aligned);
    features.order = temporal::order(&aligned);
    features.late = temporal::late(&aligned);
    (features.freeze, features.freeze_run) = temporal::freeze(&aligned);
    features
}

fn damage(grids: &Grids) -> u32 {
    let pictures = grids.frames.iter().filter(|frame| frame.damaged).count();
    grids.decode_errors.saturating_add(u32::try_from(pictures).unwrap_or(u32::MAX))
}

/// Differences of one pair of pictures.
struct Difference {
    pair: Pair,
    luma: f64,
    chroma: f64,
    /// The block whose luma differs most.
    cell: usize,
    most: f64,
}

fn blocks(aligned: &Aligned<'_>, lattice: Lattice, features: &mut Features) {
    let cells = lattice.cells();
    let mut luma: Vec<Vec<u16>> = vec![Vec::with_capacity(aligned.pairs.len()); cells];
    let mut chroma = [luma.clone(), luma.clone()];
    let mut pictures = Vec::with_capacity(aligned.pairs.len());
    for pair in &aligned.pairs {
        let (Some(source), Some(shown)) = (aligned.source(pair.of), aligned.rendition(pair.shown))
        else {
            continue;
        };
        keep(&mut luma, &source.y, &shown.y);
        keep(&mut chroma[0], &source.u, &shown.u);
        keep(&mut chroma[1], &source.v, &shown.v);
        let (most, cell) = largest(&source.y, &shown.y);
        pictures.push(Difference {
            pair: *pair,
            luma: mean_difference(&source.y, &shown.y),
            chroma: f64::midpoint(
                mean_difference(&source.u, &shown.u),
                mean_difference(&source.v, &shown.v),
            ),
            cell,
            most,
        });
    }
    let columns = lattice.columns;
    features.pbk = lasting(&mut luma, aligned).map(|(spot, cell)| spot.in_block(cell, columns));
    features.pck = chroma
        .iter_mut()
        .filter_map(|plane| lasting(plane, aligned))
        .max_by(|(a, _), (b, _)| a.value.total_cmp(&b.value))
        .map(|(spot, cell)| spot.in_block(cell, columns));
    features.fy = passing(&mut pictures, 100, |picture| picture.luma);
    features.fc = passing(&mut pictures, 97, |picture| picture.chroma);
    features.fbk = passing(&mut pictures, 97, |picture| picture.most);
    if let (Some(spot), Some(worst)) = (features.fbk.take(), pictures.first()) {
        features.fbk = Some(spot.in_block(worst.cell, columns));
    }
}

fn keep(blocks: &mut [Vec<u16>], source: &[u16], shown: &[u16]) {
    for ((block, a), b) in blocks.iter_mut().zip(source).zip(shown) {
        block.push(a.abs_diff(*b));
    }
}

fn largest(a: &[u16], b: &[u16]) -> (f64, usize) {
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).enumerate();
    let (cell, most) = differences.max_by_key(|(_, difference)| *difference).unwrap_or_default();
    (f64::from(most) / 256.0, cell)
}

/// The block with the largest median over time, and which it is.
fn lasting(blocks: &mut [Vec<u16>], aligned: &Aligned<'_>) -> Option<(Spot, usize)> {
    let medians = blocks.iter_mut().map(|block| twice_median(block)).enumerate();
    let (cell, twice) =
        medians.filter_map(|(cell, twice)| Some((cell, twice?))).max_by_key(|(_, twice)| *twice)?;
    let spot = Spot::of(f64::from(twice) / 512.0, &aligned.span());
    Some((spot, cell))
}

/// A percentile over pictures; they are left with the worst first.
fn passing(
    pictures: &mut [Difference],
    percent: u32,
    of: impl Fn(&Difference) -> f64,
) -> Option<Spot> {
    let mut values: Vec<f64> = pictures.iter().map(&of).collect();
    let value = percentile(&mut values, percent)?;
    pictures.sort_by(|a, b| of(b).total_cmp(&of(a)));
    let at_least = pictures.iter().take_while(|picture| of(picture) >= value);
    let mut worst: Vec<usize> = at_least.map(|picture| picture.pair.shown).collect();
    if worst.is_empty() {
        worst.extend(pictures.first().map(|picture| picture.pair.shown));
    }
    Some(Spot::of(value, &worst))
}
