use jiff::ToSpan as _;
use proptest::prelude::*;

use super::*;
use alloy_primitives::U256;
use jiff::Timestamp;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn wei(value: u64) -> U256 {
    U256::from(value)
}

fn noon() -> Timestamp {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

#[test]
fn money_is_read_with_its_unit() {
    assert_eq!(amount("0.01 eth"), Amount::Wei(wei(10_000_000_000_000_000)));
    assert_eq!(amount("200 gwei"), Amount::Wei(wei(200_000_000_000)));
    assert_eq!(amount("1.5GWEI"), Amount::Wei(wei(1_500_000_000)));
    assert_eq!(amount(" 5000 wei "), Amount::Wei(wei(5000)));
    assert_eq!(amount(".5 eth"), Amount::Wei(wei(500_000_000_000_000_000)));
    assert_eq!(amount("1.000 wei"), Amount::Wei(wei(1)));
    let usd = Amount::Currency { atto: wei(12_500_000_000_000_000_000), currency: Currency::USD };
    assert_eq!(amount("12.50 usd"), usd);
    assert_eq!(amount("12.5USD"), usd);
}

#[test]
fn what_is_not_money_is_refused_with_a_hint() {
    let refused = |text: &str| text.parse::<Amount>().unwrap_err().to_string();
    assert!(refused("5").contains("no unit of money"), "{}", refused("5"));
    assert!(refused("5 dollars").contains("accepted: wei, gwei, eth"));
    assert!(refused("usd").contains("does not begin with a number"));
    assert!(refused("-1 eth").contains("does not begin with a number"));
    assert!(refused("1.2.3 eth").contains("does not begin with a number"));
    assert!(refused(". eth").contains("does not begin with a number"));
    assert!(refused("0.5 wei").contains("more than 0 digits"));
    assert!(refused("0.0000000001 gwei").contains("more than 9 digits"));
    assert!(refused(&format!("{} eth", "9".repeat(78))).contains("larger than any amount"));
    assert!(refused("1 €ur").contains("no unit"));
    assert!(refused("٣ eth").contains("does not begin with a number"));
}

#[test]
fn money_is_written_in_the_unit_that_reads_best() {
    assert_eq!(amount("0.01 eth").to_string(), "0.01 eth");
    assert_eq!(amount("99999 gwei").to_string(), "99999 gwei");
    assert_eq!(amount("100000 gwei").to_string(), "0.0001 eth");
    assert_eq!(amount("1 gwei").to_string(), "1 gwei");
    assert_eq!(amount("999999 wei").to_string(), "999999 wei");
    assert_eq!(amount("5.00 usd").to_string(), "5 USD");
}

proptest! {
    #[test]
    fn what_is_written_reads_back(limbs in any::<[u64; 4]>(), shift in 0_usize..256, usd: bool) {
        let value = U256::from_limbs(limbs) >> shift;
        let amount = if usd {
            Amount::Currency { atto: value, currency: Currency::USD }
        } else {
            Amount::Wei(value)
        };
        prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".*") {
        if let Ok(amount) = text.parse::<Amount>() {
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }
    }
}

#[test]
fn a_feeds_price_converts_exactly_and_never_upwards() {
    // 3,012.55 dollars for one ether, with the eight decimals such feeds have.
    let rate = Rate::from_price(Currency::USD, wei(301_255_000_000), 8, noon(), "feed").unwrap();
    let mut rates = Rates::default();
    rates.set(rate);
    let wei_of = |text| rates.wei(&amount(text), noon(), MAX_RATE_AGE).unwrap();
    assert_eq!(wei_of("3012.55 usd"), wei(1_000_000_000_000_000_000));
    // 10^18 / 3012.55 = 331,944,698,013,310.9…
    assert_eq!(wei_of("1 usd"), wei(331_944_698_013_310));
    assert_eq!(wei_of("7 wei"), wei(7));
}

#[test]
fn a_rate_must_be_there_and_young() {
    let mut rates = Rates::default();
    let five = amount("5 usd");
    let missing = rates.wei(&five, noon(), MAX_RATE_AGE).unwrap_err();
    assert_eq!(missing, RateProblem::Missing { currency: Currency::USD });

    let rate = |at| Rate::new(Currency::USD, wei(10), wei(1), at, "test").unwrap();
    rates.set(rate(noon()));
    rates.set(rate(noon() - 1.hour()));
    assert_eq!(rates.get(Currency::USD).unwrap().at(), noon(), "an older rate changes nothing");
    assert_eq!(rates.wei(&five, noon() + 1.hour(), MAX_RATE_AGE), Ok(wei(50)));
    let late = noon() + 1.hour() + 1.second();
    let stale = rates.wei(&five, late, MAX_RATE_AGE).unwrap_err();
    assert!(stale.to_string().contains("older than 60 minutes"), "{stale}");
    assert_eq!(
        Rate::from_price(Currency::USD, U256::ZERO, 8, noon(), "feed"),
        Err(RateError::Zero { currency: Currency::USD })
    );
}

#[test]
fn a_hit_says_what_to_do() {
    let hit = LimitHit {
        kind: LimitKind::Tag,
        subject: Some("transcode/**".to_owned()),
        limit: amount("5 usd"),
        limit_wei: Some(wei(1_659_723_490_066)),
        used: wei(1_600_000_000_000),
        asked: wei(80_000_000_000),
        resets: Some("2026-11-28T00:00:00Z".parse().unwrap()),
        cause: LimitCause::Exceeded,
    };
    assert_eq!(
        hit.to_string(),
        "daily limit of tag transcode/** is 5 USD (1659.723490066 gwei), used 1600 gwei, asked 80 \
         gwei; it starts again at 2026-11-28T00:00:00Z; raise spending.tags to allow more"
    );
    let cause = LimitCause::Rate(RateProblem::Missing { currency: Currency::USD });
    let hit = LimitHit { limit_wei: None, cause, ..hit };
    assert_eq!(
        hit.to_string(),
        "daily limit of tag transcode/** is 5 USD, but there is no rate for USD yet; check the \
         price feed, or set the limit in eth"
    );
}

#[test]
fn names_are_distinct() {
    let names: std::collections::BTreeSet<_> = LimitKind::ALL.map(LimitKind::name).into();
    assert_eq!(names.len(), LimitKind::ALL.len());
}
