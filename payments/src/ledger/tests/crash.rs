//! The process dies, or the machine does, at any moment: the total is never below what left.

use super::*;

/// What a ledger opened during `boot` counts for the day of noon.
fn counted(place: &Place, boot: &str) -> Spent {
    let ledger = Ledger::open_in(&place.path(), Limits::default(), noon(), Some(boot)).unwrap();
    ledger.spent(noon()).unwrap()
}

#[test]
fn a_killed_process_leaves_every_promise_and_nothing_else() {
    let place = Place::new();
    let ledger = Ledger::open_in(&place.path(), Limits::default(), noon(), Some("boot")).unwrap();
    let mut expected = U256::ZERO;
    for n in 0..60_u64 {
        let value = wei(n + 1);
        let id = ledger.promise(&Promise { value, ..promise(n) }).unwrap();
        expected += value;
        let spent = counted(&place.image(), "boot");
        assert_eq!(spent, Spent { promised: expected, unaccounted: U256::ZERO }, "{n}");
        let (at, debit) = (noon(), wei(1));
        ledger.settle(id, Settlement { at, outcome: Outcome::Accepted, units: 1, debit });
        match n % 5 {
            0 => drop(ledger.maintain(noon()).unwrap()),
            1 => drop(ledger.maintain(noon() + 1.minute()).unwrap()),
            2 => drop(ledger.checkpoint().unwrap()),
            _ => {}
        }
        let image = place.image();
        assert_eq!(counted(&image, "boot").promised, expected, "{n}");
        let again = image.open(Limits::default());
        let reused = again.promise(&promise(n));
        assert!(matches!(reused, Err(PromiseError::NonceReused { .. })), "{reused:?}");
    }
}

#[test]
fn a_log_torn_at_any_byte_still_opens_with_all_before_it() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let log = |place: &Place| file::beside(&place.path(), "-wal");
    let mut marks = Vec::new();
    for n in 0..20 {
        ledger.promise(&promise(n)).unwrap();
        marks.push(std::fs::metadata(log(&place)).unwrap().len());
    }
    for (sum, length) in (1_u64..).zip(&marks) {
        for torn in [0, 1, 24, 2_000] {
            let image = place.image();
            let file = std::fs::OpenOptions::new().write(true).open(log(&image)).unwrap();
            file.set_len(length + torn).unwrap();
            drop(file);
            assert!(counted(&image, "boot").promised >= wei(sum * 100), "{sum} {torn}");
        }
    }
}

#[test]
fn a_power_failure_counts_what_it_may_have_taken() {
    let place = Place::new();
    let limits = Limits { day: limit(100_000), ..Limits::default() };
    let ledger = Ledger::open_in(&place.path(), limits.clone(), noon(), Some("one")).unwrap();
    // What is sure to be on the disk: the file as it was when the allowance was last raised.
    let mut durable = place.image();
    let mut allowed = U256::ZERO;
    let (mut raised, mut sum) = (0, U256::ZERO);
    for n in 0..900 {
        ledger.promise(&promise(n)).unwrap();
        sum += wei(100);
        let now = ledger
            .core
            .lock()
            .books
            .day(&place_reader(&place), Day::of(noon()), &limits)
            .unwrap()
            .allowed;
        if now != allowed {
            allowed = now;
            raised += 1;
            durable = place.image();
        }
        if n % 50 == 0 {
            let spent = counted(&durable.image(), "two");
            assert!(spent.promised + spent.unaccounted >= sum, "{n}: {spent:?} {sum}");
            // Never more than a part of the day's limit too much.
            assert!(spent.promised + spent.unaccounted <= sum + wei(100_000 / 8), "{n}: {spent:?}");
        }
    }
    assert!((8..=16).contains(&raised), "{raised} waits for the disk");

    // It stays counted, against every limit of that day, over further restarts.
    let spent = counted(&durable, "two");
    assert_eq!(counted(&durable, "two"), spent);
    assert_eq!(counted(&durable, "three"), spent);
    let ledger = Ledger::open_in(&durable.path(), limits, noon(), Some("three")).unwrap();
    let other = Promise { recipient: orchestrator(9), ..promise(5_000) };
    ledger.set_limits(Limits { orchestrator: limit(99), ..Limits::default() });
    assert_eq!(hit(ledger.promise(&other)).used, spent.unaccounted);
    ledger.promise(&Promise { at: noon() + 24.hours(), ..other }).unwrap_err();
    ledger.set_limits(Limits { orchestrator: limit(100), ..Limits::default() });
    ledger.promise(&Promise { at: noon() + 24.hours(), ..other }).unwrap();
}

#[test]
fn a_ledger_that_was_closed_lost_nothing() {
    let place = Place::new();
    let open = |boot| Ledger::open_in(&place.path(), Limits::default(), noon(), boot).unwrap();
    let ledger = open(Some("one"));
    ledger.promise(&promise(1)).unwrap();
    ledger.close(noon()).unwrap();
    let log = std::fs::metadata(file::beside(&place.path(), "-wal")).unwrap().len();
    assert!(log < 100_000, "{log}");
    drop(ledger);
    assert_eq!(counted(&place, "two"), Spent { promised: wei(100), unaccounted: U256::ZERO });
    // Without a boot id, an end without closing is taken for a power failure.
    let ledger = open(None);
    ledger.promise(&promise(2)).unwrap();
    let image = place.image();
    drop(ledger);
    let ledger = Ledger::open_in(&image.path(), Limits::default(), noon(), None).unwrap();
    assert!(ledger.spent(noon()).unwrap().unaccounted > U256::ZERO);
}

#[test]
fn maintenance_raises_the_allowance_ahead_of_use() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let reader = place_reader(&place);
    let left = || {
        let mut core = ledger.core.lock();
        let book = core.books.day(&reader, Day::of(noon()), &Limits::default()).unwrap();
        book.allowed.saturating_sub(book.used())
    };
    ledger.promise(&promise(0)).unwrap();
    assert_eq!(left(), wei(25_600));
    for n in 1..200 {
        ledger.promise(&promise(n)).unwrap();
    }
    assert!(left() < wei(12_800));
    ledger.maintain(noon()).unwrap();
    assert!(left() >= wei(25_600));
}

fn place_reader(place: &Place) -> Connection {
    Connection::open(place.path()).unwrap()
}
