//! A chain that is not heard, lies, changes its mind, or becomes expensive.

use std::{sync::Arc, time::Duration};

use alloy_primitives::B256;
use parking_lot::Mutex;
use reqwest::StatusCode;
use waymark_contracts::TicketBroker;
use waymark_payments::chain::Health;
use waymark_testkit::{
    OnChain, Orchestrator, RpcChain,
    chain::Options,
    orchestrator::{ChainError, Redeemer, Winner},
};

use super::{
    harness::{Market, PATIENCE, SENDER, base, finney, heard, payments, push_tagged, refusal},
    rpc::Endpoint,
};
use crate::harness::Gateway;

/// Lets so much time pass at once.
async fn pass(gateway: &Gateway, time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    // Whatever had a deadline in that time has missed it: a ping looks again.
    let ready = gateway.context().directory.until(PATIENCE, |census| census.ready > 0).await;
    assert!(ready, "orchestrators answer again");
}

#[tokio::test]
async fn paying_goes_on_for_ten_minutes_without_the_chain() {
    let market = Market::open(1).await;
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let endpoint = Endpoint::start(market.chain.url()).await;
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = market.gateway_in(dir, endpoint.url(), &all, |_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    endpoint.go_down();
    for turn in 1..=5 {
        pass(&gateway, Duration::from_mins(2)).await;
        // Blocks of twelve seconds, which the orchestrator hears of and the gateway reckons.
        market.mine(10).await;
        let pushed = push_tagged(&gateway, "movie", turn).await;
        assert_eq!(pushed.status, StatusCode::OK, "turn {turn}: {:?}", pushed.body);
    }
    market.check();
    assert_eq!(payments(&gateway).chain.state().health, Health::Stale);
    endpoint.be_honest();
    heard(&gateway, |state| state.health == Health::Fresh).await;
    assert_eq!(push_tagged(&gateway, "movie", 6).await.status, StatusCode::OK);
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_expired_by_the_clock_is_not_signed() {
    let market = Market::open(1).await;
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let endpoint = Endpoint::start(market.chain.url()).await;
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = market.gateway_in(dir, endpoint.url(), &all, |_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    endpoint.go_down();
    // Nothing is mined either: forty blocks are eight minutes, and no newer parameters are offered.
    pass(&gateway, Duration::from_mins(5)).await;
    heard(&gateway, |state| state.health == Health::Stale).await;
    let pushed = push_tagged(&gateway, "movie", 1).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    pass(&gateway, Duration::from_mins(4)).await;
    let before = market.chain.block_number().await.expect("a number");
    heard(&gateway, |state| state.l1_block > before + 40).await;
    let (_, text) = refusal(&push_tagged(&gateway, "movie", 2).await);
    assert!(text.contains("TicketParams expired"), "{text}");
    market.check();
    endpoint.be_honest();
    heard(&gateway, |state| state.health == Health::Fresh).await;
    gateway.stop().await;
}

#[tokio::test]
async fn nothing_is_promised_while_an_endpoint_lies_about_the_head() {
    let market = Market::open(1).await;
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let endpoint = Endpoint::start(market.chain.url()).await;
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = market.gateway_in(dir, endpoint.url(), &all, |_| ()).await;
    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    endpoint.lie();
    heard(&gateway, |state| state.health == Health::Suspect).await;
    assert!(payments(&gateway).chain.state().l1_block < 10_000, "the lie is not believed");
    let (reason, text) = refusal(&push_tagged(&gateway, "movie", 1).await);
    assert_eq!(reason, "payment-unavailable");
    assert!(text.contains("contradict"), "{text}");
    assert_eq!(market.orchestrators[0].stats().segments_accepted, 1);
    endpoint.be_honest();
    heard(&gateway, |state| state.health == Health::Fresh).await;
    let pushed = push_tagged(&gateway, "movie", 2).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    market.check();
    assert!(endpoint.asked() > 0);
    gateway.stop().await;
}

/// Takes winners and leaves it to the test to redeem them.
#[derive(Debug, Default)]
struct Purse(Mutex<Vec<Winner>>);

#[tonic::async_trait]
impl Redeemer for Purse {
    async fn is_used(&self, _: B256) -> Result<bool, ChainError> {
        Ok(false)
    }

    async fn redeem(&self, winner: &Winner) -> Result<B256, ChainError> {
        self.0.lock().push(winner.clone());
        Ok(winner.ticket.hash())
    }
}

async fn redeem(market: &Market, winners: &[Winner]) {
    for winner in winners {
        let ticket = &winner.ticket;
        let call = TicketBroker::Ticket {
            recipient: ticket.recipient,
            sender: ticket.sender,
            faceValue: ticket.face_value,
            winProb: ticket.win_prob,
            senderNonce: alloy_primitives::U256::from(ticket.sender_nonce),
            recipientRandHash: ticket.recipient_rand_hash,
            auxData: ticket.aux_data().into(),
        };
        let (signature, rand) = (winner.signature.clone(), winner.recipient_rand.into());
        let redeemed = market.chain.redeem(ticket.recipient, call, signature, rand).await;
        redeemed.expect("a winner is paid");
    }
}

/// Waits until the gateway was told so many redemptions, and so many of them taken back.
async fn told(gateway: &Gateway, redeemed: u64, removed: u64) {
    let chain = &payments(gateway).chain;
    let mut states = chain.states();
    chain.refresh();
    let told = async {
        loop {
            let tally = chain.tally();
            if (tally.redeemed, tally.removed) == (redeemed, removed) {
                return;
            }
            states.changed().await.expect("the watcher runs");
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    told.unwrap_or_else(|_| panic!("told {:?}", chain.tally()));
}

#[tokio::test]
async fn redemptions_in_twelve_blocks_that_vanish_are_taken_back_and_told_again() {
    let mut market = Market::unfunded(0, Options::default(), base).await;
    market.fund(finney(10_000), finney(10_000)).await;
    let purse = Arc::new(Purse::default());
    let redeemer: Arc<Purse> = Arc::clone(&purse);
    let terms = |terms: &mut OnChain, _: &Arc<RpcChain>| {
        terms.redeemer = Some(redeemer);
        terms.redeem_at_once = true;
    };
    market.add_with(terms).await;
    let gateway = market.gateway(|_| ()).await;
    let mut seq = 0;
    while purse.0.lock().len() < 2 {
        let pushed = push_tagged(&gateway, "movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
        let taken = market.orchestrators[0].wait_for(|s| s.payments.redeemed == s.payments.winners);
        taken.await.expect("winners are taken");
        seq += 1;
    }
    let winners: Vec<_> = purse.0.lock().iter().take(12).cloned().collect();
    let count = winners.len() as u64;
    // The blocks that vanish hold redemptions alone.
    market.chain.mine(12 - count).await.expect("blocks");
    redeem(&market, &winners).await;
    told(&gateway, count, 0).await;
    let less = market.chain.sender_info(SENDER).await.expect("an answer").sender.deposit;
    assert!(less < finney(10_000));
    heard(&gateway, |state| state.sender.deposit == less).await;

    market.chain.reorg(12).await.expect("other blocks");
    market.chain.mine(1).await.expect("a block");
    heard(&gateway, |state| state.sender.deposit == finney(10_000)).await;
    told(&gateway, count, count).await;
    let paid = || {
        let totals = super::harness::totals(
            &payments(&gateway).ledger,
            waymark_payments::ledger::GroupBy::Tag,
        );
        totals.iter().map(|total| total.redeemed.tickets).sum::<u64>()
    };
    assert_eq!(paid(), 0, "nothing counts as paid any more");

    redeem(&market, &winners).await;
    told(&gateway, 2 * count, count).await;
    assert_eq!(paid(), count);
    market.mine(1).await;
    let pushed = push_tagged(&gateway, "movie", seq).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    market.check();
    gateway.stop().await;
}

#[tokio::test]
async fn ten_times_the_gas_price_changes_tickets_and_nothing_else() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    for seq in 0..2 {
        assert_eq!(push_tagged(&gateway, "movie", seq).await.status, StatusCode::OK);
    }
    market.chain.set_gas_price(200_000_000).await.expect("it is set");
    market.mine(1).await;
    for (stream, seq) in [("movie", 2), ("movie", 3), ("other", 0), ("other", 1)] {
        let pushed = push_tagged(&gateway, stream, seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "{stream} {seq}: {:?}", pushed.body);
    }
    market.check();
    let records = gateway.records().await;
    assert!(records.iter().all(|r| r["outcome"] == "ok"), "{records:#?}");
}
