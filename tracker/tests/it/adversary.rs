//! The abuse cases of payments-contracts 6.6 that a tracker counters.

use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};
use waymark_contracts::BondingManager;
use waymark_contracts::job_tag_registry::JobTagRegistry as abi;

use crate::books::{GATEWAY, ORCHESTRATOR, ROUND, World, book, short};
use crate::command::rows;
use crate::synth::{Spot, Ticket, log};

fn pay(sender: Address, recipient: Address, times: u64, first: u64) -> Vec<Value> {
    (first..first + times)
        .flat_map(|n| {
            let ticket = Ticket {
                sender,
                recipient,
                face_value: U256::from(1000),
                nonce: U256::from((7 << 10) | 1),
                rand: U256::from(n),
                round: ROUND,
            };
            let spot = |index| Spot { block: n, fork: 0, index, tx: 0 };
            [ticket.transfer(spot(0), U256::from(1000), None), ticket.redeemed(spot(1), None)]
        })
        .collect()
}

fn account(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

/// Wash trading: gateway and orchestrator of one owner.
#[tokio::test]
async fn wash_trading_is_flagged_and_taken_out_of_the_arms_length_sum() {
    let mut logs = pay(account(1), account(2), 20, 1);
    logs.extend(pay(account(3), account(4), 20, 100));
    logs.extend(pay(account(3), account(5), 20, 200));
    logs.extend(pay(account(6), account(6), 1, 300));
    let rows = rows(&logs, &[]).await;
    let of = |row: &Value| {
        json!([
            row["self_dealing"],
            row["self_dealing_reasons"],
            row["arms_length_wei"],
            row["hhi"],
            row["recipients"]
        ])
    };
    assert_eq!(
        rows.iter().map(of).collect::<Vec<_>>(),
        [
            json!([true, ["exclusive_pair"], "0", 1.0, 1]),
            json!([false, [], "40000", 0.5, 2]),
            json!([true, ["same_address"], "0", 1.0, 1]),
        ]
    );
}

#[tokio::test]
async fn a_gateway_that_delegates_to_whom_it_pays_is_flagged() {
    let bonding = account(0xbd);
    let bond = BondingManager::Bond {
        newDelegate: account(2),
        oldDelegate: Address::ZERO,
        delegator: account(1),
        additionalAmount: U256::from(1),
        bondedAmount: U256::from(1),
    };
    let mut logs = pay(account(1), account(2), 1, 10);
    logs.extend(pay(account(1), account(3), 1, 20));
    logs.push(log(bonding, &bond, Spot { block: 1, fork: 0, index: 0, tx: 0 }, None));
    let rows = rows(&logs, &["--bonding", &bonding.to_string()]).await;
    assert_eq!(rows[0]["self_dealing_reasons"], json!(["delegation"]));
    assert_eq!(rows[0]["arms_length_wei"], "1000", "the other orchestrator is nobody's");
}

#[tokio::test]
async fn a_gateway_that_pays_its_own_operator_is_flagged() {
    let mut world = World::new();
    let expiry = U256::from(2_000_000_000_u64).to();
    world.registry(&abi::OperatorSet { gateway: GATEWAY, operator: ORCHESTRATOR, expiry });
    world.redeem(1, 5, ROUND);
    let report = world.report(&[]).await;
    assert_eq!(report["rows"][0]["self_dealing_reasons"], json!(["operator"]));
}

/// Tagging only winners: an attestation after the fact estimates nothing.
#[tokio::test]
async fn attestations_never_estimate() {
    let mut world = World::new();
    let ticket = world.redeem(1, 5, ROUND);
    world.attest(7, &[&ticket]);
    let row = &world.report(&[]).await["rows"][0];
    assert_eq!((&row["grade"], &row["estimate"]), (&json!("D"), &json!(false)));
}

/// Omitted leaves: every redeemed ticket must have one.
#[tokio::test]
async fn a_book_that_leaves_out_what_was_paid_is_incomplete() {
    let mut world = World::new();
    let book = book(&[(1, 7)]);
    world.publish(&book);
    world.commit(&book, 1);
    world.redeem(1, 5, ROUND);
    world.redeem(2, 5, ROUND);
    let report = world.report(&[]).await;
    assert_eq!(short(&report), [json!([0, null, 1, 0]), json!([7, "B", 1, 0])]);
    assert_eq!(report["books"][0]["completeness"], 0.5);
    assert!(world.table().await.contains("leaves out the sessions of 1 of 2 redeemed tickets"));
}

/// Withheld leaf file: pending for a day of the chain, then missing.
#[tokio::test]
async fn a_withheld_leaf_file_is_missing_after_a_day() {
    let mut world = World::new();
    world.commit(&book(&[(1, 7)]), 1);
    world.redeem(1, 5, ROUND);
    assert_eq!(world.report(&[]).await["books"][0]["status"], "pending");
    for session in 2..30 {
        world.redeem(session, 5, ROUND);
    }
    let report = world.report(&[]).await;
    assert_eq!(report["books"][0]["status"], "missing");
    assert_eq!(
        report["books"][0]["problem"],
        "the leaf file is not there; the gateway names https://gateway.example/13.json"
    );
    assert_eq!(
        (&report["rows"][0]["book"], &report["rows"][0]["book_ev_wei"]),
        (&json!("missing"), &Value::Null)
    );
}

/// Another book than the committed one, and a root that was changed after the fact.
#[tokio::test]
async fn only_the_book_that_stands_is_believed() {
    let mut world = World::new();
    let (first, second) = (book(&[(1, 7)]), book(&[(1, 8)]));
    world.commit(&first, 1);
    world.redeem(1, 5, ROUND);
    world.commit(&second, 2);
    world.publish(&first);
    let report = world.report(&[]).await;
    assert_eq!(report["books"][0]["status"], "refused");
    assert!(report["books"][0]["problem"].as_str().unwrap().contains("(revision 2)"));
    assert_eq!(short(&report), [json!([0, null, 1, 0])]);
    // With its file the second stands, but it was committed after the redemption.
    world.publish(&second);
    let report = world.report(&[]).await;
    assert_eq!(short(&report), [json!([8, "C", 1, 0])]);
    assert_eq!(report["rows"][0]["book_revision"], 2);
}

#[tokio::test]
async fn a_leaf_file_that_was_changed_is_refused() {
    let world = {
        let mut world = World::new();
        let book = book(&[(1, 7), (2, 7)]);
        world.publish(&book);
        world.commit(&book, 1);
        world.redeem(1, 5, ROUND);
        world
    };
    let path = world.books.path().join(format!("{GATEWAY:#x}/{ROUND}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, part) in [
        ("\"ticketCount\": 3", "\"ticketCount\": 300", "hashes to"),
        ("\"evWei\": \"480000000000000\"", "\"evWei\": \"-1\"", "cannot be read"),
    ] {
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let report = world.report(&[]).await;
        assert_eq!(report["books"][0]["status"], "refused");
        let problem = report["books"][0]["problem"].as_str().unwrap();
        assert!(problem.contains(part), "{problem} should say {part}");
    }
}

/// A leaf of somebody else's session under the gateway's name.
#[tokio::test]
async fn a_leaf_with_another_recipient_covers_nothing() {
    let mut world = World::new();
    let book = book(&[(1, 7)]);
    world.publish(&book);
    world.commit(&book, 1);
    world.redeem_ticket(&Ticket {
        sender: GATEWAY,
        recipient: account(9),
        face_value: U256::from(1),
        nonce: U256::from(5),
        rand: U256::from(1),
        round: ROUND,
    });
    let report = world.report(&[]).await;
    assert_eq!(report["books"][0]["in_book"], 0);
    assert_eq!(report["rows"][0]["tag_id"], 0);
}

/// An attestation counts only from the ticket's own sender, and equivocation that was proven on chain
/// shows.
#[tokio::test]
async fn strangers_attest_nothing_and_proven_equivocation_shows() {
    let mut world = World::new();
    let ticket = world.redeem(1, 5, ROUND);
    let stranger = account(0x66);
    world.registry(&abi::TicketsAttested {
        gateway: stranger,
        tagId: 8,
        ticketHashes: vec![ticket.hash()],
    });
    assert_eq!(short(&world.report(&[]).await), [json!([0, null, 1, 0])]);
    world.registry(&abi::Equivocation {
        ticketHash: ticket.hash(),
        gateway: GATEWAY,
        nonceTagId: 7,
        leafTagId: 8,
    });
    assert_eq!(short(&world.report(&[]).await), [json!([0, null, 1, 1])]);
    assert_ne!(ticket.hash(), B256::ZERO);
}

/// Advert spam: an advert stands beside what was paid for it, and goes when it expires.
#[tokio::test]
async fn adverts_are_weighed_by_what_was_paid() {
    let mut world = World::new();
    world.scheme(0, 1);
    let day = 1_700_000_000 + 24 * 3600;
    let advert = |gateway, tag, expiry: u64| abi::AdvertPosted {
        gateway,
        tagId: tag,
        revision: 1,
        expiry: U256::from(expiry).to(),
        unit: 0,
        priceNum: U256::from(1200).to(),
        priceDen: 1,
        floors: B256::ZERO,
        contentHash: B256::ZERO,
        uri: String::new(),
    };
    world.registry(&advert(account(0x55), 7, day * 2));
    world.registry(&advert(GATEWAY, 7, day * 2));
    world.registry(&advert(GATEWAY, 8, day));
    world.registry(&advert(GATEWAY, 2, day * 2));
    world.registry(&abi::AdvertCancelled { gateway: GATEWAY, tagId: 2, revision: 2 });
    let uri = "https://gateway.example/.well-known/livepeer-gateway.json".to_owned();
    world.registry(&abi::ManifestSet { gateway: GATEWAY, uri: uri.clone(), hash: B256::ZERO });
    for session in 1..30 {
        world.redeem(session, (7 << 10) | 1, ROUND);
    }
    let report = world.report(&[]).await;
    let of =
        |line: &Value| json!([line["gateway"], line["tag"], line["winners"], line["price_num"]]);
    let found: Vec<Value> = report["adverts"].as_array().unwrap().iter().map(of).collect();
    let abr = "transcode/live/abr";
    assert_eq!(
        found,
        [
            json!([format!("{GATEWAY:#x}"), abr, 29, "1200"]),
            json!([format!("{:#x}", account(0x55)), abr, 0, "1200"]),
        ]
    );
    assert_eq!(report["manifests"][0]["uri"], uri);
}
