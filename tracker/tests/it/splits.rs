//! A stream of logs may be cut anywhere, read twice, shuffled and taken back: the report is the same.

use proptest::prelude::*;
use serde_json::{Value, json};
use waymark_tracker::book::Library;
use waymark_tracker::event::{Contracts, Decoder};
use waymark_tracker::log::Log;
use waymark_tracker::report::{Question, report};
use waymark_tracker::source::read_logs;
use waymark_tracker::store::{Batch, Identity, Store};

use crate::command::lines;
use crate::model::{Chain, Happening, block, expected, found, happenings};
use crate::synth::BROKER;

const IDENTITY: Identity = Identity {
    contracts: Contracts { broker: BROKER, registry: None, bonding: None },
    chain_id: None,
};

fn rows(store: &Store) -> Vec<String> {
    let report = report(store, &Library::none(), Question::default()).unwrap();
    let rows = serde_json::to_value(&report.rows).unwrap();
    found(rows.as_array().unwrap())
}

fn chain(blocks: &[crate::model::Block]) -> Chain {
    let mut chain = Chain::default();
    for block in blocks {
        chain.happen(&Happening::Mined(block.clone()));
    }
    chain
}

/// The stream of a node that tells what it takes back.
fn stream(happenings: &[Happening]) -> (Vec<Value>, Chain) {
    let (mut chain, mut logs) = (Chain::default(), Vec::new());
    for happening in happenings {
        let (gone, come) = chain.happen(happening);
        for mut log in gone.iter().flat_map(|block| block.logs().into_iter().rev()) {
            log["removed"] = json!(true);
            logs.push(log);
        }
        logs.extend(come.iter().flat_map(crate::model::Mined::logs));
    }
    (logs, chain)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere_and_gone_on(
        blocks in proptest::collection::vec(block(), 1..6),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        again in any::<prop::sample::Index>(),
    ) {
        let chain = chain(&blocks);
        let logs: Vec<Value> = chain.blocks.iter().flat_map(crate::model::Mined::logs).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(logs.len() + 1)).collect();
        cuts.extend([0, logs.len()]);
        cuts.sort_unstable();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.sqlite3");
        for pair in cuts.windows(2) {
            // Each part may begin a few logs early: files overlap.
            let from = pair[0].saturating_sub(again.index(4));
            let mut store = Store::open(&path, IDENTITY).unwrap();
            read_logs(&mut store, lines(&logs[from..pair[1]]).as_bytes()).unwrap();
        }
        prop_assert_eq!(rows(&Store::open(&path, IDENTITY).unwrap()), expected(&chain.blocks));
    }

    #[test]
    fn in_any_order(
        (logs, blocks) in proptest::collection::vec(block(), 1..6).prop_flat_map(|blocks| {
            let chain = chain(&blocks).blocks;
            let logs: Vec<Value> = chain.iter().flat_map(crate::model::Mined::logs).collect();
            (Just(logs).prop_shuffle(), Just(chain))
        }),
    ) {
        let mut store = Store::temporary(IDENTITY).unwrap();
        read_logs(&mut store, lines(&logs).as_bytes()).unwrap();
        prop_assert_eq!(rows(&store), expected(&blocks));
    }

    #[test]
    fn what_is_taken_back_does_not_count(happenings in happenings()) {
        let (logs, chain) = stream(&happenings);
        let mut store = Store::temporary(IDENTITY).unwrap();
        read_logs(&mut store, lines(&logs).as_bytes()).unwrap();
        prop_assert_eq!(rows(&store), expected(&chain.blocks));
        // All of it once more: a log that was taken back comes and goes again.
        read_logs(&mut store, lines(&logs).as_bytes()).unwrap();
        prop_assert_eq!(rows(&store), expected(&chain.blocks));
    }

    #[test]
    fn killed_after_any_transaction(happenings in happenings(), size in 1_usize..7, kill in any::<prop::sample::Index>()) {
        let (logs, chain) = stream(&happenings);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.sqlite3");
        let batches: Vec<&[Value]> = logs.chunks(size).collect();
        let done = kill.index(batches.len() + 1);
        let mut store = Store::open(&path, IDENTITY).unwrap();
        for logs in &batches[..done] {
            let mut decoder = Decoder::new(IDENTITY.contracts);
            for log in *logs {
                decoder.push(Log::parse(log.to_string().as_bytes()).unwrap());
            }
            let (facts, _) = decoder.take();
            store.apply(&Batch { facts, ..Batch::default() }).unwrap();
        }
        // Killed here; the next process reads the same file from its beginning.
        drop(store);
        let mut store = Store::open(&path, IDENTITY).unwrap();
        read_logs(&mut store, lines(&logs).as_bytes()).unwrap();
        prop_assert_eq!(rows(&store), expected(&chain.blocks));
    }
}

#[test]
fn a_ticket_that_moved_to_another_block_counts_once() {
    use crate::synth::{Spot, Ticket};
    use alloy_primitives::{Address, U256};
    let ticket = Ticket {
        sender: Address::repeat_byte(1),
        recipient: Address::repeat_byte(2),
        face_value: U256::from(100),
        nonce: U256::from(1),
        rand: U256::from(5),
        round: 3,
    };
    // Fetched across a reorganisation: nobody says that the first was taken back.
    let early = Spot { block: 10, fork: 0, index: 1, tx: 0 };
    let late = Spot { block: 12, fork: 1, index: 7, tx: 3 };
    let logs = [early, late].map(|spot| ticket.redeemed(spot, None));
    let mut store = Store::temporary(IDENTITY).unwrap();
    let summary = read_logs(&mut store, lines(&logs).as_bytes()).unwrap();
    assert_eq!((summary.applied.redeemed, summary.applied.taken_back), (2, 1));
    assert_eq!(store.redemptions().unwrap(), 1);
}
