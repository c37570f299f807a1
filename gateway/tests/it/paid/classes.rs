//! Job classes where there is a chain: signed documents, and ceilings on what is paid.

use reqwest::{Method, StatusCode};
use waymark_tagging::document::{Expectation, GatewayDocument, SignedBy};

use super::harness::{Market, SENDER, TAG, push_tagged};
use crate::harness::{answer, segment};

fn class(tag: &str, price: &str) -> String {
    format!(
        "api: lp.jobclass/v1\ntag: {tag}\nrev: 1\ngateway: \"{SENDER:#x}\"\n\
         issued_at: \"2026-01-01T00:00:00Z\"\nexpires_at: \"2199-01-01T00:00:00Z\"\n\
         interface: {{mode: segment, work_unit: pixel, capability: 0}}\nrequires: []\n{price}\n"
    )
}

#[tokio::test]
async fn documents_are_signed_by_who_pays_and_a_ceiling_keeps_the_dear_away() {
    let market = Market::open(1).await;
    let classes = tempfile::tempdir().expect("a directory");
    let dear = class("transcode/vod", "price: {max_wei: \"1200\", per: \"1\"}");
    std::fs::write(classes.path().join("a.yaml"), class(TAG.0, "")).expect("a file");
    std::fs::write(classes.path().join("b.yaml"), dear).expect("a file");
    let files = vec![classes.path().to_owned()];
    let gateway = market.gateway(|config| config.requirements.files = files).await;

    let path = "/.well-known/livepeer-gateway.json";
    let document = answer(gateway.request(Method::GET, path)).await;
    let received = GatewayDocument::read("document", &document.body).expect("a document");
    let now = gateway.context().clock.wall();
    let expect = Expectation { gateway: Some(SENDER), ..Expectation::at(now) };
    assert_eq!(received.verify(&expect), Ok(SignedBy::Gateway(SENDER)));
    let chain_id = gateway.context().payments.as_ref().and_then(|p| p.chain.rpc().chain_id());
    assert_eq!(Some(received.document.head.domain.chain_id), chain_id);

    assert_eq!(push_tagged(&gateway, "movie", 0).await.status, StatusCode::OK);
    let seen = &market.orchestrators[0].stats().segments[0];
    let tag = seen.tag().expect("a tag");
    assert_eq!((tag.tag_id, tag.requirements_hash.len()), (TAG.1, 32));

    let push = gateway.pushing("/live/archive/0.ts?tag=transcode/vod", segment(0));
    let refused = answer(push).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let problem = refused.json();
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains("pays up to 1200 wei, asks "), "{detail}");
    gateway.stop().await;
}
