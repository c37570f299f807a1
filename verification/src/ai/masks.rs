//! Masks of the objects in a picture, as the text that runners print them in.

mod parse;

use serde::Deserialize;

pub use self::parse::{MaskError, Masks};
use super::picture::{Limits, Picture};
use super::{Job, Memory, Pipeline, ResultCheck, fact, within};
use crate::check::{Check, Kind};
use crate::number::{float, many};
use crate::verdict::Verdict;

/// Checks of segment-anything.
#[derive(Clone, Copy, Debug)]
pub struct SegmentAnything;

#[derive(Deserialize)]
struct Answer {
    masks: String,
    scores: String,
    #[serde(default)]
    logits: Option<String>,
}

impl ResultCheck for SegmentAnything {
    fn pipeline(&self) -> Pipeline {
        Pipeline::SegmentAnything
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let answer: Answer = match job.parse("mask.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let parsed = Masks::parse(&answer.masks)
            .and_then(|masks| Ok((masks, parse::numbers(&answer.scores)?)))
            .and_then(|parsed| {
                // they are only read to see that they can be
                answer.logits.as_deref().map_or(Ok(()), |logits| Masks::parse(logits).map(drop))?;
                Ok(parsed)
            });
        let (masks, scores) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                return Verdict::from_iter([Check::fail("mask.schema", error.to_string())]);
            }
        };
        let mut checks = vec![Check::pass("mask.schema", "")];
        checks.push(count(job, &masks, scores.len()));
        let input = job.input.and_then(|bytes| Picture::measure(bytes, &Limits::default()).ok());
        checks.push(input.map_or_else(
            || Check::not_run("mask.size", "no input picture"),
            |input| {
                let (found, wanted) = (masks.size, (input.width, input.height));
                let text = |(width, height): (u32, u32)| format!("{width}x{height}");
                fact("mask.size", found == wanted, text(found), text(wanted))
            },
        ));
        checks.push(area(job, &masks));
        checks.push(score(job, &scores));
        checks.into_iter().collect()
    }
}

/// Three masks for each prompt, or one where only one was asked for; as many scores.
fn count(job: &Job<'_>, masks: &Masks, scores: usize) -> Check {
    let each = if job.request.flag("multimask_output").unwrap_or(true) { 3 } else { 1 };
    let right = !masks.is_empty() && masks.len().is_multiple_of(each) && masks.len() == scores;
    fact(
        "mask.count",
        right,
        format!("{} masks, {scores} scores", masks.len()),
        format!("{each} masks for each prompt, and a score for each"),
    )
}

/// The largest mask covers something, and not all of the picture.
fn area(job: &Job<'_>, masks: &Masks) -> Check {
    let pixels = u64::from(masks.size.0) * u64::from(masks.size.1);
    let shares = (0..masks.len()).map(|mask| many(masks.area(mask)) / float(pixels.max(1)));
    let largest = shares.fold(0.0, f64::max);
    let (least, most) = job.bounds.mask_area;
    // an empty mask is none, whatever the lower bound
    let check = within("mask.area", largest, (least, most));
    if largest > 0.0 {
        check
    } else {
        Check::fail("mask.area", "no mask covers anything").kind(Kind::Soft)
    }
}

fn score(job: &Job<'_>, scores: &[f64]) -> Check {
    let Some(worst) =
        scores.iter().copied().max_by(|a, b| (a - 0.5).abs().total_cmp(&(b - 0.5).abs()))
    else {
        return Check::not_run("mask.score", "no scores");
    };
    within("mask.score", worst, job.bounds.mask_score)
}
