//! Honest and dishonest results, made in the test.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};
use waymark_media::pixels::{Grid, Grids, Lattice};

use super::{Fields, Job, Memory, ResultCheck};
use crate::thresholds::Ai;
use crate::verdict::Verdict;

/// A request.
pub(super) fn request(fields: Value) -> Fields {
    Fields::from(fields)
}

/// Judges a result with the usual bounds and nothing remembered; `with` adds what else is at hand.
pub(super) fn judge(
    check: &dyn ResultCheck,
    request: &Fields,
    answer: &Value,
    with: impl for<'a> FnOnce(&mut Job<'a>),
) -> Verdict {
    let (bounds, answer) = (Ai::default(), answer.to_string());
    let mut job = Job::new(request, answer.as_bytes(), &bounds);
    with(&mut job);
    check.check(&job, &mut Memory::new(8, 64))
}

/// A picture with smooth forms and some texture, another one for every `seed`.
pub(super) fn scene(seed: u32, (width, height): (u32, u32)) -> RgbImage {
    let phase = f64::from(seed) * 1.7;
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let wave =
            |k: f64, p: f64| f64::midpoint((x * k + p).sin() * (y * (k + 1.3) - p).cos(), 1.0);
        let level = |share: f64| {
            let value = (share * 255.0).clamp(0.0, 255.0);
            (0_u8..=255).find(|byte| f64::from(*byte) >= value).unwrap_or(255)
        };
        let fine = ((x * 90.0).sin() * (y * 70.0).sin()) * 0.12;
        let of = |k: f64| level(0.8 * wave(k, phase * k) + fine + 0.08);
        image::Rgb([of(5.0 + phase % 3.0), of(7.0 - phase % 2.0), of(4.0)])
    })
}

/// A picture as a file.
pub(super) fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture as PNG.
pub(super) fn png(picture: &RgbImage) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

/// Files that live as long as the test.
pub(super) fn kept(files: Vec<Vec<u8>>) -> &'static [Option<&'static [u8]>] {
    Vec::leak(files.into_iter().map(|file| Some(&*Vec::leak(file))).collect())
}

/// The answer for pictures of these seeds.
pub(super) fn images(seeds: &[i64]) -> Value {
    let media = |(n, seed): (usize, &i64)| json!({"url": format!("/stream/a/{n}.png"), "seed": seed, "nsfw": false});
    json!({"images": seeds.iter().enumerate().map(media).collect::<Vec<_>>()})
}

/// A sound of `seconds` at 8 kHz, as loud as `level`, of 32,767.
pub(super) fn wav(seconds: u32, level: i16) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for n in 0..seconds * 8_000 {
        writer.write_sample(if n % 20 < 10 { level } else { -level }).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// A video of block means: `of(picture, block)` in 8-bit steps, 25 pictures a second.
pub(super) fn grids(pictures: u16, of: impl Fn(u16, u16) -> u16) -> Grids {
    let lattice = Lattice::COARSE;
    let frame = |n: u16| Grid {
        pts: i64::from(n) * 3_600,
        key: n == 0,
        damaged: false,
        y: (0_u16..).take(lattice.cells()).map(|block| (of(n, block) % 256) * 256).collect(),
        u: Vec::new(),
        v: Vec::new(),
    };
    Grids {
        lattice,
        size: (512, 288),
        full_range: true,
        frames: (0..pictures).map(frame).collect(),
        decode_errors: 0,
    }
}
