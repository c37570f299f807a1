//! The orchestrator as a payee, against recorded traffic of a stock one.

mod chain;
mod credit;
mod errors;
mod faults;
mod info;
mod refresh;
mod winners;

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use prost::Message as _;
use serde_json::Value;
use waymark_proto::net;
use waymark_testkit::client::{
    ClientError, get_orchestrator_as, header, job_capabilities, payment, payment_data, post_paid,
    seg_data, sign_segment,
};
use waymark_testkit::{Builder, FakeChain, Funds, Key, OnChain, Orchestrator, Price};

use crate::harness::{SEGMENT, SOFTWARE_BITS, deadline, fixed, recorded, two_profiles};

/// Wei of one ticket in the recordings.
pub(crate) const EV: u64 = 480_000_000_000_000;
/// Wei for a pixel before redeeming is added.
const PRICE: u64 = 70_000_000;

/// A key of the recordings, by the start of its owner's role.
pub(crate) fn recorded_key(role: &str) -> Key {
    let accounts = recorded("onchain/keys-and-chain")["accounts"].clone();
    let account = accounts
        .as_array()
        .unwrap()
        .iter()
        .find(|account| account["role"].as_str().unwrap().starts_with(role));
    let hex = account.unwrap_or_else(|| panic!("no {role}"))["privateKey"].as_str().unwrap();
    Key::from_bytes(&hex::decode(&hex[2..]).unwrap().try_into().unwrap()).unwrap()
}

/// The client of the recorded errors.
pub(crate) fn client() -> Key {
    recorded_key("hand-made client (errors)")
}

/// A round's block hash, as good as any other.
pub(crate) fn round_hash(round: u64) -> B256 {
    alloy_primitives::keccak256(round.to_be_bytes())
}

/// The chain of the recordings: 0.02 gwei, a pool of one, a client with money.
pub(crate) fn recorded_chain() -> FakeChain {
    let chain = FakeChain::new();
    chain.update(|head| (head.round, head.round_hash) = (11, round_hash(11)));
    chain.set_pool([recorded_key("stock orchestrator").address()]);
    let ether = U256::from(10).pow(U256::from(18));
    chain.fund(client().address(), Funds::new(ether, ether));
    chain
}

/// The settings of the recordings.
pub(crate) fn recorded_settings(chain: &FakeChain) -> OnChain {
    let mut settings = OnChain::new(Arc::new(chain.clone()));
    settings.price = Price::per_pixel(PRICE);
    settings.ticket_ev = U256::from(EV);
    settings.redeemer = Some(Arc::new(chain.clone()));
    settings
}

/// The recorded orchestrator, which answers at once.
pub(crate) fn payee(settings: OnChain) -> Builder {
    fixed().key(recorded_key("stock orchestrator")).capabilities(SOFTWARE_BITS).on_chain(settings)
}

pub(crate) async fn start(chain: &FakeChain) -> Orchestrator {
    payee(recorded_settings(chain)).start().await.unwrap()
}

/// Information for a sender.
pub(crate) async fn info(orchestrator: &Orchestrator, key: &Key) -> net::OrchestratorInfo {
    let info = get_orchestrator_as(orchestrator.uri(), key, Some(job_capabilities())).await;
    info.expect("information")
}

/// Sends a segment with tickets of these nonces.
pub(crate) async fn send_segment(
    orchestrator: &Orchestrator,
    key: &Key,
    info: &net::OrchestratorInfo,
    nonces: &[u32],
) -> Response<Bytes> {
    send_payment(orchestrator, key, info, &payment(key, info, nonces)).await
}

/// Sends a segment with this payment.
pub(crate) async fn send_payment(
    orchestrator: &Orchestrator,
    key: &Key,
    info: &net::OrchestratorInfo,
    payment: &net::Payment,
) -> Response<Bytes> {
    try_payment(orchestrator, key, info, payment).await.expect("an answer")
}

/// Sends a segment with this payment, which may have no answer.
pub(crate) async fn try_payment(
    orchestrator: &Orchestrator,
    key: &Key,
    info: &net::OrchestratorInfo,
    payment: &net::Payment,
) -> Result<Response<Bytes>, ClientError> {
    let token = info.auth_token.clone().expect("a token");
    let mut data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token);
    sign_segment(key, &mut data);
    let (payment, data) = (header(payment), header(&data));
    post_paid(orchestrator.uri(), "/segment", &payment, &data, SEGMENT.clone(), deadline()).await
}

/// Pays without a segment, under this manifest.
pub(crate) async fn pay(
    orchestrator: &Orchestrator,
    key: &Key,
    info: &net::OrchestratorInfo,
    manifest: &str,
    nonces: &[u32],
) -> Response<Bytes> {
    let token = info.auth_token.clone().expect("a token");
    let data = header(&payment_data(key, manifest, token));
    let payment = header(&payment(key, info, nonces));
    let uri = orchestrator.uri();
    let sent = post_paid(uri, "/payment", &payment, &data, Bytes::new(), deadline());
    sent.await.expect("an answer")
}

/// Status and text of an answer.
pub(crate) fn said(answer: &Response<Bytes>) -> (u16, String) {
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).trim_end().to_owned())
}

/// The renewed information in a good answer to a segment.
pub(crate) fn next(answer: &Response<Bytes>) -> net::OrchestratorInfo {
    assert_eq!(answer.status(), 200, "{:?}", said(answer));
    let result = net::TranscodeResult::decode(answer.body().clone()).expect("a message");
    let good = matches!(result.result, Some(net::transcode_result::Result::Data(_)));
    assert!(good, "{:?}", result.result);
    result.info.expect("information")
}

pub(crate) fn decoded<M: prost::Message + Default>(base64: &Value) -> M {
    let bytes = STANDARD.decode(base64.as_str().expect("base64")).expect("base64");
    M::decode(bytes.as_slice()).expect("a message")
}

pub(crate) fn number(bytes: &[u8]) -> U256 {
    U256::from_be_slice(bytes)
}

pub(crate) fn expiration_block(info: &net::OrchestratorInfo) -> u64 {
    number(&info.ticket_params.as_ref().unwrap().expiration_block).to()
}

pub(crate) const NOBODY: Address = Address::repeat_byte(0x77);
