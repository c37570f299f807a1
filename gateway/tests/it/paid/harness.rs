//! A market in small: a local chain, orchestrators that are paid on it, and gateways that pay.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::{Address, U256, address};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use prost::Message as _;
use tempfile::TempDir;
use waymark::{config::Config, payments::Payments};
use waymark_payments::{
    chain::ChainState,
    ledger::{GroupBy, Ledger, Period, Total},
};
use waymark_proto::net;
use waymark_testkit::{
    LocalChain, OnChain, Orchestrator, Price, RpcChain,
    chain::Options,
    orchestrator::{ChainView as _, ReceivedSegment},
};

pub(crate) use crate::harness::PATIENCE;
use crate::harness::{Gateway, Pushed, answer, config_of, instant, segment};

/// Who pays: the last public development account.
pub(crate) const SENDER: Address = address!("14dc79964da2c08b23698b3d3cc7ca32193d9955");
/// The pass-phrase of its file.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";
/// What a ticket is worth on average, wei.
pub(crate) const TICKET_EV: u64 = 480_000_000_000_000;
/// Wei for a pixel: a segment of the default renditions costs one ticket and a quarter.
const PRICE: u64 = 30_000_000;
/// The tag that most tests pay under, and its number.
pub(crate) const TAG: (&str, u32) = ("transcode/live/sport", 7);

const KEY_FILE: &str =
    "UTC--2026-01-02T03-04-05.000000006Z--14dc79964da2c08b23698b3d3cc7ca32193d9955";
const KEY: &str = include_str!(
    "../../data/keystore/UTC--2026-01-02T03-04-05.000000006Z--14dc79964da2c08b23698b3d3cc7ca32193d9955"
);

/// So many thousandths of an ether.
pub(crate) fn finney(thousandths: u64) -> U256 {
    U256::from(thousandths) * U256::from(1_000_000_000_000_000_u64)
}

/// The expected value of so many tickets.
pub(crate) fn tickets(count: u64) -> U256 {
    U256::from(count) * U256::from(TICKET_EV)
}

/// Terms as [`Market::open`] has them.
pub(crate) fn base(_: &mut OnChain) {}

/// Winners are redeemed as they come.
pub(crate) fn at_once(terms: &mut OnChain, view: &Arc<RpcChain>) {
    let redeemer: Arc<RpcChain> = Arc::clone(view);
    terms.redeemer = Some(redeemer);
    terms.redeem_at_once = true;
}

/// A chain with orchestrators on it, and a sender with ten ether of deposit and of reserve.
pub(crate) struct Market {
    pub(crate) chain: LocalChain,
    pub(crate) orchestrators: Vec<Orchestrator>,
    pub(crate) views: Vec<Arc<RpcChain>>,
}

impl Market {
    /// So many orchestrators, winners wait for ever.
    pub(crate) async fn open(count: usize) -> Self {
        Self::with(count, Options::default(), base).await
    }

    pub(crate) async fn with(count: usize, options: Options, terms: impl Fn(&mut OnChain)) -> Self {
        let market = Self::unfunded(count, options, terms).await;
        market.fund(finney(10_000), finney(10_000)).await;
        market
    }

    /// The sender has neither deposit nor reserve.
    pub(crate) async fn unfunded(
        count: usize,
        options: Options,
        terms: impl Fn(&mut OnChain),
    ) -> Self {
        let chain =
            LocalChain::with(options).await.expect("anvil starts; `make packages` brings it");
        let mut market = Self { chain, orchestrators: Vec::new(), views: Vec::new() };
        for _ in 0..count {
            market.add(&terms).await;
        }
        market
    }

    /// One more orchestrator, in the pool at once.
    pub(crate) async fn add(&mut self, terms: &impl Fn(&mut OnChain)) {
        self.add_with(|settings, _| terms(settings)).await;
    }

    /// The same for terms that know the orchestrator's own view of the chain.
    pub(crate) async fn add_with(&mut self, terms: impl FnOnce(&mut OnChain, &Arc<RpcChain>)) {
        let chain = &self.chain;
        let account = chain.account(finney(100_000)).await.expect("an account");
        let (controller, key) = (chain.contracts().controller, account.key().clone());
        let view = RpcChain::connect(chain.url(), controller, Some(key.clone())).await;
        let view = Arc::new(view.expect("the contracts are found"));
        let shared: Arc<RpcChain> = Arc::clone(&view);
        let mut settings = OnChain::new(shared);
        settings.price = Price::per_pixel(PRICE);
        settings.ticket_ev = U256::from(TICKET_EV);
        terms(&mut settings, &view);
        let redeems = settings.redeemer.is_some();
        let builder = instant().key(key).max_sessions(10_000).on_chain(settings);
        let orchestrator = builder.start().await.expect("it starts");
        let stake = finney(1_000_000);
        let registered =
            chain.register_orchestrator(account.address(), orchestrator.uri(), stake).await;
        registered.expect("a place in the pool");
        self.orchestrators.push(orchestrator);
        self.views.push(view);
        if redeems {
            // Whoever redeems has looked at the chain already, when it was not in the pool yet.
            self.mine(1).await;
        }
    }

    /// Adds to what the sender has in the ticket broker.
    pub(crate) async fn fund(&self, deposit: U256, reserve: U256) {
        self.chain.fund_sender(SENDER, deposit, reserve).await.expect("the broker takes it");
    }

    /// A gateway that uses all orchestrators.
    pub(crate) async fn gateway(&self, change: impl FnOnce(&mut Config)) -> Gateway {
        let all: Vec<&Orchestrator> = self.orchestrators.iter().collect();
        self.gateway_of(&all, change).await
    }

    /// A gateway that is told of these orchestrators; of none, it looks into the pool.
    pub(crate) async fn gateway_of(
        &self,
        orchestrators: &[&Orchestrator],
        change: impl FnOnce(&mut Config),
    ) -> Gateway {
        let dir = tempfile::tempdir().expect("a temporary directory");
        self.gateway_in(dir, self.chain.url(), orchestrators, change).await
    }

    /// The same on a data directory there is, with this endpoint.
    pub(crate) async fn gateway_in(
        &self,
        dir: TempDir,
        rpc: &str,
        orchestrators: &[&Orchestrator],
        change: impl FnOnce(&mut Config),
    ) -> Gateway {
        let mut arguments = vec!["waymark".to_owned()];
        arguments.extend(self.arguments(dir.path(), rpc, orchestrators));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut config = config_of(&arguments);
        config.chain.as_mut().expect("on chain").poll = Duration::from_millis(50);
        config.stream_idle = Duration::from_hours(1);
        let number = (TAG.0.parse().expect("a tag"), TAG.1.try_into().expect("a number"));
        config.tags.ids = vec![number];
        change(&mut config);
        let ready = orchestrators.len();
        let gateway = Gateway::run(config, dir).await;
        let known = gateway.context().directory.until(PATIENCE, |c| c.ready >= ready.max(1));
        assert!(known.await || self.orchestrators.is_empty(), "orchestrators answer");
        gateway
    }

    /// The stock command line of a gateway on this chain, whose key lies in `dir`.
    pub(crate) fn arguments(
        &self,
        dir: &Path,
        rpc: &str,
        orchestrators: &[&Orchestrator],
    ) -> Vec<String> {
        let (keys, password) = (dir.join("keystore"), dir.join("password"));
        std::fs::create_dir_all(&keys).expect("a directory");
        std::fs::write(keys.join(KEY_FILE), KEY).expect("a file");
        std::fs::write(&password, PASSPHRASE).expect("a file");
        let text = |path: &Path| path.to_str().expect("a UTF-8 path").to_owned();
        let controller = self.chain.contracts().controller.to_string();
        let mut arguments: Vec<String> =
            ["-gateway", "-network", "testnet", "-httpIngest"].map(str::to_owned).into();
        for (flag, value) in [
            ("-ethUrl", rpc.to_owned()),
            ("-ethController", controller),
            ("-ethKeystorePath", text(&keys)),
            ("-ethPassword", text(&password)),
            ("-maxTicketEV", "500000000000000".to_owned()),
            ("-maxTotalEV", "100000000000000000".to_owned()),
            ("-maxSessions", "200".to_owned()),
            ("-httpAddr", "127.0.0.1:0".to_owned()),
            ("-cliAddr", "127.0.0.1:0".to_owned()),
            ("-dataDir", text(dir)),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        let uris: Vec<&str> = orchestrators.iter().map(|o| o.uri()).collect();
        if !uris.is_empty() {
            arguments.extend(["-orchAddr".to_owned(), uris.join(",")]);
        }
        arguments
    }

    /// The same in our own form, with settings that no stock flag has.
    pub(crate) fn own_arguments(
        &self,
        dir: &Path,
        rpc: &str,
        orchestrators: &[&Orchestrator],
        more: &[String],
    ) -> Vec<String> {
        let stock = self.arguments(dir, rpc, orchestrators);
        let mut arguments = vec!["serve".to_owned()];
        let mut set = |key: &str, value: &str| {
            arguments.extend(["--set".to_owned(), format!("{key}={value}")]);
        };
        for (flag, key) in [
            ("-network", "network"),
            ("-ethUrl", "chain.rpc"),
            ("-ethController", "chain.controller"),
            ("-ethKeystorePath", "chain.keystore"),
            ("-ethPassword", "chain.passphrase"),
            ("-maxTicketEV", "payments.max_ticket_ev"),
            ("-maxTotalEV", "payments.max_total_ev"),
            ("-maxSessions", "ingest.max_sessions"),
            ("-httpAddr", "listen.http"),
            ("-cliAddr", "listen.cli"),
            ("-dataDir", "data_dir"),
            ("-orchAddr", "orchestrators.addresses"),
        ] {
            if let Some(at) = stock.iter().position(|argument| argument == flag) {
                set(key, &stock[at + 1]);
            }
        }
        set("chain.poll", "100ms");
        set("tags.ids", &format!("{}={}", TAG.0, TAG.1));
        arguments.extend(more.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
        arguments
    }

    /// What all orchestrators were credited, wei.
    pub(crate) fn received(&self) -> U256 {
        self.orchestrators.iter().map(received).sum()
    }

    /// Nobody was paid badly: no ticket or payment was refused, everybody was paid for every segment
    /// and nobody for less than was made.
    pub(crate) fn check(&self) {
        for orchestrator in &self.orchestrators {
            check(orchestrator);
        }
    }

    /// Makes blocks and waits until orchestrators have heard of them.
    pub(crate) async fn mine(&self, blocks: u64) {
        self.chain.mine(blocks).await.expect("blocks");
        let newest = self.chain.block_number().await.expect("a number");
        futures_util::future::join_all(self.views.iter().map(|v| v.block_after(newest - 1))).await;
    }
}

/// What an orchestrator was credited, wei.
pub(crate) fn received(orchestrator: &Orchestrator) -> U256 {
    orchestrator.stats().payments.credited_wei.floor()
}

/// See [`Market::check`].
pub(crate) fn check(orchestrator: &Orchestrator) {
    let stats = orchestrator.stats();
    let paid = &stats.payments;
    assert!(paid.tickets_rejected.is_empty(), "{paid:#?}");
    assert!(paid.payments_refused.is_empty(), "{paid:#?}");
    assert_eq!(paid.payments, stats.segments_accepted, "{paid:#?}");
    assert!(paid.credited_wei >= paid.debited_wei, "{paid:#?}");
}

/// How a gateway pays.
pub(crate) fn payments(gateway: &Gateway) -> &Payments {
    gateway.context().payments.as_ref().expect("on chain")
}

/// Waits until the gateway has heard from the chain what makes `known` true.
pub(crate) async fn heard(gateway: &Gateway, known: impl Fn(&ChainState) -> bool) {
    let chain = &payments(gateway).chain;
    let mut states = chain.states();
    chain.refresh();
    let reached = tokio::time::timeout(PATIENCE, states.wait_for(|state| known(state))).await;
    assert!(reached.is_ok_and(|r| r.is_ok()), "the last state is {:?}", chain.state());
}

/// Sums of everything in a ledger.
pub(crate) fn totals(ledger: &Ledger, by: GroupBy) -> Vec<Total> {
    let day = SignedDuration::from_hours(24);
    let now = jiff::Timestamp::now();
    ledger.totals(by, Period { from: now - day, to: now + day }).expect("a report")
}

/// Waits until so many payments are on record: the one for the next segment is made beside the
/// answer to the last.
pub(crate) async fn on_record(gateway: &Gateway, count: u64) {
    let made = async {
        while totals(&payments(gateway).ledger, GroupBy::Tag)
            .iter()
            .map(|t| t.payments)
            .sum::<u64>()
            < count
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, made).await.expect("the payments are made");
}

/// Everything a ledger has promised, wei.
pub(crate) fn promised(ledger: &Ledger) -> U256 {
    totals(ledger, GroupBy::Orchestrator).iter().map(|total| total.value).sum()
}

/// Pushes a segment under [`TAG`].
pub(crate) async fn push_tagged(gateway: &Gateway, manifest: &str, seq: usize) -> Pushed {
    let path = format!("/live/{manifest}/{seq}.ts");
    answer(gateway.pushing(&path, segment(seq)).header("livepeer-job-tag", TAG.0)).await
}

/// Refusal of a push: status 503, and what is said in detail, of the attempts as well.
pub(crate) fn refusal(pushed: &Pushed) -> (String, String) {
    assert_eq!(pushed.status, reqwest::StatusCode::SERVICE_UNAVAILABLE, "{:?}", pushed.body);
    assert!(pushed.headers.contains_key("retry-after"));
    (pushed.reason(), String::from_utf8_lossy(&pushed.body).into_owned())
}

/// The payment that came with a segment.
pub(crate) fn payment_of(seen: &ReceivedSegment) -> net::Payment {
    let header = seen.payment_header.as_ref().expect("every segment has the header");
    let bytes = STANDARD.decode(header).expect("base64");
    net::Payment::decode(bytes.as_slice()).expect("a payment")
}
