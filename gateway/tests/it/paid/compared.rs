//! Results that are compared (`verificationFreq`), paid like any other.

use reqwest::StatusCode;

use super::harness::{Market, PATIENCE, payments, promised};
use crate::stock_checks::{compared, push, vouching};

#[tokio::test(flavor = "multi_thread")]
async fn each_orchestrator_of_a_comparison_is_paid() {
    let market = Market::open(3).await;
    let [trusted, a, b] = market.orchestrators.as_slice() else { panic!("three were opened") };
    let webhook = vouching(&[(trusted, 1.0), (a, 0.0), (b, 0.0)]).await;
    let webhook = webhook.parse().expect("a URL");
    let gateway =
        market.gateway_of(&[], |config| config.orchestrator_webhook = Some(webhook)).await;
    assert!(gateway.context().directory.until(PATIENCE, |census| census.ready == 3).await);

    // The second one compares nothing more: one orchestrator was verified.
    for (seq, accepted) in [(0, 3), (1, 4)] {
        let pushed = push(&gateway, seq, u32::MAX).await;
        assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
        compared(&gateway, &[a, b], 1.0).await;
        let all: u64 = market.orchestrators.iter().map(|o| o.stats().segments_accepted).sum();
        assert_eq!(all, accepted);
    }
    market.check();
    let paid = market.orchestrators.iter().map(|o| o.stats().payments.payments);
    assert!(paid.clone().all(|payments| payments >= 1), "{:?}", paid.collect::<Vec<_>>());
    assert!(promised(&payments(&gateway).ledger) >= market.received());
}
