//! Nonces, settlements, reports, pruning.

use super::*;

fn settlement(outcome: Outcome) -> Settlement {
    Settlement { at: noon(), outcome, units: 1_000, debit: wei(90) }
}

fn only(ledger: &Ledger, by: GroupBy) -> Total {
    let rows = ledger.totals(by, period()).unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

#[test]
fn nonces_are_promised_once() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let range = |first_nonce, tickets| Promise { first_nonce, tickets, ..promise(1) };
    ledger.promise(&range(10, 5)).unwrap();
    ledger.promise(&range(20, 1)).unwrap();
    assert_eq!(ledger.last_nonce(&fresh(1)).unwrap(), Some(20));
    for (first, tickets) in [(10, 5), (14, 1), (6, 5), (1, 100), (12, 1), (20, 1), (19, 2)] {
        let reused = ledger.promise(&range(first, tickets));
        assert!(matches!(reused, Err(PromiseError::NonceReused { .. })), "{first}+{tickets}");
    }
    let text = ledger.promise(&range(14, 1)).unwrap_err().to_string();
    assert!(text.contains("overlap 10 to 14"), "{text}");
    ledger.promise(&range(15, 5)).unwrap();
    ledger.promise(&range(9, 1)).unwrap();
    ledger.promise(&Promise { params: fresh(2), ..range(10, 5) }).unwrap();
    drop(ledger);
    let ledger = place.open(Limits::default());
    assert!(matches!(ledger.promise(&range(11, 1)), Err(PromiseError::NonceReused { .. })));
    assert_eq!(ledger.counters().nonces_reused, 1);
}

#[test]
fn a_promise_that_contradicts_itself_is_refused() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    for bad in [
        Promise { tickets: 0, ..promise(1) },
        Promise { first_nonce: u32::MAX, tickets: 2, ..promise(1) },
        Promise { value: U256::ZERO, ..promise(1) },
    ] {
        assert!(matches!(ledger.promise(&bad), Err(PromiseError::Invalid { .. })), "{bad:?}");
    }
    ledger.promise(&Promise { first_nonce: u32::MAX, tickets: 1, ..promise(1) }).unwrap();
    assert_eq!(ledger.counters().failed, 3);
}

#[test]
fn a_payment_from_credit_is_on_record_and_promises_nothing() {
    let place = Place::new();
    let ledger = place.open(Limits { day: limit(100), ..Limits::default() });
    ledger.promise(&promise(1)).unwrap();
    let credit = Promise { tickets: 0, value: U256::ZERO, ..promise(1) };
    ledger.promise(&credit).unwrap();
    ledger.promise(&credit).unwrap();
    let total = only(&ledger, GroupBy::Tag);
    assert_eq!((total.payments, total.tickets), (3, 10));
    assert_eq!((total.value, total.fee), (wei(100), wei(285)));
}

#[test]
fn the_first_word_on_a_promise_is_the_last_and_lowers_nothing() {
    let place = Place::new();
    let ledger = place.open(Limits { day: limit(500), ..Limits::default() });
    let ids: Vec<_> = (0..5).map(|n| ledger.promise(&promise(n)).unwrap()).collect();
    // Two are settled before the totals reach the file, two after, one never.
    ledger.settle(ids[0], settlement(Outcome::Accepted));
    ledger.settle(ids[1], settlement(Outcome::NotSent));
    assert_eq!(ledger.counters().settlements_waiting, 2);
    assert_eq!(ledger.maintain(noon()).unwrap().settled, 2);
    ledger.maintain(noon() + 1.minute()).unwrap();
    ledger.settle(ids[1], settlement(Outcome::Accepted));
    ledger.settle(ids[2], settlement(Outcome::Refused));
    ledger.settle(ids[3], settlement(Outcome::Unknown));
    assert_eq!(ledger.maintain(noon() + 1.minute()).unwrap().settled, 2);

    let expect = |ledger: &Ledger| {
        let total = only(ledger, GroupBy::Capability);
        let outcomes = Outcomes { not_sent: 1, accepted: 1, refused: 1, unknown: 1, open: 1 };
        assert_eq!(total.key, "transcoding");
        assert_eq!(total.outcomes, outcomes);
        assert_eq!((total.units, total.debit), (4_000, wei(360)));
        assert_eq!((total.value, total.face_value), (wei(500), wei(50_000)));
        assert_eq!(hit(ledger.promise(&promise(9))).used, wei(500));
    };
    expect(&ledger);
    // The same out of the rows alone.
    expect(&place.image().open(Limits { day: limit(500), ..Limits::default() }));
    ledger.close(noon()).unwrap();
    assert!(matches!(ledger.promise(&promise(9)), Err(PromiseError::Closed)));
    drop(ledger);
    expect(&place.open(Limits { day: limit(500), ..Limits::default() }));
}

#[test]
fn reports_group_by_what_was_paid_for() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    ledger.promise(&promise(1)).unwrap();
    ledger.promise(&Promise { recipient: orchestrator(2), ..promise(2) }).unwrap();
    let other = Promise { tag_name: "ai/text-to-image", capability: "text-to-image", ..promise(3) };
    ledger.promise(&other).unwrap();
    ledger.promise(&Promise { at: noon() + 24.hours(), ..promise(4) }).unwrap();
    let period = Period { from: noon(), to: noon() + 24.hours() };
    let report = |by| -> Vec<(String, U256)> {
        let rows = ledger.totals(by, period).unwrap();
        rows.into_iter().map(|row| (row.key, row.value)).collect()
    };
    let row = |key: &str, value| (key.to_owned(), wei(value));
    assert_eq!(
        report(GroupBy::Tag),
        [row("ai/text-to-image", 100), row("transcode/live/abr", 300)]
    );
    assert_eq!(
        report(GroupBy::Orchestrator),
        [row(&orchestrator(1).to_string(), 300), row(&orchestrator(2).to_string(), 100)]
    );
    assert_eq!(report(GroupBy::Day), [row("2026-11-27", 300), row("2026-11-28", 100)]);
    assert_eq!(report(GroupBy::Capability), [row("text-to-image", 100), row("transcoding", 300)]);
    // From midnight of the first day to noon of the second: 36 hours.
    let rate = ledger.run_rate(noon() + 24.hours(), 7).unwrap();
    assert_eq!(rate.promised, wei(400 * 24 / 36));
    assert_eq!(rate.over.as_hours(), 36);
    assert_eq!(rate.runway_days(wei(2_660)), Some(10.0));
    assert_eq!(ledger.run_rate(noon() + 240.hours(), 7).unwrap().runway_days(wei(1)), None);
}

#[test]
fn pruning_keeps_totals_and_what_limits_count() {
    let place = Place::new();
    let limits = Limits { day: limit(10_000), ..Limits::default() };
    let ledger = place.open(limits.clone());
    let tomorrow = noon() + 48.hours();
    for n in 0..600 {
        ledger.promise(&Promise { value: wei(10), tickets: 1, ..promise(n) }).unwrap();
    }
    let kept = ledger.promise(&Promise { at: tomorrow, ..promise(1_000) }).unwrap();
    assert_eq!(ledger.prune(noon() + 240.hours(), tomorrow).unwrap(), 600);
    assert_eq!(ledger.last_nonce(&fresh(1)).unwrap(), None);
    assert_eq!(ledger.last_nonce(&fresh(1_000)).unwrap(), Some((5 << 10) + 10));
    drop(ledger);
    let ledger = place.open(limits);
    assert_eq!(only(&ledger, GroupBy::Tag).value, wei(6_000));
    let next = ledger.promise(&Promise { at: tomorrow, ..promise(1_001) }).unwrap();
    assert!(next > kept, "numbers are never given twice");
    // What became of a promise that is gone is nobody's business.
    ledger.settle(PromiseId(1), settlement(Outcome::Accepted));
    assert_eq!(ledger.maintain(tomorrow).unwrap().settled, 0);
}

#[test]
fn the_log_starts_over_and_nothing_is_lost() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let mut copied = 0;
    for n in 0..10_000 {
        ledger.promise(&promise(n)).unwrap();
        if n % 500 == 0 {
            copied += usize::from(ledger.maintain(noon()).unwrap().log_pages.is_some());
        }
    }
    assert_eq!(copied, 6, "every third call finds more than 1,024 commits");
    let log = std::fs::metadata(file::beside(&place.path(), "-wal")).unwrap().len();
    assert!(log < 40_000_000, "{log}");
    let image = place.image().open(Limits::default());
    assert_eq!(image.spent(noon()).unwrap().promised, wei(1_000_000));
}
