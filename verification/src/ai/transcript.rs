//! A transcript of speech.

use serde::Deserialize;

use super::sound::Sound;
use super::{Job, Memory, Pipeline, ResultCheck, text};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;

/// Checks of audio-to-text.
#[derive(Clone, Copy, Debug)]
pub struct AudioToText;

#[derive(Deserialize)]
struct Answer {
    text: String,
    #[serde(default)]
    chunks: Option<Vec<Chunk>>,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    timestamp: Vec<Option<f64>>,
    #[serde(default)]
    text: String,
}

impl ResultCheck for AudioToText {
    fn pipeline(&self) -> Pipeline {
        Pipeline::AudioToText
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let answer: Answer = match job.parse("transcript.schema") {
            Ok(answer) => answer,
            Err(check) => return Verdict::from_iter([check]),
        };
        let measured = || job.input.and_then(|bytes| Sound::measure(bytes).ok());
        let seconds = job.input_seconds.or_else(|| measured().map(|sound| sound.seconds));
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let chunks = answer.chunks.unwrap_or_default();
        let times = job.request.text("return_timestamps") != Some("false");
        let mut checks = vec![Check::pass("transcript.schema", "")];
        if times {
            checks.extend(order(&chunks, seconds, job.bounds.transcript_slack));
        }
        checks.push(parts(&answer.text, &chunks));
        checks.push(rate(&answer.text, seconds, job.bounds.transcript_rate));
        checks.push(text::repetition("transcript.repeats", &answer.text, job.bounds.distinct));
        checks.into_iter().collect()
    }
}

/// Times go on, and end with the audio. Models that hear in windows are off by a little.
fn order(chunks: &[Chunk], seconds: Option<f64>, slack: f64) -> [Check; 2] {
    let (mut back, mut last, mut end) = (0.0_f64, f64::NEG_INFINITY, f64::NEG_INFINITY);
    for chunk in chunks {
        let mut times = chunk.timestamp.iter().flatten();
        if let Some(start) = times.next() {
            back = back.max(last - start).max(-start);
            last = last.max(*start);
            end = end.max(*start);
            if let Some(stop) = times.next() {
                back = back.max(start - stop);
                end = end.max(*stop);
            }
        }
    }
    if end == f64::NEG_INFINITY {
        let none = |id| Check::not_run(id, "no times");
        return [none("transcript.order"), none("transcript.end")];
    }
    let order = Check::at_most("transcript.order", back.max(0.0), slack).kind(Kind::Soft);
    let end = seconds.map_or_else(
        || Check::not_run("transcript.end", "the length of the audio is not known"),
        |seconds| Check::at_most("transcript.end", end, seconds + slack).kind(Kind::Soft),
    );
    [order, end]
}

/// The parts with times are the text, word by word.
fn parts(text: &str, chunks: &[Chunk]) -> Check {
    const ID: &str = "transcript.parts";
    if chunks.is_empty() {
        return Check::not_run(ID, "no parts");
    }
    let joined = |texts: &mut dyn Iterator<Item = &str>| {
        texts.flat_map(str::chars).filter(|c| c.is_alphanumeric()).collect::<String>()
    };
    let whole = joined(&mut std::iter::once(text));
    let parts = joined(&mut chunks.iter().map(|chunk| chunk.text.as_str()));
    let check = if whole == parts {
        Check::pass(ID, "")
    } else {
        Check::fail(ID, "the parts are another text")
    };
    check.kind(Kind::Soft)
}

/// Nobody speaks faster.
fn rate(text: &str, seconds: Option<f64>, bound: f64) -> Check {
    const ID: &str = "transcript.rate";
    let Some(seconds) = seconds else {
        return Check::not_run(ID, "the length of the audio is not known");
    };
    // a word or two may stand for the shortest sound
    let found = many(text.chars().count()) / seconds.max(1.0);
    Check::at_most(ID, found, bound).kind(Kind::Soft)
}
