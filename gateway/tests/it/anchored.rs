//! `waymark match --requirements chain`: every gateway that anchored its document, found by the logs
//! of the contract alone.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use waymark::{
    clock::Clock,
    matching::{MatchRequest, Output, RegistryAt, run},
    signer::OffChain,
};
use waymark_contracts::JobTagRegistry::{setDataKeyCall, setManifestCall};
use waymark_tagging::{
    JobClass,
    canonical::{DocumentSignature, SigningDomain},
    document::{ClassEntry, GatewayDocument, Head, Policies, Urls},
};
use waymark_testkit::{
    Key,
    chain::{Account, LocalChain},
};

/// The document of a gateway that buys HEVC, signed by `key`.
fn document(gateway: Address, key: &Key, domain: SigningDomain) -> (String, B256) {
    let class = format!(
        r#"{{"api":"lp.jobclass/v1","tag":"transcode/vod/hevc","rev":1,"gateway":"{gateway:#x}",
        "issued_at":"2026-11-22T00:00:00Z","expires_at":"2126-11-22T00:00:00Z",
        "interface":{{"mode":"segment","work_unit":"pixel"}},
        "requires":[{{"key":"hw.gpu.memory_mib","op":"ge","values":[12288]}}]}}"#
    );
    let class = JobClass::from_json("class", class.as_bytes()).expect("set up by the test");
    let signer = (key.address() != gateway).then(|| key.address());
    let mut document = GatewayDocument {
        head: Head {
            gateway,
            seq: 1,
            issued_at: "2026-11-22T00:00:00Z".parse().expect("set up by the test"),
            expires_at: "2126-11-22T00:00:00Z".parse().expect("set up by the test"),
            domain,
            signer,
            signature: None,
        },
        name: "Example".to_owned(),
        contact: None,
        urls: Urls::default(),
        policies: Policies::default(),
        classes: vec![ClassEntry::inline(Arc::new(class)).expect("set up by the test")],
    };
    let signature = key.sign_hash(&document.digest().expect("set up by the test"));
    document.head.signature =
        Some(DocumentSignature::from_bytes(signature).expect("set up by the test"));
    (
        serde_json::to_string(&document).expect("set up by the test"),
        document.hash().expect("set up by the test"),
    )
}

#[expect(clippy::disallowed_methods, reason = "no gateway runs here whose shutdown would wait")]
async fn serve(document: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("set up by the test");
    let url = format!("http://{}/gateway.json", listener.local_addr().expect("set up by the test"));
    let router = Router::new().route("/gateway.json", get(move || async move { document }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn gateways_are_found_by_the_logs_of_the_contract() {
    let chain = LocalChain::start().await.expect("anvil starts; `make packages` brings it");
    let registry = chain.contracts().job_tag_registry;
    let domain = SigningDomain { chain_id: chain.options().chain_id, registry };
    let anchor = async |gateway: Address, uri: String, hash: B256| {
        let call = setManifestCall { uri, hash };
        chain.send(gateway, registry, &call, U256::ZERO).await.expect("set up by the test");
    };
    // One signs itself and moved once, one has a data key, one is forged, one is elsewhere.
    let [own, delegating, forged, elsewhere] = [(); 4].map(|()| Account::random());
    let data = Account::random();
    let (text, hash) = document(own.address(), own.key(), domain);
    anchor(own.address(), "http://127.0.0.1:1/moved".to_owned(), B256::ZERO).await;
    anchor(own.address(), serve(text).await, hash).await;
    let (text, _) = document(delegating.address(), data.key(), domain);
    anchor(delegating.address(), serve(text).await, B256::repeat_byte(1)).await;
    let call = setDataKeyCall { key: data.address() };
    chain
        .send(delegating.address(), registry, &call, U256::ZERO)
        .await
        .expect("set up by the test");
    let (text, hash) = document(forged.address(), forged.key(), SigningDomain::OFF_CHAIN);
    anchor(forged.address(), serve(text).await, hash).await;
    anchor(elsewhere.address(), "ipfs://document".to_owned(), B256::ZERO).await;

    let dir = tempfile::tempdir().expect("set up by the test");
    let facts = dir.path().join("node.yaml");
    std::fs::write(&facts, "hw.gpu.memory_mib: 8192\n").expect("set up by the test");
    let rpc = vec![chain.url().parse().expect("set up by the test")];
    let request = MatchRequest {
        orchestrator: facts.display().to_string(),
        requirements: "chain".to_owned(),
        chain: Some(RegistryAt { rpc, registry, from_block: 0 }),
        price: None,
        tags: Vec::new(),
        every: None,
        output: Output::Json,
    };
    let mut out = Vec::new();
    run(&request, &OffChain, &Clock::start(), &mut out).await.expect("set up by the test");
    let report: serde_json::Value = serde_json::from_slice(&out).expect("set up by the test");
    let signed: Vec<_> = report["documents"]
        .as_array()
        .expect("set up by the test")
        .iter()
        .map(|document| {
            (
                document["gateway"].as_str().expect("set up by the test"),
                document["signed"].as_str().expect("set up by the test"),
            )
        })
        .collect();
    let by_own = (format!("{:#x}", own.address()), "signed by the gateway".to_owned());
    let by_key = format!("signed by its data key {:#x}", data.address());
    let by_key = (format!("{:#x}", delegating.address()), by_key);
    let mut expected = [by_own, by_key];
    expected.sort();
    assert_eq!(
        signed,
        expected.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>(),
        "{report:#}"
    );
    assert_eq!(report["fail"], 2, "both want more memory: {report:#}");
    let notices = report["notices"].to_string();
    for part in [
        format!("gateway {:#x} was left out: http://127.0.0.1", forged.address()),
        "the document is signed for chain 0".to_owned(),
        format!("gateway {:#x} was left out: its document is at", elsewhere.address()),
        format!("the document of gateway {:#x} is newer", delegating.address()),
    ] {
        assert!(notices.contains(&part), "{part} is not in {notices}");
    }
}
