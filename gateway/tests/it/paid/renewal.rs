//! Parameters that run out, while the session and its credit go on.

use reqwest::StatusCode;
use waymark_testkit::{OnChain, PaymentFault, Price, RefreshFault, Times, chain::Options};

use super::harness::{Market, check, heard, push_tagged};
use crate::harness::Gateway;

/// A segment costs less than a ticket, so that a payment is of one ticket at most.
fn cheap(terms: &mut OnChain) {
    terms.price = Price::per_pixel(12_000_000);
}

/// A stock orchestrator fixes a session's price, without which it renews nothing, with the second
/// payment of a sender it did not know.
async fn fix_the_price(gateway: &Gateway) {
    for seq in 0..2 {
        assert_eq!(push_tagged(gateway, "movie", seq).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn parameters_are_renewed_in_the_background_before_they_expire() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    fix_the_price(&gateway).await;
    for turn in 2..5 {
        // Parameters live for 40 blocks.
        market.mine(36).await;
        let newest = market.chain.block_number().await.expect("a number");
        heard(&gateway, |state| state.l1_block >= newest).await;
        let pushed = push_tagged(&gateway, "movie", turn).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {turn}: {:?}", pushed.body);
    }
    check(orchestrator);
    let stats = orchestrator.stats();
    assert_eq!(stats.get_orchestrator, 1, "the session goes on");
    let sessions: std::collections::BTreeSet<_> =
        stats.segments.iter().map(|s| &s.session_id).collect();
    assert_eq!(sessions.len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn expired_parameters_are_renewed_before_the_next_payment() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    fix_the_price(&gateway).await;
    market.mine(50).await;
    let newest = market.chain.block_number().await.expect("a number");
    heard(&gateway, |state| state.l1_block >= newest).await;
    assert_eq!(push_tagged(&gateway, "movie", 2).await.status, StatusCode::OK);
    check(orchestrator);
    let stats = orchestrator.stats();
    assert!(stats.payments.refreshes >= 1, "{:#?}", stats.payments);
    assert_eq!(stats.get_orchestrator, 1, "the session goes on");
    gateway.stop().await;
}

#[tokio::test]
async fn parameters_refused_as_expired_are_renewed_and_the_session_kept() {
    let market = Market::with(1, Options::default(), cheap).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(PaymentFault::ParamsExpired, Times::Once);
    for seq in 1..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.refreshes, 1, "{:#?}", stats.payments);
    assert_eq!(stats.get_orchestrator, 1, "the session goes on, and with it the credit");
    assert_eq!(stats.payments.payments_refused["TicketParams expired"], 1);
    assert_eq!(stats.payments.tickets_rejected.len(), 1, "{:#?}", stats.payments);
    gateway.stop().await;
}

#[tokio::test]
async fn a_session_whose_price_is_not_fixed_yet_gives_way_to_a_new_one() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    market.mine(50).await;
    let newest = market.chain.block_number().await.expect("a number");
    heard(&gateway, |state| state.l1_block >= newest).await;
    assert_eq!(push_tagged(&gateway, "movie", 1).await.status, StatusCode::OK);
    check(orchestrator);
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.refreshes_refused.values().sum::<u64>(), 1, "{:#?}", stats.payments);
    assert_eq!(stats.get_orchestrator, 2, "a session before, one after");
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_refresh_endpoint_a_new_session_is_opened() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    orchestrator.inject(RefreshFault::NotFound, Times::Always);
    fix_the_price(&gateway).await;
    market.mine(50).await;
    let newest = market.chain.block_number().await.expect("a number");
    heard(&gateway, |state| state.l1_block >= newest).await;
    for seq in 2..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    check(orchestrator);
    assert_eq!(orchestrator.stats().get_orchestrator, 2, "a session before, one after");
    gateway.stop().await;
}
