//! A larger picture of the same thing: made smaller again, it is the input.

use image::imageops::FilterType;

use super::picture::{self, Limits, Picture};
use super::{Job, Memory, Pipeline, ResultCheck, at_least, image as images};
use crate::check::{Check, Kind, Tier};
use crate::number::{float, many};
use crate::verdict::Verdict;

/// Least factor that is called larger.
const LARGER: f64 = 1.5;
/// Pixels up to which detail is measured: it takes an interpolation of our own.
const MOST: u64 = 1 << 24;
/// Mean difference in 8-bit steps below which an output is the input with its pixels repeated.
const REPEATED: f64 = 0.5;

/// Checks of upscale.
#[derive(Clone, Copy, Debug)]
pub struct Upscale;

impl ResultCheck for Upscale {
    fn pipeline(&self) -> Pipeline {
        Pipeline::Upscale
    }

    fn check(&self, job: &Job<'_>, memory: &mut Memory) -> Verdict {
        let answer: images::Answer = match job.parse("image.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let (decoded, pictures) = images::pictures(job);
        let input = job.input.and_then(|bytes| Picture::measure(bytes, &Limits::default()).ok());
        let mut checks = vec![
            Check::pass("image.schema", ""),
            images::count(answer.images.len(), 1),
            decoded,
            images::earlier(job, memory, &pictures),
        ];
        match (&input, pictures.first()) {
            (Some(input), Some((_, output))) => {
                checks.push(size(job, input, output));
                checks.push(same(job, input, output));
                checks.push(detail(job));
            }
            _ => checks.push(Check::not_run("upscale.same", "no picture to compare with")),
        }
        checks.into_iter().collect()
    }
}

/// Four times the input where the model is named so; larger than the input in any case.
fn size(job: &Job<'_>, input: &Picture, output: &Picture) -> Check {
    let model = job.request.text("model_id").unwrap_or_default();
    let factor = [("x4", 4_u32), ("x2", 2)].into_iter().find(|(name, _)| model.contains(name));
    let found = format!("{}x{}", output.width, output.height);
    let whole = |side: u32, factor: u32, found: u32| {
        let sides = [side, side / 8 * 8, side / 16 * 16, side / 64 * 64];
        sides.into_iter().any(|side| side.checked_mul(factor) == Some(found))
    };
    if let Some((_, factor)) = factor {
        let right =
            whole(input.width, factor, output.width) && whole(input.height, factor, output.height);
        let wanted = format!("{factor} times {}x{}", input.width, input.height);
        return super::fact("upscale.size", right, found, wanted);
    }
    let ratio = |output: u32, input: u32| f64::from(output) / f64::from(input.max(1));
    let least = ratio(output.width, input.width).min(ratio(output.height, input.height));
    at_least("upscale.size", least, LARGER).kind(Kind::Hard)
}

/// The relation that no model is needed for.
fn same(job: &Job<'_>, input: &Picture, output: &Picture) -> Check {
    input.ssim(output).map_or_else(
        || Check::not_run("upscale.same", "the pictures cannot be compared"),
        |ssim| at_least("upscale.same", ssim, job.bounds.upscale_ssim),
    )
}

/// Detail beyond plain interpolation, as the ratio of what a Laplacian finds. Flat pictures have none to add.
fn detail(job: &Job<'_>) -> Check {
    const ID: &str = "upscale.detail";
    let limits = Limits { pixels: MOST, ..Limits::default() };
    let decode = |bytes: &[u8]| picture::decode(bytes, &limits).ok().map(|(_, pixels)| pixels);
    let output = job.media.first().copied().flatten().and_then(decode);
    let (Some(input), Some(output)) = (job.input.and_then(decode), output) else {
        return Check::not_run(ID, "too many pixels to interpolate");
    };
    let (width, height) = output.dimensions();
    // the larger of two: one is smooth and rings, the other has a kink at every pixel
    let plain = [FilterType::Lanczos3, FilterType::Triangle].into_iter().map(|filter| {
        let made = image::imageops::resize(&input, width, height, filter);
        energy(&picture::luma(&made), width)
    });
    let plain = plain.fold(0.0, f64::max);
    let shown = energy(&picture::luma(&output), width);
    // repeated pixels have edges that look like detail
    let blocks = image::imageops::resize(&input, width, height, FilterType::Nearest);
    if mean_difference(blocks.as_raw(), output.as_raw()) < REPEATED {
        return Check::fail(ID, "every pixel of the input, repeated")
            .kind(Kind::Soft)
            .tier(Tier::Full);
    }
    if plain < 1.0 {
        return Check::not_run(ID, "a picture without detail");
    }
    at_least(ID, shown / plain, job.bounds.upscale_detail).tier(Tier::Full)
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    float(sum) / many(a.len().max(1))
}

/// Mean square of a Laplacian.
fn energy(luma: &[u8], width: u32) -> f64 {
    let width = usize::try_from(width).unwrap_or_default().max(1);
    let lines: Vec<&[u8]> = luma.chunks_exact(width).collect();
    let (mut sum, mut count) = (0.0, 0_usize);
    for three in lines.windows(3) {
        let [above, line, below] = three else { continue };
        for ((row, above), below) in line.windows(3).zip(&above[1..]).zip(&below[1..]) {
            let around = [row[0], row[2], *above, *below].map(f64::from).iter().sum::<f64>();
            let found = 4.0 * f64::from(row[1]) - around;
            sum += found * found;
            count += 1;
        }
    }
    sum / many(count.max(1))
}
