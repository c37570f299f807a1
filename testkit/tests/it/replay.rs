//! Every recorded answer of a stock orchestrator to `/segment`, provoked again with fresh tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Response, Version};
use prost::Message as _;
use serde_json::Value;
use waymark_proto::net;
use waymark_testkit::client::{SegmentOutcome, get_orchestrator, grpc, seg_data};
use waymark_testkit::{Clock, Orchestrator};

use crate::harness::{
    SEGMENT, SOFTWARE_BITS, profile, raw, recorded, send_data, token, without_first_picture,
    without_video,
};

/// Cases that need more than one request; each has a test of its own below.
const SCENES: [&str; 7] = [
    "ten segments of one session at once",
    "token of an O that restarted",
    "first session of an O with maxSessions 1",
    "second session of an O with maxSessions 1",
    "second session after EndTranscodingSession of the first",
    "GetOrchestrator while full",
    "expired token (30 min after issue)",
];

fn cases() -> Vec<Value> {
    recorded("orchestrator_segment_responses").as_array().expect("a list").clone()
}

fn case(name: &str) -> Value {
    cases().into_iter().find(|case| case["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn stock() -> waymark_testkit::Builder {
    Orchestrator::builder().off_chain().capabilities(SOFTWARE_BITS)
}

fn recorded_header(case: &Value) -> Option<net::SegData> {
    let header = case["request_headers"]["Livepeer-Segment"].as_str()?;
    let unpadded = header.trim_end_matches('=');
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(unpadded).ok()?;
    net::SegData::decode(bytes.as_slice()).ok()
}

/// What was in the body, made anew.
fn body(name: &str) -> Bytes {
    match name {
        "result error: empty" => Bytes::new(),
        "result error: garbage" => {
            (0..50_000u32).map(|i| (i.wrapping_mul(i) >> 7).to_le_bytes()[0]).collect()
        }
        "result error: audio only" => without_video(&SEGMENT),
        "result error: no keyframe" => without_first_picture(&SEGMENT),
        "uri mode, fetch fails" => Bytes::from_static(b"http://127.0.0.1:1/x.ts"),
        _ => SEGMENT.clone(),
    }
}

/// The recorded header with this session's token and this body's hash, its faults kept.
fn refreshed(case: &Value, fresh: &net::AuthToken, body: &[u8]) -> Option<String> {
    let Some(mut data) = recorded_header(case) else {
        return case["request_headers"]["Livepeer-Segment"].as_str().map(str::to_owned);
    };
    let hash = hex::encode(&data.hash);
    if case["request_body"]["keccak256"] == hash || case["name"] == "uri mode, fetch fails" {
        data.hash = seg_data("", 0, body, &[], net::AuthToken::default()).hash;
    }
    if let Some(recorded) = &mut data.auth_token {
        let faulty = case["body"].as_str().is_some_and(|text| text == "invalid auth token\n");
        *recorded = if faulty { faults_kept(recorded, fresh) } else { fresh.clone() };
    }
    let header = STANDARD.encode(data.encode_to_vec());
    let unpadded = case["name"] == "segment header without padding";
    assert!(!unpadded || header.ends_with('='), "the padding is the point of this case");
    Some(if unpadded { header.trim_end_matches('=').to_owned() } else { header })
}

/// A recorded token is faulty where it differs from the good one of its session.
fn faults_kept(recorded: &net::AuthToken, fresh: &net::AuthToken) -> net::AuthToken {
    let good = recorded_header(&case("accepted")).and_then(|data| data.auth_token).unwrap();
    let mut token = fresh.clone();
    if recorded.token != good.token {
        token.token = recorded.token.clone();
    }
    if recorded.session_id != good.session_id {
        token.session_id.clone_from(&recorded.session_id);
    }
    token.expiration += recorded.expiration - good.expiration;
    assert_ne!(&token, fresh, "nothing is wrong with this token");
    token
}

async fn replay(
    orchestrator: &Orchestrator,
    case: &Value,
    fresh: &net::AuthToken,
    version: Version,
) -> Response<Bytes> {
    let body = body(case["name"].as_str().unwrap());
    let segment = refreshed(case, fresh, &body);
    let recorded = |name: &str| case["request_headers"][name].as_str();
    let headers: Vec<_> = [
        ("content-type", recorded("Content-Type")),
        ("livepeer-segment", segment.as_deref()),
        ("livepeer-payment", recorded("Livepeer-Payment")),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    raw(orchestrator, version, "/segment", &headers, body).await.expect("an answer")
}

fn assert_answer(case: &Value, answer: &Response<Bytes>, version: Version) {
    let name = format!("{} over {version:?}", case["name"]);
    assert_eq!(case["status"], answer.status().as_u16(), "{name}");
    for header in ["content-type", "x-content-type-options", "content-length"] {
        let ours = answer.headers().get(header).map(|value| value.to_str().unwrap());
        assert_eq!(case["response_headers"][header].as_str(), ours, "{name}: {header}");
    }
    assert!(answer.headers().contains_key("date"), "{name}: date");
    if answer.status() != 200 {
        assert_eq!(case["body"], String::from_utf8_lossy(answer.body()).as_ref(), "{name}");
        return;
    }
    let result = net::TranscodeResult::decode(answer.body().clone()).expect("a message");
    let (error, segments) = match &result.result {
        Some(net::transcode_result::Result::Error(text)) => (text.as_str(), 0),
        Some(net::transcode_result::Result::Data(data)) => ("", data.segments.len()),
        None => panic!("{name}: neither error nor data"),
    };
    assert_eq!(case["result"]["error"], error, "{name}");
    assert_eq!(case["result"]["segments"], segments, "{name}");
    assert_eq!(case["result"]["seq"], result.seq, "{name}");
    let theirs = hex::decode(case["response_body_hex"].as_str().unwrap()).unwrap();
    let theirs = net::TranscodeResult::decode(theirs.as_slice()).unwrap();
    assert_same_information(&result.info.unwrap(), &theirs.info.unwrap());
}

fn assert_same_information(ours: &net::OrchestratorInfo, theirs: &net::OrchestratorInfo) {
    assert_eq!(ours.capabilities, theirs.capabilities);
    assert_eq!(ours.address, theirs.address);
    assert_eq!(ours.ticket_params, None);
    assert_eq!(ours.price_info, None);
    assert!(ours.hardware.is_empty() && ours.storage.is_empty() && ours.nodes.is_empty());
}

async fn replay_all(version: Version) {
    let orchestrator = stock().start().await.unwrap();
    let mut replayed = BTreeSet::new();
    for case in cases() {
        let name = case["name"].as_str().unwrap().to_owned();
        if SCENES.contains(&name.as_str()) {
            continue;
        }
        let session = token(&orchestrator).await;
        let answer = replay(&orchestrator, &case, &session, version).await;
        assert_answer(&case, &answer, version);
        end(&orchestrator, session).await;
        replayed.insert(name);
    }
    assert_eq!(replayed.len() + SCENES.len(), cases().len(), "every case is covered");
}

async fn end(orchestrator: &Orchestrator, token: net::AuthToken) {
    let request = net::EndTranscodingSessionRequest { auth_token: Some(token) };
    let mut client = grpc(orchestrator.uri()).await.unwrap();
    client.end_transcoding_session(request).await.expect("the session ends");
}

#[tokio::test]
async fn recorded_answers_come_again_over_http2() {
    replay_all(Version::HTTP_2).await;
}

#[tokio::test]
async fn recorded_answers_come_again_over_http1() {
    replay_all(Version::HTTP_11).await;
}

#[tokio::test]
async fn of_ten_segments_at_once_five_are_transcoded_and_five_find_the_session_busy() {
    let recorded = case("ten segments of one session at once");
    let orchestrator = stock().start().await.unwrap();
    let token = token(&orchestrator).await;
    let profiles = [profile("P144", 256, 144)];
    let data: Vec<_> =
        (100..110).map(|seq| seg_data("direct", seq, &SEGMENT, &profiles, token.clone())).collect();
    let held = orchestrator.hold();
    let sending = join_all(data.iter().map(|data| send_data(&orchestrator, data)));
    let refused = async {
        orchestrator.wait_for(|stats| stats.errors() == 5).await.unwrap();
        drop(held);
    };
    let (outcomes, ()) = tokio::join!(sending, refused);
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("200")).collect();
    let good = outcomes.iter().filter(|outcome| outcome.renditions().is_some()).count();
    let errors: Vec<_> = outcomes.iter().filter_map(SegmentOutcome::error).collect();
    assert_eq!(recorded["ok"], good);
    assert_eq!(recorded["error"].as_array().unwrap().len(), errors.len());
    assert!(errors.iter().all(|error| *error == "OrchestratorBusy"), "{errors:?}");
}

#[tokio::test]
async fn a_restart_ends_every_token() {
    let recorded = case("token of an O that restarted");
    let orchestrator = stock().start().await.unwrap();
    let token = token(&orchestrator).await;
    orchestrator.restart().await.unwrap();
    // The header is in order but for the secret it was made under.
    let accepted = case("accepted");
    let answer = replay(&orchestrator, &accepted, &token, Version::HTTP_2).await;
    assert_answer(&recorded, &answer, Version::HTTP_2);
}

#[tokio::test]
async fn a_full_orchestrator_refuses_until_its_session_ends() {
    let orchestrator = stock().max_sessions(1).start().await.unwrap();
    let (first, second) = (token(&orchestrator).await, token(&orchestrator).await);
    for (name, token) in [
        ("first session of an O with maxSessions 1", &first),
        ("second session of an O with maxSessions 1", &second),
    ] {
        let case = case(name);
        let answer = replay(&orchestrator, &case, token, Version::HTTP_2).await;
        assert_answer(&case, &answer, Version::HTTP_2);
    }
    let refused = get_orchestrator(orchestrator.uri(), None).await.unwrap_err().to_string();
    let text = case("GetOrchestrator while full")["grpc"]["details"].as_str().unwrap().to_owned();
    assert!(refused.ends_with(&text), "{refused}");
    end(&orchestrator, first).await;
    let case = case("second session after EndTranscodingSession of the first");
    let answer = replay(&orchestrator, &case, &second, Version::HTTP_2).await;
    assert_answer(&case, &answer, Version::HTTP_2);
}

#[tokio::test]
async fn a_token_expires_after_thirty_minutes_and_still_ends_its_session() {
    let case = case("expired token (30 min after issue)");
    let (clock, hand) = Clock::manual();
    let orchestrator = stock().clock(clock).start().await.unwrap();
    let token = token(&orchestrator).await;
    hand.advance(Duration::from_secs(30 * 60 + 1));
    let answer = replay(&orchestrator, &case, &token, Version::HTTP_2).await;
    assert_answer(&case, &answer, Version::HTTP_2);
    end(&orchestrator, token).await;
    assert_eq!(orchestrator.stats().sessions_ended, 1);
}
