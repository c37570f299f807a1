//! Reading a node that reorganises, refuses, lags, lies and forgets.

mod fake;

use proptest::prelude::*;
use serde_json::Value;
use waymark_payments::chain::rpc::{Rpc, RpcSettings};
use waymark_tracker::book::Library;
use waymark_tracker::event::Contracts;
use waymark_tracker::report::{Question, report};
use waymark_tracker::source::{Node, NodeError, NodeSettings, Step};
use waymark_tracker::store::{Identity, Store};

use self::fake::{CHAIN_ID, Fake, Fault};
use crate::model::{Happening, Won, expected, found, happenings};
use crate::synth::BROKER;

const IDENTITY: Identity = Identity {
    contracts: Contracts { broker: BROKER, registry: None, bonding: None },
    chain_id: Some(CHAIN_ID),
};

fn rpc(fake: &Fake) -> Rpc {
    Rpc::with_transports(vec![("fake".to_owned(), fake.transport())], RpcSettings::default())
        .unwrap()
}

async fn connect(fake: &Fake) -> Node {
    Node::with_rpc(rpc(fake), NodeSettings::default()).await.unwrap()
}

/// Steps until everything is read.
async fn catch_up(node: &mut Node, store: &mut Store) -> Result<Vec<Step>, NodeError> {
    let mut steps = Vec::new();
    loop {
        let step = node.step(store).await?;
        let done = step.is_done();
        steps.push(step);
        if done {
            return Ok(steps);
        }
        assert!(steps.len() < 10_000, "it never ends");
    }
}

fn rows(store: &Store) -> Vec<String> {
    let report = report(store, &Library::none(), Question::default()).unwrap();
    let rows = serde_json::to_value(&report.rows).unwrap();
    found(rows.as_array().unwrap())
}

fn block(nonce: u64) -> Vec<Vec<Won>> {
    vec![vec![Won { sender: 1, recipient: 2, face_value: 100, percent: 100, nonce, round: 3 }]]
}

fn chain(blocks: u64) -> Fake {
    let fake = Fake::default();
    for number in 0..blocks {
        fake.happen(&Happening::Mined(block((number % 5) << 10 | 1)));
    }
    fake
}

fn chained(error: &NodeError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_chain_is_read_to_its_head() {
    let fake = chain(50);
    let mut store = Store::temporary(IDENTITY).unwrap();
    let mut node = connect(&fake).await;
    assert_eq!(catch_up(&mut node, &mut store).await.unwrap().len(), 1);
    assert_eq!(rows(&store), expected(&fake.blocks()));
    let idle = node.step(&mut store).await.unwrap();
    assert!(idle.is_done() && !idle.summary.applied.changed());
}

#[tokio::test]
async fn confirmations_leave_the_newest_blocks_alone() {
    let fake = chain(50);
    let mut store = Store::temporary(IDENTITY).unwrap();
    let settings = NodeSettings { from_block: Some(10), confirmations: 5 };
    let mut node = Node::with_rpc(rpc(&fake), settings).await.unwrap();
    catch_up(&mut node, &mut store).await.unwrap();
    assert_eq!(rows(&store), expected(&fake.blocks()[10..45]));
}

#[tokio::test]
async fn a_range_that_is_refused_is_halved_until_it_passes() {
    for refusal in [
        Fault::MoreThan { logs: 7, code: -32_005, text: "query returned more than 10000 results" },
        Fault::MoreThan { logs: 7, code: -32_602, text: "block range is too wide" },
        Fault::MoreThan { logs: 7, code: -32_603, text: "response size exceeded, limit the range" },
    ] {
        let fake = chain(100);
        fake.fault(Some(refusal));
        let mut store = Store::temporary(IDENTITY).unwrap();
        let mut node = connect(&fake).await;
        let steps = catch_up(&mut node, &mut store).await.unwrap();
        assert!(steps.len() > 10, "{}", steps.len());
        assert_eq!(rows(&store), expected(&fake.blocks()));
    }
}

#[tokio::test]
async fn a_node_that_refuses_a_single_block_is_quoted() {
    let fake = chain(10);
    fake.fault(Some(Fault::MoreThan { logs: 0, code: -32_000, text: "history was pruned" }));
    let mut store = Store::temporary(IDENTITY).unwrap();
    let mut node = connect(&fake).await;
    let error = catch_up(&mut node, &mut store).await.unwrap_err();
    let text = chained(&error);
    assert!(
        text.contains("the logs of block 0 alone") && text.contains("history was pruned"),
        "{text}"
    );
    // Nothing was lost: once it answers, all is there.
    fake.fault(None);
    catch_up(&mut node, &mut store).await.unwrap();
    assert_eq!(rows(&store), expected(&fake.blocks()));
}

#[tokio::test]
async fn answers_that_cannot_be_are_refused_and_nothing_of_them_is_taken() {
    let cases = [
        (Fault::HalfABlock, "answered eth_getBlockByNumber with something else: missing field"),
        (Fault::NoBlocks, "no newest block"),
        (Fault::Text, "no array of logs"),
        (Fault::BrokenLog, "`transactionHash` is missing"),
        (Fault::OtherBlocks, "a log of block 1000"),
        (Fault::NoMethod, "method not found"),
        (Fault::Error, "header not found"),
    ];
    for (fault, part) in cases {
        let fake = chain(10);
        let mut store = Store::temporary(IDENTITY).unwrap();
        let mut node = connect(&fake).await;
        fake.fault(Some(fault.clone()));
        let text = chained(&node.step(&mut store).await.unwrap_err());
        assert!(text.contains(part), "{text} should say {part}");
        assert_eq!(store.redemptions().unwrap(), 0);
        fake.fault(None);
        catch_up(&mut node, &mut store).await.unwrap();
        assert_eq!(rows(&store), expected(&fake.blocks()), "{fault:?}");
    }
}

#[tokio::test]
async fn foreign_logs_are_passed_over() {
    let fake = chain(10);
    fake.fault(Some(Fault::Foreign));
    let mut store = Store::temporary(IDENTITY).unwrap();
    let steps = catch_up(&mut connect(&fake).await, &mut store).await.unwrap();
    assert_eq!(steps[0].summary.passed.foreign, 1);
    assert_eq!(rows(&store), expected(&fake.blocks()));
}

#[tokio::test]
async fn logs_that_come_later_than_their_block_are_seen() {
    let fake = chain(20);
    let mut store = Store::temporary(IDENTITY).unwrap();
    let mut node = connect(&fake).await;
    fake.fault(Some(Fault::Unindexed { from: 15 }));
    catch_up(&mut node, &mut store).await.unwrap();
    assert_eq!(rows(&store), expected(&fake.blocks()[..15]));
    fake.fault(None);
    fake.happen(&Happening::Mined(block(5)));
    catch_up(&mut node, &mut store).await.unwrap();
    assert_eq!(rows(&store), expected(&fake.blocks()));
}

#[tokio::test]
async fn a_node_that_lags_takes_nothing_back() {
    let fake = chain(30);
    let mut store = Store::temporary(IDENTITY).unwrap();
    let mut node = connect(&fake).await;
    catch_up(&mut node, &mut store).await.unwrap();
    fake.fault(Some(Fault::Lags { head: 20 }));
    let step = node.step(&mut store).await.unwrap();
    assert_eq!((step.rolled_back_to, step.is_done()), (None, true));
    assert_eq!(rows(&store), expected(&fake.blocks()));
}

#[tokio::test]
async fn a_reorganisation_below_every_remembered_block_is_found_by_the_logs() {
    let fake = chain(400);
    let mut store = Store::temporary(IDENTITY).unwrap();
    let mut node = connect(&fake).await;
    // One range: a single block is remembered.
    catch_up(&mut node, &mut store).await.unwrap();
    fake.happen(&Happening::Reorg(300, (0..310).map(|n| block(n % 7)).collect()));
    let steps = catch_up(&mut node, &mut store).await.unwrap();
    assert!(steps[0].rolled_back_to.is_some_and(|block| block < 100), "{:?}", steps[0]);
    assert_eq!(rows(&store), expected(&fake.blocks()));
}

#[tokio::test]
async fn another_chain_than_the_states_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.sqlite3");
    drop(Store::open(&path, IDENTITY).unwrap());
    let error = Store::open(&path, Identity { chain_id: Some(1), ..IDENTITY }).unwrap_err();
    assert!(error.to_string().contains("is the state of chain 7337, not 1"), "{error}");
    let store = Store::open(&path, IDENTITY).unwrap();
    let error = Store::open(&path, IDENTITY).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(store);
}

#[tokio::test]
async fn a_contract_that_is_not_there_is_told_before_reading() {
    let fake = chain(1);
    let node = connect(&fake).await;
    node.check(&IDENTITY.contracts).await.unwrap();
    let other = Contracts {
        registry: Some(alloy_primitives::Address::repeat_byte(5)),
        ..IDENTITY.contracts
    };
    let error = node.check(&other).await.unwrap_err().to_string();
    assert!(error.contains("no contract at 0x0505") && error.contains("on chain 7337"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever happens to the chain, whenever it is looked at, and wherever the process is killed: at
    /// the end the report is that of the chain as it stands.
    #[test]
    fn reorganised_and_killed(
        happenings in happenings(),
        looks in proptest::collection::vec(any::<bool>(), 15),
        limit in prop_oneof![Just(u64::MAX), 3_u64..10],
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.sqlite3");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let fake = Fake::default();
            fake.fault(Some(Fault::MoreThan { logs: limit, code: -32_005, text: "too many results" }));
            fake.happen(&Happening::Mined(Vec::new()));
            for (happening, look) in happenings.iter().zip(looks) {
                fake.happen(happening);
                if fake.blocks().is_empty() {
                    fake.happen(&Happening::Mined(Vec::new()));
                }
                if look {
                    // A new process each time, that gets no further than one transaction.
                    let mut store = Store::open(&path, IDENTITY).unwrap();
                    match connect(&fake).await.step(&mut store).await {
                        Ok(_) | Err(NodeError::Block { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
            fake.fault(None);
            // A chain that became shorter is noticed when it grows beyond what was read.
            for _ in 0..20 {
                fake.happen(&Happening::Mined(Vec::new()));
            }
            let mut store = Store::open(&path, IDENTITY).unwrap();
            catch_up(&mut connect(&fake).await, &mut store).await.unwrap();
            assert_eq!(rows(&store), expected(&fake.blocks()));
        });
    }
}

#[test]
fn a_log_object_is_what_the_fake_gives() {
    let fake = chain(1);
    let logs: Vec<Value> = fake.blocks()[0].logs();
    assert_eq!(logs.len(), 2);
}
