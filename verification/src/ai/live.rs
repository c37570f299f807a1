//! Live video that a model changes: a window of what went in and what came out.

use super::{Job, Memory, Pipeline, ResultCheck, fact, grid, video};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;
use waymark_media::pixels::Grids;

/// Output pictures that are compared with all of the input.
const COMPARED: usize = 32;
/// Input pictures that are looked at.
const INPUT: usize = 600;
/// The pipeline that honestly returns its input.
const NOTHING: &str = "noop";

/// Checks of live video-to-video.
#[derive(Clone, Copy, Debug)]
pub struct LiveVideo;

impl ResultCheck for LiveVideo {
    fn pipeline(&self) -> Pipeline {
        Pipeline::LiveVideo
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let Some(output) = job.output_pictures else {
            return Verdict::from_iter([Check::not_run("live.gap", "no decoded pictures")]);
        };
        let mut checks = vec![cadence(job, output)];
        checks.extend(video::content(job, output, "live.black", "live.still"));
        checks.push(passed_on(job, output));
        if let Some((width, height)) = job.request.size() {
            let found = format!("{}x{}", output.size.0, output.size.1);
            let right = output.size == (width, height);
            checks.push(fact("live.size", right, found, format!("{width}x{height}")));
        }
        checks.into_iter().collect()
    }
}

/// Longest time between two pictures. A gap of the input is a gap of the output.
fn cadence(job: &Job<'_>, output: &Grids) -> Check {
    const ID: &str = "live.gap";
    let Some(gap) = grid::longest_gap(output) else {
        return Check::not_run(ID, "fewer than two pictures");
    };
    let of_input = job.input_pictures.and_then(grid::longest_gap).unwrap_or_default();
    Check::at_most(ID, gap, job.bounds.live_gap_ms.max(2.0 * of_input)).kind(Kind::Soft)
}

/// What came out is what went in. How late it is does not matter: the closest input picture counts.
fn passed_on(job: &Job<'_>, output: &Grids) -> Check {
    const ID: &str = "live.changed";
    let model = job.request.text("model_id").or_else(|| job.request.text("pipeline"));
    if model == Some(NOTHING) {
        return Check::not_run(ID, "this pipeline returns its input");
    }
    let input = job.input_pictures.filter(|input| input.lattice == output.lattice);
    let Some(input) = input else { return Check::not_run(ID, "no input pictures") };
    let every = output.frames.len().div_ceil(COMPARED).max(1);
    let closest = output.frames.iter().step_by(every).filter_map(|shown| {
        let found =
            input.frames.iter().take(INPUT).filter_map(|sent| grid::difference(sent, shown));
        found.min_by(f64::total_cmp)
    });
    let mut closest: Vec<f64> = closest.collect();
    closest.sort_unstable_by(f64::total_cmp);
    let Some(median) = closest.get(closest.len() / 2).copied() else {
        return Check::not_run(ID, "no pictures to compare");
    };
    let check = if median > job.bounds.passed_on {
        Check::pass(ID, "")
    } else {
        Check::fail(
            ID,
            format!("the input as it was: {median:.2} steps from {} pictures", many(closest.len())),
        )
    };
    check.value(median).threshold(job.bounds.passed_on).kind(Kind::Soft)
}
