//! An orchestrator is restarted between two segments: tokens, parameters and credit are void.

use reqwest::StatusCode;

use super::harness::{Market, TAG, push_tagged};

#[tokio::test]
async fn new_secrets_between_two_segments_cost_nothing_but_a_session() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    for seq in 0..4 {
        if seq == 2 {
            orchestrator.change_secrets();
        }
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.payments, 4);
    assert!(stats.payments.tickets_rejected.is_empty(), "{:#?}", stats.payments);
    assert_eq!(stats.get_orchestrator, 2, "one session before, one after");
    assert_eq!(stats.payments.tags.keys().collect::<Vec<_>>(), [&TAG.1]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_restarted_process_is_paid_again_at_once() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    orchestrator.restart().await.expect("it starts again");
    for seq in 1..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.payments, 4);
    assert!(stats.payments.tickets_rejected.is_empty(), "{:#?}", stats.payments);
    gateway.stop().await;
}
