//! Random promises, settlements, restarts and crashes against a model that only keeps a list.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::limits::TagPattern;

const TAGS: [&str; 4] = ["transcode/live/abr", "transcode/vod/abr", "ai/text-to-image", ""];
const SESSIONS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Step {
    Promise {
        params: u64,
        first: u32,
        tickets: u16,
        value: u64,
        tag: usize,
        session: usize,
        recipient: u8,
        hours: i64,
    },
    Settle(usize),
    Maintain(i64),
    Restart,
    Crash,
    Limits(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0_u64..4, 1_u32..40, 0_u16..6, 0_u64..60, 0_usize..4, 0_usize..3, 1_u8..4, 0_i64..30)
            .prop_map(|(params, first, tickets, value, tag, session, recipient, hours)| {
                Step::Promise { params, first, tickets, value, tag, session, recipient, hours }
            }),
        4 => (0_usize..64).prop_map(Step::Settle),
        2 => (0_i64..30).prop_map(Step::Maintain),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => (50_u64..500).prop_map(Step::Limits),
    ]
}

fn limits(size: u64) -> Limits {
    let rule =
        |pattern: &str, value| (pattern.parse::<TagPattern>().unwrap(), Amount::Wei(wei(value)));
    Limits {
        payment: limit(55),
        session: limit(size * 2),
        tags: vec![
            rule("transcode/**", size),
            rule("ai/text-to-image", size / 2),
            rule("*", size * 2),
        ],
        orchestrator: limit(size),
        day: limit(size * 2),
        ..Limits::default()
    }
}

#[derive(Debug, Default)]
struct Model {
    made: Vec<Made>,
}

#[derive(Debug, Clone)]
struct Made {
    id: PromiseId,
    promise: Promise<'static>,
    settled: bool,
}

impl Model {
    fn sum(&self, of: impl Fn(&Promise<'static>) -> bool) -> u64 {
        let values = self.made.iter().filter(|made| of(&made.promise));
        values.map(|made| made.promise.value.to::<u64>()).sum()
    }

    /// Whether the ledger has to take it.
    fn admits(&self, new: &Promise<'static>, size: u64) -> bool {
        if new.tickets == 0 {
            return new.value.is_zero();
        }
        let (value, day) = (new.value.to::<u64>(), Day::of(new.at));
        let last = |promise: &Promise<'_>| promise.first_nonce + u32::from(promise.tickets) - 1;
        let overlaps = self.made.iter().map(|made| &made.promise).any(|old| {
            old.tickets > 0
                && old.params == new.params
                && old.first_nonce <= last(new)
                && new.first_nonce <= last(old)
        });
        let today = |promise: &Promise<'_>| Day::of(promise.at) == day;
        let transcode = |promise: &Promise<'_>| promise.tag_name.starts_with("transcode/");
        let image = |promise: &Promise<'_>| promise.tag_name == "ai/text-to-image";
        !overlaps
            && value > 0
            && value <= 55
            && self.sum(|old| old.recipient == new.recipient && old.session == new.session) + value
                <= size * 2
            && (!transcode(new) || self.sum(|old| today(old) && transcode(old)) + value <= size)
            && (!image(new) || self.sum(|old| today(old) && image(old)) + value <= size / 2)
            && self.sum(|old| today(old) && old.recipient == new.recipient) + value <= size
            && self.sum(|old| today(old)) + value <= size * 2
    }

    fn totals(&self) -> BTreeMap<String, (u64, U256, u64)> {
        let mut totals: BTreeMap<String, (u64, U256, u64)> = BTreeMap::new();
        for made in &self.made {
            let total = totals.entry(made.promise.tag_name.to_owned()).or_default();
            total.0 += 1;
            total.1 += made.promise.value;
            total.2 += u64::from(made.settled);
        }
        totals
    }
}

fn totals(ledger: &Ledger) -> BTreeMap<String, (u64, U256, u64)> {
    let period = Period { from: noon(), to: noon() + 72.hours() };
    let rows = ledger.totals(GroupBy::Tag, period).unwrap();
    rows.into_iter().map(|row| (row.key, (row.payments, row.value, row.outcomes.unknown))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_a_list_would(steps in prop::collection::vec(step(), 1..120)) {
        let mut place = Place::new();
        let mut size = 200;
        let mut ledger = Some(place.open(limits(size)));
        let mut model = Model::default();
        for step in steps {
            let open = ledger.as_ref().unwrap();
            match step {
                Step::Promise { params, first, tickets, value, tag, session, recipient, hours } => {
                    let new = Promise {
                        at: noon() + hours.hours(),
                        recipient: orchestrator(recipient),
                        session: SESSIONS[session],
                        tag_name: TAGS[tag],
                        params: fresh(params),
                        first_nonce: first,
                        tickets,
                        value: wei(value),
                        ..promise(0)
                    };
                    let result = open.promise(&new);
                    prop_assert_eq!(result.is_ok(), model.admits(&new, size), "{:?}", result);
                    if let Ok(id) = result {
                        model.made.push(Made { id, promise: new, settled: false });
                    }
                }
                Step::Settle(which) => {
                    if let Some(made) = model.made.get_mut(which) {
                        let (at, debit) = (noon(), U256::ZERO);
                        let outcome = Outcome::Unknown;
                        open.settle(made.id, Settlement { at, outcome, units: 0, debit });
                        made.settled = true;
                    }
                }
                Step::Maintain(hours) => {
                    open.maintain(noon() + hours.hours()).unwrap();
                    prop_assert_eq!(totals(open), model.totals());
                }
                Step::Restart => {
                    drop(ledger.take());
                    let again = place.open(limits(size));
                    prop_assert_eq!(totals(&again), model.totals());
                    ledger = Some(again);
                }
                Step::Crash => {
                    // Settlements in memory may be lost; they are told the model first.
                    open.maintain(noon()).unwrap();
                    let image = place.image();
                    drop(ledger.take());
                    place = image;
                    let again = place.open(limits(size));
                    prop_assert_eq!(totals(&again), model.totals());
                    ledger = Some(again);
                }
                Step::Limits(new) => {
                    size = new;
                    open.set_limits(limits(size));
                }
            }
        }
    }
}
