//! Failover, seen from outside.

use std::time::Duration;

use super::*;
use crate::chain::fake::{Fake, Wrong};

async fn head(fake: &Fake) -> Result<Value, RpcError> {
    fake.rpc.call(Request::block(None)).await
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_asked_for_its_chain_once() {
    let fake = Fake::new(1);
    head(&fake).await.unwrap();
    head(&fake).await.unwrap();
    let counts = fake.rpc.counts();
    assert_eq!((counts.calls["eth_chainId"], counts.messages), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_next_endpoint_answers_when_one_does_not_and_the_first_is_tried_later() {
    let fake = Fake::new(2);
    for wrong in [Wrong::Down, Wrong::Limited, Wrong::Hangs, Wrong::Chain(5)] {
        fake.rpc.vindicate(0);
        fake.set(0, wrong);
        if matches!(wrong, Wrong::Chain(_)) {
            fake.rpc.set_aside(0, Fault::NoChainId);
            tokio::time::advance(Duration::from_mins(6)).await;
        }
        head(&fake).await.unwrap();
        let status = fake.rpc.status();
        assert!(status[0].fault.is_some() && status[1].fault.is_none(), "{wrong:?}");
        let failures = fake.rpc.counts().failures;
        head(&fake).await.unwrap();
        assert_eq!(fake.rpc.counts().failures, failures, "{wrong:?}: it is left alone");
    }
}

#[tokio::test(start_paused = true)]
async fn the_back_off_doubles_up_to_five_minutes() {
    let fake = Fake::new(2);
    fake.set(0, Wrong::Down);
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        head(&fake).await.unwrap();
        let failures = fake.rpc.counts().failures;
        tokio::time::advance(Duration::from_secs(wait - 1)).await;
        head(&fake).await.unwrap();
        assert_eq!(fake.rpc.counts().failures, failures, "not yet after {wait} - 1 s");
        tokio::time::advance(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lone_endpoint_is_asked_however_often_it_failed() {
    let fake = Fake::new(1);
    fake.set(0, Wrong::Down);
    for _ in 0..3 {
        assert!(matches!(head(&fake).await, Err(RpcError::Unreachable { tried: 1, .. })));
    }
    fake.set(0, Wrong::Nothing);
    head(&fake).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_call_has_a_deadline() {
    let fake = Fake::new(1);
    fake.set(0, Wrong::Hangs);
    let begun = Instant::now();
    let error = head(&fake).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert!(matches!(
        error,
        RpcError::Unreachable { source: Fault::Transport(TransportError::Timeout { .. }), .. }
    ));
}

#[test]
fn an_address_that_cannot_be_used_is_refused_without_its_key() {
    let url: Url = "ftp://user:hunter2@host.example/secretkey".parse().unwrap();
    let error = Rpc::new(&[url], RpcSettings::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "host.example: scheme \"ftp\" is not supported; accepted: http, https, ws, wss"
    );
    let none = Rpc::new(&[], RpcSettings::default()).unwrap_err();
    assert_eq!(none, EndpointError::None { option: "-ethUrl" });
}

#[test]
fn nothing_of_an_address_but_its_host_is_printed() {
    let urls = ["https://arb.example/v2/secretkey", "wss://u:hunter2@ws.example/?k=hush"];
    let urls = urls.map(|url| url.parse().unwrap());
    let rpc = Rpc::new(&urls, RpcSettings::default()).unwrap();
    let shown = format!("{rpc:?} {:?}", rpc.status());
    assert!(shown.contains("arb.example") && shown.contains("ws.example"));
    for secret in ["secretkey", "hunter2", "hush"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_with_the_option_of_who_asked() {
    let url: Url = "http://127.0.0.1:1".parse().unwrap();
    for option in ["-ethUrl", "--rpc"] {
        let settings = RpcSettings { option, ..RpcSettings::default() };
        let error = Rpc::new(std::slice::from_ref(&url), settings).unwrap();
        let error = error.learn_chain_id().await.unwrap_err().to_string();
        assert!(error.contains(&format!("check {option} and the provider's state")), "{error}");
    }
}
