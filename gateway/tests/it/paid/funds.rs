//! The gateway's own money on chain: missing, on its way out, used up.

use std::sync::Arc;

use alloy_primitives::U256;
use reqwest::StatusCode;
use tokio::time::Instant;
use waymark_testkit::{OnChain, RpcChain, chain::Options};

use super::harness::{
    Market, PATIENCE, SENDER, TICKET_EV, at_once, base, finney, heard, push_tagged, refusal,
};

/// Refused without anybody being asked, and without a wait.
async fn refused_for_lack_of_funds(deposit: U256, reserve: U256, says: &str) {
    let market = Market::unfunded(1, Options::default(), base).await;
    if !(deposit + reserve).is_zero() {
        market.fund(deposit, reserve).await;
    }
    let gateway = market.gateway(|_| ()).await;
    let started = Instant::now();
    let (reason, text) = refusal(&push_tagged(&gateway, "movie", 0).await);
    assert!(started.elapsed() < PATIENCE / 10, "{:?}", started.elapsed());
    assert_eq!(reason, "no-funds");
    assert!(text.contains(says), "{text}");
    let stats = market.orchestrators[0].stats();
    assert_eq!((stats.get_orchestrator, stats.segments_accepted), (0, 0));

    // As soon as there is money, there is work.
    market.fund(finney(1_000), finney(1_000)).await;
    heard(&gateway, |s| !s.sender.deposit.is_zero() && !s.sender.reserve.remaining.is_zero()).await;
    market.mine(1).await;
    let pushed = push_tagged(&gateway, "movie", 1).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_deposit_nothing_is_begun() {
    Box::pin(refused_for_lack_of_funds(U256::ZERO, finney(1_000), "no sender deposit")).await;
}

#[tokio::test]
async fn without_a_reserve_nothing_is_begun() {
    Box::pin(refused_for_lack_of_funds(finney(1_000), U256::ZERO, "no sender reserve")).await;
}

#[tokio::test]
async fn an_unlock_started_elsewhere_stops_paying_in_its_last_round() {
    let mut options = Options::default();
    // Rounds shorter than the life of ticket parameters.
    options.round_length = 12;
    let market = Market::with(1, options, base).await;
    let gateway = market.gateway(|_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    market.chain.unlock(SENDER).await.expect("it begins");
    heard(&gateway, |state| state.sender.withdraw_round != 0).await;
    let pushed = push_tagged(&gateway, "movie", 1).await;
    assert_eq!(pushed.status, StatusCode::OK, "the money is still there: {:?}", pushed.body);

    let round = market.chain.next_round().await.expect("a round");
    heard(&gateway, |state| state.round.number == round).await;
    let (reason, text) = refusal(&push_tagged(&gateway, "movie", 2).await);
    assert_eq!(reason, "no-funds");
    assert!(text.contains("set to unlock soon"), "{text}");

    market.chain.cancel_unlock(SENDER).await.expect("it is taken back");
    heard(&gateway, |state| state.sender.withdraw_round == 0).await;
    market.mine(1).await;
    let pushed = push_tagged(&gateway, "movie", 3).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn a_deposit_used_up_in_the_middle_of_a_stream_stops_it() {
    let mut market = Market::unfunded(0, Options::default(), base).await;
    // Nearly every ticket wins, and three winners are all there is.
    let face_value = U256::from(TICKET_EV + 1_000_000_000_000);
    market.fund(face_value * U256::from(3), finney(10_000)).await;
    let terms = |terms: &mut OnChain, view: &Arc<RpcChain>| {
        at_once(terms, view);
        terms.max_face_value = face_value;
    };
    market.add_with(terms).await;
    let gateway = market.gateway(|_| ()).await;
    let mut seq = 0;
    let refused = loop {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        if pushed.status != StatusCode::OK {
            break pushed;
        }
        seq += 1;
        assert!(seq < 10, "ten segments on a deposit for three tickets");
        let redeemed =
            market.orchestrators[0].wait_for(|s| s.payments.redeemed == s.payments.winners);
        redeemed.await.expect("winners are redeemed");
        let info = market.chain.sender_info(SENDER).await.expect("an answer");
        heard(&gateway, |state| state.sender.deposit <= info.sender.deposit).await;
    };
    assert!(seq > 0, "there was money for some");
    let (reason, text) = refusal(&refused);
    assert_eq!(reason, "no-funds", "{text}");
    let sent = market.orchestrators[0].stats();
    assert_eq!(sent.segments_accepted, seq as u64, "nothing more was sent");

    market.fund(finney(1_000), U256::ZERO).await;
    heard(&gateway, |state| state.sender.deposit > face_value).await;
    market.mine(1).await;
    let pushed = push_tagged(&gateway, "movie", seq + 1).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    market.check();
    gateway.stop().await;
}
