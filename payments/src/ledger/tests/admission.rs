//! Every limit, what it counts, and that nothing gets past it.

use super::*;
use crate::limits::{Currency, LimitCause, LimitKind, Rate, TagPattern};

#[test]
fn limits_of_a_single_ticket_and_payment() {
    let place = Place::new();
    let ledger = place.open(Limits { ticket_face_value: limit(999), ..Limits::default() });
    let refused = hit(ledger.promise(&promise(1)));
    assert_eq!(refused.kind, LimitKind::TicketFaceValue);
    assert_eq!((refused.asked, refused.used, refused.resets), (wei(1_000), U256::ZERO, None));

    ledger.set_limits(Limits { ticket_expected_value: limit(10), ..Limits::default() });
    ledger.promise(&promise(1)).unwrap();
    // 101 wei over ten tickets: 11 wei each, rounded up.
    let refused = hit(ledger.promise(&Promise { value: wei(101), ..promise(2) }));
    assert_eq!((refused.kind, refused.asked), (LimitKind::TicketExpectedValue, wei(11)));

    ledger.set_limits(Limits { payment: limit(99), ..Limits::default() });
    assert_eq!(hit(ledger.promise(&promise(2))).kind, LimitKind::Payment);
    assert_eq!(ledger.counters().refused, [1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(ledger.counters().promised, 1);
}

#[test]
fn a_refused_promise_leaves_no_trace() {
    let place = Place::new();
    let ledger = place.open(Limits { day: limit(150), ..Limits::default() });
    ledger.promise(&promise(1)).unwrap();
    assert_eq!(hit(ledger.promise(&promise(2))).kind, LimitKind::Day);
    assert_eq!(ledger.last_nonce(&fresh(2)).unwrap(), None);
    assert_eq!(ledger.spent(noon()).unwrap().promised, wei(100));
    let small = Promise { value: wei(50), tickets: 5, ..promise(2) };
    ledger.promise(&small).expect("the room that is left can be used");
    assert_eq!(hit(ledger.promise(&promise(3))).used, wei(150));
}

#[test]
fn a_session_is_limited_for_as_long_as_it_lives() {
    let place = Place::new();
    let limits = Limits { session: limit(250), ..Limits::default() };
    let ledger = place.open(limits.clone());
    ledger.promise(&promise(1)).unwrap();
    ledger.promise(&Promise { at: noon() + 13.hours(), ..promise(2) }).unwrap();
    let refused = hit(ledger.promise(&promise(3)));
    assert_eq!((refused.kind, refused.used, refused.resets), (LimitKind::Session, wei(200), None));
    ledger.promise(&Promise { session: "another", ..promise(3) }).unwrap();
    // The same text from another orchestrator is another session.
    ledger.promise(&Promise { recipient: orchestrator(2), ..promise(4) }).unwrap();
    drop(ledger);
    let ledger = place.open(limits);
    assert_eq!(hit(ledger.promise(&promise(5))).used, wei(200));
    // Long idle sessions leave the memory, not the count.
    ledger.maintain(noon() + 40.hours()).unwrap();
    assert_eq!(hit(ledger.promise(&promise(5))).used, wei(200));
}

#[test]
fn tags_under_one_pattern_share_its_limit_and_every_pattern_must_have_room() {
    let place = Place::new();
    let rule = |pattern: &str, value| -> (TagPattern, Amount) {
        (pattern.parse().unwrap(), Amount::Wei(wei(value)))
    };
    let tags = vec![rule("transcode/**", 300), rule("transcode/live/abr", 150)];
    let ledger = place.open(Limits { tags, ..Limits::default() });
    ledger.promise(&promise(1)).unwrap();
    let refused = hit(ledger.promise(&promise(2)));
    assert_eq!(refused.subject.as_deref(), Some("transcode/live/abr"));
    assert_eq!(refused.resets, Some("2026-11-28T00:00:00Z".parse().unwrap()));
    let other = |params| Promise { tag_name: "transcode/vod/abr", ..promise(params) };
    ledger.promise(&other(2)).unwrap();
    ledger.promise(&other(3)).unwrap();
    let refused = hit(ledger.promise(&other(4)));
    assert_eq!(refused.subject.as_deref(), Some("transcode/*"));
    assert_eq!(refused.used, wei(300));
    ledger.promise(&Promise { tag_name: "ai/text-to-image", ..promise(4) }).unwrap();
    ledger.promise(&Promise { tag_name: "", ..promise(5) }).unwrap();
    // Tomorrow is another day.
    ledger.promise(&Promise { at: noon() + 12.hours(), ..other(6) }).unwrap();

    let used: Vec<_> = ledger.usage(noon()).unwrap().iter().map(|usage| usage.used).collect();
    assert_eq!(used, [wei(300), wei(100)]);
    // Other limits count what was spent under the old ones.
    ledger.set_limits(Limits { tags: vec![rule("*", 501)], ..Limits::default() });
    assert_eq!(ledger.usage(noon()).unwrap()[0].used, wei(500));
    assert_eq!(hit(ledger.promise(&other(7))).used, wei(500));
}

#[test]
fn orchestrators_have_a_common_limit_or_their_own() {
    let place = Place::new();
    let mut limits = Limits { orchestrator: limit(100), ..Limits::default() };
    limits.orchestrators.insert(orchestrator(2), Amount::Wei(wei(200)));
    let ledger = place.open(limits);
    let to = |number, params| Promise { recipient: orchestrator(number), ..promise(params) };
    ledger.promise(&to(1, 1)).unwrap();
    let refused = hit(ledger.promise(&to(1, 2)));
    assert_eq!(refused.subject.as_deref(), Some(orchestrator(1).to_string().as_str()));
    ledger.promise(&to(2, 2)).unwrap();
    ledger.promise(&to(2, 3)).unwrap();
    assert_eq!(hit(ledger.promise(&to(2, 4))).limit_wei, Some(wei(200)));
    ledger.promise(&to(3, 4)).unwrap();
    assert!(!LimitKind::Day.allows_another_orchestrator());
    assert!(LimitKind::Orchestrator.allows_another_orchestrator());
}

#[test]
fn a_limit_in_a_currency_follows_the_rate_and_refuses_without_one() {
    let place = Place::new();
    let ledger = place.open(Limits { day: Some("2.5 usd".parse().unwrap()), ..Limits::default() });
    let refused = hit(ledger.promise(&promise(1)));
    assert!(matches!(refused.cause, LimitCause::Rate(_)), "{refused}");
    assert_eq!(refused.limit_wei, None);

    let rate =
        |wei_per_unit, at| Rate::new(Currency::USD, wei(wei_per_unit), wei(1), at, "test").unwrap();
    ledger.set_rate(rate(100, noon()));
    ledger.promise(&promise(1)).unwrap();
    ledger.promise(&promise(2)).unwrap();
    assert_eq!(hit(ledger.promise(&promise(3))).limit_wei, Some(wei(250)));
    ledger.set_rate(rate(120, noon() + 1.minute()));
    ledger.promise(&promise(3)).unwrap();

    let late = Promise { at: noon() + 62.minutes(), tickets: 1, value: wei(1), ..promise(4) };
    let refused = hit(ledger.promise(&late));
    assert!(refused.to_string().contains("older than 60 minutes"), "{refused}");
}

#[test]
fn a_clock_that_goes_back_counts_for_the_day_it_says() {
    let place = Place::new();
    let ledger = place.open(Limits { day: limit(200), ..Limits::default() });
    let on = |hours: i64, params| Promise { at: noon() + hours.hours(), ..promise(params) };
    for (hours, params) in [(0, 1), (12, 2), (36, 3), (0, 4), (12, 5), (36, 6)] {
        ledger.promise(&on(hours, params)).unwrap();
    }
    for hours in [0, 12, 36] {
        assert_eq!(hit(ledger.promise(&on(hours, 7))).used, wei(200), "{hours}");
    }
}

#[test]
fn sums_that_do_not_fit_are_over_every_limit() {
    let place = Place::new();
    let ledger = place.open(Limits { day: Some(Amount::Wei(U256::MAX)), ..Limits::default() });
    ledger.promise(&Promise { value: U256::MAX - wei(50), ..promise(1) }).unwrap();
    assert_eq!(hit(ledger.promise(&promise(2))).kind, LimitKind::Day);
    ledger.set_limits(Limits::default());
    ledger.promise(&promise(2)).unwrap();
    assert_eq!(ledger.spent(noon()).unwrap().promised, U256::MAX);
}

#[test]
fn many_threads_share_exactly_the_room_there_is() {
    let place = Place::new();
    let ledger =
        place.open(Limits { day: limit(10_000), session: limit(3_000), ..Limits::default() });
    let accepted: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8_u64)
            .map(|worker| {
                let ledger = &ledger;
                scope.spawn(move || {
                    let session = ["a", "b", "c", "d"][usize::try_from(worker % 4).unwrap()];
                    let pay = |step| {
                        let params = worker << 32 | step;
                        let result = ledger.promise(&Promise { session, ..promise(params) });
                        if let Ok(id) = result {
                            let at = noon();
                            let outcome = Outcome::Accepted;
                            let settlement = Settlement { at, outcome, units: 1, debit: wei(1) };
                            ledger.settle(id, settlement);
                        }
                        if step % 16 == 0 {
                            ledger.maintain(noon()).unwrap();
                        }
                        usize::from(result.is_ok())
                    };
                    (0..64).map(pay).sum::<usize>()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(accepted, 100);
    assert_eq!(ledger.spent(noon()).unwrap().promised, wei(10_000));
    drop(ledger);
    let ledger = place.open(Limits { day: limit(10_000), ..Limits::default() });
    assert_eq!(hit(ledger.promise(&promise(u64::MAX))).used, wei(10_000));
    assert_eq!(ledger.totals(GroupBy::Tag, period()).unwrap()[0].outcomes.accepted, 100);
}
