//! Logs that somebody made up, and files that broke: a clear message each, nothing lost, nothing crashed.

use alloy_primitives::{Address, B256, U256};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::command::{demand, lines, rows};
use crate::synth::{BROKER, Spot, Ticket};

fn spot(block: u64, index: u64) -> Spot {
    Spot { block, fork: 0, index, tx: 0 }
}

fn ticket(rand: u64) -> Ticket {
    Ticket {
        sender: Address::repeat_byte(0xaa),
        recipient: Address::repeat_byte(0xbb),
        face_value: U256::from(100),
        nonce: U256::from((7 << 10) | 1),
        rand: U256::from(rand),
        round: 3,
    }
}

async fn error(text: &str) -> (String, u8) {
    let broker = BROKER.to_string();
    let failure = demand(&["--logs", "-", "--broker", &broker], text).await.unwrap_err();
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(&failure);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    (text, failure.exit_code())
}

#[tokio::test]
async fn what_breaks_a_file_is_told_with_its_place() {
    let log = ticket(1).redeemed(spot(1, 0), None).to_string();
    let cases = [
        (log[..log.len() / 2].to_owned(), "the middle of log object 1"),
        (format!("[{log}"), "the middle of the array"),
        (format!("{log}\n{{\"address\":1}}"), "log object 2, which begins at byte"),
        ("<!doctype html>".to_owned(), "should begin a log object"),
        (json!({"jsonrpc": "2.0", "id": 1, "result": [1]}).to_string(), "array in its `result`"),
        (json!({"jsonrpc": "2.0", "error": {"code": -32005}}).to_string(), "`address` is missing"),
    ];
    for (text, part) in cases {
        let (message, code) = error(&text).await;
        assert!(message.contains(part), "{message} should say {part}");
        assert_eq!(code, 65);
    }
}

#[tokio::test]
async fn foreign_contracts_topics_and_shapes_are_passed_over_and_told() {
    let good = ticket(1).redeemed(spot(1, 0), None);
    let mut foreign = ticket(2).redeemed(spot(1, 1), None);
    foreign["address"] = json!(Address::repeat_byte(0xcc));
    let mut other_event = ticket(3).redeemed(spot(1, 2), None);
    other_event["topics"] = json!([B256::repeat_byte(9)]);
    let mut anonymous = ticket(4).redeemed(spot(1, 3), None);
    anonymous["topics"] = json!([]);
    let mut short = ticket(5).redeemed(spot(1, 4), None);
    short["data"] = json!("0x00");
    let mut few_topics = ticket(6).redeemed(spot(1, 5), None);
    few_topics["topics"] = json!([few_topics["topics"][0]]);
    let logs = [good, foreign, other_event, anonymous, short, few_topics];
    let broker = BROKER.to_string();
    let arguments = ["--logs", "-", "--broker", &broker, "--format", "json"];
    let ran = demand(&arguments, &lines(&logs)).await.unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!((rows.len(), &rows[0]["winners"]), (1, &json!(1)));
    assert!(ran.notes.contains("1 logs of other contracts"), "{}", ran.notes);
    assert!(ran.notes.contains("2 logs of the contracts cannot be read"), "{}", ran.notes);
    assert!(ran.notes.contains("the first is log 4 of block 1"), "{}", ran.notes);
}

#[tokio::test]
async fn the_largest_numbers_add_up() {
    let most = |rand| Ticket { face_value: U256::MAX, nonce: U256::MAX, ..ticket(rand) };
    let logs: Vec<Value> = (0..3)
        .flat_map(|n| {
            let ticket = most(n);
            [
                ticket.transfer(spot(n, 0), U256::MAX, Some(u64::MAX)),
                ticket.redeemed(spot(n, 1), Some(u64::MAX)),
            ]
        })
        .collect();
    let rows = rows(&logs, &[]).await;
    let three = U256::MAX.to_string().parse::<alloy_primitives::U512>().unwrap()
        * alloy_primitives::U512::from(3);
    assert_eq!(rows[0]["paid_wei"], three.to_string());
    assert_eq!((&rows[0]["tag_id"], &rows[0]["winners"]), (&json!(0), &json!(3)));
    assert!(rows[0].get("day").is_none(), "no calendar has that day");
    let broker = BROKER.to_string();
    for format in ["table", "csv", "parquet"] {
        let arguments = ["--logs", "-", "--broker", &broker, "--format", format];
        demand(&arguments, &lines(&logs)).await.unwrap();
    }
}

#[tokio::test]
async fn a_round_that_is_no_number_of_rounds_is_the_highest() {
    let mut log = ticket(1).redeemed(spot(1, 0), None);
    // The first word of the aux data: behind five words, offset of the bytes and their length.
    let data = log["data"].as_str().unwrap();
    let at = 2 + 6 * 64;
    let changed = format!("{}{}{}", &data[..at], "f".repeat(64), &data[at + 64..]);
    log["data"] = json!(changed);
    let rows = rows(&[log], &[]).await;
    assert_eq!(rows[0]["round"], i64::MAX);
}

#[tokio::test]
async fn two_hashes_of_one_block_are_told_and_the_later_stands() {
    let fork = |fork, index, rand| ticket(rand).redeemed(Spot { fork, ..spot(1, index) }, None);
    let logs = [fork(0, 0, 1), fork(0, 1, 2), fork(1, 3, 3)];
    let broker = BROKER.to_string();
    let arguments = ["--logs", "-", "--broker", &broker, "--format", "json"];
    let ran = demand(&arguments, &lines(&logs)).await.unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(rows[0]["winners"], 1);
    assert!(ran.notes.contains("1 blocks came with two hashes"), "{}", ran.notes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any damage to one byte of a log gives a report or a message.
    #[test]
    fn damaged_logs_are_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = ticket(1).redeemed(spot(1, 0), None).to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let text = String::from_utf8_lossy(&text).into_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let broker = BROKER.to_string();
        runtime.block_on(demand(&["--logs", "-", "--broker", &broker], &text)).ok();
    }
}
