use num_traits::Signed as _;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn wei(n: i64) -> Wei {
    Ratio::from_integer(n.into())
}

fn with(balance: Wei) -> Credit {
    Credit { balance, touched: NOW }
}

fn tickets(existing: Wei, fee: &Wei, value: &Wei) -> u64 {
    with(existing).stage(fee, value, NOW).tickets
}

/// The balance vectors of the specification of payments, section 8.
#[test]
fn tickets_cover_what_is_missing() {
    let ev = 8_000_000_000_i64;
    for (existing, fee, n) in [
        (0, 1, 1_u64),
        (0, ev, 1),
        (0, ev + 1, 2),
        (ev, ev, 0),
        (3_000_000_000, 10_000_000_000, 1),
        (-1_000_000_000, 10_000_000_000, 2),
    ] {
        let mut credit = with(wei(existing));
        let staged = credit.stage(&wei(fee), &wei(ev), NOW);
        assert_eq!((staged.tickets, staged.new), (n, wei(ev * n.cast_signed())));
        assert_eq!((staged.existing, credit.balance(NOW)), (wei(existing), wei(0)));
    }
}

/// core/accounting_test.go:37-104.
#[test]
fn tickets_are_counted_as_stock_tests_count_them() {
    assert_eq!(tickets(wei(2), &wei(1), &wei(0)), 0);
    assert_eq!(tickets(wei(2), &wei(2), &wei(0)), 0);
    assert_eq!(tickets(wei(1), &wei(5), &wei(1)), 4);
    assert_eq!(tickets(Ratio::new(1.into(), 4.into()), &wei(2), &wei(1)), 2);
    assert_eq!(tickets(wei(-5), &wei(2), &wei(1)), 7);
    assert_eq!(tickets(wei(0), &wei(2), &wei(1)), 2);
    // Specification of the wire 11.12: the default job at 1200 wei.
    let fee: Wei = "26860059275088730989375/1099511627776".parse().unwrap();
    assert_eq!(tickets(wei(0), &fee, &wei(8_000_000_000)), 4);
    assert_eq!(tickets(wei(0), &times_max(), &wei(1)), u64::MAX);
}

fn times_max() -> Wei {
    money::times(&wei(i64::MAX), u64::MAX)
}

#[test]
fn what_comes_back_depends_on_the_outcome() {
    let mut credit = with(wei(3));
    let staged = credit.stage(&wei(10), &wei(8), NOW);
    credit.settle(&staged, &Change::NotSent, NOW);
    assert_eq!(credit.balance(NOW), wei(3));

    let staged = credit.stage(&wei(10), &wei(8), NOW);
    credit.settle(&staged, &Change::Spent, NOW);
    assert_eq!(credit.balance(NOW), wei(0));

    let staged = credit.stage(&wei(10), &wei(8), NOW);
    credit.settle(&staged, &Change::Received { debit: wei(17) }, NOW);
    assert_eq!(credit.balance(NOW), wei(-1), "more work than was paid leaves a debt");
}

#[test]
fn the_first_of_several_takes_everything() {
    let mut credit = with(wei(20));
    let first = credit.stage(&wei(10), &wei(8), NOW);
    let second = credit.stage(&wei(10), &wei(8), NOW);
    assert_eq!((first.tickets, second.tickets), (0, 2));
    credit.settle(&second, &Change::Received { debit: wei(10) }, NOW);
    credit.settle(&first, &Change::Received { debit: wei(10) }, NOW);
    assert_eq!(credit.balance(NOW), wei(20 + 16 - 20));
}

#[test]
fn an_account_that_rests_is_forgotten() {
    let mut credit = with(wei(20));
    let just = NOW + IDLE_LIMIT;
    assert_eq!(credit.balance(just), wei(20));
    let later = just + SignedDuration::from_nanos(1);
    assert_eq!(credit.balance(later), wei(0));
    let staged = credit.stage(&wei(1), &wei(8), later);
    assert_eq!(staged.tickets, 1);
    // What a payment in flight brings back counts, however long it took.
    let much_later = later + IDLE_LIMIT * 3;
    credit.settle(&staged, &Change::Received { debit: wei(1) }, much_later);
    assert_eq!(credit.balance(much_later), wei(7));
}

#[derive(Debug, Clone)]
enum Step {
    Pay { fee: u64 },
    Settle { index: usize, debit: Option<u64>, spent: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u64..1_000_000).prop_map(|fee| Step::Pay { fee }),
        (any::<usize>(), proptest::option::of(0_u64..1_000_000), any::<bool>())
            .prop_map(|(index, debit, spent)| Step::Settle { index, debit, spent }),
    ]
}

proptest! {
    /// Whatever the order: account + what is out = paid - debits - lost, and no payment covers less
    /// than its work.
    #[test]
    fn nothing_appears_and_nothing_vanishes(
        steps in proptest::collection::vec(step(), 1..60),
        value in (1_u64..1_000_000, 1_u64..1000),
    ) {
        let value = Ratio::new_raw(value.0.into(), value.1.into());
        let mut credit = Credit::new(NOW);
        let mut flying: Vec<Staged> = Vec::new();
        let (mut paid, mut gone) = (Wei::zero(), Wei::zero());
        for step in steps {
            match step {
                Step::Pay { fee } => {
                    let fee = Ratio::from_integer(fee.into());
                    let staged = credit.stage(&fee, &value, NOW);
                    prop_assert!(!staged.new.is_negative());
                    prop_assert!(&staged.existing + &staged.new >= fee);
                    prop_assert!(&staged.existing + &staged.new >= value);
                    prop_assert!(
                        staged.tickets == 0
                            || &staged.existing + &staged.new - &value < *money::larger(&fee, &value),
                        "not one ticket more than needed"
                    );
                    paid += &staged.new;
                    flying.push(staged);
                }
                Step::Settle { index, debit, spent } => {
                    if flying.is_empty() {
                        continue;
                    }
                    let staged = flying.swap_remove(index % flying.len());
                    let change = match debit {
                        Some(debit) => Change::Received { debit: Ratio::from_integer(debit.into()) },
                        None if spent => Change::Spent,
                        None => Change::NotSent,
                    };
                    gone += match &change {
                        Change::Received { debit } => debit.clone(),
                        Change::Spent => &staged.existing + &staged.new,
                        Change::NotSent => staged.new.clone(),
                    };
                    credit.settle(&staged, &change, NOW);
                }
            }
            let out: Wei =
                flying.iter().map(|s| &s.existing + &s.new).fold(Wei::zero(), |a, b| a + b);
            prop_assert_eq!(credit.balance(NOW) + out, &paid - &gone);
        }
    }
}
