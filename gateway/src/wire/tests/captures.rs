//! What a stock gateway sent, built again from its inputs; what it received, read again.

use std::time::Duration;

use alloy_primitives::B256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::Value;
use waymark_payments::session::Refusal;
use waymark_proto::net::{AuthToken, OrchestratorInfo};

use super::{bytes, presets, tag};
use crate::{
    capability::{JobCapabilities, JobNeeds, compatible, job_capabilities},
    profile::Profile,
    signer::OffChain,
    wire::{
        Fault, SegmentCredentials, SessionInfo, classify_refusal, decode_result,
        end_session_request, header_value, orchestrator_request, seg_data,
    },
};

fn get_orchestrator() -> Value {
    parse(include_str!("../../../../proto/vectors/captures/get_orchestrator.json"))
}

fn segment_requests() -> Value {
    parse(include_str!("../../../../proto/vectors/captures/segment_requests.json"))
}

fn segment_responses() -> Value {
    parse(include_str!("../../../../proto/vectors/captures/segment_responses.json"))
}

fn grpc_direct() -> Value {
    parse(include_str!("../../../../proto/vectors/captures/grpc_direct.json"))
}

fn rtmp() -> Value {
    parse(include_str!("../../../../proto/vectors/captures/rtmp.json"))
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The message inside a gRPC frame.
fn framed(exchange: &Value, key: &str) -> Vec<u8> {
    bytes(&exchange[key]).split_off(5)
}

fn base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// A 64-bit number in the recordings; absent at 0.
fn long(value: &Value) -> i64 {
    value.as_str().map_or(0, |text| text.parse().unwrap())
}

fn token(reading: &Value) -> AuthToken {
    AuthToken {
        token: base64(&reading["token"]).into(),
        session_id: reading["session_id"].as_str().unwrap().to_owned(),
        expiration: long(&reading["expiration"]),
        ..AuthToken::default()
    }
}

/// What the job needs, from its renditions as recorded and the way it came in.
fn capabilities(profiles: &[Profile], push: bool) -> JobCapabilities {
    job_capabilities(&JobNeeds { profiles, push, ..JobNeeds::default() }).unwrap()
}

fn default_profiles() -> Vec<Profile> {
    presets(&["P240p30fps16x9", "P360p30fps16x9"])
}

fn check_requests(exchanges: &Value, push: bool) -> usize {
    let needs = capabilities(&default_profiles(), push);
    let exchanges = exchanges.as_array().unwrap();
    for exchange in exchanges {
        let request = orchestrator_request(&OffChain, Some(&needs), false, None).unwrap();
        assert_eq!(request.encode_to_vec(), framed(exchange, "request_grpc_frame_hex"));
    }
    exchanges.len()
}

/// Builds each segment's header from what went into it, and reads each answer.
fn check_segments(exchanges: &Value, push: bool) -> usize {
    let exchanges = exchanges.as_array().unwrap();
    for exchange in exchanges {
        let sent = &exchange["segdata"];
        let names: Vec<&str> = sent["fullProfiles"]
            .as_array()
            .unwrap()
            .iter()
            .map(|profile| profile["name"].as_str().unwrap())
            .collect();
        let profiles = presets(&names);
        let manifest_id = String::from_utf8(base64(&sent["manifestId"])).unwrap();
        let seq = long(&sent["seq"]).cast_unsigned();
        let credentials = SegmentCredentials {
            manifest_id: &manifest_id,
            seq,
            hash: B256::from_slice(&bytes(&exchange["request_body"]["keccak256"])),
            duration: Duration::from_millis(sent["duration"].as_u64().unwrap()),
            profiles: &profiles,
            capabilities: &capabilities(&profiles, push),
            clip: None,
            force_session_reinit: false,
            perceptual_hash: false,
            token: &token(&sent["auth_token"]),
            tag: None,
            storage: None,
        };
        let message = seg_data(&credentials, &OffChain).unwrap();
        assert_eq!(hex::encode(message.encode_to_vec()), exchange["segdata_hex"]);
        assert_eq!(
            header_value(&message).unwrap(),
            exchange["request_headers"]["Livepeer-Segment"][0].as_str().unwrap()
        );

        let tagged =
            seg_data(&SegmentCredentials { tag: Some(&tag()), ..credentials }, &OffChain).unwrap();
        let untagged = waymark_proto::net::SegData {
            job_tag: None,
            auth_token: tagged.auth_token.clone().map(|token| AuthToken { job_tag: None, ..token }),
            ..tagged
        };
        assert_eq!(hex::encode(untagged.encode_to_vec()), exchange["segdata_hex"]);

        check_result(exchange, seq, &names);
    }
    exchanges.len()
}

/// Compares every field of an answer with its recorded reading.
fn check_result(exchange: &Value, seq: u64, names: &[&str]) {
    let body = bytes(&exchange["response_body_hex"]);
    let reading = &exchange["response_message"];
    assert_eq!(long(&reading["seq"]).cast_unsigned(), seq);
    let output = decode_result(body.into(), seq, names.len()).unwrap();
    let segments = reading["data"]["segments"].as_array().unwrap();
    assert_eq!(output.segments.len(), segments.len());
    for ((rendition, reading), name) in output.segments.iter().zip(segments).zip(names) {
        assert_eq!(rendition.url.as_str(), reading["url"]);
        assert_eq!(rendition.pixels, long(&reading["pixels"]).cast_unsigned());
        assert_eq!(rendition.perceptual_hash_url, None);
        assert_eq!(rendition.named(), Some(*name));
    }
    assert!(output.signature.is_empty());
    check_info(output.info.unwrap(), &reading["info"]);
}

/// Compares every field of an orchestrator's description with its recorded reading.
fn check_info(info: OrchestratorInfo, reading: &Value) {
    let session = SessionInfo::read(info).unwrap();
    let base = session.transcoder.as_str().strip_suffix('/').unwrap();
    assert_eq!(base, reading["transcoder"]);
    assert_eq!(session.address, None);
    assert_eq!(session.result_signer(), None);
    assert_eq!(session.token, token(&reading["auth_token"]));
    assert_eq!(session.session_id(), reading["auth_token"]["session_id"]);
    assert_eq!(session.expires_at.as_second(), long(&reading["auth_token"]["expiration"]));
    let words: Vec<String> = session.capabilities.bitstring.iter().map(u64::to_string).collect();
    assert_eq!(serde_json::json!(words), reading["capabilities"]["bitstring"]);
    assert!(session.capabilities.mandatories.is_empty());
    assert_eq!(session.version(), reading["capabilities"]["version"]);
    assert_eq!(session.price, None);
    assert_eq!(session.ticket_params, None);
    assert_eq!(session.storage, None);
    assert!(session.nodes.is_empty());
    compatible(&capabilities(&default_profiles(), true), &session.capabilities).unwrap();
}

#[test]
fn a_push_asks_for_sessions_with_the_recorded_bytes() {
    assert_eq!(check_requests(&get_orchestrator(), true), 2);
}

#[test]
fn the_answer_to_get_orchestrator_reads_as_recorded() {
    for exchange in get_orchestrator().as_array().unwrap() {
        let info = framed(exchange, "response_grpc_frame_hex");
        let info = OrchestratorInfo::decode(info.as_slice()).unwrap();
        check_info(info, &exchange["response_message"]);
    }
}

#[test]
fn pushed_segments_are_sent_with_the_recorded_bytes() {
    assert_eq!(check_segments(&segment_requests(), true), 3);
}

#[test]
fn an_rtmp_stream_is_sent_with_the_recorded_bytes() {
    let stream = rtmp();
    assert_eq!(check_requests(&stream["get_orchestrator"], false), 1);
    assert_eq!(check_segments(&stream["segment_requests"], false), 2);
    let end = &stream["end_transcoding_session"][0];
    let request = end_session_request(&token(&end["request_message"]["auth_token"]));
    assert_eq!(request.encode_to_vec(), framed(end, "request_grpc_frame_hex"));
}

/// The orchestrator answered a request for a capability that it does not have.
#[test]
fn what_an_orchestrator_lacks_is_noticed_though_it_answers() {
    let exchanges = grpc_direct();
    let asked = exchanges
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["request_message"]["capabilities"]["bitstring"][0] == "1048576")
        .unwrap();
    let info = framed(asked, "response_grpc_frame_hex");
    let session = SessionInfo::read(OrchestratorInfo::decode(info.as_slice()).unwrap()).unwrap();
    let vp9 = Profile { encoder: crate::profile::Encoder::Vp9, ..default_profiles().remove(0) };
    let error = compatible(&capabilities(&[vp9], true), &session.capabilities).unwrap_err();
    assert_eq!(error.to_string(), "the orchestrator does not offer VP9_Encode (20)");
}

#[test]
fn every_recorded_answer_to_a_segment_is_put_into_its_class() {
    let class = |name: &str| match name {
        "unknown output format"
        | "unknown encoder profile"
        | "unknown codec"
        | "incompatible capabilities" => Fault::Incapable,
        "duration -1"
        | "duration 300001"
        | "result error: empty"
        | "result error: garbage"
        | "result error: audio only"
        | "result error: no keyframe"
        | "clip to before from" => Fault::Media,
        "no headers at all"
        | "no auth token"
        | "forged token"
        | "token with later expiration"
        | "token of another session id"
        | "token of an O that restarted"
        | "expired token (30 min after issue)" => Fault::Token,
        "payment not base64" | "payment not protobuf" => Fault::Payment(Refusal::Other),
        "ten segments of one session at once" => Fault::Busy,
        "second session of an O with maxSessions 1" => Fault::Capped,
        _ => Fault::Other,
    };
    let mut outcomes = [0; 3];
    for answer in segment_responses().as_array().unwrap() {
        let name = answer["name"].as_str().unwrap();
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        if status != 200 {
            let text = answer["body"].as_str().unwrap();
            assert_eq!(classify_refusal(status, text), class(name), "{name}");
            outcomes[0] += 1;
            continue;
        }
        let reading = &answer["result"];
        let seq = reading["seq"].as_u64().unwrap();
        let count = usize::try_from(reading["segments"].as_u64().unwrap()).unwrap();
        match decode_result(bytes(&answer["response_body_hex"]).into(), seq, count) {
            Ok(output) => {
                assert_eq!(reading["error"], "", "{name}");
                assert_eq!(output.segments.len(), count, "{name}");
                outcomes[1] += 1;
            }
            Err(error) => {
                let said =
                    format!("the orchestrator reports: {}", reading["error"].as_str().unwrap());
                assert_eq!(error.to_string(), said, "{name}");
                assert_eq!(error.fault(), class(name), "{name}");
                outcomes[2] += 1;
            }
        }
    }
    assert_eq!(outcomes, [22, 6, 7]);
}
