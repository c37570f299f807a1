//! Whose file it is, and what happens with one that is not ours.

use super::*;

fn refused(place: &Place) -> LedgerError {
    Ledger::open(place.path(), Limits::default(), noon()).unwrap_err()
}

#[test]
fn one_process_at_a_time() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let error = refused(&place);
    assert!(matches!(error, LedgerError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("two gateways must not share a data folder"));
    ledger.promise(&promise(1)).expect("the first one works on");
    drop(ledger);
    place.open(Limits::default());
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    std::fs::write(place.path(), b"").unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ledger = place.open(Limits::default());
    ledger.promise(&promise(1)).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        seen += 1;
    }
    assert_eq!(seen, 4, "database, log, index of the log, lock");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let place = Place::new();
    let text = "this is a letter, not a ledger\n".repeat(400);
    std::fs::write(place.path(), &text).unwrap();
    let error = refused(&place);
    assert!(matches!(error, LedgerError::Corrupt { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
}

#[test]
fn a_damaged_ledger_is_not_opened() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    for n in 0..200 {
        ledger.promise(&promise(n)).unwrap();
    }
    drop(ledger);
    let mut bytes = std::fs::read(place.path()).unwrap();
    bytes[4_096..].fill(0x55);
    std::fs::write(place.path(), bytes).unwrap();
    let error = refused(&place);
    assert!(matches!(error, LedgerError::Corrupt { .. }), "{error:?}");
}

#[test]
fn databases_of_others_and_of_later_versions_are_refused() {
    let place = Place::new();
    let change = |place: &Place, sql: &str| {
        Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    };
    change(&place, "CREATE TABLE kv (key TEXT)");
    let error = refused(&place);
    assert!(matches!(error, LedgerError::Foreign { found: 0, .. }), "{error:?}");

    let place = Place::new();
    drop(place.open(Limits::default()));
    change(&place, "PRAGMA user_version = 99");
    let error = refused(&place);
    assert!(matches!(error, LedgerError::Newer { found: 99, supported: 2, .. }), "{error:?}");
    change(&place, "PRAGMA user_version = 2");
    place.open(Limits::default());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let place = Place::new();
    let path = place.folder.path().join("missing/waymark.sqlite3");
    let error = Ledger::open(&path, Limits::default(), noon()).unwrap_err();
    assert!(error.to_string().contains("missing/waymark.sqlite3"), "{error}");
}

#[test]
fn a_write_that_fails_counts_nothing_and_the_next_one_works() {
    let place = Place::new();
    let ledger = place.open(Limits { day: limit(200), ..Limits::default() });
    ledger.promise(&promise(1)).unwrap();
    // Another program holds the file for writing.
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failed = ledger.promise(&promise(2));
    assert!(matches!(failed, Err(PromiseError::Store { .. })), "{failed:?}");
    other.execute_batch("COMMIT").unwrap();
    ledger.promise(&promise(2)).unwrap();
    assert_eq!(hit(ledger.promise(&promise(3))).used, wei(200));
    assert_eq!(ledger.counters().failed, 1);
}
