//! Voices and transcripts.

use serde_json::json;

use super::super::fixture::{judge, request, wav};
use super::super::{Pipeline, checks, second};
use crate::thresholds::Ai;
use crate::verdict::{Decision, Outcome};

const TEXT: &str = "The ferry leaves at nine in the morning and comes back before dark.";

fn read(sound: Vec<u8>) -> crate::Verdict {
    let sound: &'static [u8] = Vec::leak(sound);
    let answer = json!({"audio": {"url": "/stream/a/b.wav"}});
    judge(checks(Pipeline::TextToSpeech), &request(json!({"text": TEXT})), &answer, |job| {
        job.media = Vec::leak(vec![Some(sound)]);
    })
}

#[test]
fn a_voice_that_reads_the_text_in_the_time_it_takes_is_accepted() {
    assert_eq!(read(wav(4, 9_000)).decision(), Decision::Accepted, "{}", read(wav(4, 9_000)));
}

#[test]
fn silence_a_moment_and_an_hour_are_no_voice() {
    assert_eq!(read(wav(4, 0)).decision(), Decision::Refused, "not a single sample");
    assert_eq!(read(wav(4, 12)).outcome_of("speech.silent"), Outcome::Fail);
    assert_eq!(read(wav(1, 9_000)).outcome_of("speech.rate"), Outcome::Fail);
    assert_eq!(read(wav(60, 9_000)).outcome_of("speech.rate"), Outcome::Fail);
}

#[test]
fn a_damaged_file_is_refused_and_another_format_is_not_judged() {
    assert_eq!(read(wav(1, 9_000)[..500].to_vec()).decision(), Decision::Refused);
    assert_eq!(read(b"nothing".to_vec()).decision(), Decision::Refused);
    let mp3 = read(b"ID3\x04rest".to_vec());
    assert_eq!(mp3.outcome_of("speech.decodes"), Outcome::NotRun);
    assert_eq!(mp3.decision(), Decision::Accepted);
}

fn heard(answer: &serde_json::Value) -> crate::Verdict {
    let sound: &'static [u8] = Vec::leak(wav(6, 9_000));
    judge(checks(Pipeline::AudioToText), &request(json!({})), answer, |job| job.input = Some(sound))
}

#[test]
fn a_transcript_follows_the_sound() {
    let verdict = heard(&json!({"text": " Good day. How are you?", "chunks": [
        {"timestamp": [0.0, 2.5], "text": " Good day."},
        {"timestamp": [2.5, null], "text": " How are you?"},
    ]}));
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
    assert_eq!(verdict.outcome_of("transcript.end"), Outcome::Pass);
}

#[test]
fn times_that_go_back_or_on_after_the_end_and_too_much_text_are_suspicious() {
    let chunk = |from: f64, to: f64| {
        json!({"text": "a b", "chunks": [
        {"timestamp": [2.0, 4.0], "text": "a"}, {"timestamp": [from, to], "text": "b"}]})
    };
    assert_eq!(heard(&chunk(4.0, 5.0)).decision(), Decision::Accepted);
    assert_eq!(heard(&chunk(0.1, 5.0)).outcome_of("transcript.order"), Outcome::Fail);
    assert_eq!(heard(&chunk(5.0, 3.0)).outcome_of("transcript.order"), Outcome::Fail);
    assert_eq!(heard(&chunk(5.0, 30.0)).outcome_of("transcript.end"), Outcome::Fail);
    let long = heard(&json!({"text": "blah ".repeat(200)}));
    assert_eq!(long.outcome_of("transcript.rate"), Outcome::Fail);
    assert_eq!(long.outcome_of("transcript.repeats"), Outcome::Fail);
    let other =
        heard(&json!({"text": "Good day", "chunks": [{"timestamp": [0, 1], "text": "Bad day"}]}));
    assert_eq!(other.outcome_of("transcript.parts"), Outcome::Fail);
    assert_eq!(heard(&json!({"chunks": []})).decision(), Decision::Refused);
}

#[test]
fn a_second_ear_hears_the_same_words() {
    let bounds = Ai::default();
    let outcome = |a, b| second::transcripts(a, b, &bounds).outcome;
    let misheard = "the ferry leaves at nine in the morning and comes back before dusk";
    assert_eq!(outcome(TEXT, misheard), Outcome::Pass);
    assert_eq!(outcome(TEXT, "the train leaves at ten in the evening"), Outcome::Fail);
    assert_eq!(outcome("", ""), Outcome::NotRun);
    assert_eq!(second::read_aloud(TEXT, misheard, &bounds).outcome, Outcome::Pass);
}
