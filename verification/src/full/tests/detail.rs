//! Pictures in full resolution.

use super::*;

/// A plane of fine stripes in its left half, and noise of this strength all over.
fn plane(noise: u32, detail: f64) -> Luma {
    sized((160, 90), noise, detail)
}

fn sized((width, height): (u32, u32), noise: u32, detail: f64) -> Luma {
    let mut state = 1_u32;
    let sample = |i: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (f64::from(i % width), f64::from(i / width));
        // Detail is somewhere, noise is everywhere.
        let detail = if x < f64::from(width / 2) { detail } else { 0.0 };
        let stripes = (x * 1.4).sin() + (y * 1.1).sin() + (x * 1.75).sin() + (y * 2.0).sin();
        let coarse = 4.0 * (x * 0.45).sin() + 3.0 * (y * 0.4).sin();
        let noise = (state >> 16) % (2 * noise + 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a test")]
        let value = (110.0 + detail * (coarse + stripes)) as u32;
        u8::try_from((value + noise).min(255)).unwrap()
    };
    Luma { pts: 0, width, height, samples: (0..width * height).map(sample).collect() }
}

#[test]
fn lost_detail_is_measured_in_octaves() {
    let same = sharpness(&plane(2, 8.0), &plane(2, 8.0));
    assert!(same.sharp.unwrap().value.abs() < 0.01);
    let halved = sharpness(&plane(0, 8.0), &plane(0, 4.0)).sharp.unwrap();
    assert!((-2.6..-1.5).contains(&halved.value), "{halved:?}");
    assert_eq!(halved.worst, [3]);
}

#[test]
fn detail_counts_in_a_dim_picture_and_its_last_traces_do_not() {
    let lost = |detail| sharpness(&plane(0, detail), &plane(0, 0.0)).sharp.unwrap().value;
    // Sums of sines of one step, and of a tenth of one.
    assert!(lost(1.0) < Full::default().sharp, "{}", lost(1.0));
    assert!(lost(0.1) > -0.5, "{}", lost(0.1));
}

#[test]
fn of_a_large_picture_a_part_shows_what_all_of_it_has_lost() {
    // Half of the picture has detail; each drawn picture is looked at elsewhere, and of these two see nothing of it.
    let [source, same, halved] =
        [(0, 8.0), (2, 8.0), (0, 4.0)].map(|(noise, detail)| sized((1280, 720), noise, detail));
    let of = |rendition, frames: [u32; 3]| {
        let picture = |frame| Whole { frame, source: &source, rendition };
        let mut features = Features::default();
        sharpen(&mut features, &frames.map(picture));
        features.sharp.unwrap().value
    };
    for frames in [[0, 21, 44], [0, 150, 2610]] {
        assert!(of(&same, frames).abs() < 0.1, "{}", of(&same, frames));
        let lost = of(&halved, frames);
        assert!((-2.6..-1.5).contains(&lost), "{lost} at {frames:?}");
    }
}

#[test]
fn noise_is_told_from_detail() {
    assert!(!sharpness(&plane(2, 8.0), &plane(2, 8.0)).noise);
    assert!(sharpness(&plane(100, 0.0), &plane(100, 0.0)).noise);
}

#[test]
fn planes_that_do_not_fit_are_left_out() {
    let good = plane(2, 8.0);
    let mut short = good.clone();
    short.samples.pop();
    let mut other = good.clone();
    (other.width, other.height) = (90, 160);
    for bad in [&short, &other] {
        assert_eq!(sharpness(&good, bad).sharp, None);
        assert_eq!(Quality::of(0, &good, bad), None);
    }
}

#[test]
fn quality_is_one_for_equal_pictures_and_names_the_worst_tile() {
    let source = plane(3, 8.0);
    let equal = Quality::of(0, &source, &source).unwrap();
    assert!((equal.ssim - 1.0).abs() < 1e-9 && (equal.psnr - EQUAL).abs() < 1e-9);
    let mut shown = source.clone();
    for y in 40..52 {
        shown.samples[y * 160 + 80..][..12].fill(255);
    }
    let logo = Quality::of(0, &source, &shown).unwrap();
    assert!(logo.ssim > 0.95 && logo.psnr < 30.0);
    let summary = Summary::of(&[equal, logo]).unwrap();
    assert!(summary.tile < 0.6 && summary.ssim > 0.97, "{summary:?}");
}
