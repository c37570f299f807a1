use proptest::prelude::*;

use super::*;

fn ratio(a: i128, b: u64) -> Wei {
    Ratio::new_raw(a.into(), b.into())
}

#[test]
fn numbers_are_read_as_go_reads_them() {
    for (text, a, b) in [
        ("3000000000000", 3_000_000_000_000, 1),
        ("0.5", 1, 2),
        (".5", 1, 2),
        ("2.", 2, 1),
        ("1e3", 1000, 1),
        ("15E-1", 3, 2),
        ("3/4", 3, 4),
        (" 0 ", 0, 1),
    ] {
        assert_eq!(parse(text), Ok(ratio(a, b)), "{text}");
    }
    for text in ["", ".", "abc", "-1", "1/0", "1/", "1e", "1e78", "1.5/2", "0x1", &"1".repeat(101)]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn amounts_are_shown_with_five_digits_at_most() {
    for (a, b, text) in [
        (8_000_000_000, 1, "8000000000"),
        (1, 3, "0.33333"),
        (-1, 2, "-0.5"),
        (-3, 2, "-1.5"),
        (2, 3, "0.66667"),
        (7, 10, "0.7"),
    ] {
        assert_eq!(show(&ratio(a, b)), text);
    }
}

#[test]
fn rounding_up_never_leaves_the_range() {
    assert_eq!(round_up(&ratio(-5, 2)), U256::ZERO);
    assert_eq!(round_up(&ratio(5, 2)), U256::from(3));
    assert_eq!(round_up(&ratio(4, 2)), U256::from(2));
    assert_eq!(round_up(&times(&whole(U256::MAX), 2)), U256::MAX);
}

#[test]
fn denominators_stop_growing() {
    let mut balance = ratio(1, 1);
    // Primes near 2^32: every one is a new factor.
    for prime in [4_294_967_291_u64, 4_294_967_279, 4_294_967_231, 4_294_967_197].repeat(40) {
        let before = balance.clone();
        let shifted = Ratio::new_raw(1.into(), balance.denom() * BigInt::from(prime));
        balance = sum(&balance, &shifted);
        assert!(balance.denom().bits() <= MOST_BITS + 64);
        assert!((before - &balance).abs() <= Ratio::from_integer(1.into()));
    }
}

fn amount() -> impl Strategy<Value = Wei> {
    (any::<i128>(), 1_u64..).prop_map(|(a, b)| ratio(a, b))
}

proptest! {
    #[test]
    fn sums_are_exact(a in amount(), b in amount()) {
        let (x, y) = (a.reduced(), b.reduced());
        prop_assert_eq!(sum(&a, &b), &x + &y);
        prop_assert_eq!(difference(&a, &b), &x - &y);
        prop_assert_eq!(compare(&a, &b), x.cmp(&y));
        prop_assert_eq!(larger(&a, &b), &(&x).max(&y).clone());
    }

    #[test]
    fn parts_are_just_enough(a in amount(), b in amount()) {
        let part = b.abs() + Ratio::from_integer(1.into());
        let n = parts(&a, &part);
        prop_assert!(times(&part, n.clone()) >= a);
        if n > BigInt::zero() {
            prop_assert!(times(&part, n - 1) < a);
        }
        let fits = fitting(&a, &part);
        if a.is_positive() {
            prop_assert!(times(&part, fits.clone()) <= a);
            prop_assert!(times(&part, fits + 1) > a);
        }
    }

    #[test]
    fn rounding_up_adds_less_than_one(a in amount()) {
        let up = whole(round_up(&a));
        prop_assert!(up >= a);
        if a.is_positive() {
            prop_assert!(up - a < Ratio::from_integer(1.into()));
        }
    }
}
