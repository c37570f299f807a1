//! A short video made from a picture.

use waymark_media::pixels::{Grid, Grids};
use waymark_media::scan::{CLOCK, Scan, ScanLimits, scan};

use super::picture::{Limits, Picture};
use super::{Job, Memory, Pipeline, ResultCheck, at_least, fact, grid, image as images};
use crate::check::{Check, Kind};
use crate::number::{float, many};
use crate::verdict::Verdict;

/// Pictures that an orchestrator is paid for, whatever the model makes.
const PAID: usize = 25;

/// Checks of image-to-video.
#[derive(Clone, Copy, Debug)]
pub struct Video;

impl ResultCheck for Video {
    fn pipeline(&self) -> Pipeline {
        Pipeline::ImageToVideo
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let answer: images::Answer = match job.parse("video.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let count = answer.images.len();
        let mut checks = vec![
            Check::pass("video.schema", ""),
            fact("video.count", count == 1, count.to_string(), "1".to_owned()),
        ];
        match job.media.first().copied().flatten() {
            None => checks.push(Check::not_run("video.decodes", "no video at hand")),
            Some(bytes) => match scan(bytes, &ScanLimits::default()) {
                Ok(found) => checks.extend(packets(job, &found)),
                Err(error) => checks.push(Check::fail("video.decodes", error.to_string())),
            },
        }
        if let Some(pictures) = job.output_pictures {
            checks.extend(first(job, pictures));
            checks.extend(content(job, pictures, "video.black", "video.still"));
        }
        checks.into_iter().collect()
    }
}

fn packets(job: &Job<'_>, scan: &Scan) -> Vec<Check> {
    let [track] = scan.video.as_slice() else {
        return vec![Check::fail("video.decodes", format!("{} video tracks", scan.video.len()))];
    };
    let mut checks = vec![Check::pass("video.decodes", "")];
    if let Some((width, height)) = job.request.size() {
        checks.push(fact(
            "video.size",
            images::fits(track.cropped.0, width) && images::fits(track.cropped.1, height),
            format!("{}x{}", track.cropped.0, track.cropped.1),
            format!("{width}x{height}"),
        ));
    }
    checks.push(at_least("video.frames", many(track.units.len()), many(PAID)));
    let mut times: Vec<i64> = track.units.iter().map(|unit| unit.pts).collect();
    times.sort_unstable();
    let span = times.last().zip(times.first()).map(|(last, first)| last.saturating_sub(*first));
    let span = span.and_then(|span| u64::try_from(span).ok()).filter(|span| *span > 0);
    checks.push(match (job.request.number("fps").filter(|fps| *fps > 0.0), span) {
        (Some(fps), Some(span)) => {
            let found = many(times.len().saturating_sub(1)) * f64::from(CLOCK) / float(span);
            let check = super::within("video.rate", found, (fps - 0.5, fps + 0.5));
            check.value(found).threshold(fps)
        }
        _ => Check::not_run("video.rate", "no rate was asked for, or no time passes"),
    });
    checks
}

/// The first picture shows the input, within twice what a transcode may change.
fn first(job: &Job<'_>, pictures: &Grids) -> Vec<Check> {
    const MEAN: &str = "video.first_mean";
    let input = job.input.and_then(|bytes| Picture::measure(bytes, &Limits::default()).ok());
    let found = input.zip(pictures.frames.first()).and_then(|(input, first)| {
        let expected = blocks(&input, pictures)?;
        let worst = expected.y.iter().zip(&first.y).map(|(a, b)| a.abs_diff(*b)).max()?;
        Some((grid::difference(&expected, first)?, f64::from(worst) / 256.0))
    });
    let Some((mean, block)) = found else {
        return vec![Check::not_run(MEAN, "no input picture to compare with")];
    };
    vec![
        Check::at_most(MEAN, mean, job.bounds.first_mean).kind(Kind::Soft),
        Check::at_most("video.first_block", block, job.bounds.first_block).kind(Kind::Soft),
    ]
}

/// A picture in the blocks and the range of a video.
fn blocks(input: &Picture, pictures: &Grids) -> Option<Grid> {
    let lattice = pictures.lattice;
    let (columns, rows) = (usize::from(lattice.columns), usize::from(lattice.rows));
    let side = input.small.len().isqrt();
    let edge = |part: usize, parts: usize| part * side / parts.max(1);
    let mut y = Vec::with_capacity(lattice.cells());
    for row in 0..rows {
        for column in 0..columns {
            let (mut sum, mut count) = (0_u64, 0_u64);
            for line in edge(row, rows)..edge(row + 1, rows) {
                let from = line * side;
                let part = from + edge(column, columns)..from + edge(column + 1, columns);
                for sample in input.small.get(part)? {
                    sum += u64::from(*sample);
                    count += 1;
                }
            }
            let mean = sum * 256 / count.max(1);
            let mapped = if pictures.full_range { mean } else { 16 * 256 + mean * 219 / 255 };
            y.push(u16::try_from(mapped).ok()?);
        }
    }
    Some(Grid { pts: 0, key: false, damaged: false, y, u: Vec::new(), v: Vec::new() })
}

/// Black pictures, and pictures that repeat the one before, unless the input does so too.
pub(super) fn content(
    job: &Job<'_>,
    pictures: &Grids,
    black_id: &'static str,
    still_id: &'static str,
) -> [Check; 2] {
    let share = |id, found: Option<f64>, of_input: Option<f64>, bound: f64| {
        let Some(found) = found else { return Check::not_run(id, "too few pictures") };
        let check = Check::at_most(id, found, bound).kind(Kind::Soft);
        if of_input.is_some_and(|input| input > bound) { check.kind(Kind::Hint) } else { check }
    };
    let bounds = job.bounds;
    let black = |grids| grid::black(grids, bounds.black);
    let still = |grids| grid::still(grids, bounds.still);
    [
        share(black_id, black(pictures), job.input_pictures.and_then(black), bounds.black_share),
        share(still_id, still(pictures), job.input_pictures.and_then(still), bounds.still_share),
    ]
}
