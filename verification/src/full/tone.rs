//! Contrast and brightness: a straight line through the block means of each pair of pictures.

use super::{
    align::Aligned,
    features::Spot,
    stats::{count, median},
};

/// Variance of block means below which a picture says nothing about contrast.
const TEXTURE: f64 = 100.0;

/// Median distance from 1 of the slope, over pictures with enough texture; median distance from 0
/// of the intercept, over all: where there is no texture, the slope is taken as 1.
pub(super) fn measure(aligned: &Aligned<'_>) -> (Option<Spot>, Option<Spot>) {
    let mut gains = Vec::new();
    let mut offsets = Vec::new();
    for pair in &aligned.pairs {
        let (Some(source), Some(shown)) = (aligned.source(pair.of), aligned.rendition(pair.shown))
        else {
            continue;
        };
        let line = line(&source.y, &shown.y);
        gains.extend(line.gain.map(|gain| (gain - 1.0).abs()));
        offsets.push(line.offset.abs());
    }
    let spot = |value: f64| Spot::of(value, &aligned.span());
    (median(&mut gains).map(spot), median(&mut offsets).map(spot))
}

struct Line {
    gain: Option<f64>,
    offset: f64,
}

/// Least squares of `shown = gain * source + offset`.
fn line(source: &[u16], shown: &[u16]) -> Line {
    let n = count(source.len().min(shown.len()).max(1));
    let sample = |value: &u16| f64::from(*value) / 256.0;
    let mean_of = |values: &[u16]| values.iter().map(sample).sum::<f64>() / n;
    let (x, y) = (mean_of(source), mean_of(shown));
    let (mut variance, mut shared) = (0.0, 0.0);
    for (a, b) in source.iter().zip(shown) {
        let a = sample(a) - x;
        variance += a * a;
        shared += a * (sample(b) - y);
    }
    let gain = (variance / n > TEXTURE).then(|| shared / variance);
    Line { gain, offset: gain.unwrap_or(1.0).mul_add(-x, y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_a_flat_picture_has_only_an_offset() {
        let ramp: Vec<u16> = (0..200).map(|i| i * 256).collect();
        let lifted: Vec<u16> = ramp.iter().map(|y| y / 2 + 2560).collect();
        let found = line(&ramp, &lifted);
        assert!((found.gain.unwrap() - 0.5).abs() < 1e-3 && (found.offset - 10.0).abs() < 0.1);
        let flat = line(&[25600; 9], &[28160; 9]);
        assert_eq!(flat.gain, None);
        assert!((flat.offset - 10.0).abs() < 1e-9);
    }
}
