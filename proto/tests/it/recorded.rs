//! Traffic between stock nodes, off-chain.

use std::fmt::Debug;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::Value;
use waymark_proto::net::{
    EndTranscodingSessionRequest, EndTranscodingSessionResponse, OrchestratorInfo,
    OrchestratorRequest, PingPong, SegData, TranscodeResult,
};

use crate::render;

fn parse(json: &str) -> Vec<Value> {
    match serde_json::from_str(json).unwrap() {
        Value::Array(exchanges) => exchanges,
        other => vec![other],
    }
}

fn hex_of(exchange: &Value, key: &str) -> Vec<u8> {
    hex::decode(exchange[key].as_str().unwrap()).unwrap()
}

/// The message inside a gRPC frame: a compression flag and four bytes of length come first.
fn framed(exchange: &Value, key: &str) -> Vec<u8> {
    let frame = hex_of(exchange, key);
    let (head, message) = frame.split_at(5);
    assert_eq!(head[0], 0, "not compressed");
    assert_eq!(u32::from_be_bytes(head[1..].try_into().unwrap()) as usize, message.len());
    message.to_vec()
}

/// Decodes, compares with the recorded reading, and checks that nothing was lost on the way.
fn check<M: Message + Default + PartialEq + Debug>(
    bytes: &[u8],
    reading: &Value,
    render: fn(&M) -> Value,
) {
    let message = M::decode(bytes).unwrap();
    assert_eq!(render(&message), *reading);
    // Not the same bytes: maps come in any order, and entries with a default key are shorter here.
    assert_eq!(M::decode(message.encode_to_vec().as_slice()), Ok(message));
}

fn get_orchestrator(exchanges: &[Value]) -> usize {
    for exchange in exchanges {
        let request = framed(exchange, "request_grpc_frame_hex");
        check::<OrchestratorRequest>(&request, &exchange["request_message"], render::request);
        let message = OrchestratorRequest::decode(request.as_slice()).unwrap();
        assert_eq!(message.encode_to_vec(), request, "a request has no maps: same bytes");

        let response = framed(exchange, "response_grpc_frame_hex");
        match &exchange["response_message"] {
            // The RTMP recording kept the frame alone.
            Value::Null => assert!(OrchestratorInfo::decode(response.as_slice()).is_ok()),
            reading => check::<OrchestratorInfo>(&response, reading, render::info),
        }
    }
    exchanges.len()
}

fn segments(exchanges: &[Value]) -> usize {
    for exchange in exchanges {
        let sent = hex_of(exchange, "segdata_hex");
        check::<SegData>(&sent, &exchange["segdata"], render::seg_data);
        let header = exchange["request_headers"]["Livepeer-Segment"][0].as_str().unwrap();
        assert_eq!(STANDARD.decode(header).unwrap(), sent);
        assert_eq!(SegData::decode(sent.as_slice()).unwrap().encode_to_vec(), sent);

        let result = hex_of(exchange, "response_body_hex");
        check::<TranscodeResult>(&result, &exchange["response_message"], render::result);
    }
    exchanges.len()
}

#[test]
fn get_orchestrator_reads_as_recorded() {
    let exchanges = parse(include_str!("../../vectors/captures/get_orchestrator.json"));
    assert_eq!(get_orchestrator(&exchanges), 2);
}

#[test]
fn segments_and_their_results_read_as_recorded() {
    let exchanges = parse(include_str!("../../vectors/captures/segment_requests.json"));
    assert_eq!(segments(&exchanges), 3);
}

#[test]
fn an_rtmp_stream_reads_as_recorded() {
    let stream = &parse(include_str!("../../vectors/captures/rtmp.json"))[0];
    assert_eq!(get_orchestrator(stream["get_orchestrator"].as_array().unwrap()), 1);
    assert_eq!(segments(stream["segment_requests"].as_array().unwrap()), 2);
    let end = &stream["end_transcoding_session"][0];
    let request = framed(end, "request_grpc_frame_hex");
    check::<EndTranscodingSessionRequest>(&request, &end["request_message"], render::end_session);
}

#[test]
fn direct_calls_read_as_recorded() {
    let exchanges = parse(include_str!("../../vectors/captures/grpc_direct.json"));
    let mut seen = 0;
    for exchange in &exchanges {
        let path = exchange["path"].as_str().unwrap();
        match path.rsplit('/').next().unwrap() {
            "Ping" => {
                let request = framed(exchange, "request_grpc_frame_hex");
                check::<PingPong>(&request, &exchange["request_message"], render::ping);
                let response = framed(exchange, "response_grpc_frame_hex");
                check::<PingPong>(&response, &exchange["response_message"], render::ping);
            }
            "GetOrchestrator" => {
                assert_eq!(get_orchestrator(std::slice::from_ref(exchange)), 1);
            }
            "EndTranscodingSession" => {
                let request = framed(exchange, "request_grpc_frame_hex");
                let reading = &exchange["request_message"];
                check::<EndTranscodingSessionRequest>(&request, reading, render::end_session);
                if exchange["response_trailers"]["Grpc-Status"][0] == "0" {
                    let response = framed(exchange, "response_grpc_frame_hex");
                    assert_eq!(
                        EndTranscodingSessionResponse::decode(response.as_slice()),
                        Ok(EndTranscodingSessionResponse {})
                    );
                }
            }
            other => panic!("unexpected call {other}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn every_answer_to_a_segment_reads_as_recorded() {
    let answers = parse(include_str!("../../vectors/captures/segment_responses.json"));
    let mut decoded = 0;
    for answer in answers.iter().filter(|a| a["status"] == 200) {
        let body = hex_of(answer, "response_body_hex");
        let message = render::result(&TranscodeResult::decode(body.as_slice()).unwrap());
        let expected = &answer["result"];
        assert_eq!(message["seq"].as_str().unwrap_or("0"), expected["seq"].to_string());
        assert_eq!(message["error"].as_str().unwrap_or(""), expected["error"]);
        let segments = message["data"]["segments"].as_array().map_or(0, Vec::len);
        assert_eq!(segments.to_string(), expected["segments"].to_string());
        decoded += 1;
    }
    assert_eq!(decoded, 13);
}
