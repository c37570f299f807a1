//! Who is paid: found in the pool on chain where nobody lists them.

use reqwest::StatusCode;
use waymark_testkit::Orchestrator;

use super::harness::{Market, PATIENCE, base, payments};

/// Whether each of them worked.
fn busy(orchestrators: &[Orchestrator]) -> Vec<bool> {
    orchestrators.iter().map(|o| o.stats().segments_accepted > 0).collect()
}

#[tokio::test]
async fn orchestrators_are_found_in_the_pool_on_chain() {
    let mut market = Market::open(2).await;
    let gateway = market.gateway_of(&[], |_| ()).await;
    for stream in ["one", "two"] {
        assert_eq!(gateway.push(stream, 0).await.status, StatusCode::OK);
    }
    assert_eq!(busy(&market.orchestrators), [true, true], "streams spread over the pool");
    assert_eq!(payments(&gateway).chain.pool().entries.len(), 2);

    // One more joins while the gateway runs.
    market.add(&base).await;
    let known = gateway.context().directory.until(PATIENCE, |census| census.ready == 3).await;
    assert!(known, "the new one is in the pool: {:?}", payments(&gateway).chain.pool());
    assert_eq!(gateway.push("three", 0).await.status, StatusCode::OK);
    assert_eq!(busy(&market.orchestrators), [true, true, true]);
    market.check();
    gateway.stop().await;
}
