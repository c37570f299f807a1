//! One stream and what is left of it: tickets, ledger, records, metrics.

use alloy_primitives::U256;
use reqwest::StatusCode;
use waymark_payments::ledger::GroupBy;

use super::harness::{
    Market, TAG, TICKET_EV, on_record, payment_of, payments, promised, push_tagged, received,
    tickets, totals,
};

const SEGMENTS: usize = 6;
/// Tickets of one payment, at most.
const MOST_AHEAD: u64 = 20;

#[tokio::test]
async fn a_stream_is_paid_segment_by_segment_under_its_tag() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    for seq in 0..SEGMENTS {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    market.check();
    let orchestrator = &market.orchestrators[0];
    let stats = orchestrator.stats();
    assert_eq!(stats.payments.payments, SEGMENTS as u64);
    assert_eq!(stats.payments.tags.keys().collect::<Vec<_>>(), [&TAG.1]);
    assert_eq!(stats.payments.tags[&TAG.1].tickets, stats.payments.tickets);

    // Nonces go on from 1 under the tag's number for as long as the parameters last.
    let (mut params, mut counter) = (None, 0);
    for seen in &stats.segments {
        let payment = payment_of(seen);
        assert!(!payment.ticket_sender_params.is_empty(), "a segment costs more than a ticket");
        let hash = payment.ticket_params.expect("parameters").recipient_rand_hash;
        if params.replace(hash.clone()) != Some(hash) {
            counter = 0;
        }
        for ticket in &payment.ticket_sender_params {
            counter += 1;
            assert_eq!(ticket.sender_nonce, TAG.1 << 10 | counter);
        }
    }

    // One more is made for a segment that does not come.
    on_record(&gateway, SEGMENTS as u64 + 1).await;
    let ledger = &payments(&gateway).ledger;
    let (said, got) = (promised(ledger), received(orchestrator));
    assert!(said >= got, "{said} promised, {got} received");
    assert!(
        said - got <= tickets(MOST_AHEAD),
        "no more than the payment made ahead: {}",
        said - got
    );
    let by_tag = totals(ledger, GroupBy::Tag);
    assert_eq!(by_tag.len(), 1, "{by_tag:#?}");
    assert_eq!(by_tag[0].key, TAG.0);
    assert_eq!(by_tag[0].payments, SEGMENTS as u64 + 1);
    assert!(by_tag[0].tickets - stats.payments.tickets <= MOST_AHEAD);

    let round = payments(&gateway).chain.state().round.number;
    let records = gateway.records().await;
    assert_eq!(records.len(), SEGMENTS, "{records:#?}");
    let number = |value: &serde_json::Value| {
        value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok()).expect("a number")
    };
    let mut fees = 0;
    for record in &records {
        assert_eq!(record["outcome"], "ok");
        assert_eq!(record["tag"], TAG.0);
        assert_eq!(number(&record["round"]), round);
        let address = orchestrator.address().to_string().to_lowercase();
        assert_eq!(record["orchestrator"].as_str().expect("a text").to_lowercase(), address);
        let tickets = number(&record["tickets"]);
        assert!(number(&record["fee_wei"]).abs_diff(tickets * TICKET_EV) <= tickets, "{record:#}");
        // What redeeming costs comes on top of the price: one per cent.
        assert_eq!(number(&record["price_num"]), 30_300_000 * number(&record["price_den"]));
        fees += number(&record["fee_wei"]);
    }
    let unsent = said - U256::from(fees);
    assert!(unsent <= tickets(MOST_AHEAD), "records and ledger agree but for {unsent} made ahead");
}

#[tokio::test]
async fn a_tag_without_a_number_is_paid_with_plain_nonces() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    for seq in 0..2 {
        assert_eq!(gateway.push("movie", seq).await.status, StatusCode::OK);
    }
    market.check();
    let stats = market.orchestrators[0].stats();
    assert_eq!(stats.payments.tags.keys().collect::<Vec<_>>(), [&0]);
    let first = &payment_of(&stats.segments[0]).ticket_sender_params[0];
    assert_eq!(first.sender_nonce, 1);
    let by_tag = totals(&payments(&gateway).ledger, GroupBy::Tag);
    assert_eq!(by_tag[0].key, "transcode/live/abr", "the ledger knows the tag all the same");
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_paid_shows_in_metrics() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    let (_, text) = gateway.admin("/metrics").await;
    let spent = text.lines().filter(|line| line.contains(TAG.0) && !line.starts_with('#'));
    assert!(spent.count() > 0, "{text}");
    gateway.stop().await;
}
