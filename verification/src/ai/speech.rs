//! A voice that reads a text.

use serde::Deserialize;

use super::sound::{Sound, SoundError};
use super::{Job, Memory, Pipeline, ResultCheck, at_least, text, within};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;

/// Letters from which on the time that reading takes says something.
const ENOUGH: usize = 20;

/// Checks of text-to-speech.
#[derive(Clone, Copy, Debug)]
pub struct TextToSpeech;

#[derive(Deserialize)]
struct Answer {
    #[expect(dead_code, reason = "that it is there is the check")]
    audio: Address,
}

#[derive(Deserialize)]
struct Address {
    #[expect(dead_code, reason = "that it is there is the check")]
    url: String,
}

impl ResultCheck for TextToSpeech {
    fn pipeline(&self) -> Pipeline {
        Pipeline::TextToSpeech
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        if let Err(check) = job.parse::<Answer>("speech.schema") {
            return Verdict::from_iter([check]);
        }
        let mut checks = vec![Check::pass("speech.schema", "")];
        match job.media.first().copied().flatten().map(Sound::measure) {
            None => checks.push(Check::not_run("speech.decodes", "no sound at hand")),
            Some(Err(error @ SoundError::Other { .. })) => {
                checks.push(Check::not_run("speech.decodes", error.to_string()));
            }
            Some(Err(error)) => checks.push(Check::fail("speech.decodes", error.to_string())),
            Some(Ok(sound)) => {
                checks.push(Check::pass("speech.decodes", "").value(sound.seconds));
                checks.extend(content(job, sound));
            }
        }
        checks.into_iter().collect()
    }
}

fn content(job: &Job<'_>, sound: Sound) -> [Check; 2] {
    let silent = at_least("speech.silent", sound.loudness, job.bounds.silence);
    // not one sample away from zero is no quiet voice
    let silent = if sound.peak > 0.0 { silent } else { silent.kind(Kind::Hard) };
    let letters = text::letters(job.request.text("text").unwrap_or_default());
    let rate = if letters < ENOUGH {
        Check::not_run("speech.rate", "too little text")
    } else if sound.seconds > 0.0 {
        within("speech.rate", many(letters) / sound.seconds, job.bounds.speech_rate)
    } else {
        Check::fail("speech.rate", "no sound at all")
    };
    [silent, rate]
}
