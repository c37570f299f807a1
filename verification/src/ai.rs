//! Is the answer of a model honest: what can be told without running the model.
//!
//! ```text
//!  request ─┐
//!  answer   ├─► Job ─► ResultCheck of the pipeline ─► Verdict
//!  media    ┘              │ remembers outputs
//!                          ▼
//!                        Memory          second::* compares two answers to the same request
//! ```
//!
//! One [`ResultCheck`] for each pipeline. Facts (schema, number, size, seed, token limit) are hard; measurements of
//! content are soft at most, as nobody has fitted their bounds to real runners: they ask for a second opinion.
//! Everything is bounded and takes any bytes. Pictures are decoded by safe code under [`picture::Limits`]; it is work
//! for a thread that may block, tens of milliseconds for a megapixel.
//!
//! It must never judge what a picture or a text means, and a flag that an orchestrator sets itself (`nsfw`) excuses
//! only what that flag honestly causes.

pub mod byoc;
pub mod caption;
pub mod chat;
mod fields;
mod grid;
pub mod image;
pub mod live;
pub mod masks;
pub mod memory;
mod perceptual;
pub mod picture;
mod pipeline;
pub mod second;
pub mod sound;
pub mod speech;
mod text;
pub mod transcript;
pub mod upscale;
pub mod video;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::{fmt::Debug, time::Duration};

use serde::de::DeserializeOwned;
use waymark_media::pixels::Grids;

pub use self::{fields::Fields, memory::Memory, pipeline::Pipeline};
use crate::{
    check::{Check, Kind},
    number::float,
    thresholds::Ai,
    verdict::Verdict,
};

/// The checks of one pipeline.
pub trait ResultCheck: Debug + Send + Sync {
    /// The pipeline whose results these checks understand.
    fn pipeline(&self) -> Pipeline;

    /// Judges one result. `memory` is asked for earlier outputs of the orchestrator, and keeps this one.
    fn check(&self, job: &Job<'_>, memory: &mut Memory) -> Verdict;
}

/// A request, and what came back for it.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The fields of the request as they were sent: of a JSON body, or the text parts of a form as strings.
    pub request: &'a Fields,
    /// The file that was sent: a picture or sound.
    pub input: Option<&'a [u8]>,
    /// Length of the sound that was sent, in seconds, where the gateway has measured it.
    pub input_seconds: Option<f64>,
    /// Body of the answer: JSON, or the `data:` lines of a stream.
    pub answer: &'a [u8],
    /// The media that the answer refers to, in its order; `None` for what the gateway could not fetch.
    pub media: &'a [Option<&'a [u8]>],
    /// Decoded pictures of the input, where it is video.
    pub input_pictures: Option<&'a Grids>,
    /// Decoded pictures of the output, where it is video. With the lattice of the input's.
    pub output_pictures: Option<&'a Grids>,
    /// When each part of a streamed answer arrived, on any clock that does not go back.
    pub arrivals: &'a [Duration],
    /// Who did it: any name that stays the same.
    pub orchestrator: &'a str,
    /// When it came back, on any clock that does not go back.
    pub now: Duration,
    /// The bounds it is judged with.
    pub bounds: &'a Ai,
}

impl<'a> Job<'a> {
    /// A request and the body of its answer, with nothing else at hand.
    pub const fn new(request: &'a Fields, answer: &'a [u8], bounds: &'a Ai) -> Self {
        Self {
            request,
            input: None,
            input_seconds: None,
            answer,
            media: &[],
            input_pictures: None,
            output_pictures: None,
            arrivals: &[],
            orchestrator: "",
            now: Duration::ZERO,
            bounds,
        }
    }

    /// The answer as the pipeline's document, or the check that says why it is none.
    fn parse<T: DeserializeOwned>(&self, id: &'static str) -> Result<T, Check> {
        let bytes = float(u64::try_from(self.answer.len()).unwrap_or(u64::MAX));
        if bytes > float(self.bounds.answer_bytes) {
            return Err(Check::at_most(id, bytes, float(self.bounds.answer_bytes))
                .detail(format!("{bytes} bytes of answer")));
        }
        serde_json::from_slice(self.answer)
            .map_err(|error| Check::fail(id, format!("not the document of this pipeline: {error}")))
    }
}

/// The checks of a pipeline with nothing to set. For BYOC these are the widest bounds: see [`byoc::Byoc`].
pub fn checks(pipeline: Pipeline) -> &'static dyn ResultCheck {
    match pipeline {
        Pipeline::TextToImage => &image::Images { from_input: false },
        Pipeline::ImageToImage => &image::Images { from_input: true },
        Pipeline::Upscale => &upscale::Upscale,
        Pipeline::ImageToVideo => &video::Video,
        Pipeline::SegmentAnything => &masks::SegmentAnything,
        Pipeline::AudioToText => &transcript::AudioToText,
        Pipeline::TextToSpeech => &speech::TextToSpeech,
        Pipeline::ImageToText => &caption::ImageToText,
        Pipeline::Llm => &chat::Llm,
        Pipeline::LiveVideo => &live::LiveVideo,
        Pipeline::Byoc => &byoc::ANY,
    }
}

/// Soft, and passes from `bound` on. Not a number is no pass.
fn at_least(id: &'static str, value: f64, bound: f64) -> Check {
    let check = if value >= bound { Check::pass(id, "") } else { Check::fail(id, "") };
    let ratio = (value > 0.0).then_some(bound / value);
    Check { ratio, ..check.value(value).threshold(bound).kind(Kind::Soft) }
}

/// Soft, and passes inside of a range.
fn within(id: &'static str, value: f64, (least, most): (f64, f64)) -> Check {
    let check = if value >= least && value <= most {
        Check::pass(id, "")
    } else {
        Check::fail(id, format!("{value:.3}, accepted {least} to {most}"))
    };
    check.value(value).threshold(format!("{least} to {most}")).kind(Kind::Soft)
}

/// Hard: a fact.
fn fact(id: &'static str, holds: bool, found: String, expected: String) -> Check {
    let check = if holds {
        Check::pass(id, "")
    } else {
        Check::fail(id, format!("{found}, expected {expected}"))
    };
    check.value(found).threshold(expected)
}
