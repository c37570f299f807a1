//! Limits on what is promised: none can be passed, whatever happens at the same time or afterwards.

use alloy_primitives::U256;
use futures_util::StreamExt as _;
use reqwest::StatusCode;
use waymark_payments::limits::Amount;
use waymark_testkit::Orchestrator;

use super::harness::{
    Market, TAG, TICKET_EV, payments, promised, push_tagged, received, refusal, tickets,
};
use crate::harness::Gateway;

/// Room for so many tickets. A ticket is worth a little more than what was asked for, as chances are
/// rounded up.
fn limit(count: u64) -> Amount {
    Amount::Wei(tickets(count) + U256::from(1_000))
}

/// Pushes until one is refused; how many were not, and the refusal.
async fn push_until_refused(gateway: &Gateway, manifest: &str) -> (usize, String, String) {
    for seq in 0..100 {
        let pushed = push_tagged(gateway, manifest, seq).await;
        if pushed.status != StatusCode::OK {
            let (reason, text) = refusal(&pushed);
            return (seq, reason, text);
        }
    }
    panic!("a hundred segments and no limit");
}

#[tokio::test]
async fn a_days_limit_refuses_and_outlives_a_restart() {
    let market = Market::open(1).await;
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let gateway = market.gateway(|c| c.spending.day = Some(limit(8))).await;
    let (served, reason, text) = push_until_refused(&gateway, "movie").await;
    assert!(served >= 4, "{served}");
    assert_eq!(reason, "spend-limit");
    assert!(text.contains("daily limit") && text.contains("spending.day"), "{text}");
    assert!(promised(&payments(&gateway).ledger) <= tickets(8) + U256::from(1_000));
    market.check();

    let dir = gateway.stop().await;
    let rpc = market.chain.url();
    let gateway = market.gateway_in(dir, rpc, &all, |c| c.spending.day = Some(limit(8))).await;
    let (served, reason, _) = push_until_refused(&gateway, "movie").await;
    assert!(served <= 1, "credit is gone with the session: {served}");
    assert_eq!(reason, "spend-limit");
    assert!(promised(&payments(&gateway).ledger) <= tickets(8) + U256::from(1_000));
    assert!(market.received() <= tickets(8) + U256::from(1_000));
    gateway.stop().await;
}

#[tokio::test]
async fn a_tags_limit_refuses_that_tag_only() {
    let market = Market::open(1).await;
    let pattern = "transcode/live/sport".parse().expect("a pattern");
    let amount = limit(5);
    let gateway = market.gateway(|c| c.spending.tags = vec![(pattern, amount)]).await;
    let (served, reason, text) = push_until_refused(&gateway, "movie").await;
    assert!(served >= 2, "{served}");
    assert_eq!(reason, "spend-limit");
    assert!(text.contains("daily limit of tag transcode/live/sport"), "{text}");
    for seq in 0..6 {
        assert_eq!(gateway.push("other", seq).await.status, StatusCode::OK, "another tag goes on");
    }
    let stats = market.orchestrators[0].stats();
    let sport = stats.payments.tags[&TAG.1].credited_wei.floor();
    assert!(sport <= tickets(5) + U256::from(1_000), "{sport}");
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn an_orchestrators_limit_moves_the_stream_to_another() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|c| c.spending.orchestrator = Some(limit(5))).await;
    let (served, reason, text) = push_until_refused(&gateway, "movie").await;
    assert!(served >= 6, "both worked: {served}");
    for orchestrator in &market.orchestrators {
        let got = received(orchestrator);
        assert!(got > U256::ZERO && got <= tickets(5) + U256::from(1_000), "{got}");
    }
    assert_eq!(reason, "spend-limit");
    assert!(text.contains("daily limit of orchestrator"), "{text}");
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn a_sessions_limit_moves_the_stream_to_another() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|c| c.spending.session = Some(limit(5))).await;
    for seq in 0..6 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    let mut worked = 0;
    for orchestrator in &market.orchestrators {
        let stats = orchestrator.stats();
        worked += usize::from(stats.segments_accepted > 0);
        let sessions: std::collections::BTreeSet<_> =
            stats.segments.iter().map(|s| &s.session_id).collect();
        assert!(received(orchestrator) <= tickets(5 * sessions.len() as u64) + U256::from(1_000));
    }
    assert_eq!(worked, 2);
    market.check();
    gateway.stop().await;
}

/// One limit that no payment fits into: refused at once, and nothing was promised.
async fn nothing_fits(change: impl FnOnce(&mut waymark_payments::limits::Limits), says: &str) {
    let market = Market::open(1).await;
    let gateway = market.gateway(|c| change(&mut c.spending)).await;
    let (served, reason, text) = push_until_refused(&gateway, "movie").await;
    assert_eq!((served, reason.as_str()), (0, "spend-limit"), "{text}");
    assert!(text.contains(says), "{text}");
    assert_eq!(market.orchestrators[0].stats().segments_accepted, 0);
    assert_eq!(promised(&payments(&gateway).ledger), U256::ZERO);
    gateway.stop().await;
}

#[tokio::test]
async fn a_payment_above_its_limit_is_not_made() {
    nothing_fits(|limits| limits.payment = Some(limit(1)), "limit of a payment").await;
}

#[tokio::test]
async fn a_ticket_above_its_limit_is_not_made() {
    let below = Some(Amount::Wei(U256::from(TICKET_EV - 1)));
    nothing_fits(
        |limits| limits.ticket_expected_value = below,
        "limit of a ticket's expected value",
    )
    .await;
}

#[tokio::test]
async fn a_winner_above_its_limit_is_not_risked() {
    let below = Some(limit(4));
    nothing_fits(|limits| limits.ticket_face_value = below, "limit of a ticket's face value").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_cannot_pass_a_limit() {
    let market = Market::open(2).await;
    let gateway = market.gateway(|c| c.spending.day = Some(limit(30))).await;
    let push = async |number: usize| {
        let pushed = push_tagged(&gateway, &format!("movie-{}", number % 20), number / 20).await;
        if pushed.status == StatusCode::OK {
            return true;
        }
        assert_eq!(refusal(&pushed).0, "spend-limit");
        false
    };
    let answers = futures_util::stream::iter(0..80).map(push).buffer_unordered(20);
    let served = answers.filter(|ok| std::future::ready(*ok)).count().await;
    let said = promised(&payments(&gateway).ledger);
    let most = tickets(30) + U256::from(1_000);
    assert!(said <= most && said >= tickets(25), "{said} promised");
    assert!(market.received() <= said);
    assert!((5..80).contains(&served), "{served} were served");
    market.check();
    gateway.stop().await;
}
