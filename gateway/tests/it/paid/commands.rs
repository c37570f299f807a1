//! `waymark funds …` and `waymark doctor` on a local chain.

use std::path::Path;

use tempfile::TempDir;
use waymark::{
    cli::{Command, Consent, FundsChange},
    clock::Clock,
    config::Config,
    funds::{self, Console, FundsError},
};
use waymark_testkit::{Orchestrator, chain::Options};

use super::harness::{Market, SENDER, base, finney};
use crate::{harness::config_of, process::waymark};

/// The settings of a gateway that never ran.
pub(super) fn settings(market: &Market, dir: &Path) -> Box<Config> {
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let mut arguments = vec!["waymark".to_owned()];
    arguments.extend(market.arguments(dir, market.chain.url(), &all));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Box::new(config_of(&arguments))
}

pub(super) type Answer = fn(&str) -> std::io::Result<Option<String>>;

pub(super) const NOBODY: Answer = |_| Ok(None);
pub(super) const YES: Answer = |_| Ok(Some("yes\n".to_owned()));
pub(super) const NO: Answer = |_| Ok(Some("y\n".to_owned()));

async fn run(command: Command, confirm: Answer) -> Result<(u8, String), FundsError> {
    let mut out = Vec::new();
    let mut console = Console { out: &mut out, confirm, secret: NOBODY };
    let code = funds::run(command, &Clock::start(), &mut console).await?;
    Ok((code, String::from_utf8(out).expect("text")))
}

struct Desk {
    market: Market,
    dir: TempDir,
}

impl Desk {
    async fn open(orchestrators: usize) -> Self {
        let market = Market::unfunded(orchestrators, Options::default(), base).await;
        Self { market, dir: tempfile::tempdir().expect("a temporary directory") }
    }

    fn config(&self) -> Box<Config> {
        settings(&self.market, self.dir.path())
    }

    async fn change(
        &self,
        change: FundsChange,
        consent: Consent,
        confirm: Answer,
    ) -> Result<(u8, String), FundsError> {
        let config = self.config();
        run(Command::ChangeFunds { config, change, consent }, confirm).await
    }

    async fn doctor(&self) -> (u8, String) {
        run(Command::Doctor { config: self.config() }, NOBODY).await.expect("a report")
    }
}

const fn add() -> FundsChange {
    FundsChange::Add {
        deposit: alloy_primitives::U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]),
        reserve: alloy_primitives::U256::from_limbs([2_000_000_000_000_000_000, 0, 0, 0]),
    }
}

#[tokio::test]
async fn money_goes_in_and_comes_out_with_consent_and_never_without() {
    let desk = Desk::open(1).await;
    let before = desk.market.chain.balance(SENDER).await.expect("a balance");

    let (code, text) = desk.change(add(), Consent::DryRun, NOBODY).await.unwrap();
    assert_eq!(code, funds::DONE, "{text}");
    assert!(text.contains("0.000000000000000000 -> 1.000000000000000000 ETH"), "{text}");
    assert!(text.ends_with("A dry run: nothing was sent.\n"), "{text}");
    let error = desk.change(add(), Consent::Ask, NOBODY).await.unwrap_err();
    assert_eq!(error.exit_code(), funds::NO_CONSENT);
    assert!(error.to_string().contains("--yes"), "{error}");
    let (code, text) = desk.change(add(), Consent::Ask, NO).await.unwrap();
    assert_eq!((code, text.lines().last()), (funds::FAILED, Some("Nothing was sent.")));
    assert_eq!(desk.market.chain.balance(SENDER).await.expect("a balance"), before);

    let (code, text) = desk.change(add(), Consent::Ask, YES).await.unwrap();
    assert_eq!(code, funds::DONE, "{text}");
    assert!(text.contains("Done: transaction 0x"), "{text}");
    assert!(text.contains("deposit   1 eth") && text.contains("reserve   2 eth"), "{text}");

    let (code, text) = desk.change(FundsChange::Withdraw, Consent::Given, NOBODY).await.unwrap();
    assert_eq!(code, funds::FAILED);
    assert!(text.contains("no unlock is in progress"), "{text}");
    let (code, text) = desk.change(FundsChange::Unlock, Consent::Given, NOBODY).await.unwrap();
    assert_eq!(code, funds::DONE);
    assert!(text.contains("unlocking: they can be withdrawn from round"), "{text}");
    let (code, _) = desk.change(FundsChange::CancelUnlock, Consent::Given, NOBODY).await.unwrap();
    assert_eq!(code, funds::DONE);
    desk.change(FundsChange::Unlock, Consent::Given, NOBODY).await.unwrap();
    for _ in 0..2 {
        desk.market.chain.next_round().await.expect("a round");
    }
    let (code, text) = desk.change(FundsChange::Withdraw, Consent::Given, NOBODY).await.unwrap();
    assert_eq!(code, funds::DONE, "{text}");
    let after = desk.market.chain.balance(SENDER).await.expect("a balance");
    assert!(before - after < finney(10), "only gas is gone: {before} {after}");
}

#[tokio::test]
async fn the_status_says_what_the_funds_carry() {
    let desk = Desk::open(2).await;
    desk.market.fund(finney(500), finney(3_000)).await;
    let status = Command::FundsStatus { config: desk.config() };
    let (code, text) = run(status, NOBODY).await.unwrap();
    assert_eq!(code, funds::DONE);
    for says in [
        "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955 on testnet (chain 7337)",
        "deposit   0.5 eth",
        "2 orchestrators; each can claim 1.5 eth of the reserve",
        "a face value of up to 0.5 eth",
        "nothing was paid from this data directory yet",
    ] {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_doctor_finds_what_is_missing_until_nothing_is() {
    let desk = Desk::open(2).await;
    let (code, text) = desk.doctor().await;
    assert_eq!(code, funds::FAILED);
    assert!(text.contains("FATAL (no-deposit)") && text.contains("FATAL (no-reserve)"), "{text}");

    desk.market.fund(finney(10_000), finney(10_000)).await;
    // Orchestrators remember what they read for half a second.
    desk.market.mine(1).await;
    let (code, text) = desk.doctor().await;
    assert_eq!((code, text.contains("FATAL")), (funds::DONE, false), "{text}");

    let mut config = desk.config();
    let per = std::num::NonZeroU64::MIN;
    config.prices.max = waymark::config::PriceCap::parse("1", per).expect("a price");
    let (code, text) = run(Command::Doctor { config }, NOBODY).await.unwrap();
    assert_eq!(code, funds::FAILED);
    assert!(text.contains("FATAL (price-cap)"), "{text}");

    desk.market.chain.unlock(SENDER).await.expect("an unlock");
    let (_, text) = desk.doctor().await;
    assert!(text.contains("warning (unlocking)"), "{text}");
    desk.market.chain.next_round().await.expect("a round");
    let (code, text) = desk.doctor().await;
    assert_eq!(code, funds::FAILED);
    assert!(text.contains("FATAL (unlocking)"), "{text}");
}

#[tokio::test]
async fn the_doctor_names_a_key_a_pass_phrase_and_a_chain_that_cannot_be_used() {
    let desk = Desk::open(0).await;
    let doctor = async |change: fn(&mut waymark::config::Chain)| {
        let mut config = desk.config();
        change(config.chain.as_mut().expect("on chain"));
        run(Command::Doctor { config }, NOBODY).await.unwrap()
    };
    let (code, text) = doctor(|chain| {
        chain.passphrase = Some(waymark::config::Secret::new("wrong"));
    })
    .await;
    assert_eq!(code, funds::FAILED);
    assert!(text.contains("FATAL (passphrase)") && !text.contains("\"wrong\""), "{text}");
    let (_, text) = doctor(|chain| chain.keystore = Some("/nowhere".into())).await;
    assert!(text.contains("FATAL (no-key)"), "{text}");
    let (_, text) = doctor(|chain| chain.controller = Some(SENDER)).await;
    assert!(text.contains("FATAL (chain-unreadable)"), "{text}");
    let (_, text) = doctor(|chain| chain.passphrase = None).await;
    assert!(text.contains("orchestrators were not asked"), "{text}");
}

#[tokio::test]
async fn the_program_says_how_it_went_by_its_exit_code() {
    let desk = Desk::open(0).await;
    let stock = desk.market.arguments(desk.dir.path(), desk.market.chain.url(), &[]);
    let exit = async |command: &[&str], stock: &[&str]| {
        let arguments: Vec<&str> = [command, &["--"], stock].concat();
        let output = waymark(&arguments).output().await.expect("the program runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let on_chain: Vec<&str> = stock.iter().map(String::as_str).collect();
    let data = desk.dir.path().to_str().expect("a path");
    let off_chain = ["-gateway", "-network", "offchain", "-dataDir", data];
    let cases: [(&[&str], &[&str], i32, &str); 6] = [
        (&["funds", "status"], &on_chain, 0, "deposit   0 wei"),
        (&["funds", "add", "--deposit", "1eth"], &on_chain, 64, "--yes"),
        (&["funds", "withdraw", "--yes"], &on_chain, 1, "there is neither a deposit nor a reserve"),
        (&["funds", "status"], &off_chain, 78, "offchain"),
        (&["doctor"], &on_chain, 1, "FATAL"),
        (&["doctor"], &off_chain, 0, "nothing is paid"),
    ];
    for (command, stock, code, says) in cases {
        let (exit, text) = exit(command, stock).await;
        assert_eq!(exit, Some(code), "{command:?}: {text}");
        assert!(text.contains(says), "{command:?} says {says:?}: {text}");
    }
}
