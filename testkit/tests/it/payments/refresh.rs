//! `/refresh-payment`: the recorded steps.

use prost::Message as _;
use serde_json::{Value, json};
use waymark_proto::net;
use waymark_testkit::client::refresh_payment;

use super::{
    client, decoded, expiration_block, info, next, recorded_chain, said, send_segment, start,
};
use crate::harness::{deadline, recorded};

fn step(name: &str) -> Value {
    let steps = recorded("onchain/refresh-payment");
    let step = steps.as_array().unwrap().iter().find(|step| step["step"] == name);
    step.unwrap_or_else(|| panic!("no step {name}")).clone()
}

#[tokio::test]
async fn a_refresh_keeps_session_credit_and_price_and_a_new_session_does_not() {
    let (chain, key) = (recorded_chain(), client());
    let orchestrator = start(&chain).await;
    let uri = orchestrator.uri();
    // The very first payment of a sender pins nothing.
    let warm = info(&orchestrator, &key).await;
    next(&send_segment(&orchestrator, &key, &warm, &[1]).await);

    let session = info(&orchestrator, &key).await;
    let token = session.auth_token.clone().unwrap();
    next(&send_segment(&orchestrator, &key, &session, &[1, 2, 3, 4, 5, 6, 7]).await);
    chain.mine(60);

    let theirs = step("POST /refresh-payment");
    let answer = refresh_payment(uri, key.address(), &token.session_id, deadline()).await.unwrap();
    assert_eq!(theirs["status"], answer.status().as_u16());
    assert_eq!(theirs["contentType"], answer.headers()["content-type"].to_str().unwrap());
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&body), keys(&theirs["body"]));
    assert_eq!(body["manifest_id"], token.session_id);
    assert_eq!(body["orchestrator"], uri);
    assert_eq!(body["payment_url"], format!("{uri}/payment"));
    let renewed: net::OrchestratorInfo = decoded(&body["payment_params"]);
    let recorded: net::OrchestratorInfo = decoded(&theirs["body"]["payment_params"]);
    assert_eq!(renewed.price_info, recorded.price_info);
    assert_eq!(renewed.capabilities, recorded.capabilities);
    assert_eq!(renewed.address, recorded.address);
    assert_eq!(expiration_block(&renewed), 1100);
    assert_eq!(renewed.auth_token.as_ref().unwrap().session_id, token.session_id);

    // The old parameters have expired, the credit has not.
    let (status, text) = said(&send_segment(&orchestrator, &key, &session, &[8]).await);
    assert_eq!((status, text.as_str()), (400, "TicketParams expired"));
    let without = send_segment(&orchestrator, &key, &renewed, &[]).await;
    assert_eq!(step("segment without tickets under the refreshed token")["status"], 200);
    next(&without);
    next(&send_segment(&orchestrator, &key, &renewed, &[1]).await);

    let theirs = step("segment without tickets under a new GetOrchestrator session");
    let fresh = info(&orchestrator, &key).await;
    let (status, text) = said(&send_segment(&orchestrator, &key, &fresh, &[]).await);
    assert_eq!(theirs["status"], status);
    assert_eq!(theirs["body"].as_str().unwrap().trim_end(), text);
    assert_eq!(orchestrator.stats().payments.refreshes, 1);
}

#[tokio::test]
async fn a_session_without_a_pinned_price_is_not_refreshed() {
    let orchestrator = start(&recorded_chain()).await;
    let theirs = step("POST /refresh-payment, unknown session");
    let sender = client().address();
    let answer = refresh_payment(orchestrator.uri(), sender, "nosuch", deadline()).await.unwrap();
    assert_eq!(theirs["status"], answer.status().as_u16());
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(theirs["body"], body);
    assert_eq!(body, json!({ "error": { "message": "fixed price not found for session" } }));
    let refused = orchestrator.stats().payments.refreshes_refused;
    assert_eq!(refused["fixed price not found for session"], 1);
}

#[tokio::test]
async fn off_chain_there_is_nothing_to_refresh_and_any_payment_is_taken() {
    let orchestrator = crate::harness::fixed().start().await.unwrap();
    let answer =
        refresh_payment(orchestrator.uri(), client().address(), "x", deadline()).await.unwrap();
    assert_eq!(answer.status(), 409);
    let token = crate::harness::token(&orchestrator).await;
    let information = net::OrchestratorInfo { auth_token: Some(token), ..Default::default() };
    let answer = super::pay(&orchestrator, &client(), &information, "x", &[]).await;
    assert_eq!(answer.status(), 200);
    let info = net::PaymentResult::decode(answer.into_body()).unwrap().info.unwrap();
    assert_eq!((info.ticket_params, info.price_info), (None, None));
}
