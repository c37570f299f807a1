//! What round books are made of, and what is written down about them.

use super::*;

fn session(params: u64, round: u64, first: u32, tickets: u16) -> Promise<'static> {
    let value = wei(10) * U256::from(tickets);
    Promise { round, first_nonce: (5 << 10) + first, tickets, value, ..promise(params) }
}

fn record(round: u64, state: BookState) -> BookRecord {
    BookRecord {
        round,
        state,
        root: fresh(round),
        dataset_root: B256::ZERO,
        leaves: 2,
        total_ev: u128::MAX,
        revision: 1,
        told: (fresh(9), B256::ZERO),
        transaction: None,
    }
}

#[test]
fn a_session_has_a_line_in_every_round_that_its_tickets_name() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    ledger.promise(&session(1, 7, 1, 3)).unwrap();
    ledger.promise(&session(2, 7, 1, 4)).unwrap();
    ledger.promise(&session(1, 7, 4, 2)).unwrap();
    let unsent = ledger.promise(&session(1, 7, 6, 50)).unwrap();
    ledger.promise(&session(1, 8, 56, 1)).unwrap();
    // Paid from credit: no ticket.
    ledger.promise(&Promise { tickets: 0, value: U256::ZERO, round: 9, ..promise(3) }).unwrap();
    ledger.settle(
        unsent,
        Settlement { at: noon(), outcome: Outcome::NotSent, units: 0, debit: U256::ZERO },
    );
    let open = |since| ledger.has_open_promises(7, since).unwrap();
    assert!(open(noon() - 1.seconds()) && !open(noon()), "old ones are not waited for");
    ledger.maintain(noon()).unwrap();
    let lines = |round| -> Vec<(B256, u32)> {
        let sessions = ledger.round_sessions(round).unwrap();
        sessions.into_iter().map(|session| (session.params, session.tickets)).collect()
    };
    assert_eq!(lines(7), [(fresh(1), 5), (fresh(2), 4)]);
    assert_eq!(lines(8), [(fresh(1), 1)]);
    assert_eq!(lines(9), []);
    assert_eq!(ledger.rounds_after(None).unwrap(), [7, 8]);
    assert_eq!(ledger.rounds_after(Some(7)).unwrap(), [8]);
    let first = &ledger.round_sessions(7).unwrap()[0];
    assert_eq!((first.tag, first.tag_name.as_str()), (5, "transcode/live/abr"));
    assert_eq!((first.first_nonce, first.face_value), ((5 << 10) + 1, wei(1_000)));
}

#[test]
fn pruning_leaves_what_an_open_book_needs() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    for params in 0..3 {
        ledger.promise(&session(params, params + 7, 1, 1)).unwrap();
    }
    ledger.set_booked(7).unwrap();
    let (before, now) = (noon() + 240.hours(), noon() + 480.hours());
    assert_eq!(ledger.prune(before, now).unwrap(), 1);
    assert_eq!(ledger.rounds_after(None).unwrap(), [8, 9]);
    drop(ledger);
    let ledger = place.open(Limits::default());
    assert_eq!(ledger.booked().unwrap(), Some(7));
    ledger.set_booked(9).unwrap();
    assert_eq!(ledger.prune(before, now).unwrap(), 2);
}

#[test]
fn books_files_and_the_transaction_on_its_way_survive_a_crash() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let file = BookFile { path: "jobs/a.parquet".into(), sha256: fresh(3), bytes: 4, rows: 5 };
    ledger.put_book(&record(7, BookState::Written), std::slice::from_ref(&file)).unwrap();
    for round in 1..5 {
        ledger.put_book(&record(round, BookState::Final), &[]).unwrap();
    }
    let fees = Fees { cap: wei(9), tip: wei(2) };
    let sent = Sent { nonce: 4, purpose: "round 7".into(), hash: fresh(8), fees };
    ledger.put_outbox(&Sent { nonce: 3, ..sent.clone() }).unwrap();
    ledger.put_outbox(&sent).unwrap();
    let secret = ledger.book_secret(|| fresh(1)).unwrap();
    let crashed = place.image();
    let ledger = crashed.open(Limits::default());
    assert_eq!(ledger.book(7).unwrap(), Some(record(7, BookState::Written)));
    assert_eq!(ledger.book(8).unwrap(), None);
    assert_eq!(ledger.book_files(7).unwrap(), [file]);
    assert!(ledger.is_in_a_book("jobs/a.parquet").unwrap());
    assert!(!ledger.is_in_a_book("jobs/b.parquet").unwrap());
    let rounds = |closed| -> Vec<u64> {
        ledger.books(closed).unwrap().into_iter().map(|book| book.round).collect()
    };
    assert_eq!((rounds(2), rounds(0)), (vec![3, 4, 7], vec![7]));
    assert_eq!(ledger.outbox().unwrap(), Some(sent));
    assert_eq!(ledger.book_secret(|| fresh(2)).unwrap(), secret);
    ledger.clear_outbox().unwrap();
    assert_eq!(ledger.outbox().unwrap(), None);
}

#[test]
fn a_ledger_of_the_first_schema_is_taken_over() {
    let place = Place::new();
    let old = Connection::open(place.path()).unwrap();
    old.execute_batch(include_str!("../schema_1.sql")).unwrap();
    old.execute_batch("PRAGMA application_id = 0x574d4b31; PRAGMA user_version = 1").unwrap();
    drop(old);
    assert!(Viewer::open(place.path()).unwrap().is_some(), "it can be looked at as it is");
    let ledger = place.open(Limits::default());
    ledger.promise(&session(1, 7, 1, 3)).unwrap();
    assert_eq!(ledger.round_sessions(7).unwrap().len(), 1);
}
