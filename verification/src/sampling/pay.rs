//! Higher-paid renditions are audited more: a cheat saves most where most is paid.

use super::{Draw, Rate};

/// The rate of each rendition: `rate` on average, in proportion to what is paid for each (pixels,
/// wei: any one unit), none below `floor`. Where nothing is known to be paid, all are alike.
pub fn by_pay(rate: Rate, floor: f64, paid: &[u64]) -> Vec<Rate> {
    let mean = number(paid.iter().map(|paid| u128::from(*paid)).sum()) / number(paid.len() as u128);
    let weight = |paid: u64| if mean > 0.0 { number(paid.into()) / mean } else { 1.0 };
    paid.iter().map(|paid| Rate::new(rate.get() * weight(*paid), floor)).collect()
}

/// The one rendition to audit of a result that the draw hit, in proportion to what is paid for each.
/// `None` where there is none.
pub fn pick(secret: &Draw, paid: &[u64]) -> Option<usize> {
    let sum: u128 = paid.iter().map(|paid| u128::from(*paid)).sum();
    if sum == 0 {
        return (!paid.is_empty()).then(|| secret.one_of(paid.len()));
    }
    let mut left = secret.below(sum);
    paid.iter().position(|paid| {
        let paid = u128::from(*paid);
        let here = left < paid;
        left = left.saturating_sub(paid);
        here
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a weight of 53 bits is precise enough for a chance"
)]
fn number(count: u128) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::sampling::{Secret, Subject};

    fn draw(seq: u64) -> Draw {
        let key = Secret::new([7; 32]).day_key(Timestamp::UNIX_EPOCH);
        key.derive("rendition", &Subject { orchestrator: "o", job: b"s", seq, output: &[0; 32] })
    }

    #[test]
    fn who_is_paid_twice_is_looked_at_twice_as_often() {
        let rates = by_pay(Rate::new(0.06, 0.0), 0.01, &[200, 100, 0]);
        let rates: Vec<_> = rates.into_iter().map(|rate| (rate.get() * 100.0).round()).collect();
        assert_eq!(rates, [12.0, 6.0, 1.0]);
        let picked = |i| (0..3_000).filter(move |seq| pick(&draw(*seq), &[200, 100, 0]) == Some(i));
        let first = picked(0).count();
        assert!((1_880..2_120).contains(&first), "{first}");
        assert_eq!(picked(2).count(), 0);
    }

    #[test]
    fn unpaid_renditions_are_all_alike() {
        assert_eq!(by_pay(Rate::new(0.05, 0.0), 0.01, &[0, 0]), [Rate::new(0.05, 0.0); 2]);
        assert!(pick(&draw(1), &[0, 0]).is_some());
        assert_eq!(pick(&draw(1), &[]), None);
        assert!(by_pay(Rate::ALL, 0.01, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_pick_is_one_that_is_paid(seq: u64, paid in proptest::collection::vec(any::<u64>(), 1..8)) {
            let picked = pick(&draw(seq), &paid).unwrap();
            prop_assert!(paid[picked] > 0 || paid.iter().all(|paid| *paid == 0));
        }
    }
}
