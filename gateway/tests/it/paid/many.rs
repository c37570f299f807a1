//! A thousand segments over five orchestrators: winners are redeemed, and what is redeemed is what
//! was promised, as far as luck allows.

use std::sync::Arc;

use alloy_primitives::U256;
use futures_util::StreamExt as _;
use num_traits::ToPrimitive as _;
use reqwest::StatusCode;
use waymark_contracts::TicketBroker;
use waymark_payments::{ledger::GroupBy, limits::Amount};
use waymark_tagging::nonce;
use waymark_testkit::{OnChain, Price, RpcChain, chain::Options};

use super::harness::{
    Market, PATIENCE, SENDER, TAG, at_once, finney, payments, promised, push_tagged, totals,
};

const STREAMS: usize = 20;
const SEGMENTS: usize = 50;
/// Wei of a ticket; a winner pays ten of them, as redeeming costs a tenth of one.
const EV: u64 = 240_000_000_000_000;

fn float(value: U256) -> f64 {
    value.to_string().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_segments_over_five_orchestrators() {
    let mut market = Market::unfunded(0, Options::default(), super::harness::base).await;
    // Each redemption is a block, and none may fall into a round that nobody has initialised.
    market.chain.set_round_length(10_000).await.expect("longer rounds");
    market.fund(finney(20_000), finney(50_000)).await;
    for _ in 0..5 {
        let terms = |terms: &mut OnChain, view: &Arc<RpcChain>| {
            at_once(terms, view);
            terms.ticket_ev = U256::from(EV);
            // What anvil proposes changes with every redemption.
            terms.gas_price = Some(U256::from(20_000_000));
            // 1.6 tickets for a segment.
            terms.price = Price::per_pixel(19_000_000);
        };
        market.add_with(terms).await;
    }
    let limit = finney(2_000);
    let gateway = market.gateway(|c| c.spending.day = Some(Amount::Wei(limit))).await;

    let stream = async |number: usize| {
        for seq in 0..SEGMENTS {
            let manifest = format!("movie-{number}");
            let pushed = if number.is_multiple_of(2) {
                push_tagged(&gateway, &manifest, seq).await
            } else {
                gateway.push(&manifest, seq).await
            };
            assert_eq!(pushed.status, StatusCode::OK, "{manifest} {seq}: {:?}", pushed.body);
        }
    };
    futures_util::stream::iter(0..STREAMS).map(stream).buffer_unordered(4).count().await;

    market.check();
    let segments: u64 = market.orchestrators.iter().map(|o| o.stats().payments.payments).sum();
    assert_eq!(segments, (STREAMS * SEGMENTS) as u64, "every segment was paid");
    let ledger = &payments(&gateway).ledger;
    let said = promised(ledger);
    assert!(said >= market.received() && said <= limit, "{said} promised");

    // Every winner is redeemed, and nothing else.
    let mut tickets = 0;
    let mut redeemed = U256::ZERO;
    let mut won = 0;
    for orchestrator in &market.orchestrators {
        let stats = orchestrator.wait_for(|s| s.payments.redeemed == s.payments.winners).await;
        let stats = stats.expect("each winner is redeemed").payments;
        assert!(stats.winners_dropped.is_empty() && stats.redeem_errors.is_empty(), "{stats:#?}");
        tickets += stats.tickets_credited;
        won += stats.winners;
        redeemed += stats.redeemed_wei.floor();
    }
    assert!(won >= 100, "{won} winners of {tickets} tickets");

    let broker = market.chain.contracts().ticket_broker;
    let events = market.chain.events::<TicketBroker::WinningTicketRedeemed>(broker, 0).await;
    let events = events.expect("the logs");
    assert_eq!(events.len() as u64, won);
    let face_value = float(events[0].1.faceValue);
    let mut by_tag = [0_u64; 2];
    for (_, event) in &events {
        assert_eq!(event.sender, SENDER);
        let nonce = event.senderNonce.to::<u32>();
        let (tag, _) = nonce::decode(nonce).expect("a nonce of ours");
        assert!(tag.get() == TAG.1 || tag.get() == 0, "{tag:?}");
        by_tag[usize::from(tag.is_tagged())] += 1;
    }
    let of_tag = |index| -> u64 {
        let stats = market.orchestrators.iter().map(|o| o.stats().payments);
        stats.filter_map(|p| p.tags.get(&index).map(|t| t.winners)).sum()
    };
    assert_eq!(by_tag, [of_tag(0), of_tag(TAG.1)]);

    let chance = EV.to_f64().expect("a number") / face_value;
    let error = face_value * (float(U256::from(tickets)) * chance * (1.0 - chance)).sqrt();
    let difference = (float(redeemed) - float(said)).abs();
    assert!(
        difference <= 4.0 * error,
        "{redeemed} redeemed, {said} promised, one error is {error}"
    );

    // The gateway reads the same out of the logs.
    let chain = &payments(&gateway).chain;
    let mut states = chain.states();
    let told = async {
        while chain.tally().redeemed < won {
            states.changed().await.expect("the watcher runs");
        }
    };
    market.chain.mine(1).await.expect("a block");
    chain.refresh();
    tokio::time::timeout(PATIENCE, told).await.expect("every redemption is told");
    let totals = totals(ledger, GroupBy::Tag);
    let paid: U256 = totals.iter().map(|total| total.redeemed.paid).sum();
    assert_eq!(paid, redeemed);
    assert!(totals.iter().all(|total| total.key != "unknown"), "{totals:#?}");
    gateway.stop().await;
}
