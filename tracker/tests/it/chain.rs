//! A local chain with the stand-in broker and the real registry: every redeemed ticket is found under
//! its tag, whatever way it was redeemed.

mod setting;

use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};
use waymark_contracts::TicketBroker;
use waymark_contracts::job_tag_registry::JobTagRegistry as abi;
use waymark_tagging::TagId;
use waymark_tagging::round::{BookId, Leaf, RoundBook};
use waymark_tracker::book::Library;
use waymark_tracker::command::{Streams, run};
use waymark_tracker::event::Contracts;
use waymark_tracker::report::{Question, report};
use waymark_tracker::source::{Node, NodeSettings};
use waymark_tracker::store::{Identity, Store};

use self::setting::{Setting, milliether};
use crate::command::{demand, fits_schema, parsed};
use crate::model::found;

/// What is compared of a row: round, gateway, tag, winners, face value, paid.
fn sums(rows: &[Value]) -> Vec<String> {
    let mut sums: Vec<String> = rows
        .iter()
        .filter(|row| row["winners"] != 0)
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            format!(
                "{} {} {} {} {} {}",
                row["round"],
                text("gateway"),
                row["tag_id"],
                row["winners"],
                text("face_value_wei"),
                text("paid_wei")
            )
        })
        .collect();
    sums.sort();
    sums
}

async fn by_command(s: &Setting, more: &[&str]) -> Value {
    let contracts = s.chain.contracts();
    let (broker, registry) =
        (contracts.ticket_broker.to_string(), contracts.job_tag_registry.to_string());
    let mut arguments = vec!["--broker", &broker, "--registry", &registry];
    arguments.extend(["--format", "json", "--full"]);
    arguments.extend(more);
    let ran = demand(&arguments, &s.logs().await).await.unwrap();
    let report = serde_json::from_slice(&ran.out).unwrap();
    fits_schema(&report);
    report
}

#[tokio::test]
async fn every_redeemed_ticket_is_found_under_its_tag() {
    let mut s = Setting::new().await;
    let gateway = s.gateway(milliether(9_000), milliether(900)).await;
    let stock = s.gateway(milliether(9_000), milliether(900)).await;
    let first = s.chain.current_round().await.unwrap();
    s.set_scheme(&gateway, 1, first + 1).await;

    // Tagged nonces before the scheme counts are untagged.
    s.redeem(&gateway, (7 << 10) | 1, milliether(1), milliether(1), 0).await;
    s.chain.next_round().await.unwrap();
    for (tag, counter) in [(3_u32, 1_u32), (7, 1), (7, 600), (1023, 2), (2_097_151, 600)] {
        s.redeem(&gateway, u64::from((tag << 10) | counter), milliether(1), milliether(1), tag)
            .await;
    }
    for odd in [7 << 10, 1 << 31, u64::from(u32::MAX), 1 << 40] {
        s.redeem(&gateway, odd, milliether(1), milliether(1), 0).await;
    }
    // Two orchestrators in one batch, with losers, one ticket twice, and a stranger's signature.
    s.batch_with_failures(&gateway, 5).await;
    // A stock gateway counts from 1 to 600.
    for first in (1..=600).step_by(60) {
        s.batch(&stock, first..first + 60, 0).await;
    }

    // Only a reserve, which is shared by the pool of two: what is left of the share, then nothing.
    let poor = s.gateway(U256::ZERO, milliether(20)).await;
    s.set_scheme(&poor, 1, first + 2).await;
    s.chain.next_round().await.unwrap();
    s.redeem(&poor, (9 << 10) | 1, milliether(6), milliether(6), 9).await;
    s.redeem(&poor, (9 << 10) | 2, milliether(6), milliether(4), 9).await;
    s.redeem(&poor, (9 << 10) | 3, milliether(6), U256::ZERO, 9).await;

    // The scheme ends with a round.
    s.set_scheme(&gateway, 0, first + 3).await;
    s.redeem(&gateway, (7 << 10) | 3, milliether(2), milliether(2), 7).await;
    s.chain.next_round().await.unwrap();
    s.redeem(&gateway, (7 << 10) | 4, milliether(2), milliether(2), 0).await;

    let expected = s.expected();
    let from_node = by_command(&s, &["--rpc", s.chain.url()]).await;
    assert_eq!(sums(from_node["rows"].as_array().unwrap()), expected);
    let from_file = by_command(&s, &["--logs", "-"]).await;
    assert_eq!(from_file, from_node, "a file of the same logs gives the same report");
    let untagged_stock: u64 = from_node["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["gateway"] == format!("{:#x}", stock.address()))
        .map(|row| {
            assert_eq!((&row["tag_id"], &row["tag"]), (&json!(0), &Value::Null));
            row["winners"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(untagged_stock, 600);
    let names: Vec<&Value> = from_node["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["tag_id"] == 3)
        .map(|row| &row["tag"])
        .collect();
    assert!(names.iter().all(|name| name.is_string()), "the registry names its seeds: {names:?}");
}

#[tokio::test]
async fn committed_and_attested_tickets_have_their_grades() {
    let mut s = Setting::new().await;
    let gateway = s.gateway(milliether(900), milliether(90)).await;
    let round = s.chain.current_round().await.unwrap();
    let one = milliether(1);
    let late = s.redeem(&gateway, 1, one, one, 0).await;
    let early = s.draw(&gateway, 2, one).await;
    let leaf = |ticket: &TicketBroker::Ticket, tag: u32| Leaf {
        recipient: ticket.recipient,
        recipient_rand_hash: ticket.recipientRandHash,
        tag_id: TagId::try_from(tag).unwrap(),
        job_ref: B256::ZERO,
        ev_wei: 1_000,
        ticket_count: 4,
    };
    let id = BookId { chain_id: s.chain.options().chain_id, gateway: gateway.address(), round };
    let book = RoundBook::new(id, vec![leaf(&late.ticket, 4), leaf(&early.ticket, 5)]).unwrap();
    let commit = abi::commitRoundCall {
        gw: gateway.address(),
        round,
        root: book.root(),
        datasetRoot: B256::ZERO,
        leaves: 2,
        totalEV: book.total_ev().unwrap(),
        uri: String::new(),
    };
    s.registry(&gateway, &commit).await;
    s.redeem_drawn(&gateway, &early, one, 0).await;
    let attested = s.redeem(&gateway, 3, one, one, 0).await;
    let attest = abi::attestTicketsCall {
        gw: gateway.address(),
        tagId: 6,
        ticketHashes: vec![attested.hash()],
    };
    s.registry(&gateway, &attest).await;

    let books = tempfile::tempdir().unwrap();
    std::fs::write(books.path().join("any-name.json"), book.to_json()).unwrap();
    let report =
        by_command(&s, &["--rpc", s.chain.url(), "--books", books.path().to_str().unwrap()]).await;
    let of =
        |row: &Value| json!([row["tag_id"], row["grade"], row["winners"], row["book_tickets"]]);
    let rows: Vec<Value> = report["rows"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(rows, [json!([4, "C", 1, 4]), json!([5, "B", 1, 4]), json!([6, "D", 1, 0])]);
    assert_eq!(report["books"][0]["status"], "verified");
    assert_eq!(report["books"][0]["completeness"], 0.666_667);
}

#[tokio::test]
async fn a_reorganisation_of_several_blocks_takes_back_what_it_replaced() {
    let mut s = Setting::new().await;
    let gateway = s.gateway(milliether(900), milliether(90)).await;
    let contracts = s.chain.contracts();
    let identity = Identity {
        contracts: Contracts { broker: contracts.ticket_broker, registry: None, bonding: None },
        chain_id: Some(s.chain.options().chain_id),
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.sqlite3");
    let url = [s.chain.url().parse().unwrap()];
    let one = milliether(1);
    for nonce in 1..=3 {
        s.redeem(&gateway, (7 << 10) | nonce, one, one, 7).await;
    }
    let mut drawn = Vec::new();
    for nonce in 4..=8 {
        drawn.push(s.redeem(&gateway, (7 << 10) | nonce, one, one, 7).await);
    }
    let read = async || {
        // Each time another process.
        let mut store = Store::open(&path, identity).unwrap();
        let mut node = Node::connect(&url, NodeSettings::default()).await.unwrap();
        let mut back = 0;
        loop {
            let step = node.step(&mut store).await.unwrap();
            back += step.summary.applied.taken_back;
            if step.is_done() {
                break;
            }
        }
        let report = report(&store, &Library::none(), Question::default()).unwrap();
        let rows = serde_json::to_value(&report.rows).unwrap();
        (found(rows.as_array().unwrap()).len(), report.rows.first().map(|row| row.winners), back)
    };
    assert_eq!(read().await, (1, Some(8), 0));
    // The last five redemptions are gone; three of them come back in other blocks.
    s.chain.reorg(5).await.unwrap();
    assert_eq!(read().await, (1, Some(3), 5));
    for drawn in &drawn[..3] {
        s.redeem_drawn(&gateway, drawn, one, 7).await;
    }
    assert_eq!(read().await, (1, Some(6), 0));
    assert_eq!(read().await, (1, Some(6), 0));
}

#[tokio::test]
async fn a_node_without_the_contract_or_an_answer_is_told() {
    let s = Setting::new().await;
    let nobody = Address::repeat_byte(1).to_string();
    let error = demand(&["--broker", &nobody, "--rpc", s.chain.url()], "").await.unwrap_err();
    assert!(error.to_string().contains("there is no contract at 0x0101"), "{error}");
    assert_eq!(error.exit_code(), 69);
    let error =
        demand(&["--broker", &nobody, "--rpc", "http://127.0.0.1:1"], "").await.unwrap_err();
    assert!(error.to_string().contains("the node cannot be read on"), "{error}");
}

/// An output that hands over each report as it is written.
struct Reports(tokio::sync::mpsc::Sender<Value>, Vec<u8>);

impl std::io::Write for Reports {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.extend_from_slice(bytes);
        if self.1.ends_with(b"\n") {
            self.0.try_send(serde_json::from_slice(&self.1).unwrap()).unwrap();
            self.1.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn who_follows_sees_each_change_once() {
    let mut s = Setting::new().await;
    let gateway = s.gateway(milliether(900), milliether(90)).await;
    let broker = s.chain.contracts().ticket_broker.to_string();
    let arguments = [
        "--broker",
        &broker,
        "--rpc",
        s.chain.url(),
        "--follow",
        "--poll",
        "20ms",
        "--format",
        "json",
    ];
    let demand = parsed(&arguments);
    let (sender, mut reports) = tokio::sync::mpsc::channel(16);
    let following = async {
        let mut streams = Streams {
            input: &mut std::io::empty(),
            out: &mut Reports(sender, Vec::new()),
            notes: &mut std::io::sink(),
            terminal: false,
        };
        run(&demand, &mut streams).await
    };
    let story = async {
        let one = milliether(1);
        assert_eq!(reports.recv().await.unwrap(), json!([]));
        s.redeem(&gateway, (7 << 10) | 1, one, one, 7).await;
        assert_eq!(reports.recv().await.unwrap()[0]["winners"], 1);
        // A block without a redemption changes nothing; the next report is the next redemption's.
        s.chain.mine(3).await.unwrap();
        s.redeem(&gateway, (7 << 10) | 2, one, one, 7).await;
        assert_eq!(reports.recv().await.unwrap()[0]["winners"], 2);
        s.chain.reorg(1).await.unwrap();
        assert_eq!(reports.recv().await.unwrap()[0]["winners"], 1);
    };
    tokio::select! {
        ended = following => panic!("it follows for ever: {ended:?}"),
        () = story => {}
    }
}
