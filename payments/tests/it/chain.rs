//! The watcher and the funds on a local chain that runs the contracts.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, U256, keccak256};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use waymark_contracts::TicketBroker;
use waymark_payments::{
    chain::{
        Chain, ChainSettings, ChainState, Cursor, LogId, Redemption, RedemptionSink, Rpc,
        RpcSettings, Scan, SinkError, WallClock,
    },
    fund::{Action, FundError, FundSettings, Funds, Obstacle},
    signer::LocalKey,
};
use waymark_testkit::chain::{LocalChain, dev_account};

/// Longer than anything here takes; not a pause.
const PATIENCE: Duration = Duration::from_secs(60);

fn milli(ether: u64) -> U256 {
    U256::from(ether) * U256::from(1_000_000_000_000_000_u64)
}

fn key() -> LocalKey {
    LocalKey::from_slice(&dev_account(1).secret()).unwrap()
}

#[derive(Debug, Default)]
struct Sink {
    kept: Mutex<BTreeMap<LogId, Redemption>>,
    removed: Mutex<Vec<LogId>>,
    cursor: Mutex<Option<Cursor>>,
}

impl RedemptionSink for Sink {
    fn cursor(&self) -> Result<Option<Cursor>, SinkError> {
        Ok(*self.cursor.lock())
    }

    fn since(&self, block: u64) -> Result<Vec<LogId>, SinkError> {
        Ok(self.kept.lock().keys().filter(|id| id.block >= block).copied().collect())
    }

    fn record(&self, scan: &Scan) -> Result<(), SinkError> {
        let mut kept = self.kept.lock();
        for id in &scan.removed {
            kept.remove(id);
        }
        self.removed.lock().extend(&scan.removed);
        kept.extend(scan.redeemed.iter().map(|r| (r.log, r.clone())));
        *self.cursor.lock() = Some(scan.cursor);
        Ok(())
    }
}

struct Watched {
    chain: Chain,
    sink: Arc<Sink>,
    stop: CancellationToken,
}

impl Watched {
    async fn begin(local: &LocalChain, url: &str, poll: Duration) -> Self {
        let rpc = rpc(url);
        let at = local.contracts();
        let mut settings = ChainSettings::new(at.controller, key().address());
        settings.ai_registry = Some(at.ai_service_registry);
        settings.price_feed = Some(at.price_feed);
        settings.poll = poll;
        settings.logs_every = poll;
        settings.gas_every = poll;
        let sink = Arc::new(Sink::default());
        let clock = WallClock::new(Timestamp::now);
        let (chain, watcher) =
            Chain::start(rpc, settings, Arc::clone(&sink) as _, clock).await.unwrap();
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "a test's own task")]
        drop(tokio::spawn(watcher.run(stop.clone())));
        Self { chain, sink, stop }
    }

    /// Waits until the state is as wanted.
    async fn until(&self, wanted: impl Fn(&ChainState) -> bool) {
        let mut states = self.chain.states();
        let reached = states.wait_for(|state| wanted(state));
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "never came: {:?}", self.chain.state());
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn rpc(url: &str) -> Rpc {
    Rpc::new(&[url.parse().unwrap()], RpcSettings::default()).unwrap()
}

async fn funds(local: &LocalChain, settings: FundSettings) -> Funds {
    let controller = local.contracts().controller;
    Funds::connect(rpc(local.url()), controller, key().address(), settings).await.unwrap()
}

fn quick() -> FundSettings {
    FundSettings { poll: Duration::from_millis(10), ..FundSettings::default() }
}

/// A ticket that always wins, signed, with what it takes to redeem it.
async fn winner(local: &LocalChain, nonce: u64) -> (TicketBroker::Ticket, Vec<u8>, U256) {
    let rand = U256::from(5);
    let round = U256::from(local.current_round().await.unwrap());
    let hash: B256 = {
        let call = waymark_contracts::RoundsManager::blockHashForRoundCall { round };
        local.read(local.contracts().rounds_manager, &call).await.unwrap()
    };
    let ticket = TicketBroker::Ticket {
        recipient: dev_account(2).address(),
        sender: key().address(),
        faceValue: milli(2),
        winProb: U256::MAX,
        senderNonce: U256::from(nonce),
        recipientRandHash: keccak256(rand.to_be_bytes::<32>()),
        auxData: [round.to_be_bytes::<32>(), hash.0].concat().into(),
    };
    let call = TicketBroker::getTicketHashCall { ticket: ticket.clone() };
    let hash: B256 = local.read(local.contracts().ticket_broker, &call).await.unwrap();
    (ticket, key().sign_message(&hash).to_vec(), rand)
}

async fn register(local: &LocalChain, count: u64) -> Vec<Address> {
    let mut members = Vec::new();
    for i in 1..=count {
        let address = Address::repeat_byte(u8::try_from(i).unwrap());
        let uri = format!("https://o{i}.example:8935");
        local.register_orchestrator(address, &uri, U256::from(1000 - i)).await.unwrap();
        members.push(address);
    }
    members
}

#[tokio::test]
async fn a_start_reads_round_funds_pool_and_price_in_eight_calls() {
    let local = LocalChain::start().await.unwrap();
    let members = register(&local, 12).await;
    local.fund_sender(key().address(), milli(100), milli(500)).await.unwrap();
    local.set_eth_usd(300_000_000_000, 1_700_000_000).await.unwrap();
    let watched = Watched::begin(&local, local.url(), Duration::from_hours(1)).await;
    let counts = watched.chain.rpc().counts();
    assert_eq!((counts.total(), counts.messages), (8, 5), "{counts:?}");
    let state = watched.chain.state();
    assert_eq!(state.round.number, local.current_round().await.unwrap());
    assert!(state.round.initialized && !state.round.block_hash.is_zero());
    assert_eq!(state.round.length, local.options().round_length);
    assert_eq!(state.sender.deposit, milli(100));
    assert_eq!(state.sender.reserve.remaining, milli(500));
    assert_eq!(state.gas_price, Some(U256::from(local.options().gas_price)));
    assert_eq!(state.pool_size, 12);
    let pool = watched.chain.pool();
    let walked: Vec<Address> = pool.entries.iter().map(|entry| entry.address).collect();
    assert_eq!(walked, members, "the walk runs on a real machine, in the order of stake");
    assert_eq!(pool.entries[3].service_uri.as_deref(), Some("https://o4.example:8935"));
    assert_eq!(pool.entries[3].stake, U256::from(996));
    assert!(pool.entries.iter().all(|entry| entry.active));
    assert_eq!(watched.chain.price().unwrap().answer, U256::from(300_000_000_000_u64));
}

#[tokio::test]
async fn a_twelve_block_reorganisation_gives_the_deposit_back_and_takes_the_redemption() {
    let local = LocalChain::start().await.unwrap();
    register(&local, 1).await;
    local.register_orchestrator(dev_account(2).address(), "https://o", milli(1)).await.unwrap();
    local.fund_sender(key().address(), milli(100), milli(500)).await.unwrap();
    // The reorganisation must not reach the funding.
    local.mine(10).await.unwrap();
    let watched = Watched::begin(&local, local.url(), Duration::from_millis(20)).await;
    let (ticket, signature, rand) = winner(&local, 7 << 10 | 1).await;
    local.redeem(dev_account(3).address(), ticket.clone(), signature, rand).await.unwrap();
    watched.until(|state| state.sender.deposit == milli(98)).await;
    let kept: Vec<Redemption> = watched.sink.kept.lock().values().cloned().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].tag.map(|(tag, n)| (tag.get(), n)), Some((7, 1)));
    assert_eq!((kept[0].paid, kept[0].face_value), (milli(2), milli(2)));
    assert_eq!(kept[0].params, ticket.recipientRandHash);
    assert!(local.is_used(kept[0].ticket_hash).await.unwrap());

    local.mine(8).await.unwrap();
    watched.until(|state| state.head >= kept[0].log.block + 8).await;
    local.reorg(12).await.unwrap();
    watched.until(|state| state.sender.deposit == milli(100)).await;
    assert_eq!(watched.sink.removed.lock().as_slice(), [kept[0].log]);
    assert!(watched.sink.kept.lock().is_empty());
    assert_eq!(watched.chain.tally().reorgs, 1);
}

#[tokio::test]
async fn an_unlock_started_elsewhere_and_a_new_round_are_seen() {
    let local = LocalChain::start().await.unwrap();
    local.fund_sender(key().address(), milli(100), milli(500)).await.unwrap();
    let watched = Watched::begin(&local, local.url(), Duration::from_millis(20)).await;
    let round = watched.chain.state().round.number;
    local.unlock(key().address()).await.unwrap();
    watched.until(|state| state.sender.withdraw_round == round + 2).await;
    let next = local.next_round().await.unwrap();
    watched.until(|state| state.round.number == next && state.round.initialized).await;
    local.cancel_unlock(key().address()).await.unwrap();
    watched.until(|state| state.sender.withdraw_round == 0).await;
    local.set_gas_price(200_000_000).await.unwrap();
    local.mine(1).await.unwrap();
    watched.until(|state| state.gas_price == Some(U256::from(200_000_000))).await;
}

#[tokio::test]
async fn heads_are_pushed_over_a_websocket_and_not_asked_for() {
    let local = LocalChain::start().await.unwrap();
    let watched = Watched::begin(&local, local.ws_url(), Duration::from_hours(1)).await;
    let before = watched.chain.rpc().counts().calls["eth_getBlockByNumber"];
    let head = watched.chain.state().head;
    for more in 1..=3 {
        local.mine(1).await.unwrap();
        watched.until(|state| state.head >= head + more).await;
    }
    assert_eq!(watched.chain.rpc().counts().calls["eth_getBlockByNumber"], before);
}

#[tokio::test]
async fn funds_go_in_are_unlocked_and_come_back_as_planned() {
    let local = LocalChain::start().await.unwrap();
    let funds = funds(&local, quick()).await;
    let steps = [
        Action::Fund { deposit: milli(10), reserve: U256::ZERO },
        Action::Fund { deposit: U256::ZERO, reserve: milli(20) },
        Action::Fund { deposit: milli(1), reserve: milli(2) },
        Action::Unlock,
        Action::CancelUnlock,
        Action::Unlock,
    ];
    for action in steps {
        let plan = funds.plan(action).await.unwrap();
        assert_eq!(plan.obstacles, [], "{plan}");
        let receipt = funds.send(&plan, &key()).await.unwrap();
        assert!(receipt.gas_used <= plan.gas_limit().unwrap(), "{plan}");
        let after = funds.status().await.unwrap();
        assert_eq!(after.sender, plan.after.sender, "{plan}");
        assert_eq!(after.balance, plan.after.balance - receipt.cost, "{plan}");
    }
    let early = funds.plan(Action::Withdraw).await.unwrap();
    assert!(early.obstacles[0].to_string().contains("the funds are locked until round"), "{early}");
    let sent = funds.send(&early, &key()).await;
    assert!(matches!(sent, Err(FundError::Obstacle { .. })));
    local.next_round().await.unwrap();
    local.next_round().await.unwrap();
    let plan = funds.plan(Action::Withdraw).await.unwrap();
    assert_eq!(plan.obstacles, [], "{plan}");
    let receipt = funds.send(&plan, &key()).await.unwrap();
    let after = funds.status().await.unwrap();
    assert_eq!(after.sender, plan.after.sender);
    assert_eq!(after.balance, plan.before.balance + milli(33) - receipt.cost);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_before_anything_is_sent() {
    let local = LocalChain::start().await.unwrap();
    let limit = FundSettings { max_gas_price: Some(U256::from(50_000_000)), ..quick() };
    let funds = funds(&local, limit).await;
    let action = Action::Fund { deposit: milli(1), reserve: milli(1) };

    local.set_gas_price(200_000_000).await.unwrap();
    local.mine(1).await.unwrap();
    let dear = funds.plan(action).await.unwrap();
    assert!(matches!(dear.obstacles[..], [Obstacle::GasPrice(_)]), "{dear}");
    local.set_gas_price(20_000_000).await.unwrap();
    local.mine(1).await.unwrap();

    let nothing = funds.plan(Action::Unlock).await.unwrap();
    let text = nothing.obstacles[0].to_string();
    assert_eq!(text, "the contract would refuse: there is neither a deposit nor a reserve");

    local.set_paused(true).await.unwrap();
    let paused = funds.plan(action).await.unwrap();
    assert!(paused.before.paused);
    let text = paused.obstacles[0].to_string();
    assert!(text.contains("Livepeer's contracts are paused"), "{text}");
    local.set_paused(false).await.unwrap();

    local.set_balance(key().address(), milli(1)).await.unwrap();
    let poor = funds.plan(action).await.unwrap();
    assert!(matches!(poor.obstacles[..], [Obstacle::Ether { .. }]), "{poor}");
}
