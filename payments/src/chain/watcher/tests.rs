//! Stories of a gateway and its chain, on a paused clock.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{U256, keccak256};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::chain::{
    Cursor, StartError,
    fake::{BONDING, CONTROLLER, Fake, SENDER, Wrong, orchestrators},
    rpc::Counts,
};
use waymark_contracts::{BondingManager, Controller};

/// The first L1 block of the story.
const L1: u64 = 20_000_000;

struct Story {
    fake: Fake,
    chain: Chain,
    stop: CancellationToken,
}

impl Story {
    async fn begin(fake: Fake) -> Self {
        let settings = Fake::settings();
        Self::with(fake, settings).await
    }

    async fn with(fake: Fake, settings: ChainSettings) -> Self {
        let (chain, watcher) =
            Chain::start(fake.rpc.clone(), settings, Arc::clone(&fake.sink) as _, fake.clock())
                .await
                .unwrap();
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "a test's own task")]
        drop(tokio::spawn(watcher.run(stop.clone())));
        Self { fake, chain, stop }
    }

    fn counts(&self) -> Counts {
        self.chain.rpc().counts()
    }

    fn health(&self) -> Health {
        self.chain.state().health
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_reads_all_there_is_with_a_quarter_of_the_calls_of_stock() {
    let story = Story::begin(Fake::new(1)).await;
    let counts = story.counts();
    // Stock: 31 with one orchestrator (rpc-profile.json).
    assert_eq!((counts.total(), counts.messages), (8, 5), "{counts:?}");
    let state = story.chain.state();
    assert_eq!(state.head, 1_000_000);
    assert_eq!(state.l1_block, L1);
    assert_eq!(
        (state.round.number, state.round.initialized, state.round.length),
        (4000, true, 100)
    );
    assert_eq!(state.round.block_hash, keccak256(U256::from(4000).to_be_bytes::<32>()));
    assert_eq!(state.round.start_block, 400_000);
    assert_eq!(state.sender.deposit, U256::from(10_000_000_000_000_000_u64));
    assert_eq!(state.gas_price, Some(U256::from(20_000_000)));
    let pool = story.chain.pool();
    assert_eq!(pool.entries[0].service_uri.as_deref(), Some("https://o1.example:8935"));
    assert!(pool.entries[0].active);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_orchestrators_cost_one_call_more() {
    let fake = Fake::new(1);
    fake.world.lock().pool = orchestrators(100);
    let story = Story::begin(fake).await;
    // Stock: 6 for each.
    assert_eq!(story.counts().total(), 9);
    assert_eq!(story.chain.pool().entries.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_node_without_multicall_and_walk_gives_the_same_pool_with_more_calls() {
    let fake = Fake::new(1);
    {
        let mut world = fake.world.lock();
        (world.multicall, world.walks, world.pool) = (false, false, orchestrators(30));
    }
    let story = Story::begin(fake).await;
    let pool = story.chain.pool();
    let addresses: Vec<_> = pool.entries.iter().map(|entry| entry.address).collect();
    assert_eq!(addresses, orchestrators(30).into_iter().map(|(a, _)| a).collect::<Vec<_>>());
    // One step of the walk and three facts each; stock has six.
    let counts = story.counts();
    assert!(counts.total() <= 30 * 4 + 18, "{counts:?}");
    assert!(counts.messages < 30 * 3, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_gateway_makes_half_the_calls_of_stock() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.pass(60).await;
    let before = story.counts();
    story.fake.pass(600).await;
    let after = story.counts();
    // Stock: 36 a minute.
    let calls = after.total() - before.total();
    assert!(calls <= 180, "{calls} calls in ten minutes: {:?} {:?}", before.calls, after.calls);
    assert!(after.messages - before.messages <= 160);
    assert_eq!(story.health(), Health::Fresh);
    assert!((L1 + 54..=L1 + 55).contains(&story.chain.state().l1_block));
}

#[tokio::test(start_paused = true)]
async fn a_redeemed_ticket_reaches_the_ledger_with_its_tag_and_lowers_the_deposit() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().redeem(SENDER, 2_400_000_000_000_000, 7 << 10 | 3);
    story.fake.pass(40).await;
    let kept = story.fake.sink.kept.lock().values().cloned().collect::<Vec<_>>();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].tag.map(|(tag, n)| (tag.get(), n)), Some((7, 3)));
    assert_eq!(kept[0].paid, U256::from(2_400_000_000_000_000_u64));
    let deposit = story.chain.state().sender.deposit;
    assert_eq!(deposit, U256::from(7_600_000_000_000_000_u64));
}

#[tokio::test(start_paused = true)]
async fn another_gateways_redemption_is_not_ours() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().redeem(crate::chain::fake::ORCHESTRATOR, 5, 1);
    story.fake.pass(40).await;
    assert_eq!(story.fake.sink.nonces(), [0_u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_is_down_for_ten_minutes_and_blocks_are_reckoned() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.pass(30).await;
    story.fake.set(0, Wrong::Down);
    story.fake.pass(40).await;
    assert_eq!(story.health(), Health::Fresh, "a short break changes nothing");
    story.fake.pass(60).await;
    assert_eq!(story.health(), Health::Stale);
    story.fake.pass(500).await;
    let state = story.chain.state();
    // 600 s without a word: 50 L1 blocks. Parameters live 40, so what was issued before is expired.
    assert!((L1 + 51..=L1 + 53).contains(&state.l1_block), "{}", state.l1_block - L1);
    let redeemed = 2_400_000_000_000_000;
    story.fake.world.lock().redeem(SENDER, redeemed, 1);
    story.fake.set(0, Wrong::Nothing);
    story.fake.pass(40).await;
    assert_eq!(story.health(), Health::Fresh);
    assert_eq!(story.fake.sink.nonces(), [1], "what happened meanwhile is read");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_is_left_for_the_next() {
    let story = Story::begin(Fake::new(2)).await;
    story.fake.set(0, Wrong::Hangs);
    story.fake.pass(90).await;
    assert_eq!(story.health(), Health::Fresh);
    assert!(story.chain.rpc().status()[0].fault.is_some());
    story.fake.set(0, Wrong::Nothing);
    story.fake.pass(400).await;
    assert_eq!(story.chain.rpc().status()[0].fault, None, "it is asked again when it is back");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_lies_about_the_head_is_set_aside() {
    for wrong in [Wrong::Ahead(5000), Wrong::Behind(2000), Wrong::Chain(1), Wrong::Limited] {
        let story = Story::begin(Fake::new(2)).await;
        story.fake.pass(20).await;
        story.fake.set(0, wrong);
        if matches!(wrong, Wrong::Chain(_)) {
            // Noticed when the endpoint is asked again after a fault.
            story.fake.set(0, Wrong::Down);
            story.fake.pass(6).await;
            story.fake.set(0, wrong);
        }
        story.fake.pass(60).await;
        let state = story.chain.state();
        assert_eq!(state.health, Health::Fresh, "{wrong:?}");
        assert!(state.l1_block <= L1 + 8, "{wrong:?}");
        assert!(story.chain.rpc().status()[0].fault.is_some(), "{wrong:?}");
        assert_eq!(story.chain.rpc().status()[1].fault, None, "{wrong:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lone_endpoint_that_lies_makes_the_state_suspect_until_it_tells_the_truth() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.pass(20).await;
    story.fake.set(0, Wrong::Ahead(5000));
    story.fake.pass(10).await;
    let state = story.chain.state();
    assert_eq!(state.health, Health::Suspect);
    assert!(state.l1_block <= L1 + 3, "the lie is not published");
    story.fake.set(0, Wrong::Nothing);
    story.fake.pass(10).await;
    assert_eq!(story.health(), Health::Fresh);
}

#[tokio::test(start_paused = true)]
async fn what_a_lone_endpoint_keeps_to_for_ten_minutes_is_believed() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.set(0, Wrong::Ahead(5000));
    story.fake.pass(500).await;
    assert_eq!(story.health(), Health::Suspect);
    story.fake.pass(120).await;
    let state = story.chain.state();
    assert_eq!(state.health, Health::Fresh);
    assert!(state.l1_block >= L1 + 5050);
}

#[tokio::test(start_paused = true)]
async fn what_two_endpoints_agree_on_is_believed_at_once() {
    let story = Story::begin(Fake::new(2)).await;
    story.fake.set(0, Wrong::Ahead(5000));
    story.fake.set(1, Wrong::Ahead(5001));
    story.fake.pass(15).await;
    let state = story.chain.state();
    assert_eq!(state.health, Health::Fresh);
    assert!(state.l1_block >= L1 + 5000);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stands_still_makes_the_state_stale() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.set(0, Wrong::Frozen(1_000_001));
    story.fake.pass(100).await;
    assert_eq!(story.health(), Health::Fresh);
    story.fake.pass(120).await;
    let state = story.chain.state();
    assert_eq!(state.health, Health::Stale);
    assert!(state.l1_block >= L1 + 15, "reckoned on: {}", state.l1_block - L1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_lags_the_others_is_found_out_by_comparison() {
    let story = Story::begin(Fake::new(2)).await;
    // 20 L1 blocks behind, slowly enough that each head follows from the last.
    story.fake.set(0, Wrong::Behind(20));
    story.fake.pass(320).await;
    let state = story.chain.state();
    assert_eq!(state.health, Health::Fresh);
    assert!(state.l1_block >= L1 + 25, "the other one is asked: {}", state.l1_block - L1);
    let fault = story.chain.rpc().status()[0].fault.clone();
    assert!(matches!(fault, Some(Fault::Lags { .. } | Fault::Contradicts(_))), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn at_the_start_the_endpoint_nearest_to_the_clock_is_believed() {
    let fake = Fake::new(2);
    fake.set(0, Wrong::Behind(900));
    let story = Story::begin(fake).await;
    assert_eq!(story.chain.state().l1_block, L1);
    assert!(story.chain.rpc().status()[0].fault.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_reorganisation_takes_back_a_redemption_and_brings_another() {
    let story = Story::begin(Fake::new(1)).await;
    // The logs are looked at 5 s after the start and every 30 s from there.
    story.fake.pass(34).await;
    {
        let mut world = story.fake.world.lock();
        world.redeem(SENDER, 100, 1);
        world.mine(4);
        world.redeem(SENDER, 100, 2);
    }
    story.fake.pass(2).await;
    assert_eq!(story.fake.sink.nonces(), [1, 2]);
    {
        let mut world = story.fake.world.lock();
        world.reorganise(20);
        world.redeem(SENDER, 100, 2);
    }
    story.fake.pass(35).await;
    assert_eq!(story.chain.tally().reorgs, 1);
    assert_eq!(story.fake.sink.nonces(), [2], "one is gone, one is in another block");
    assert_eq!(story.fake.sink.removed.lock().len(), 2);
    let tally = story.chain.tally();
    assert_eq!((tally.redeemed, tally.removed), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_reorganisation_of_the_newest_block_is_noticed_at_the_next_head() {
    let fake = Fake::new(1);
    fake.world.lock().chain_id = 42_161;
    let story = Story::begin(fake).await;
    story.fake.pass(31).await;
    let before = story.counts().calls["eth_getLogs"];
    // Blocks are held, so that the next head has the same number.
    {
        let mut world = story.fake.world.lock();
        world.reorganise(12);
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(story.counts().calls["eth_getLogs"] > before, "looked at once");
    assert_eq!(story.chain.tally().reorgs, 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_node_takes_nothing_back() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().redeem(SENDER, 100, 1);
    story.fake.pass(31).await;
    assert_eq!(story.fake.sink.nonces(), [1]);
    // Its head is twenty blocks back, and it shows them all the same.
    story.fake.set(0, Wrong::Behind(20));
    story.fake.pass(35).await;
    assert_eq!(story.fake.sink.nonces(), [1]);
    assert_eq!(story.fake.sink.removed.lock().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_was_away_catches_up_in_ranges_that_the_provider_allows() {
    let fake = Fake::new(1);
    {
        let mut world = fake.world.lock();
        world.longest_range = 2000;
        world.head = 950_000;
        world.redeem(SENDER, 100, 1);
        world.head = 999_990;
        world.redeem(SENDER, 100, 2);
        world.head = 1_000_000;
    }
    *fake.sink.cursor.lock() = Some(Cursor { block: 900_000, hash: keccak256("gone") });
    let story = Story::begin(fake).await;
    story.fake.pass(30).await;
    assert_eq!(story.fake.sink.nonces(), [1, 2]);
    assert!(story.fake.sink.cursor.lock().unwrap().block >= 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn what_the_ledger_cannot_take_is_told_again() {
    let story = Story::begin(Fake::new(1)).await;
    *story.fake.sink.broken.lock() = true;
    story.fake.world.lock().redeem(SENDER, 100, 1);
    story.fake.pass(60).await;
    assert_eq!(story.fake.sink.nonces(), [0_u64; 0]);
    *story.fake.sink.broken.lock() = false;
    story.fake.pass(10).await;
    assert_eq!(story.fake.sink.nonces(), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_unlock_started_elsewhere_is_seen_within_half_a_minute() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().unlock();
    story.fake.pass(35).await;
    assert_eq!(story.chain.state().sender.withdraw_round, 4002);
}

#[tokio::test(start_paused = true)]
async fn a_deposit_that_is_used_up_is_seen_and_the_ticket_was_burned_for_less() {
    let story = Story::begin(Fake::new(1)).await;
    {
        let mut world = story.fake.world.lock();
        world.redeem(SENDER, 9_000_000_000_000_000, 1);
        world.redeem(SENDER, 9_000_000_000_000_000, 2);
        world.redeem(SENDER, 9_000_000_000_000_000, 3);
    }
    story.fake.pass(35).await;
    assert_eq!(story.chain.state().sender.deposit, U256::ZERO);
    let paid: Vec<u64> =
        story.fake.sink.kept.lock().values().map(|redemption| redemption.paid.to()).collect();
    assert_eq!(paid, [9_000_000_000_000_000, 1_000_000_000_000_000, 0]);
}

#[tokio::test(start_paused = true)]
async fn gas_that_costs_ten_times_as_much_is_seen() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().gas_price = 200_000_000;
    story.fake.pass(125).await;
    assert_eq!(story.chain.state().gas_price, Some(U256::from(200_000_000)));
}

#[tokio::test(start_paused = true)]
async fn a_new_round_reads_funds_and_pool_again() {
    let story = Story::begin(Fake::new(1)).await;
    let mut pools = story.chain.pools();
    {
        let mut world = story.fake.world.lock();
        world.pool = orchestrators(3);
        world.new_round();
    }
    story.fake.pass(35).await;
    assert_eq!(story.chain.state().round.number, 4001);
    assert!(pools.has_changed().unwrap());
    assert_eq!(pools.borrow_and_update().entries.len(), 3);
    assert_eq!(story.chain.state().pool_size, 3);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_nobody_initialised_shows_as_such() {
    let story = Story::begin(Fake::new(1)).await;
    story.fake.world.lock().round = 4001;
    story.fake.pass(65).await;
    let round = story.chain.state().round;
    assert_eq!((round.number, round.initialized), (4000, false));
    assert_eq!(round.start_block, 400_000);
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_that_joins_is_in_the_pool_within_half_a_minute() {
    let story = Story::begin(Fake::new(1)).await;
    {
        let mut world = story.fake.world.lock();
        world.pool = orchestrators(2);
        let event = BondingManager::TranscoderActivated {
            transcoder: orchestrators(2)[1].0,
            activationRound: U256::from(4001),
        };
        world.emit(BONDING, &event);
    }
    story.fake.pass(60).await;
    assert_eq!(story.chain.pool().entries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_contract_is_looked_up_again() {
    let story = Story::begin(Fake::new(1)).await;
    let before = story.counts().total();
    {
        let mut world = story.fake.world.lock();
        let event = Controller::SetContractInfo {
            id: waymark_contracts::ContractName::TicketBroker.id(),
            contractAddress: SENDER,
            gitCommitHash: [0; 20].into(),
        };
        world.emit(CONTROLLER, &event);
    }
    story.fake.pass(31).await;
    // Looked up, and everything read with it.
    assert!(story.counts().total() > before + 10);
    assert_eq!(story.chain.contracts().broker, crate::chain::fake::BROKER);
}

#[tokio::test(start_paused = true)]
async fn the_price_of_ether_comes_with_the_facts() {
    let fake = Fake::new(1);
    let mut settings = Fake::settings();
    settings.price_feed = Some(crate::chain::fake::FEED);
    let story = Story::with(fake, settings).await;
    let price = story.chain.price().unwrap();
    assert_eq!((price.answer, price.decimals), (U256::from(300_012_345_678_u64), 8));
    let now = story.fake.clock().now();
    assert!(!price.is_stale(now, jiff::SignedDuration::from_hours(25)));
    assert!(price.is_stale(
        now + jiff::SignedDuration::from_hours(26),
        jiff::SignedDuration::from_hours(25)
    ));
    assert_eq!(story.counts().total(), 8, "it costs no call");
    story.fake.world.lock().price = -1;
    story.fake.pass(65).await;
    assert_eq!(story.chain.price(), Some(price), "a broken price is no price");
}

#[tokio::test(start_paused = true)]
async fn no_contract_at_the_address_is_told_in_plain_words() {
    let fake = Fake::new(1);
    fake.world.lock().registered = false;
    let started =
        Chain::start(fake.rpc.clone(), Fake::settings(), Arc::clone(&fake.sink) as _, fake.clock());
    let error = started.await.unwrap_err();
    let StartError::Read(error) = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("no such contract at that address"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_wrong_chain_is_told_in_plain_words() {
    let fake = Fake::new(1);
    fake.set(0, Wrong::Chain(1));
    let started =
        Chain::start(fake.rpc.clone(), Fake::settings(), Arc::clone(&fake.sink) as _, fake.clock());
    let error: &dyn std::error::Error = &started.await.unwrap_err();
    let text = std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    assert!(text.contains("it is on chain 1, not 42161"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_chain_without_l1_numbers_counts_its_own() {
    let fake = Fake::new(1);
    {
        let mut world = fake.world.lock();
        (world.l1, world.head) = (None, 500);
    }
    let mut settings = Fake::settings();
    settings.rules = Some(crate::chain::head::HeadRules::for_chain(7337));
    let story = Story::with(fake, settings).await;
    story.fake.pass(10).await;
    let state = story.chain.state();
    assert_eq!(state.l1_block, state.head);
    assert!(state.head >= 520);
}
