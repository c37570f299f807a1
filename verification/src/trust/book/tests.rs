use std::time::Duration;

use alloy_primitives::Address;

use super::*;

const HARD: Finding<'static> =
    Finding { sign: Sign::Hard, consequence: Consequence::Exclude, why: "F12 is the source" };
const SOFT: Finding<'static> = Finding {
    sign: Sign::Soft { confirmed: false },
    consequence: Consequence::Exclude,
    why: "A.pbk 14.0 above 12.0",
};
const LINE: (&str, &str) = ("transcode", "720p");

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn hours(hours: u64) -> Timestamp {
    start() + Duration::from_hours(hours)
}

fn book() -> Book {
    Book::new(Rules::default(), 100)
}

fn node(host: &str) -> Identity {
    Identity::new(host, Some(8935), None)
}

fn paid(host: &str, recipient: u8) -> Identity {
    node(host).vouched(Some(Address::repeat_byte(recipient)))
}

fn state(book: &Book, identity: &Identity, now: Timestamp) -> State {
    book.standing(identity, LINE.0, [LINE.1], now).state
}

fn clean(book: &mut Book, identity: &Identity, audits: u32) {
    for _ in 0..audits {
        book.observe(identity, LINE, &Finding::CLEAN, start());
    }
}

#[test]
fn a_stranger_is_new_and_reading_remembers_nobody() {
    let book = book();
    let standing = book.standing(&node("a.example"), "transcode", ["720p", "360p"], start());
    assert_eq!((standing.state, standing.rate), (State::New, Rate::ALL));
    assert_eq!(standing.why, "0 of 60 clean audits");
    assert_eq!(book.full().entries, 0);
}

#[test]
fn a_fact_excludes_at_once_and_for_all_kinds_of_work() {
    let mut book = book();
    let cheat = node("a.example");
    clean(&mut book, &cheat, 70);
    let change = book.observe(&cheat, LINE, &HARD, start());
    assert_eq!((change.before, change.after.state), (State::Trusted, State::Out));
    assert_eq!(change.after.until, Some(hours(1)));
    insta::assert_snapshot!(
        change.after.why,
        @"out since 2027-01-15T08:00:00Z, until 2027-01-15T09:00:00Z: F12 is the source"
    );
    let other = book.standing(&cheat, "demo", ["240p"], start());
    assert_eq!(other.state, State::Out);
    // Back after an hour: on probation for everything, whatever it had earned.
    assert_eq!(state(&book, &cheat, hours(1)), State::Probation);
    assert_eq!(book.standing(&cheat, "demo", ["240p"], hours(1)).state, State::Probation);
    assert_eq!(book.standing(&cheat, LINE.0, [LINE.1], hours(1)).rate, Rate::ALL);
}

#[test]
fn soft_failures_exclude_when_they_add_up_to_the_stated_confidence() {
    let mut book = book();
    let suspect = node("a.example");
    clean(&mut book, &suspect, 70);
    let first = book.observe(&suspect, LINE, &SOFT, start());
    assert_eq!((first.before, first.after.state), (State::Trusted, State::Suspected));
    let second = book.observe(&suspect, LINE, &SOFT, start());
    assert_eq!(second.after.state, State::Out);
    assert!(second.after.why.contains("soft failures that add up, the last: A.pbk 14.0"));
}

#[test]
fn where_the_class_only_watches_a_fact_brings_closer_looks() {
    let mut book = book();
    let watched = node("a.example");
    clean(&mut book, &watched, 70);
    let hard = Finding { consequence: Consequence::Watch, ..HARD };
    let change = book.observe(&watched, LINE, &hard, start());
    assert_eq!((change.after.state, change.after.rate), (State::Suspected, Rate::ALL));
}

#[test]
fn a_stream_with_several_renditions_goes_by_the_worst_of_them() {
    let mut book = book();
    let one = node("a.example");
    clean(&mut book, &one, 70);
    let of = |book: &Book, kinds: &[&str]| {
        book.standing(&one, "transcode", kinds.iter().copied(), start()).state
    };
    assert_eq!(of(&book, &["720p"]), State::Trusted);
    assert_eq!(of(&book, &["720p", "240p"]), State::New);
    book.observe(&one, ("transcode", "240p"), &SOFT, start());
    assert_eq!(of(&book, &["720p", "240p"]), State::Suspected);
    assert_eq!(of(&book, &["720p"]), State::Trusted);
    assert_eq!(book.overall(&one, start()).state, State::Suspected);
    assert_eq!(book.overall(&node("b.example"), start()).state, State::New);
}

#[test]
fn a_penalty_follows_the_recipient_and_the_service() {
    let mut book = book();
    book.observe(&paid("a.example", 1), LINE, &HARD, start());
    assert_eq!(state(&book, &paid("b.example", 1), start()), State::Out, "another machine");
    assert_eq!(state(&book, &paid("a.example", 2), start()), State::Out, "another key");
    assert_eq!(state(&book, &node("a.example"), start()), State::Out, "before it said a key");
    assert_eq!(state(&book, &paid("b.example", 2), start()), State::New);
}

#[test]
fn naming_somebody_elses_recipient_neither_borrows_trust_nor_spoils_it() {
    let mut book = book();
    let honest = paid("good.example", 1);
    clean(&mut book, &honest, 70);
    // The recipient is only claimed, so not part of the identity.
    let liar = node("liar.example").vouched(None);
    assert_eq!(state(&book, &liar, start()), State::New);
    book.observe(&liar, LINE, &HARD, start());
    assert_eq!(state(&book, &honest, start()), State::Trusted);
    assert_eq!(state(&book, &liar, start()), State::Out);
}

#[test]
fn an_address_stands_as_whoever_was_vouched_for_there() {
    let mut book = book();
    clean(&mut book, &paid("a.example", 1), 70);
    assert_eq!(state(&book, &node("a.example"), start()), State::Trusted, "before it is asked");
    // What nobody vouches for is not counted for the recipient.
    book.observe(
        &node("a.example"),
        LINE,
        &Finding { consequence: Consequence::Watch, ..HARD },
        start(),
    );
    assert_eq!(state(&book, &paid("a.example", 1), start()), State::Trusted);
}

#[test]
fn a_stranger_beside_somebody_who_is_out_is_looked_at_and_an_old_hand_is_not() {
    let mut book = book();
    let at = |host: &str, address: &str| Identity::new(host, None, address.parse().ok());
    let old_hand = at("old.example", "203.0.113.7");
    clean(&mut book, &old_hand, 70);
    book.observe(&at("bad.example", "203.0.113.99"), LINE, &HARD, start());
    let stranger = at("fresh.example", "203.0.113.50");
    let standing = book.standing(&stranger, LINE.0, [LINE.1], start());
    assert_eq!((standing.state, standing.rate), (State::Suspected, Rate::ALL));
    assert!(standing.why.starts_with("in the network of bad.example, which is out"));
    assert_eq!(state(&book, &old_hand, start()), State::Trusted);
    assert_eq!(state(&book, &at("far.example", "198.51.100.1"), start()), State::New);
    assert_eq!(state(&book, &stranger, hours(1)), State::New, "once the neighbour is back");
}

#[test]
fn a_pardon_releases_everything_that_was_penalised_together() {
    let mut book = book();
    let cheat = paid("a.example", 1);
    for hour in [0, 2, 30] {
        book.observe(&cheat, LINE, &HARD, hours(hour));
    }
    assert_eq!(state(&book, &cheat, hours(40)), State::Out);
    let released = book.pardon(&Key::new("A.example"), hours(40));
    let mut keys: Vec<_> = released.iter().map(Key::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, [format!("0x{}", "01".repeat(20)).as_str(), "a.example"]);
    assert_eq!(state(&book, &cheat, hours(40)), State::Probation);
    assert!(book.pardon(&Key::new("a.example"), hours(40)).is_empty());
    assert!(book.pardon(&Key::new("nobody.example"), hours(40)).is_empty());
    // And its next strike is a first one.
    let change = book.observe(&cheat, LINE, &HARD, hours(41));
    assert_eq!(change.after.until, Some(hours(42)));
}

#[test]
fn what_changed_is_stored_and_read_again() {
    let mut book = book();
    book.observe(&paid("a.example", 1), LINE, &HARD, start());
    clean(&mut book, &node("b.example"), 1_100);
    book.observe(&node("c.example"), LINE, &SOFT, start());
    let stored = book.changes();
    assert_eq!(stored.len(), 4);
    assert!(book.changes().is_empty());

    let mut again = Book::new(Rules::default(), 100);
    for (key, text) in &stored {
        again.load(key.as_str(), text.as_deref().unwrap()).unwrap();
    }
    assert_eq!(again.report(start()), book.report(start()));
    assert_eq!(state(&again, &paid("z.example", 1), start()), State::Out);
    assert!(again.changes().is_empty());
}

#[test]
fn the_stored_form_is_this_one() {
    let mut book = book();
    book.observe(&paid("a.example", 1), LINE, &HARD, start());
    let (_, text) = book.changes().pop().unwrap();
    insta::assert_snapshot!(
        text.unwrap(),
        @r#"{"v":1,"first":"2027-01-15T08:00:00Z","seen":"2027-01-15T08:00:00Z","penalty":{"strikes":{"weight":1.0,"at":"2027-01-15T09:00:00Z"},"since":"2027-01-15T08:00:00Z","until":{"moment":"2027-01-15T09:00:00Z"},"why":"F12 is the source"},"linked":["0x0101010101010101010101010101010101010101"],"lines":[]}"#
    );
}

#[test]
fn what_another_version_stored_is_refused() {
    let mut book = book();
    let error = book.load("a.example", r#"{"v":2,"anything":[]}"#).unwrap_err();
    assert_eq!(error.to_string(), "trust of format 2 is stored, this program knows 1");
    assert!(book.load("a.example", "{").is_err());
    assert!(book.load("a.example", r#"{"v":1}"#).is_err());
}

#[test]
fn a_flood_of_strangers_displaces_strangers() {
    let mut book = Book::new(Rules::default(), 32);
    let (cheat, friend) = (node("cheat.example"), node("friend.example"));
    book.observe(&cheat, LINE, &HARD, start());
    clean(&mut book, &friend, 70);
    for number in 0..1_000_u64 {
        let stranger = node(&format!("s{number}.example"));
        book.observe(&stranger, LINE, &Finding::CLEAN, start() + Duration::from_secs(number));
        assert!(book.full().entries <= 32);
    }
    assert_eq!(state(&book, &cheat, start()), State::Out);
    assert_eq!(state(&book, &friend, start()), State::Trusted);
    assert!(book.changes().iter().any(|(_, text)| text.is_none()), "the store forgets as well");
}

#[test]
fn suspicion_is_not_escaped_by_other_work() {
    let mut book = book();
    let one = node("a.example");
    book.observe(&one, LINE, &SOFT, start());
    for number in 0..200 {
        let kind = number.to_string();
        book.observe(&one, ("transcode", &kind), &Finding::CLEAN, hours(1));
    }
    assert_eq!(state(&book, &one, hours(1)), State::Suspected);
    assert_eq!(book.report(hours(1))[0].lines.len(), MOST_LINES);
}

#[test]
fn long_and_unprintable_texts_are_cut() {
    let mut book = book();
    let why = format!("\u{1b}[31m{}", "x".repeat(10_000));
    book.observe(&node("a.example"), LINE, &Finding { why: &why, ..HARD }, start());
    let report = book.report(start());
    let kept = &report[0].penalty.as_ref().unwrap().why;
    assert_eq!(kept.len(), LONGEST_WHY);
    assert!(kept.starts_with("[31mx"));
}
