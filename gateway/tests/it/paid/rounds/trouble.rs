//! Restarts, endpoints that fail, dear gas, late tickets, and windows that go by.

use alloy_primitives::{Address, B256, U256, keccak256};
use waymark::config::Config;
use waymark_payments::ledger::Promise;
use waymark_tagging::TagId;

use super::super::{
    harness::{Market, heard, payments},
    rpc::Endpoint,
};
use super::{
    LIVE, book_is, commitments, committed, end, leaf_file, next_round, push, report, until,
    with_registry,
};
use crate::harness::Gateway;

/// A gateway whose endpoint is between it and the chain.
async fn behind(market: &Market, endpoint: &Endpoint) -> Gateway {
    let dir = tempfile::tempdir().expect("a directory");
    restarted(market, endpoint.url(), dir).await
}

async fn restarted(market: &Market, rpc: &str, dir: tempfile::TempDir) -> Gateway {
    let orchestrators: Vec<_> = market.orchestrators.iter().collect();
    let change = with_registry(market);
    let quick = |config: &mut Config| {
        change(config);
        let chain = config.chain.as_mut().expect("on chain");
        chain.transaction_timeout = std::time::Duration::from_millis(300);
    };
    market.gateway_in(dir, rpc, &orchestrators, quick).await
}

/// A gateway that has paid in a round, and the round.
async fn paid(market: &Market, endpoint: &Endpoint) -> (Gateway, u64) {
    let gateway = behind(market, endpoint).await;
    until(&gateway, |report| report.tagged_from.is_some()).await;
    let round = next_round(market, &gateway).await;
    push(&gateway, LIVE.0, "movie", 0).await;
    end(&gateway, &["movie"], round).await;
    (gateway, round)
}

async fn taken(endpoint: &Endpoint) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while endpoint.taken() == 0 {
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_crash_between_writing_and_sending_sends_once() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    endpoint.swallow_transactions();
    next_round(&market, &gateway).await;
    taken(&endpoint).await;
    let dir = gateway.stop().await;
    assert_eq!(commitments(&market, round).await.len(), 0);

    let gateway = restarted(&market, market.chain.url(), dir).await;
    book_is(&gateway, round, "committed", 1).await;
    let events = commitments(&market, round).await;
    assert_eq!((events.len(), events[0].round), (1, round));
    gateway.stop().await;
}

#[tokio::test]
async fn a_crash_after_sending_does_not_send_again() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    endpoint.go_mute_after_transactions();
    market.chain.next_round().await.expect("a round");
    taken(&endpoint).await;
    let dir = gateway.stop().await;
    assert_eq!(commitments(&market, round).await.len(), 1, "it was taken, and nobody said so");

    let gateway = restarted(&market, market.chain.url(), dir).await;
    book_is(&gateway, round, "committed", 1).await;
    next_round(&market, &gateway).await;
    next_round(&market, &gateway).await;
    book_is(&gateway, round, "final", 1).await;
    assert_eq!(commitments(&market, round).await.len(), 1);
    anchored(&market, &gateway, round).await;
    gateway.stop().await;
}

/// Records were closed when the gateway stopped: they are in the book of the round that ended next.
async fn anchored(market: &Market, gateway: &Gateway, round: u64) {
    let all = committed(market).await;
    let later: Vec<_> = all.iter().filter(|event| event.round > round).collect();
    let [event] = later.as_slice() else { panic!("data files are in one book: {all:?}") };
    assert_eq!((event.root, event.leaves), (B256::ZERO, 0), "nothing was paid");
    let path = format!("/data/v1/rounds/{}.files.json", event.round);
    let (_, list) = gateway.get(&path).await;
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list["datasetRoot"], event.datasetRoot.to_string());
    let file = &list["files"][0];
    let path = gateway.dir.path().join("data/v1").join(file["path"].as_str().expect("a path"));
    let bytes = std::fs::read(path).expect("the file");
    assert_eq!(file["bytes"], bytes.len());
    assert_eq!(file["rows"], 1);
    assert_eq!(list["files"].as_array().map(Vec::len), Some(1));
    for _ in 0..2 {
        next_round(market, gateway).await;
    }
    book_is(gateway, event.round, "final", 1).await;
}

#[tokio::test]
async fn an_endpoint_that_comes_back_inside_the_window_costs_nothing() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    endpoint.go_down();
    market.chain.next_round().await.expect("a round");
    market.chain.next_round().await.expect("a round");
    until(&gateway, |report| report.trouble.is_some()).await;
    endpoint.be_honest();
    book_is(&gateway, round, "committed", 1).await;
    until(&gateway, |report| report.trouble.is_none()).await;
    assert_eq!(commitments(&market, round).await.len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_window_that_went_by_is_told_and_the_leaf_file_is_there() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    endpoint.go_down();
    let mut last = round;
    for _ in 0..3 {
        last = market.chain.next_round().await.expect("a round");
    }
    endpoint.be_honest();
    heard(&gateway, |state| state.round.number >= last).await;
    book_is(&gateway, round, "missed", 0).await;
    assert_eq!(commitments(&market, round).await.len(), 0);
    assert!((gateway.metric("waymark_round_books_missed_total").await - 1.0).abs() < 0.1);
    let (_, status) = gateway.admin("/status").await;
    assert!(status.contains("\"missed\""), "{status}");
    assert_eq!(leaf_file(&gateway, round).await.leaves().len(), 1);
    // Told once, also over a restart.
    let dir = gateway.stop().await;
    let gateway = restarted(&market, market.chain.url(), dir).await;
    book_is(&gateway, round, "missed", 0).await;
    assert!(gateway.metric("waymark_round_books_missed_total").await < 0.1);
    gateway.stop().await;
}

#[tokio::test]
async fn gas_ten_times_as_dear_is_waited_out_or_paid_as_the_operator_says() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    // Too dear: it waits.
    payments(&gateway).books.funds().set_max_gas_price(Some(U256::from(50_000_000)));
    market.chain.set_gas_price(200_000_000).await.expect("a price");
    next_round(&market, &gateway).await;
    let report = until(&gateway, |report| report.trouble.is_some()).await;
    let trouble = report.trouble.expect("trouble");
    assert!(trouble.contains("exceeds maximum gas price"), "{trouble}");
    assert!(gateway.metric("waymark_round_failures_total").await > 0.0);
    payments(&gateway).books.funds().set_max_gas_price(None);
    book_is(&gateway, round, "committed", 1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_transaction_that_nobody_takes_is_replaced_at_the_price_of_the_moment() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    endpoint.go_down();
    market.chain.next_round().await.expect("a round");
    market.chain.rpc().call::<()>("evm_setAutomine", (false,)).await.expect("no blocks");
    endpoint.be_honest();
    let pending = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while payments(&gateway).ledger.outbox().expect("an outbox").is_none() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(super::PATIENCE, pending).await.expect("it is sent");
    // Ten times the price: what waits offers too little.
    market.chain.set_gas_price(200_000_000).await.expect("a price");
    let mined = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        while report(&gateway).books.iter().all(|book| book.round != round || book.revision == 0) {
            ticks.tick().await;
            market.chain.mine(1).await.expect("a block");
        }
    };
    tokio::time::timeout(super::PATIENCE, mined).await.expect("it is replaced and taken");
    let events = commitments(&market, round).await;
    assert_eq!(events.len(), 1, "one of all attempts counts");
    assert_eq!(payments(&gateway).ledger.outbox().expect("an outbox"), None);
    gateway.stop().await;
}

#[tokio::test]
async fn a_late_ticket_makes_a_revision_inside_the_window() {
    let market = Market::open(1).await;
    let endpoint = Endpoint::start(market.chain.url()).await;
    let (gateway, round) = paid(&market, &endpoint).await;
    next_round(&market, &gateway).await;
    book_is(&gateway, round, "committed", 1).await;
    let late = Promise {
        at: jiff::Timestamp::now(),
        recipient: Address::repeat_byte(7),
        session: "late",
        job: [7; 16],
        attempt: 1,
        tag: TagId::try_from(LIVE.1).expect("a number"),
        tag_name: LIVE.0,
        capability: "transcoding",
        round,
        params: keccak256("late"),
        first_nonce: (LIVE.1 << 10) | 1,
        tickets: 3,
        face_value: U256::from(1_000),
        win_prob: U256::MAX,
        value: U256::from(3_000),
        fee: U256::from(3_000),
        price_per_unit: 1,
        pixels_per_unit: 1,
    };
    payments(&gateway).ledger.promise(&late).expect("room");
    book_is(&gateway, round, "committed", 2).await;
    let book = leaf_file(&gateway, round).await;
    let events = commitments(&market, round).await;
    let roots: Vec<B256> = events.iter().map(|event| event.root).collect();
    assert_eq!((roots.len(), roots[1], book.leaves().len()), (2, book.root(), 2));
    assert_ne!(roots[0], roots[1]);
    assert!((gateway.metric("waymark_round_revisions_total").await - 1.0).abs() < 0.1);
    gateway.stop().await;
}
