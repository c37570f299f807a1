//! The same picture in every format it may be decoded to, drawn in memory.

use ffmpeg_next::color::Range;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;

use super::Lattice;
use super::decode::Shown;
use super::planes::take_range;
use super::reduce::Reducer;
use super::scale::Scaler;

const SIZE: (u32, u32) = (320, 180);
const PLAIN: Shown = Shown { pts: 0, key: false, damaged: false, full_range: false };

/// Samples that change along both axes, for a place between 0 and 1 on each.
fn value(plane: usize, x: f64, y: f64) -> f64 {
    match plane {
        0 => 40.0 + 120.0 * x + 50.0 * y,
        1 => 90.0 + 60.0 * y,
        _ => 160.0 - 70.0 * x,
    }
}

/// The picture in `format`, with samples of `depth` bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "values of samples")]
fn drawn(format: Pixel, depth: u32) -> Video {
    let mut picture = Video::new(format, SIZE.0, SIZE.1);
    for plane in 0..picture.planes() {
        let (width, height) = (picture.plane_width(plane), picture.plane_height(plane));
        let stride = picture.stride(plane);
        let rows = picture.data_mut(plane).chunks_exact_mut(stride);
        for (row, y) in rows.zip((0..height).map(|y| (f64::from(y) + 0.5) / f64::from(height))) {
            for x in 0..width {
                let sample = value(plane, (f64::from(x) + 0.5) / f64::from(width), y);
                let sample = (sample * f64::from(1 << (depth - 8))).round() as u16;
                let at = x as usize;
                if depth == 8 {
                    row[at] = sample as u8;
                } else {
                    row[2 * at..2 * at + 2].copy_from_slice(&sample.to_le_bytes());
                }
            }
        }
    }
    picture
}

/// Largest difference of two planes' means, in 8-bit steps.
fn apart(a: &[u16], b: &[u16]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)) / 256.0).fold(0.0, f64::max)
}

#[test]
fn subsampling_and_depth_do_not_change_what_a_grid_says() {
    let formats = [
        (Pixel::YUV420P, 8),
        (Pixel::YUV422P, 8),
        (Pixel::YUV444P, 8),
        (Pixel::YUV440P, 8),
        (Pixel::YUV420P10LE, 10),
        (Pixel::YUV422P10LE, 10),
        (Pixel::YUV444P10LE, 10),
        (Pixel::YUV420P12LE, 12),
        (Pixel::YUV444P14LE, 14),
    ];
    for lattice in [Lattice::FINE, Lattice { shift: (31, -60), ..Lattice::COARSE }] {
        let grid =
            |(format, depth)| Reducer::new(lattice).grid(&drawn(format, depth), PLAIN).unwrap();
        let plain = grid(formats[0]);
        for format in formats {
            let other = grid(format);
            for (a, b) in [(&plain.y, &other.y), (&plain.u, &other.u), (&plain.v, &other.v)] {
                assert!(apart(a, b) < 0.6, "{format:?}: {}", apart(a, b));
            }
        }
    }
}

#[test]
fn a_grey_picture_has_neutral_chroma() {
    let plain = Reducer::new(Lattice::FINE).grid(&drawn(Pixel::YUV420P, 8), PLAIN).unwrap();
    let grey = Reducer::new(Lattice::FINE).grid(&drawn(Pixel::GRAY8, 8), PLAIN).unwrap();
    assert_eq!(grey.y, plain.y);
    assert!(grey.u.iter().chain(&grey.v).all(|mean| *mean == 128 << 8));
}

#[test]
fn other_formats_are_converted_as_a_transcoder_does_it() {
    let plain = Reducer::new(Lattice::FINE).grid(&drawn(Pixel::YUV420P, 8), PLAIN).unwrap();
    let mut converter = Scaler::new(None, false);
    let semi_planar = ffmpeg_next::software::scaling::Context::get(
        Pixel::YUV420P,
        SIZE.0,
        SIZE.1,
        Pixel::NV12,
        SIZE.0,
        SIZE.1,
        ffmpeg_next::software::scaling::Flags::BICUBIC,
    );
    let mut picture = Video::empty();
    semi_planar.unwrap().run(&drawn(Pixel::YUV420P, 8), &mut picture).unwrap();
    let converted = Reducer::new(Lattice::FINE).grid(&picture, PLAIN).unwrap();
    assert!(apart(&converted.y, &plain.y) < 0.6);
    assert!(apart(&converted.u, &plain.u) < 0.6);
    let luma = converter.luma(&mut picture, PLAIN).unwrap();
    let expected = converter.luma(&mut drawn(Pixel::YUV420P, 8), PLAIN).unwrap();
    assert_eq!(luma, expected);
}

#[test]
fn the_range_is_read_once_and_never_applied_unasked() {
    let mut jpeg = drawn(Pixel::YUVJ420P, 8);
    assert!(take_range(&mut jpeg));
    assert_eq!(jpeg.format(), Pixel::YUV420P);
    let mut flagged = drawn(Pixel::YUV420P10LE, 10);
    flagged.set_color_range(Range::JPEG);
    assert!(take_range(&mut flagged) && !take_range(&mut drawn(Pixel::YUV420P, 8)));

    let full = Shown { full_range: true, ..PLAIN };
    let as_is = Scaler::new(Some((160, 90)), false).luma(&mut jpeg, full).unwrap();
    let mapped = Scaler::new(Some((160, 90)), true).luma(&mut jpeg, full).unwrap();
    let limited = Scaler::new(Some((160, 90)), true).luma(&mut jpeg, PLAIN).unwrap();
    assert_eq!(as_is.samples, limited.samples);
    for (before, after) in as_is.samples.iter().zip(&mapped.samples) {
        let expected = 16.0 + 219.0 / 255.0 * f64::from(*before);
        assert!((f64::from(*after) - expected).abs() <= 0.5, "{before} became {after}");
    }
}

#[test]
fn luma_of_any_depth_is_scaled_alike() {
    let scaled = |format, depth| {
        Scaler::new(Some((212, 120)), false).luma(&mut drawn(format, depth), PLAIN).unwrap()
    };
    let plain = scaled(Pixel::YUV420P, 8);
    assert_eq!((plain.width, plain.height, plain.samples.len()), (212, 120, 212 * 120));
    for (format, depth) in [(Pixel::YUV444P, 8), (Pixel::YUV422P10LE, 10), (Pixel::YUV420P12LE, 12)]
    {
        let other = scaled(format, depth);
        let most = plain.samples.iter().zip(&other.samples).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(most <= Some(1), "{format:?}: {most:?}");
    }
}

#[test]
fn a_whole_picture_is_scaled_like_its_luma() {
    let picture = drawn(Pixel::YUV422P10LE, 10);
    let mut scaler = Scaler::new(Some((160, 90)), false);
    let mut whole = scaler.picture(&picture, PLAIN).unwrap();
    assert_eq!((whole.format(), whole.width(), whole.height()), (Pixel::YUV420P, 160, 90));
    let of_whole = Scaler::new(None, false).luma(&mut whole, PLAIN).unwrap();
    let alone = Scaler::new(Some((160, 90)), false).luma(&mut drawn(Pixel::YUV422P10LE, 10), PLAIN);
    let alone = alone.unwrap();
    let most = of_whole.samples.iter().zip(&alone.samples).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(most <= Some(1), "{most:?}");
}
