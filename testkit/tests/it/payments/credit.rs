//! Credit, debits and pinned prices.

use std::time::Duration;

use alloy_primitives::U256;
use waymark_proto::net;
use waymark_testkit::client::payment;
use waymark_testkit::{Clock, expected_value};

use super::{
    EV, client, info, next, number, pay, payee, recorded_chain, recorded_settings, said,
    send_payment, send_segment, start, try_payment,
};

fn ev(info: &net::OrchestratorInfo) -> U256 {
    let params = info.ticket_params.as_ref().unwrap();
    let value = expected_value(&number(&params.face_value), &number(&params.win_prob));
    U256::from_be_slice(&value.floor().to_integer().to_bytes_be().1)
}

#[tokio::test]
async fn pixels_are_debited_at_the_expected_price_and_replies_renew_parameters() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let first = info(&orchestrator, &key).await;
    assert_eq!(ev(&first), U256::from(EV));
    let second = next(&send_segment(&orchestrator, &key, &first, &[1, 2, 3]).await);
    assert_eq!(second.auth_token, first.auth_token);
    let hash =
        |info: &net::OrchestratorInfo| info.ticket_params.clone().unwrap().recipient_rand_hash;
    assert_ne!(hash(&first), hash(&second));
    next(&send_segment(&orchestrator, &key, &second, &[1, 2, 3]).await);
    let payments = orchestrator.stats().payments;
    // 256x144 and 320x180, 60 pictures each.
    let pixels = U256::from((256 * 144 + 320 * 180) * 60);
    assert_eq!(payments.debited_wei.floor(), pixels * U256::from(2 * 70_700_000));
    assert_eq!(payments.credited_wei.floor(), U256::from(6 * EV));
    assert_eq!((payments.payments, payments.tickets_credited), (2, 6));
    assert_eq!(payments.tags[&0].tickets, 6);
}

#[tokio::test]
async fn the_first_refusal_ends_the_credit_of_a_payment_but_not_the_look_at_it() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let information = info(&orchestrator, &key).await;
    let mut bad = payment(&key, &information, &[1025, 1025, 1026, 1027]);
    let sender = key.address();
    let (status, text) = said(&send_payment(&orchestrator, &key, &information, &bad).await);
    let seen = format!("invalid ticket senderNonce: already seen sender={sender} nonce=1025");
    assert_eq!((status, text), (400, seen));
    let payments = orchestrator.stats().payments;
    assert_eq!((payments.tickets, payments.tickets_credited, payments.rejected()), (4, 1, 3));
    // The nonces behind it were looked at, so they are spent.
    bad = payment(&key, &information, &[1026]);
    assert_eq!(said(&send_payment(&orchestrator, &key, &information, &bad).await).0, 400);
    // What cannot be forgiven ends the look as well.
    let mut foreign = payment(&key, &information, &[2000, 2001]);
    foreign.ticket_params.as_mut().unwrap().seed = vec![1].into();
    let (_, text) = said(&send_payment(&orchestrator, &key, &information, &foreign).await);
    assert_eq!(text, "invalid recipientRand for ticket recipientRandHash");
    assert_eq!(orchestrator.stats().payments.tickets, 6);
}

#[tokio::test]
async fn a_segment_wants_a_tickets_worth_of_credit() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let first = info(&orchestrator, &key).await;
    let second = next(&send_segment(&orchestrator, &key, &first, &[1]).await);
    let short = send_segment(&orchestrator, &key, &second, &[]).await;
    assert_eq!(said(&short), (400, "Insufficient balance".to_owned()));
    let third = send_segment(&orchestrator, &key, &second, &[1]).await;
    next(&third);
    assert_eq!(orchestrator.stats().payments.payments_refused["Insufficient balance"], 1);
}

#[tokio::test]
async fn a_first_payment_without_tickets_pins_the_price_zero() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let known = info(&orchestrator, &key).await;
    next(&send_segment(&orchestrator, &key, &known, &[1]).await);
    let session = info(&orchestrator, &key).await;
    let empty = send_segment(&orchestrator, &key, &session, &[]).await;
    assert_eq!(said(&empty), (400, "Insufficient balance".to_owned()));
    let renewed = next(&send_segment(&orchestrator, &key, &session, &[1]).await);
    assert_eq!(renewed.price_info.unwrap().price_per_unit, 0);
    assert!(renewed.ticket_params.unwrap().face_value.is_empty());
}

#[tokio::test]
async fn a_refused_payment_pins_its_price_from_the_senders_second_on() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let wrong = |info: &net::OrchestratorInfo| {
        let mut wrong = payment(&key, info, &[5]);
        wrong.expected_price.as_mut().unwrap().price_per_unit += 1;
        wrong
    };
    let price = |info: net::OrchestratorInfo| info.price_info.unwrap().price_per_unit;
    // Nobody knows this sender yet, so nothing is pinned.
    let first = info(&orchestrator, &key).await;
    assert_eq!(said(&send_payment(&orchestrator, &key, &first, &wrong(&first)).await).0, 400);
    let reply = next(&send_segment(&orchestrator, &key, &first, &[1]).await);
    assert_eq!(price(reply), 70_700_000);
    let second = info(&orchestrator, &key).await;
    assert_eq!(said(&send_payment(&orchestrator, &key, &second, &wrong(&second)).await).0, 400);
    let reply = next(&send_segment(&orchestrator, &key, &second, &[1]).await);
    assert_eq!(price(reply), 70_700_001);
}

#[tokio::test]
async fn a_payment_alone_credits_its_manifest_and_a_segment_its_session() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let first = info(&orchestrator, &key).await;
    let session = first.auth_token.clone().unwrap().session_id;
    assert_eq!(pay(&orchestrator, &key, &first, "another", &[1, 2]).await.status(), 200);
    let short = send_segment(&orchestrator, &key, &first, &[]).await;
    assert_eq!(said(&short), (400, "Insufficient balance".to_owned()));
    assert_eq!(pay(&orchestrator, &key, &first, &session, &[3]).await.status(), 200);
    let sent = send_segment(&orchestrator, &key, &first, &[]).await;
    assert_eq!(sent.status(), 200);
}

#[tokio::test]
async fn a_restart_forgets_credit_and_refuses_the_token_first() {
    let (chain, key) = (recorded_chain(), client());
    let (clock, _hand) = Clock::manual();
    let orchestrator = payee(recorded_settings(&chain)).clock(clock).start().await.unwrap();
    let first = info(&orchestrator, &key).await;
    let second = next(&send_segment(&orchestrator, &key, &first, &[1, 2, 3]).await);
    orchestrator.restart().await.unwrap();
    let refused = send_segment(&orchestrator, &key, &second, &[1]).await;
    assert_eq!(said(&refused), (403, "invalid auth token".to_owned()));
    // A new token does not save the old parameters.
    let fresh = info(&orchestrator, &key).await;
    let mixed = net::OrchestratorInfo { auth_token: fresh.auth_token.clone(), ..second };
    let (status, text) = said(&send_segment(&orchestrator, &key, &mixed, &[1]).await);
    assert_eq!(status, 400);
    assert_eq!(text, "invalid recipientRand for ticket recipientRandHash");
    next(&send_segment(&orchestrator, &key, &fresh, &[1]).await);
}

#[tokio::test]
async fn a_token_expires_before_its_payment_is_looked_at() {
    let (chain, key) = (recorded_chain(), client());
    let (clock, hand) = Clock::manual();
    let orchestrator = payee(recorded_settings(&chain)).clock(clock).start().await.unwrap();
    let first = info(&orchestrator, &key).await;
    hand.advance(Duration::from_secs(30 * 60 + 1));
    let late = send_segment(&orchestrator, &key, &first, &[1]).await;
    assert_eq!(said(&late), (403, "expired auth token".to_owned()));
    assert_eq!(orchestrator.stats().payments.tickets, 0);
}

#[tokio::test]
async fn a_segment_without_a_usable_price_loses_its_result() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let first = info(&orchestrator, &key).await;
    let mut naked = payment(&key, &first, &[]);
    naked.expected_price = None;
    let mut crash = payment(&key, &first, &[1]);
    crash.expiration_params = None;
    for payment in [naked, crash] {
        try_payment(&orchestrator, &key, &first, &payment).await.unwrap_err();
    }
    assert_eq!(orchestrator.stats().results, 1, "work was done for the first");
}
