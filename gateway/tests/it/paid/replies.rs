//! Terms that an orchestrator changes while it works.

use reqwest::StatusCode;
use waymark_testkit::{ParamsFault, PaymentFault, Times};

use super::harness::{Market, check, push_tagged};

#[tokio::test]
async fn twice_the_price_is_paid() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(ParamsFault::PriceDoubled, Times::Always);
    for seq in 1..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    check(orchestrator);
    assert_eq!(orchestrator.stats().get_orchestrator, 1, "the session goes on");
    let records = gateway.records().await;
    let price = |row: usize| records[row]["price_num"].clone();
    assert_ne!(price(3), price(0), "the doubled price is on record");
    assert_eq!(records[3]["price_quote_num"], price(0), "beside the one agreed");
}

#[tokio::test]
async fn more_than_twice_the_price_is_refused_for_another_orchestrator() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|_| ()).await;
    let (a, b) = (&market.orchestrators[0], &market.orchestrators[1]);
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    let (greedy, other) = if a.stats().segments_accepted == 1 { (a, b) } else { (b, a) };
    greedy.inject(ParamsFault::PriceTimes(3), Times::Always);
    for seq in 1..5 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    market.check();
    // The reply to the second segment brought the price, so the third went elsewhere.
    assert_eq!(greedy.stats().segments_accepted, 2);
    assert_eq!(other.stats().segments_accepted, 3);
    let records = gateway.records().await;
    let refused: Vec<_> = records.iter().filter(|r| r["outcome"] != "ok").collect();
    assert_eq!(refused.len(), 1, "{records:#?}");
    assert_eq!(refused[0]["error_type"], "price_changed");
    assert_eq!(refused[0]["outcome"], "price_exceeded");
}

/// What an orchestrator offers in one reply ends the session; nothing is worked on unpaid.
async fn ends_the_session(fault: ParamsFault) {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let orchestrator = &market.orchestrators[0];
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(fault, Times::Once);
    for seq in 1..4 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    check(orchestrator);
    let stats = orchestrator.stats();
    let sessions: Vec<_> = stats.segments.iter().map(|s| s.session_id.as_str()).collect();
    assert_eq!(sessions[0], sessions[1], "{sessions:?}");
    assert_ne!(sessions[1], sessions[2], "{sessions:?}");
    assert_eq!(sessions[2], sessions[3], "{sessions:?}");
    assert!(stats.payments.debited_wei.floor() > alloy_primitives::U256::ZERO);
    gateway.stop().await;
}

#[tokio::test]
async fn a_price_that_falls_to_zero_ends_the_session() {
    ends_the_session(ParamsFault::PriceZero).await;
}

#[tokio::test]
async fn worthless_tickets_end_the_session() {
    ends_the_session(ParamsFault::FaceValueZero).await;
}

#[tokio::test]
async fn worthless_tickets_at_a_price_are_no_offer() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|_| ()).await;
    let odd = &market.orchestrators[0];
    odd.inject(ParamsFault::FaceValueZero, Times::Always);
    for stream in ["one", "two"] {
        assert_eq!(push_tagged(&gateway, stream, 0).await.status, StatusCode::OK);
    }
    market.check();
    assert_eq!(odd.stats().segments_accepted, 0);
    assert!(odd.stats().get_orchestrator > 0, "it was asked");
    gateway.stop().await;
}

#[tokio::test]
async fn a_refused_first_payment_ends_the_session_and_another_orchestrator_works() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|_| ()).await;
    for orchestrator in &market.orchestrators {
        let refusal = PaymentFault::Refused("invalid ticket recipient".to_owned());
        orchestrator.inject(refusal, Times::Once);
    }
    // The first orchestrator refuses, the second refuses, and then each gets one more chance.
    let pushed = push_tagged(&gateway, "movie", 0).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    let mut sessions = Vec::new();
    for orchestrator in &market.orchestrators {
        let stats = orchestrator.stats();
        sessions.extend(stats.segments.iter().map(|s| s.session_id.clone()));
        assert_eq!(stats.payments.payments, stats.segments_accepted);
        assert!(stats.payments.credited_wei >= stats.payments.debited_wei);
    }
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    let distinct: std::collections::BTreeSet<_> = sessions.iter().collect();
    assert_eq!(distinct.len(), 3, "a session whose first payment was refused is not used again");
    let records = gateway.records().await;
    let kinds: Vec<_> = records.iter().map(|r| r["error_type"].clone()).collect();
    assert_eq!(kinds[..2], ["payment_rejected", "payment_rejected"], "{records:#?}");
}
