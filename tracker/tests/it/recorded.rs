//! Redemptions that unmodified nodes of go-livepeer v0.9.1 made on a local chain with Livepeer's own
//! contracts: from each log alone its tag and its ticket hash.

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};
use waymark_tagging::nonce;
use waymark_tracker::event::{Contracts, Decoder, Fact};
use waymark_tracker::log::Log;
use waymark_tracker::redemption::Redemption;

use crate::command::demand;

const BROKER: &str = "0x68B1D87F95878fE05B998F19b66F4baba5De1aed";

fn recorded() -> Vec<Value> {
    serde_json::from_str(include_str!("../vectors/redemptions.json")).unwrap()
}

/// The logs of a recorded redemption, as a node would have given them.
fn logs(one: &Value) -> Vec<Value> {
    let log = |log: &Value| {
        json!({
            "address": log["address"], "topics": log["topics"], "data": log["data"],
            "blockNumber": format!("{:#x}", one["blockNumber"].as_u64().unwrap()),
            "blockHash": B256::with_last_byte(1), "transactionHash": one["transactionHash"],
            "logIndex": format!("{:#x}", log["logIndex"].as_u64().unwrap()), "removed": false,
        })
    };
    one["logs"].as_array().unwrap().iter().map(log).collect()
}

fn redemption(one: &Value) -> Redemption {
    let broker: Address = BROKER.parse().unwrap();
    let mut decoder = Decoder::new(Contracts { broker, registry: None, bonding: None });
    for log in logs(one) {
        decoder.push(Log::parse(log.to_string().as_bytes()).unwrap());
    }
    let (mut facts, _) = decoder.take();
    assert_eq!(facts.len(), 1, "{}", one["kind"]);
    match facts.pop() {
        Some(Fact::Redeemed(redemption)) => redemption,
        other => panic!("{}: {other:?}", one["kind"]),
    }
}

#[test]
fn every_log_gives_back_its_ticket() {
    let all = recorded();
    assert_eq!(all.len(), 8);
    for one in all {
        let (got, expected) = (redemption(&one), &one["decoded"]);
        assert_eq!(json!(got.ticket), one["ticketHash"], "{}", one["kind"]);
        assert_eq!(json!(got.session), expected["recipientRandHash"]);
        assert_eq!(json!(got.round), expected["creationRound"]);
        assert_eq!(got.face_value.to_string(), expected["faceValue"]);
        assert_eq!(got.paid, Some(got.face_value), "{}", one["kind"]);
        let (tag, counter) =
            got.nonce.and_then(nonce::decode).map_or((0, 0), |(t, n)| (t.get(), n));
        assert_eq!(json!([tag, counter]), json!([expected["tagId"], expected["counter"]]));
    }
}

#[tokio::test]
async fn the_report_has_every_one_under_its_tag() {
    let logs: Vec<Value> = recorded().iter().flat_map(logs).collect();
    let text = Value::from(logs).to_string();
    let arguments = ["--logs", "-", "--broker", BROKER, "--format", "json"];
    let ran = demand(&arguments, &text).await.unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&ran.out).unwrap();
    let of = |row: &Value| {
        let (round, tag) = (row["round"].as_u64().unwrap(), row["tag_id"].as_u64().unwrap());
        (
            round,
            tag,
            row["grade"].clone(),
            row["winners"].as_u64().unwrap(),
            row["paid_wei"].clone(),
        )
    };
    let found: Vec<_> = rows.iter().map(of).collect();
    let fee = |winners: u64| Value::from((winners * 2_400_000_000_000_000).to_string());
    assert_eq!(
        found,
        [
            (3, 0, Value::Null, 2, fee(2)),
            (8, 70_000, "A".into(), 1, fee(1)),
            (9, 0, Value::Null, 1, fee(1)),
            (10, 0, Value::Null, 1, fee(1)),
            (10, 7, "A".into(), 2, fee(2)),
            (10, 70_000, "A".into(), 1, fee(1)),
        ],
        "{rows:#?}"
    );
    assert_eq!(ran.notes, "");
    crate::command::fits_schema(&Value::from(rows));
}

#[test]
fn nonces_of_sixty_redemptions_decode_as_recorded() {
    let list: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/redemption-list.json")).unwrap();
    assert_eq!(list.len(), 60);
    for one in list {
        let found =
            u32::try_from(one["senderNonce"].as_u64().unwrap()).ok().and_then(nonce::decode);
        let (tag, counter) = found.map_or((0, 0), |(tag, counter)| (tag.get(), counter));
        assert_eq!(json!([tag, counter]), json!([one["tagId"], one["counter"]]), "{one}");
    }
}
