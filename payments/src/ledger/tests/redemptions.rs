//! Redemption logs: told twice, taken back, told again; joined to what they were for.

use super::*;

const CHAIN: u64 = 42_161;

fn redemption(ticket: u64, block: u64) -> Redemption {
    Redemption {
        tx_hash: fresh(1_000 + ticket),
        log_index: 3,
        block,
        block_hash: fresh(block),
        at: noon() + 10.minutes(),
        ticket: fresh(2_000 + ticket),
        recipient: orchestrator(1),
        params: fresh(ticket),
        nonce: (5 << 10) + 10,
        face_value: wei(1_000),
        paid: wei(900),
    }
}

fn cursor(block: u64) -> Cursor {
    Cursor { block, block_hash: fresh(block) }
}

fn redeemed(ledger: &Ledger) -> Redeemed {
    let rows = ledger.totals(GroupBy::Tag, period()).unwrap();
    rows.into_iter().find(|row| row.key == "transcode/live/abr").unwrap().redeemed
}

#[test]
fn a_redemption_finds_its_tag_and_job() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    let id = ledger.promise(&promise(1)).unwrap();
    let paid = ledger.record_redemptions(CHAIN, &[redemption(1, 50)], cursor(60)).unwrap();
    assert_eq!(paid[0].promise, Some(id));
    assert_eq!(paid[0].tag_name.as_deref(), Some("transcode/live/abr"));
    assert_eq!((paid[0].job, paid[0].new), (Some([7; 16]), true));
    // Told again, as after a restart from an older cursor.
    let paid = ledger.record_redemptions(CHAIN, &[redemption(1, 50)], cursor(61)).unwrap();
    assert!(!paid[0].new);
    assert_eq!(ledger.cursor(CHAIN).unwrap(), Some(cursor(61)));
    assert_eq!(ledger.cursor(1).unwrap(), None);

    let total = redeemed(&ledger);
    assert_eq!((total.tickets, total.face_value, total.paid), (1, wei(1_000), wei(900)));
    let lag = SignedDuration::from_mins(10);
    assert_eq!(total.lag, Some(Lag { mean: lag, max: lag }));
    let tickets = [fresh(2_001), fresh(2_002)];
    assert_eq!(ledger.unredeemed(&tickets).unwrap(), [fresh(2_002)]);
}

#[test]
fn a_ticket_of_another_signer_keeps_the_tag_of_its_nonce() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    ledger.promise(&promise(1)).unwrap();
    for stranger in [
        redemption(2, 50),
        Redemption { nonce: (5 << 10) + 11, ..redemption(1, 50) },
        Redemption { recipient: orchestrator(2), ..redemption(1, 50) },
    ] {
        let paid = ledger.record_redemptions(CHAIN, &[stranger], cursor(60)).unwrap();
        assert_eq!((paid[0].promise, paid[0].tag.get()), (None, 5));
    }
    let rows = ledger.totals(GroupBy::Tag, period()).unwrap();
    assert_eq!(rows[1].key, "unknown");
    assert_eq!(rows[1].redeemed.lag, None);
}

#[test]
fn a_reorganisation_takes_redemptions_back_until_they_are_mined_again() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    for n in 1..=3 {
        ledger.promise(&promise(n)).unwrap();
    }
    let logs = [redemption(1, 50), redemption(2, 51), redemption(3, 52)];
    ledger.record_redemptions(CHAIN, &logs, cursor(60)).unwrap();
    assert_eq!(ledger.forget_after(CHAIN, cursor(50)).unwrap(), 2);
    assert_eq!(ledger.forget_after(CHAIN, cursor(50)).unwrap(), 0);
    assert_eq!(ledger.forget_after(1, cursor(1)).unwrap(), 0);
    assert_eq!(redeemed(&ledger).tickets, 1);
    assert_eq!(ledger.cursor(CHAIN).unwrap(), Some(cursor(50)));
    assert_eq!(ledger.unredeemed(&[fresh(2_002)]).unwrap(), [fresh(2_002)]);

    // One is mined again at another place of its block, one in another block.
    let again = [
        Redemption { log_index: 9, ..redemption(2, 53) },
        Redemption { block: 54, block_hash: fresh(54), ..redemption(3, 54) },
    ];
    let paid = ledger.record_redemptions(CHAIN, &again, cursor(70)).unwrap();
    assert!(paid.iter().all(|paid| paid.new));
    assert_eq!(redeemed(&ledger).tickets, 3);

    // The same ticket in another transaction, although nobody told of a reorganisation.
    let moved = Redemption { tx_hash: fresh(99), ..redemption(1, 55) };
    ledger.record_redemptions(CHAIN, &[moved], cursor(71)).unwrap();
    assert_eq!(redeemed(&ledger).tickets, 3);
}

#[test]
fn redemptions_outlive_the_promise_they_are_for() {
    let place = Place::new();
    let ledger = place.open(Limits::default());
    ledger.promise(&promise(1)).unwrap();
    ledger.record_redemptions(CHAIN, &[redemption(1, 50)], cursor(60)).unwrap();
    ledger.prune(noon() + 100.hours(), noon() + 100.hours()).unwrap();
    // Told again, when the promise is gone.
    ledger.record_redemptions(CHAIN, &[redemption(1, 50)], cursor(60)).unwrap();
    let total = redeemed(&ledger);
    assert_eq!((total.tickets, total.paid), (1, wei(900)));
    assert!(total.lag.is_some());
}
