//! A caption for a picture.

use serde::Deserialize;

use super::{Job, Memory, Pipeline, ResultCheck, text};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;

/// Checks of image-to-text.
#[derive(Clone, Copy, Debug)]
pub struct ImageToText;

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl ResultCheck for ImageToText {
    fn pipeline(&self) -> Pipeline {
        Pipeline::ImageToText
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let answer: Answer = match job.parse("caption.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let soft = |check: Check| check.kind(Kind::Soft);
        let length = answer.text.chars().count();
        let empty = if text::letters(&answer.text) > 0 {
            Check::pass("caption.empty", "")
        } else {
            Check::fail("caption.empty", "a text without a letter")
        };
        let control = |c: char| c.is_control() && !c.is_whitespace();
        let readable =
            if answer.text.chars().any(|c| control(c) || c == char::REPLACEMENT_CHARACTER) {
                Check::fail("caption.readable", "characters that no language writes")
            } else {
                Check::pass("caption.readable", "")
            };
        Verdict::from_iter([
            Check::pass("caption.schema", ""),
            soft(empty),
            soft(Check::at_most("caption.length", many(length), f64::from(job.bounds.caption))),
            soft(readable),
            text::repetition("caption.repeats", &answer.text, job.bounds.distinct),
        ])
    }
}
