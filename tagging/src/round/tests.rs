//! Books against `tests/vectors`: what OpenZeppelin's library made of a recorded book, and the proofs that a
//! contract accepted.

use alloy_primitives::{B256, U256};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::TagId;

const BOOK: &str = include_str!("../../tests/vectors/round-book.json");
const TREES: &str = include_str!("../../tests/vectors/merkle-vectors.json");
const SCHEMA: &str = include_str!("../../schemas/round-book.json");

/// What the recorded book has besides.
#[derive(Deserialize)]
struct Recorded {
    redeemed: Vec<Redeemed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redeemed {
    leaf_index: usize,
    proof: Vec<B256>,
    ticket: Ticket,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    recipient_rand_hash: B256,
}

#[derive(Deserialize)]
struct Trees {
    trees: Vec<Tree>,
}

#[derive(Deserialize)]
struct Tree {
    n: usize,
    root: B256,
    proof: Vec<B256>,
}

fn recorded() -> RoundBook {
    RoundBook::read(BOOK.as_bytes()).unwrap()
}

fn changed(change: impl FnOnce(&mut serde_json::Value)) -> RoundBookError {
    let mut file = serde_json::from_str(BOOK).unwrap();
    change(&mut file);
    RoundBook::read(file.to_string().as_bytes()).unwrap_err()
}

#[test]
fn the_recorded_book_is_read_with_its_root_and_leaf_hashes() {
    let book = recorded();
    assert_eq!((book.id().chain_id, book.id().round, book.leaves().len()), (7337, 13, 8));
    assert_eq!(book.id().gateway.to_string(), "0x90F79bf6EB2c4f870365E785982E1f101E93b906");
    let file: serde_json::Value = serde_json::from_str(BOOK).unwrap();
    assert_eq!(book.root().to_string(), file["root"].as_str().unwrap());
    for (index, hash) in book.hashes().iter().enumerate() {
        assert_eq!(hash.to_string(), file["leaves"][index]["leafHash"].as_str().unwrap());
    }
}

#[test]
fn proofs_are_those_that_were_accepted_on_chain() {
    let book = recorded();
    let recorded: Recorded = serde_json::from_str(BOOK).unwrap();
    assert_eq!(recorded.redeemed.len(), 3);
    for redeemed in recorded.redeemed {
        let index = redeemed.leaf_index;
        assert_eq!(book.position(redeemed.ticket.recipient_rand_hash), Some(index));
        assert_eq!(book.proof(index).unwrap(), redeemed.proof);
        assert!(verify(book.root(), book.hashes()[index], &redeemed.proof));
    }
    assert_eq!(book.position(B256::ZERO), None);
    assert_eq!(book.proof(8), None);
}

#[test]
fn trees_of_every_size_are_those_of_openzeppelin() {
    let book = recorded();
    let vectors: Trees = serde_json::from_str(TREES).unwrap();
    assert_eq!(vectors.trees.len(), 8);
    for vector in vectors.trees {
        let part = RoundBook::new(*book.id(), book.leaves()[..vector.n].to_vec()).unwrap();
        assert_eq!(part.root(), vector.root, "{} leaves", vector.n);
        assert_eq!(part.proof(0).unwrap(), vector.proof, "{} leaves", vector.n);
    }
}

#[test]
fn what_is_written_has_the_recorded_keys_and_encodings() {
    let written: serde_json::Value = serde_json::from_str(&recorded().to_json()).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(BOOK).unwrap();
    let members = expected.as_object_mut().unwrap();
    assert!(members.remove("note").is_some() && members.remove("redeemed").is_some());
    assert_eq!(written, expected);
    let keys: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 5);
}

#[test]
fn totals_multiply_the_value_of_a_ticket_by_their_number() {
    let totals = recorded().totals();
    let expected =
        Total { sessions: 8, tickets: 24, ev_wei: U256::from(24_u64 * 480_000_000_000_000) };
    assert_eq!(totals.all, expected);
    assert_eq!(
        totals.by_tag.into_iter().collect::<Vec<_>>(),
        [(TagId::try_from(7).unwrap(), expected)]
    );
    assert_eq!(recorded().total_ev(), Ok(11_520_000_000_000_000));
}

#[test]
fn a_book_without_sessions_has_the_root_zero() {
    let empty = RoundBook::new(*recorded().id(), Vec::new()).unwrap();
    assert_eq!((empty.root(), empty.total_ev(), empty.proof(0)), (B256::ZERO, Ok(0), None));
    assert_eq!(RoundBook::read(empty.to_json().as_bytes()), Ok(empty));
}

#[test]
fn a_session_is_counted_once() {
    let mut leaves = recorded().leaves().to_vec();
    leaves.push(Leaf { ev_wei: 1, ..leaves[3] });
    let error = RoundBook::new(*recorded().id(), leaves.clone()).unwrap_err();
    assert_eq!(error, RoundBookError::SessionTwice { session: leaves[3].recipient_rand_hash });
}

#[test]
fn a_sum_that_the_commitment_cannot_state_is_refused() {
    let mut leaves = recorded().leaves()[..1].to_vec();
    leaves[0].ev_wei = u128::MAX;
    leaves[0].ticket_count = 2;
    let book = RoundBook::new(*recorded().id(), leaves).unwrap();
    assert!(matches!(book.total_ev(), Err(RoundBookError::TotalTooLarge { .. })));
}

#[test]
fn a_changed_file_is_refused_with_what_was_changed() {
    let shown = |error: RoundBookError| error.to_string();
    let fewer = changed(|file| {
        file["leaves"].as_array_mut().unwrap().pop();
    });
    let texts = [
        shown(fewer),
        shown(changed(|file| file["leaves"][4]["ticketCount"] = 4.into())),
        shown(changed(|file| file["round"] = 14.into())),
        shown(changed(|file| file["root"] = B256::ZERO.to_string().into())),
        shown(changed(|file| file["leaves"][1]["evWei"] = "1e5".into())),
        shown(changed(|file| file["leaves"][1]["evWei"] = "007".into())),
        shown(changed(|file| file["leaves"][1]["evWei"] = "1".repeat(79).into())),
        shown(changed(|file| file["leaves"][1]["tagId"] = 2_097_152.into())),
        shown(changed(|file| file["gateway"] = "0x90".into())),
        shown(changed(|file| file["leaves"] = 3.into())),
        shown(RoundBook::read(&BOOK.as_bytes()[..700]).unwrap_err()),
        shown(RoundBook::read(b"\xff").unwrap_err()),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_schema_takes_what_is_written_and_refuses_what_is_not_read() {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let accepts = |text: &str| schema.is_valid(&serde_json::from_str(text).unwrap());
    assert!(accepts(BOOK));
    assert!(accepts(&recorded().to_json()));
    assert!(accepts(&RoundBook::new(*recorded().id(), Vec::new()).unwrap().to_json()));
    for (right, wrong) in [
        ("\"480000000000000\"", "480000000000000"),
        ("\"480000000000000\"", "\"0480\""),
        ("\"tagId\": 7", "\"tagId\": 2097152"),
        ("\"jobRef\"", "\"job_ref\""),
        ("0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x90F7"),
    ] {
        assert!(!accepts(&BOOK.replacen(right, wrong, 1)), "{wrong}");
    }
}

prop_compose! {
    fn any_leaf()(
        recipient in any::<[u8; 20]>(),
        session in any::<[u8; 32]>(),
        tag in 0..=TagId::MAX.get(),
        job in any::<[u8; 32]>(),
        ev_wei in any::<u128>(),
        ticket_count in any::<u32>(),
    ) -> Leaf {
        Leaf {
            recipient: recipient.into(),
            recipient_rand_hash: session.into(),
            tag_id: TagId::try_from(tag).unwrap(),
            job_ref: job.into(),
            ev_wei,
            ticket_count,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        chain_id in any::<u64>(),
        gateway in any::<[u8; 20]>(),
        round in any::<u64>(),
        leaves in proptest::collection::vec(any_leaf(), 0..20),
    ) {
        let id = BookId { chain_id, gateway: gateway.into(), round };
        let book = RoundBook::new(id, leaves).unwrap();
        let json = book.to_json();
        prop_assert_eq!(RoundBook::read(json.as_bytes()).unwrap(), book);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(RoundBook::read(&bytes));
    }
}
