//! Language models, captions, and containers of others.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::byoc::Byoc;
use super::super::fixture::{judge, request};
use super::super::{Fields, Job, Memory, Pipeline, ResultCheck, checks, second};
use crate::thresholds::Ai;
use crate::verdict::{Decision, Outcome};

const SAID: &str = "A gateway sends work to orchestrators and checks what comes back. It does not trust a name, a \
    price or a promise; it looks at the result, and asks somebody else when it is not sure.";

fn question() -> Fields {
    request(json!({"model": "m", "max_tokens": 64, "stream": false,
        "messages": [{"role": "user", "content": "What does a gateway do, in two sentences or three?"}]}))
}

fn reply(text: &str, tokens: u64, finish: &str) -> Value {
    json!({"id": "1", "model": "m", "created": 1,
        "usage": {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": 20 + tokens},
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}]})
}

fn said(answer: &Value) -> crate::Verdict {
    judge(checks(Pipeline::Llm), &question(), answer, |_| {})
}

#[test]
fn an_honest_reply_is_accepted_whole_and_in_parts() {
    let whole = said(&reply(SAID, 38, "stop"));
    assert_eq!(whole.decision(), Decision::Accepted, "{whole}");
    assert_eq!(whole.outcome_of("chat.tokens"), Outcome::Pass);

    let usage = json!({"prompt_tokens": 20, "completion_tokens": 38, "total_tokens": 58});
    let part = |text: &str, finish: &str| {
        let delta = json!({"choices": [{"index": 0, "finish_reason": finish, "delta": {"content": text}}], "usage": usage});
        format!("data: {delta}\n\n")
    };
    let (head, tail) = SAID.split_at(60);
    let stream = format!("{}{}{}", part(head, ""), part(tail, ""), part("", "stop"));
    let (fields, bounds) = (question(), Ai::default());
    let arrivals = [Duration::ZERO, Duration::from_millis(40), Duration::from_millis(90)];
    let job = Job { arrivals: &arrivals, ..Job::new(&fields, stream.as_bytes(), &bounds) };
    let verdict = checks(Pipeline::Llm).check(&job, &mut Memory::new(1, 1));
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
    assert_eq!(verdict.outcome_of("chat.gap"), Outcome::Pass);

    let cut = format!("{}{}", part(head, ""), part(tail, ""));
    let verdict = checks(Pipeline::Llm)
        .check(&Job::new(&fields, cut.as_bytes(), &bounds), &mut Memory::new(1, 1));
    assert_eq!(verdict.outcome_of("chat.finish"), Outcome::Fail, "a stream that just ends");
}

#[test]
fn counts_that_the_text_cannot_have_are_found() {
    let failed = |answer: &Value| -> Vec<&'static str> {
        said(answer).failures().map(|check| check.id).collect()
    };
    assert_eq!(failed(&reply(SAID, 2_000, "stop")), ["chat.tokens", "chat.max_tokens"]);
    assert_eq!(failed(&reply("No.", 60, "stop")), ["chat.tokens"]);
    assert_eq!(failed(&reply(SAID, 5, "stop")), ["chat.tokens"]);
    assert_eq!(
        failed(&reply(&SAID.repeat(9), 3, "stop")),
        ["chat.tokens", "chat.possible", "chat.repeats"]
    );
    assert_eq!(failed(&reply(SAID, 38, "length")), ["chat.max_tokens"]);
    let mut wrong = reply(SAID, 38, "stop");
    wrong["usage"]["total_tokens"] = 500.into();
    assert_eq!(failed(&wrong), ["chat.usage"]);
    assert_eq!(said(&wrong).decision(), Decision::Refused);
}

#[test]
fn languages_without_spaces_are_no_suspects() {
    let text = "網關把工作交給協調者，並檢查返回的結果。它不相信名字、價格或承諾，只看結果本身；不確定時再問別人。";
    let verdict = said(&reply(text, 45, "stop"));
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
}

#[test]
fn a_model_that_repeats_itself_or_the_question_or_goes_on_is_suspicious() {
    let failed = |text: &str, tokens| said(&reply(text, tokens, "stop")).outcome_of("chat.repeats");
    assert_eq!(failed(&"I do not know. ".repeat(20), 60), Outcome::Fail);
    assert_eq!(failed(&"a".repeat(300), 60), Outcome::Fail);
    let echo = said(&reply("What does a gateway do, in two sentences or three?", 12, "stop"));
    assert_eq!(echo.outcome_of("chat.echo"), Outcome::Fail);
    let mut fields = json!({"max_tokens": 64, "stop": ["END"]});
    let on = reply("one END two", 4, "stop");
    let check = |fields: &Value| {
        judge(checks(Pipeline::Llm), &request(fields.clone()), &on, |_| {}).outcome_of("chat.stop")
    };
    assert_eq!(check(&fields), Outcome::Fail);
    fields["stop"] = "two".into();
    assert_eq!(check(&fields), Outcome::Pass, "the word that ended it may be there");
}

#[test]
fn errors_and_empty_streams_are_no_replies() {
    let (fields, bounds) = (question(), Ai::default());
    for body in [
        "",
        "data: [DONE]\n",
        "data: {\"error\":\"busy\"}\n",
        "{\"choices\":[]}",
        "{\"choices\":3}",
        "null",
    ] {
        let job = Job::new(&fields, body.as_bytes(), &bounds);
        let verdict = checks(Pipeline::Llm).check(&job, &mut Memory::new(1, 1));
        assert_eq!(verdict.decision(), Decision::Refused, "{body:?} {verdict}");
    }
}

#[test]
fn a_second_model_of_the_same_name_says_the_same_tokens() {
    let bounds = Ai::default();
    assert_eq!(second::tokens(&[1, 2, 3, 4], &[1, 2, 3, 4], &bounds).outcome, Outcome::Pass);
    assert_eq!(second::tokens(&[1, 2, 3, 4], &[1, 2, 9, 9], &bounds).outcome, Outcome::Fail);
    assert_eq!(second::replies(SAID, SAID, &bounds).outcome, Outcome::Pass);
    assert_eq!(second::replies(SAID, "No.", &bounds).outcome, Outcome::Fail);
    assert_eq!(second::tokens::<u32>(&[], &[], &bounds).outcome, Outcome::NotRun);
}

#[test]
fn a_caption_is_a_short_readable_text() {
    let decide = |text: &str| {
        judge(checks(Pipeline::ImageToText), &request(json!({})), &json!({"text": text}), |_| {})
            .decision()
    };
    assert_eq!(decide("a dog on a beach"), Decision::Accepted);
    assert_eq!(decide("  \n"), Decision::Soft);
    assert_eq!(decide("a dog\u{0}\u{fffd}"), Decision::Soft);
    assert_eq!(decide(&"x y z w v ".repeat(1_000)), Decision::Soft);
}

#[test]
fn a_container_is_held_to_the_schema_and_the_times_its_owner_states() {
    let schema = json!({"type": "object", "required": ["label"], "properties": {"label": {"enum": ["cat", "dog"]}}});
    let mut byoc = Byoc::default().with_schema(&schema).unwrap();
    (byoc.least, byoc.most, byoc.silence) = (2, Some(64), Some(Duration::from_secs(2)));
    let decide = |answer: &Value| judge(&byoc, &request(json!({})), answer, |_| {}).decision();
    assert_eq!(decide(&json!({"label": "cat"})), Decision::Accepted);
    assert_eq!(decide(&json!({"label": "lion"})), Decision::Refused);
    assert_eq!(
        decide(&json!({"label": "cat", "more": "x".repeat(100)})),
        Decision::Refused,
        "too large"
    );
    assert_eq!(decide(&json!(1)), Decision::Refused, "too small");
    let (fields, bounds) = (request(json!({})), Ai::default());
    let arrivals = [Duration::ZERO, Duration::from_secs(9)];
    let job = Job { arrivals: &arrivals, ..Job::new(&fields, br#"{"label":"dog"}"#, &bounds) };
    assert_eq!(byoc.check(&job, &mut Memory::new(1, 1)).decision(), Decision::Soft);
    assert!(Byoc::default().with_schema(&json!({"type": "cat"})).is_err());
    assert!(Byoc::default().with_schema(&json!({"$ref": "http://localhost/x"})).is_err());
}
