//! What is asked of a sender: the recorded information, and prices.

use alloy_primitives::U256;
use prost::Message as _;
use serde_json::Value;
use waymark_proto::net;
use waymark_testkit::client::{get_orchestrator, grpc, signed_request};
use waymark_testkit::{FakeChain, Funds, Orchestrator, Price};

use super::{payee, recorded_chain, recorded_key, recorded_settings, round_hash, start};
use crate::harness::recorded;

/// The message inside a recorded frame.
fn message<M: prost::Message + Default>(frame: &Value) -> M {
    use base64::Engine as _;
    let frame = base64::engine::general_purpose::STANDARD.decode(frame.as_str().unwrap()).unwrap();
    M::decode(&frame[5..]).unwrap()
}

/// The recorded chain at the moment of a recorded answer.
fn moment(theirs: &net::OrchestratorInfo) -> FakeChain {
    let chain = recorded_chain();
    let params = theirs.ticket_params.as_ref().unwrap();
    let expiration = params.expiration_params.as_ref().unwrap();
    chain.update(|head| {
        head.l1_block = super::expiration_block(theirs) - 40;
        head.round = expiration.creation_round.unsigned_abs();
        head.round_hash.0.copy_from_slice(&expiration.creation_round_block_hash);
    });
    let ether = U256::from(10).pow(U256::from(18));
    let gateway = recorded_key("stock gateway").address();
    chain.fund(gateway, Funds::new(ether, ether));
    chain
}

async fn ask(orchestrator: &Orchestrator) -> net::OrchestratorInfo {
    // The request of a stock gateway as it was.
    let call = recorded("onchain/orchestrator-info");
    let request: net::OrchestratorRequest = message(&call["requestGrpcFrame"]);
    let signed = signed_request(&recorded_key("stock gateway"), request.capabilities.clone());
    assert_eq!(signed.encode_to_vec(), request.encode_to_vec());
    let mut client = grpc(orchestrator.uri()).await.unwrap();
    client.get_orchestrator(request).await.unwrap().into_inner()
}

fn assert_same(ours: net::OrchestratorInfo, theirs: net::OrchestratorInfo) {
    let own = |info: net::OrchestratorInfo| net::OrchestratorInfo {
        transcoder: String::new(),
        auth_token: None,
        ticket_params: info.ticket_params.map(|params| net::TicketParams {
            recipient_rand_hash: vec![0; params.recipient_rand_hash.len()].into(),
            seed: bytes::Bytes::new(),
            ..params
        }),
        ..info
    };
    assert_eq!(own(ours), own(theirs));
}

#[tokio::test]
async fn a_stock_gateways_call_gets_the_recorded_information() {
    let theirs: net::OrchestratorInfo =
        message(&recorded("onchain/orchestrator-info")["responseGrpcFrame"]);
    let orchestrator = start(&moment(&theirs)).await;
    let (first, second) = (ask(&orchestrator).await, ask(&orchestrator).await);
    let seed = |info: &net::OrchestratorInfo| info.ticket_params.clone().unwrap().seed;
    assert_ne!(seed(&first), seed(&second));
    assert_same(first, theirs);
}

#[tokio::test]
async fn the_default_value_of_a_ticket_gives_the_recorded_terms() {
    let theirs: net::OrchestratorInfo =
        message(&recorded("onchain/orchestrator-info-default-ev")["responseGrpcFrame"]);
    let mut settings = recorded_settings(&moment(&theirs));
    settings.ticket_ev = U256::from(8_000_000_000u64);
    settings.price = Price::per_pixel(1000);
    let orchestrator = payee(settings).start().await.unwrap();
    assert_same(ask(&orchestrator).await, theirs);
}

#[tokio::test]
async fn a_price_of_zero_asks_for_nothing_and_needs_no_reserve() {
    let chain = recorded_chain();
    let mut settings = recorded_settings(&chain);
    settings.price = Price::per_pixel(0);
    let orchestrator = payee(settings).start().await.unwrap();
    let info = super::info(&orchestrator, &recorded_key("stock gateway")).await;
    assert_eq!(info.price_info.as_ref().map(|price| price.price_per_unit), Some(0));
    let params = info.ticket_params.unwrap();
    assert!(params.face_value.is_empty() && params.win_prob.is_empty());
}

#[tokio::test]
async fn a_price_that_is_not_adjusted_is_the_operators() {
    let mut settings = recorded_settings(&recorded_chain());
    settings.price = Price { wei: 2, pixels: 6 };
    settings.auto_adjust = false;
    let orchestrator = payee(settings).start().await.unwrap();
    let price = super::info(&orchestrator, &super::client()).await.price_info.unwrap();
    assert_eq!((price.price_per_unit, price.pixels_per_unit), (1, 3));
}

#[tokio::test]
async fn who_does_not_sign_is_told_nothing() {
    let orchestrator = start(&recorded_chain()).await;
    let refused = get_orchestrator(orchestrator.uri(), None).await.unwrap_err().to_string();
    assert!(refused.ends_with("orchestrator req sig check failed"), "{refused}");
}

#[tokio::test]
async fn a_round_without_a_hash_is_not_named() {
    let chain = recorded_chain();
    chain.update(|head| {
        head.previous_round_hash = round_hash(10);
        head.round_hash = alloy_primitives::B256::ZERO;
    });
    let orchestrator = start(&chain).await;
    let params = super::info(&orchestrator, &super::client()).await.ticket_params.unwrap();
    assert_eq!(params.expiration_params.unwrap().creation_round, 10);
}
