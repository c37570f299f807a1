//! Payments refused for what an orchestrator thinks of them.

use reqwest::StatusCode;
use waymark_testkit::{PaymentFault, Times};

use super::harness::{Market, TAG, payment_of, push_tagged};

#[tokio::test]
async fn an_orchestrator_that_refuses_large_nonces_gets_plain_ones_from_then_on() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    orchestrator.inject(PaymentFault::NonceLimit(1023), Times::Always);
    for (stream, seq) in [("one", 0), ("one", 1), ("two", 0), ("two", 1)] {
        let pushed = push_tagged(&gateway, stream, seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "{stream} {seq}: {:?}", pushed.body);
    }
    let stats = orchestrator.stats();
    assert_eq!(stats.segments_accepted, 4);
    assert_eq!(stats.payments.payments_refused.values().sum::<u64>(), 1, "{:#?}", stats.payments);
    let nonces = |at: usize| -> Vec<u32> {
        let payment = payment_of(&stats.segments[at]);
        payment.ticket_sender_params.iter().map(|t| t.sender_nonce).collect()
    };
    assert_eq!(nonces(0)[0], TAG.1 << 10 | 1, "the tag is tried");
    for at in 1..stats.segments.len() {
        assert!(nonces(at).iter().all(|nonce| *nonce <= 600), "{at}: {:?}", nonces(at));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_balance_found_insufficient_is_answered_with_a_new_session() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(PaymentFault::InsufficientBalance, Times::Once);
    for seq in 1..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.payments_refused.values().sum::<u64>(), 1, "{:#?}", stats.payments);
    assert!(stats.payments.credited_wei >= stats.payments.debited_wei);
    let records = gateway.records().await;
    let kinds: Vec<_> = records.iter().filter_map(|r| r["error_type"].as_str()).collect();
    assert_eq!(kinds, ["insufficient_balance"], "{records:#?}");
}

#[tokio::test]
async fn an_orchestrator_that_never_finds_the_balance_sufficient_is_left() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|_| ()).await;
    let greedy = &market.orchestrators[0];
    greedy.inject(PaymentFault::InsufficientBalance, Times::Always);
    for stream in ["one", "two", "three"] {
        let pushed = push_tagged(&gateway, stream, 0).await;
        assert_eq!(pushed.status, StatusCode::OK, "{stream}: {:?}", pushed.body);
    }
    assert_eq!(greedy.stats().segments_accepted, 0);
    // Two tries in each stream at most: what is lost to it stays small.
    assert!(greedy.stats().payments.payments <= 6, "{:#?}", greedy.stats().payments);
    gateway.stop().await;
}

#[tokio::test]
async fn an_inactive_orchestrator_is_replaced() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    let [a, b] = &market.orchestrators[..] else { panic!("two orchestrators") };
    let (gone, other) = if a.stats().segments_accepted == 1 { (a, b) } else { (b, a) };
    let round = market.chain.current_round().await.expect("a round");
    market.chain.deactivate_orchestrator(gone.address(), round).await.expect("it leaves");
    market.mine(1).await;
    for seq in 1..3 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    assert_eq!(gone.stats().segments_accepted, 1);
    assert_eq!(gone.stats().payments.payments_refused["orchestrator is inactive"], 1);
    assert_eq!(other.stats().segments_accepted, 2);
    gateway.stop().await;
}
