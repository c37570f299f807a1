//! Faults of payments, parameters and their renewal.

use waymark_proto::net;
use waymark_testkit::client::{get_orchestrator_as, refresh_payment};
use waymark_testkit::{ParamsFault, PaymentFault, RefreshFault, Times};

use super::{
    client, expiration_block, info, next, pay, recorded_chain, recorded_key, said, send_segment,
    start,
};
use crate::harness::deadline;

fn price(info: &net::OrchestratorInfo) -> i64 {
    info.price_info.as_ref().unwrap().price_per_unit
}

#[tokio::test]
async fn a_doubled_price_is_asked_and_stood_by() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let first = info(&orchestrator, &key).await;
    orchestrator.inject(ParamsFault::PriceDoubled, Times::Once);
    let second = next(&send_segment(&orchestrator, &key, &first, &[1]).await);
    assert_eq!(price(&second), 2 * price(&first));
    next(&send_segment(&orchestrator, &key, &second, &[1]).await);
    orchestrator.inject(ParamsFault::PriceTimes(5), Times::Once);
    assert_eq!(price(&info(&orchestrator, &key).await), 5 * price(&first));
    assert_eq!(orchestrator.stats().faults["params:price-doubled"], 1);
}

#[tokio::test]
async fn price_and_face_value_can_fall_to_zero_and_parameters_be_stale() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    for fault in [ParamsFault::PriceZero, ParamsFault::FaceValueZero, ParamsFault::Expired] {
        orchestrator.inject(fault, Times::Once);
    }
    let free = info(&orchestrator, &key).await;
    assert_eq!(price(&free), 0);
    assert!(free.ticket_params.unwrap().face_value.is_empty());
    let worthless = info(&orchestrator, &key).await;
    assert_eq!(price(&worthless), 70_700_000);
    assert!(worthless.ticket_params.unwrap().face_value.is_empty());
    let stale = info(&orchestrator, &key).await;
    assert_eq!(expiration_block(&stale), chain.now().l1_block);
    let late = send_segment(&orchestrator, &key, &stale, &[1]).await;
    assert_eq!(said(&late), (400, "TicketParams expired".to_owned()));
}

#[tokio::test]
async fn payments_are_refused_on_demand() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let (sender, recipient) = (key.address(), orchestrator.address());
    for (fault, text) in [
        (PaymentFault::ParamsExpired, "TicketParams expired".to_owned()),
        (PaymentFault::InsufficientBalance, "Insufficient balance".to_owned()),
        (
            PaymentFault::Inactive,
            format!("orchestrator {recipient} is inactive in round 11, cannot process payments"),
        ),
        (
            PaymentFault::NonceLimit(1023),
            format!("invalid ticket senderNonce sender={sender} nonce=7169"),
        ),
        (PaymentFault::Refused("not today".to_owned()), "not today".to_owned()),
    ] {
        orchestrator.inject(fault, Times::Once);
        let session = info(&orchestrator, &key).await;
        let refused = send_segment(&orchestrator, &key, &session, &[7169]).await;
        assert_eq!(said(&refused), (400, text));
    }
    // Nonces without a tag pass.
    orchestrator.inject(PaymentFault::NonceLimit(1023), Times::Once);
    let session = info(&orchestrator, &key).await;
    next(&send_segment(&orchestrator, &key, &session, &[1, 1023]).await);
    assert_eq!(orchestrator.stats().faults["payment:nonce-limit"], 2);
}

#[tokio::test]
async fn new_secrets_void_the_token_on_an_open_connection() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let session = info(&orchestrator, &key).await;
    orchestrator.inject(PaymentFault::NewSecret, Times::Once);
    for _ in 0..2 {
        let refused = pay(&orchestrator, &key, &session, "x", &[1]).await;
        assert_eq!(said(&refused), (403, "invalid auth token".to_owned()));
    }
    let session = info(&orchestrator, &key).await;
    next(&send_segment(&orchestrator, &key, &session, &[1]).await);
    orchestrator.change_secrets();
    let refused = pay(&orchestrator, &key, &session, "x", &[2]).await;
    assert_eq!(said(&refused), (403, "invalid auth token".to_owned()));
}

#[tokio::test]
async fn there_are_nodes_without_a_way_to_refresh_and_senders_without_reserve() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    orchestrator.inject(RefreshFault::NotFound, Times::Once);
    orchestrator.inject(RefreshFault::Status(503), Times::Once);
    let (uri, sender) = (orchestrator.uri(), key.address());
    for status in [404, 503, 409] {
        let answer = refresh_payment(uri, sender, "x", deadline()).await.unwrap();
        assert_eq!(answer.status(), status);
    }
    orchestrator.inject(ParamsFault::InsufficientReserve, Times::Once);
    let refused = get_orchestrator_as(uri, &key, None).await.unwrap_err().to_string();
    assert!(refused.ends_with("insufficient sender reserve"), "{refused}");
    // Another orchestrator's parameters are refused by the state of that one.
    let session = info(&orchestrator, &key).await;
    chain.set_pool([recorded_key("stock orchestrator").address(), super::NOBODY]);
    let mut foreign = session.clone();
    let recipient = bytes::Bytes::copy_from_slice(super::NOBODY.as_slice());
    foreign.ticket_params.as_mut().unwrap().recipient = recipient;
    let refused = pay(&orchestrator, &key, &foreign, "x", &[1]).await;
    assert_eq!(said(&refused), (400, "invalid ticket recipient".to_owned()));
}
