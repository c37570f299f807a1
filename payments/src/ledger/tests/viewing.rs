//! A ledger looked at by another program, while its gateway runs and afterwards.

use super::*;

#[test]
fn no_file_is_no_ledger_and_none_is_made() {
    let place = Place::new();
    assert!(Viewer::open(place.path()).unwrap().is_none());
    assert!(!place.path().exists());
}

#[test]
fn what_is_seen_is_what_the_ledger_says_while_it_is_open_and_after() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    ledger.promise(&promise(1)).unwrap();
    // Writes the totals down.
    let said = ledger.totals(GroupBy::Tag, period()).unwrap();
    assert_eq!(said.len(), 1);
    let seen = |place: &Place| {
        let viewer = Viewer::open(place.path()).unwrap().unwrap();
        (viewer.totals(GroupBy::Tag, period()).unwrap(), viewer.run_rate(noon(), 7).unwrap())
    };
    let rate = ledger.run_rate(noon(), 7).unwrap();
    assert_eq!(seen(&place), (said.clone(), rate));
    drop(ledger);
    assert_eq!(seen(&place), (said, rate));
    place.open(Limits::default());
}

#[test]
fn a_database_of_another_program_is_not_read() {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch("CREATE TABLE kv (k)").unwrap();
    assert!(matches!(Viewer::open(place.path()), Err(LedgerError::Foreign { .. })));
}
