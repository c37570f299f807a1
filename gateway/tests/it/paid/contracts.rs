//! `waymark contracts …` on a local chain: the registry is deployed, written down and filled.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use waymark::{
    cli::{Command, Consent, ContractsTask},
    clock::Clock,
    funds::{self, Console, FundsError},
};
use waymark_contracts::{JobTagRegistry, job_tag_registry};
use waymark_testkit::chain::Options;

use super::commands::{Answer, NO, NOBODY, YES, settings};
use super::harness::{Market, SENDER, base};

struct Desk {
    market: Market,
    dir: tempfile::TempDir,
}

impl Desk {
    async fn open() -> Self {
        let market = Market::unfunded(0, Options::default(), base).await;
        Self { market, dir: tempfile::tempdir().expect("a temporary directory") }
    }

    async fn run(
        &self,
        task: ContractsTask,
        consent: Consent,
        confirm: Answer,
    ) -> Result<(u8, String), FundsError> {
        let config = settings(&self.market, self.dir.path());
        let mut out = Vec::new();
        let mut console = Console { out: &mut out, confirm, secret: NOBODY };
        let command = Command::Contracts { config, task, consent };
        let code = funds::run(command, &Clock::start(), &mut console).await?;
        Ok((code, String::from_utf8(out).expect("text")))
    }

    fn record(&self) -> serde_json::Value {
        let path = self.dir.path().join("contracts/job-tag-registry-7337.json");
        serde_json::from_slice(&std::fs::read(path).expect("a record")).expect("JSON")
    }

    async fn nonce(&self) -> U256 {
        let count = self.market.chain.rpc().call("eth_getTransactionCount", (SENDER, "latest"));
        count.await.expect("a number")
    }
}

fn deploy() -> ContractsTask {
    ContractsTask::Deploy { curator: None, record: None }
}

#[tokio::test]
async fn a_registry_is_deployed_written_down_and_filled() {
    let desk = Desk::open().await;
    let (code, shown) =
        desk.run(deploy(), Consent::DryRun, NOBODY).await.expect("set up by the test");
    assert_eq!(code, funds::DONE, "{shown}");
    for says in
        ["deploy a JobTagRegistry", "  address  0x", "  gas      ", " gwei = ", "  curator  0x"]
    {
        assert!(shown.contains(says), "{says} is not in\n{shown}");
    }
    assert!(shown.ends_with("A dry run: nothing was sent.\n"), "{shown}");
    let error = desk.run(deploy(), Consent::Ask, NOBODY).await.expect_err("refused");
    assert_eq!(error.exit_code(), funds::NO_CONSENT);
    let (code, _) = desk.run(deploy(), Consent::Ask, NO).await.expect("set up by the test");
    assert_eq!((code, desk.nonce().await), (funds::FAILED, U256::ZERO));

    let (code, text) = desk.run(deploy(), Consent::Ask, YES).await.expect("set up by the test");
    assert_eq!(code, funds::DONE, "{text}");
    let record = desk.record();
    let address: Address = record["address"]
        .as_str()
        .expect("set up by the test")
        .parse()
        .expect("set up by the test");
    assert!(shown.contains(&format!("  address  {address}\n")), "the dry run told it: {shown}");
    assert!(text.contains(&format!("waymark contracts seed --registry {address}")), "{text}");
    let chain = &desk.market.chain;
    let on_chain: Bytes =
        chain.rpc().call("eth_getCode", (address, "latest")).await.expect("set up by the test");
    let hash: B256 = record["codeHash"]
        .as_str()
        .expect("set up by the test")
        .parse()
        .expect("set up by the test");
    assert_eq!(keccak256(&on_chain), hash);
    assert_eq!(record["chainId"], 7337);
    assert_eq!(record["contract"], "JobTagRegistry");
    assert!(
        record["compiler"].as_str().expect("set up by the test").starts_with("0.8.28+"),
        "{record}"
    );
    let curator =
        chain.read(address, &JobTagRegistry::curatorCall {}).await.expect("set up by the test");
    let controller =
        chain.read(address, &JobTagRegistry::controllerCall {}).await.expect("set up by the test");
    assert_eq!((curator, controller), (SENDER, chain.contracts().controller));
    let said = |key: &str| {
        record[key]
            .as_str()
            .expect("set up by the test")
            .parse::<Address>()
            .expect("set up by the test")
    };
    assert_eq!((said("curator"), said("livepeerController")), (curator, controller));
    assert_eq!(said("deployer"), SENDER);

    // A second one by mistake is not made.
    let before = desk.nonce().await;
    let error = desk.run(deploy(), Consent::Given, NOBODY).await.expect_err("refused");
    assert_eq!(error.exit_code(), funds::FAILED);
    assert!(error.to_string().contains("--record"), "{error}");
    assert_eq!(desk.nonce().await, before);

    fill(&desk, address).await;
}

async fn fill(desk: &Desk, registry: Address) {
    let seed = || ContractsTask::Seed { registry };
    let (code, shown) =
        desk.run(seed(), Consent::DryRun, NOBODY).await.expect("set up by the test");
    assert_eq!(code, funds::DONE, "{shown}");
    assert!(shown.contains("  in all   22 tags from number 1 on, about 0.0"), "{shown}");
    // Stopped after two, it goes on with the third.
    let chain = &desk.market.chain;
    for tag in job_tag_registry::seed().take(2) {
        chain.send(SENDER, registry, &tag.call(), U256::ZERO).await.expect("set up by the test");
    }
    let (code, text) = desk.run(seed(), Consent::Given, NOBODY).await.expect("set up by the test");
    assert_eq!(code, funds::DONE, "{text}");
    assert!(
        text.contains("20 tags from number 3 on") && text.contains("  22 compute/other:"),
        "{text}"
    );
    for tag in job_tag_registry::seed() {
        let id = chain
            .read(registry, &JobTagRegistry::tagIdOfCall { key: tag.key() })
            .await
            .expect("set up by the test");
        assert_eq!(id, tag.id, "{}", tag.path);
    }
    let (code, text) = desk.run(seed(), Consent::Given, NOBODY).await.expect("set up by the test");
    assert_eq!((code, text.contains("has all first tags")), (funds::DONE, true), "{text}");
}

#[tokio::test]
async fn what_is_no_registry_or_another_ones_is_told() {
    let desk = Desk::open().await;
    let of = |registry| ContractsTask::Seed { registry };
    let controller = desk.market.chain.contracts().controller;
    let error = desk.run(of(controller), Consent::Given, NOBODY).await.expect_err("refused");
    assert!(error.to_string().len() > 20, "{error}");
    let error =
        desk.run(of(Address::repeat_byte(9)), Consent::Given, NOBODY).await.expect_err("refused");
    assert!(error.to_string().contains("does not answer tagCount()"), "{error}");

    // Somebody else is its curator.
    let stranger = Address::repeat_byte(5);
    let task = ContractsTask::Deploy { curator: Some(stranger), record: None };
    desk.run(task, Consent::Given, NOBODY).await.expect("set up by the test");
    let registry: Address = desk.record()["address"]
        .as_str()
        .expect("set up by the test")
        .parse()
        .expect("set up by the test");
    let (code, text) =
        desk.run(of(registry), Consent::Given, NOBODY).await.expect("set up by the test");
    assert_eq!(code, funds::FAILED, "{text}");
    assert!(text.contains("accepted: the curator"), "{text}");

    // Its first number was given to another tag.
    let other = JobTagRegistry::registerTagCall {
        parentId: 0,
        label: "x-first".to_owned(),
        flags: 0,
        schemaHash: B256::ZERO,
        schemaURI: String::new(),
    };
    desk.market.chain.send(SENDER, registry, &other, U256::ZERO).await.expect("set up by the test");
    let error = desk.run(of(registry), Consent::Given, NOBODY).await.expect_err("refused");
    assert!(error.to_string().contains("is another tag than transcode"), "{error}");
}
