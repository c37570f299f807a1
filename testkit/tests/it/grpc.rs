//! The gRPC methods, against recorded calls.

use alloy_primitives::Address;
use bytes::Bytes;
use serde_json::Value;
use waymark_proto::net;
use waymark_testkit::client::{get_orchestrator, grpc, job_capabilities};
use waymark_testkit::{Key, Orchestrator, verify_lp};

use crate::harness::{SOFTWARE_BITS, fixed, recorded, send, token};

/// The message inside a recorded frame.
fn message<M: prost::Message + Default>(frame: &Value) -> M {
    let frame = hex::decode(frame.as_str().unwrap()).unwrap();
    M::decode(&frame[5..]).unwrap()
}

async fn stock() -> Orchestrator {
    fixed().off_chain().capabilities(SOFTWARE_BITS).start().await.unwrap()
}

#[tokio::test]
async fn recorded_calls_for_information_get_the_recorded_fields() {
    let orchestrator = stock().await;
    let mut client = grpc(orchestrator.uri()).await.unwrap();
    let mut calls = recorded("get_orchestrator").as_array().unwrap().clone();
    calls.extend(recorded("grpc_direct").as_array().unwrap().clone());
    calls.retain(|call| call["path"] == "/net.Orchestrator/GetOrchestrator");
    assert_eq!(calls.len(), 4);
    let mut sessions = std::collections::BTreeSet::new();
    for call in calls {
        let request: net::OrchestratorRequest = message(&call["request_grpc_frame_hex"]);
        let theirs: net::OrchestratorInfo = message(&call["response_grpc_frame_hex"]);
        let ours = client.get_orchestrator(request).await.unwrap().into_inner();
        assert_eq!(ours.transcoder, orchestrator.uri());
        let (our_token, their_token) =
            (ours.auth_token.clone().unwrap(), theirs.auth_token.clone().unwrap());
        assert_eq!(our_token.token.len(), their_token.token.len());
        assert_eq!(our_token.session_id.len(), their_token.session_id.len());
        assert!(sessions.insert(our_token.session_id), "each call has a session of its own");
        let common =
            |info| net::OrchestratorInfo { transcoder: String::new(), auth_token: None, ..info };
        assert_eq!(common(ours), common(theirs));
    }
    assert_eq!(orchestrator.stats().get_orchestrator, 4);
    assert_eq!(orchestrator.stats().open_sessions, 0, "information takes no slot");
}

#[tokio::test]
async fn a_ping_is_signed_with_the_key_and_empty_without_one() {
    let call = &recorded("grpc_direct")[0];
    let request: net::PingPong = message(&call["request_grpc_frame_hex"]);
    let key = Key::random();
    let with_key = fixed().key(key.clone()).start().await.unwrap();
    let reply = grpc(with_key.uri()).await.unwrap().ping(request.clone()).await.unwrap();
    assert!(verify_lp(key.address(), &request.value, &reply.into_inner().value));
    let off_chain = stock().await;
    let reply = grpc(off_chain.uri()).await.unwrap().ping(request).await.unwrap().into_inner();
    let theirs: net::PingPong = message(&call["response_grpc_frame_hex"]);
    assert_eq!(reply, theirs);
}

#[tokio::test]
async fn ending_a_session_needs_its_token_and_a_bad_one_gets_the_recorded_text() {
    let orchestrator = stock().await;
    let mut client = grpc(orchestrator.uri()).await.unwrap();
    let good = token(&orchestrator).await;
    send(&orchestrator, &good, 0).await.unwrap();
    assert_eq!(orchestrator.stats().open_sessions, 1);
    let calls = recorded("grpc_direct");
    let bad = calls.as_array().unwrap().last().unwrap();
    let forged = net::AuthToken { token: Bytes::from_static(b"bad"), ..good.clone() };
    for auth_token in [Some(forged), None] {
        let request = net::EndTranscodingSessionRequest { auth_token };
        let status = client.end_transcoding_session(request).await.unwrap_err();
        let code = (status.code() as i32).to_string();
        assert_eq!(bad["response_trailers"]["Grpc-Status"][0], code);
        assert_eq!(bad["response_trailers"]["Grpc-Message"][0], status.message());
    }
    let request = net::EndTranscodingSessionRequest { auth_token: Some(good.clone()) };
    client.end_transcoding_session(request).await.unwrap();
    let stats = orchestrator.stats();
    assert_eq!((stats.sessions_ended, stats.end_session_refused), (1, 2));
    assert_eq!(stats.open_sessions, 0);
    assert_eq!(stats.ended, [good.session_id]);
}

#[tokio::test]
async fn a_request_is_checked_for_its_signature_only_where_that_is_asked_for() {
    let orchestrator = fixed().require_signatures().start().await.unwrap();
    let refused = get_orchestrator(orchestrator.uri(), None).await.unwrap_err().to_string();
    let text = "Invalid orchestrator request: orchestrator req sig check failed";
    assert!(refused.ends_with(text), "{refused}");
    let key = Key::random();
    let address = key.address();
    let signed = |text: String| net::OrchestratorRequest {
        address: Bytes::copy_from_slice(address.as_slice()),
        sig: Bytes::copy_from_slice(&key.sign_lp(text.as_bytes())),
        capabilities: Some(job_capabilities()),
        ..Default::default()
    };
    let mut client = grpc(orchestrator.uri()).await.unwrap();
    let lower_case = signed(format!("{address:#x}").to_lowercase());
    client.get_orchestrator(lower_case).await.unwrap_err();
    let good = signed(address.to_checksum(None));
    let info = client.get_orchestrator(good).await.unwrap().into_inner();
    assert_eq!(Address::from_slice(&info.address), orchestrator.address());
    assert_ne!(orchestrator.address(), Address::ZERO);
}
