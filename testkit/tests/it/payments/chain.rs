//! Paid on a local chain: read over JSON-RPC, redeemed with signed transactions.

use std::process::Stdio;
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;
use waymark_testkit::chain::{LocalChain, dev_account};
use waymark_testkit::client::{
    get, get_orchestrator_as, header, job_capabilities, payment, post_paid, seg_data, sign_segment,
};
use waymark_testkit::{ChainView as _, Key, OnChain, Orchestrator, Price, RpcChain};

use super::{EV, info, pay, payee, said};
use crate::harness::{SEGMENT, deadline, two_profiles};

const ORCHESTRATOR: &str = env!("CARGO_BIN_EXE_waymark-orchestrator");

fn milliether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64.pow(15))
}

/// A chain on which an orchestrator is active and a sender has money.
async fn funded(orchestrator: Address, sender: Address) -> LocalChain {
    let chain = LocalChain::start().await.unwrap();
    let uri = "https://127.0.0.1:1";
    chain.register_orchestrator(orchestrator, uri, milliether(1000)).await.unwrap();
    chain.fund_sender(sender, milliether(1000), milliether(1000)).await.unwrap();
    chain
}

async fn settings(chain: &LocalChain, key: Key) -> OnChain {
    let controller = chain.contracts().controller;
    let rpc = Arc::new(RpcChain::connect(chain.url(), controller, Some(key)).await.unwrap());
    let mut settings = OnChain::new(Arc::<RpcChain>::clone(&rpc));
    settings.redeemer = Some(rpc);
    settings.ticket_ev = U256::from(EV);
    settings.price = Price::per_pixel(1000);
    settings
}

/// Pays 20 tickets at a time until something has won.
async fn win(orchestrator: &Orchestrator, key: &Key) -> u64 {
    loop {
        let session = info(orchestrator, key).await;
        let nonces: Vec<_> = (1..=20).map(|n| (7 << 10) | n).collect();
        let answer = pay(orchestrator, key, &session, "x", &nonces).await;
        assert_eq!(answer.status(), 200, "{:?}", said(&answer));
        let winners = orchestrator.stats().payments.winners;
        if winners > 0 {
            return winners;
        }
    }
}

#[tokio::test]
async fn the_chain_is_read_as_it_is() {
    let (recipient, sender) = (dev_account(2), dev_account(1));
    let chain = funded(recipient.address(), sender.address()).await;
    let controller = chain.contracts().controller;
    let rpc = RpcChain::connect(chain.url(), controller, None).await.unwrap();
    let head = rpc.head().await.unwrap();
    assert_eq!(head.l1_block, chain.block_number().await.unwrap());
    assert_eq!(head.round, chain.current_round().await.unwrap());
    assert!(!head.round_hash.is_zero());
    assert_eq!((head.pool_size, head.gas_price), (1, U256::from(20_000_000)));
    let funds = rpc.funds(sender.address(), recipient.address()).await.unwrap();
    assert_eq!((funds.deposit, funds.reserve), (milliether(1000), milliether(1000)));
    assert_eq!((funds.withdraw_round, funds.claimed), (0, U256::ZERO));
    assert!(rpc.is_active(recipient.address()).await.unwrap());
    assert!(!rpc.is_active(sender.address()).await.unwrap());
    let wrong = RpcChain::connect(chain.url(), sender.address(), None).await.unwrap_err();
    assert!(wrong.to_string().contains("did not answer getContract(bytes32)"), "{wrong}");
}

#[tokio::test]
async fn winners_are_redeemed_on_the_chain_when_their_parameters_have_expired() {
    let (recipient, sender) = (dev_account(2), dev_account(1));
    let chain = funded(recipient.address(), sender.address()).await;
    let settings = settings(&chain, recipient.key().clone()).await;
    let builder = payee(settings).key(recipient.key().clone());
    let orchestrator = builder.start().await.unwrap();
    let winners = win(&orchestrator, sender.key()).await;
    assert_eq!(orchestrator.stats().payments.redeemed, 0);
    chain.mine(41).await.unwrap();
    // Each redemption makes the block that lets the next one go.
    orchestrator.wait_for(|stats| stats.payments.redeemed == winners).await.unwrap();
    let face_value = U256::from(2_400_000_000_000_000u64) * U256::from(winners);
    let info = chain.sender_info(sender.address()).await.unwrap();
    assert_eq!(info.sender.deposit, milliether(1000) - face_value);
    assert!(chain.fees(recipient.address()).await.unwrap() > U256::ZERO);
    let payments = orchestrator.stats().payments;
    assert!(payments.redeem_errors.is_empty(), "{:?}", payments.redeem_errors);
    assert_eq!(payments.tags[&7].redeemed_wei.floor(), face_value);
}

/// The next line that a program prints.
async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout_at(deadline(), lines.next_line()).await;
    line.expect("it prints in time").unwrap().expect("it prints a line")
}

async fn report(uri: &str) -> Value {
    serde_json::from_slice(&get(uri, 1 << 20, deadline()).await.unwrap()).unwrap()
}

fn program(chain: &LocalChain, more: &[&str]) -> Child {
    let secret = hex::encode(dev_account(2).secret());
    let controller = chain.contracts().controller.to_string();
    Command::new(ORCHESTRATOR)
        .args(["--listen", "127.0.0.1:0", "--stats-listen", "127.0.0.1:0", "--answer", "fixed"])
        .args(["--eth-url", chain.url(), "--controller", &controller, "--eth-key", &secret])
        .args(["--price-per-pixel", "2/4", "--ticket-ev", "480000000000000", "--redeem-at-once"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_program_is_paid_redeems_at_once_and_tells_what_it_earned() {
    let (recipient, sender) = (dev_account(2), dev_account(1));
    let chain = funded(recipient.address(), sender.address()).await;
    let mut child = program(&chain, &["--no-auto-adjust"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (uri, stats) = (line(&mut lines).await, line(&mut lines).await);
    let key = sender.key();
    let until = Instant::now() + std::time::Duration::from_secs(30);
    let mut seen = report(&stats).await;
    while seen["payments"]["redeemed"].as_u64() < Some(1) {
        assert!(Instant::now() < until, "nothing redeemed: {seen:#}");
        let info = get_orchestrator_as(&uri, key, Some(job_capabilities())).await.unwrap();
        let price = info.price_info.clone().unwrap();
        assert_eq!((price.price_per_unit, price.pixels_per_unit), (1, 2));
        let token = info.auth_token.clone().unwrap();
        let mut data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token);
        sign_segment(key, &mut data);
        let nonces: Vec<_> = (1..=10).map(|n| (70_000 << 10) | n).collect();
        let (paid, data) = (header(&payment(key, &info, &nonces)), header(&data));
        let sent = post_paid(&uri, "/segment", &paid, &data, SEGMENT.clone(), deadline());
        assert_eq!(sent.await.unwrap().status(), 200);
        seen = report(&stats).await;
    }
    let earned = &seen["payments"]["tags"]["70000"];
    assert!(earned["tickets"].as_u64() >= Some(10), "{seen:#}");
    assert_eq!(seen["address"], format!("{:#x}", recipient.address()));
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let last: Value = serde_json::from_str(&line(&mut lines).await).unwrap();
    assert!(last["payments"]["redeemed"].as_u64() >= Some(1));
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert!(chain.fees(recipient.address()).await.unwrap() > U256::ZERO);
}

#[tokio::test]
async fn the_program_says_what_is_missing_and_keeps_the_key_to_itself() {
    let secret = "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365";
    let controller = Address::ZERO.to_string();
    let url = ["--eth-url", "http://127.0.0.1:1", "--controller", &controller];
    for (args, text) in [
        (vec![], "who is paid? name a key with --eth-key-file or --eth-key"),
        (vec!["--eth-key", secret], "--eth-key must hold 64 hexadecimal digits"),
        (vec!["--ticket-ev", "1.5"], "`1.5` is no whole number of wei"),
        (vec!["--price-per-pixel", "1/0"], "`1/0` is no price"),
    ] {
        let output = Command::new(ORCHESTRATOR).args(url).args(args).output().await.unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(text), "{said}");
        assert!(!said.contains(secret));
    }
}
