//! What the gateway buys, told to the registry: once, again when it changes, and found from the logs of
//! the contract alone.

use std::{path::Path, time::Duration};

use alloy_primitives::{U256, keccak256};
use reqwest::{Method, StatusCode};
use tempfile::TempDir;
use waymark::{
    clock::Clock,
    config::Config,
    matching::{MatchRequest, Output, RegistryAt, run},
    payments::anchor::AnchorReport,
    signer::OffChain,
};
use waymark_contracts::JobTagRegistry::{
    AdvertCancelled, AdvertPosted, ManifestSet, advertOfCall, setTagStatusCall,
};
use waymark_tagging::document::{Expectation, GatewayDocument, SignedBy};

use super::{
    harness::{Market, PATIENCE, SENDER, payments},
    rpc::Endpoint,
};
use crate::harness::{Gateway, answer};

/// A tag of the seed, and its number.
const LIVE: (&str, u32) = ("transcode/live/abr", 5);

struct Desk {
    market: Market,
    classes: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let desk = Self {
            market: Market::open(1).await,
            classes: tempfile::tempdir().expect("a directory"),
        };
        desk.write("a.yaml", &class(LIVE.0, "1200", "expires_at: \"2199-01-01T00:00:00Z\""));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.classes.path().join(name), text).expect("a file");
    }

    fn settings(&self, every: Duration) -> impl Fn(&mut Config) + use<> {
        let registry = self.market.chain.contracts().job_tag_registry;
        let files = vec![self.classes.path().to_owned()];
        move |config| {
            let chain = config.chain.as_mut().expect("on chain");
            chain.tag_registry = Some(registry);
            chain.transaction_timeout = Duration::from_millis(300);
            config.requirements.files.clone_from(&files);
            config.requirements.anchor_every = every;
            config.requirements.url = Some("http://gateway.test".parse().expect("a URL"));
            config.tags.ids.clear();
        }
    }

    async fn gateway(&self, every: Duration) -> Gateway {
        let dir = tempfile::tempdir().expect("a directory");
        self.again(dir, self.market.chain.url(), every).await
    }

    async fn again(&self, dir: TempDir, rpc: &str, every: Duration) -> Gateway {
        let orchestrators: Vec<_> = self.market.orchestrators.iter().collect();
        self.market.gateway_in(dir, rpc, &orchestrators, self.settings(every)).await
    }

    async fn manifests(&self) -> Vec<ManifestSet> {
        let registry = self.market.chain.contracts().job_tag_registry;
        let events = self.market.chain.events::<ManifestSet>(registry, 0).await.expect("logs");
        events.into_iter().map(|(_, event)| event).collect()
    }

    async fn adverts(&self) -> Vec<AdvertPosted> {
        let registry = self.market.chain.contracts().job_tag_registry;
        let events = self.market.chain.events::<AdvertPosted>(registry, 0).await.expect("logs");
        events.into_iter().map(|(_, event)| event).collect()
    }

    async fn nonce(&self) -> U256 {
        let rpc = self.market.chain.rpc();
        rpc.call("eth_getTransactionCount", (SENDER, "latest")).await.expect("a number")
    }
}

fn class(tag: &str, wei: &str, more: &str) -> String {
    format!(
        "api: lp.jobclass/v1\ntag: {tag}\nrev: 1\ngateway: \"{SENDER:#x}\"\n\
         issued_at: \"2026-01-01T00:00:00Z\"\n{more}\n\
         interface: {{mode: segment, work_unit: pixel, capability: 0}}\nrequires:\n  \
         - {{key: hw.gpu.memory_mib, op: ge, values: [12288]}}\n\
         price: {{max_wei: \"{wei}\", per: \"1\"}}\n"
    )
}

fn report(gateway: &Gateway) -> AnchorReport {
    payments(gateway).anchor.report()
}

/// Waits until anchoring is as `known` says.
async fn until(gateway: &Gateway, known: impl Fn(&AnchorReport) -> bool) -> AnchorReport {
    let reached = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let report = report(gateway);
            if known(&report) {
                return report;
            }
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.unwrap_or_else(|_| panic!("the last report is {:#?}", report(gateway)))
}

/// Everything is told.
async fn told(gateway: &Gateway) -> AnchorReport {
    // The nonce scheme is announced by then as well, so that nothing else is sent afterwards.
    until(gateway, |report| {
        report.hash.is_some()
            && report.missing.is_empty()
            && !report.adverts.is_empty()
            && payments(gateway).books.report().tagged_from.is_some()
    })
    .await
}

/// Reads the class files at once and looks at the chain, whatever was told a moment ago.
async fn look(gateway: &Gateway) {
    let advertiser = gateway.context().advertiser.as_ref().expect("classes");
    advertiser.look(true);
    payments(gateway).anchor_now(advertiser, false).await.expect("a look");
}

/// The anchored document as anybody gets it.
async fn anchored(gateway: &Gateway, report: &AnchorReport) -> Vec<u8> {
    let uri = report.uri.as_deref().expect("an address");
    let path = uri.strip_prefix("http://gateway.test").expect("the gateway's own address");
    let got = answer(gateway.request(Method::GET, path)).await;
    assert_eq!(got.status, StatusCode::OK, "{path}");
    got.body.to_vec()
}

#[tokio::test]
async fn what_is_published_is_anchored_once_and_again_when_it_changes() {
    let desk = Desk::open().await;
    let gateway = desk.gateway(Duration::ZERO).await;
    let first = told(&gateway).await;
    let [manifest] = desk.manifests().await.try_into().expect("one");
    assert_eq!((manifest.gateway, Some(manifest.hash)), (SENDER, first.hash));
    assert_eq!(Some(&manifest.uri), first.uri.as_ref());
    let bytes = anchored(&gateway, &first).await;
    let received = GatewayDocument::read("document", &bytes).expect("a document");
    assert_eq!(received.hash, manifest.hash, "keccak of the canonical bytes without the signature");

    // The advert says what the class says.
    let registry = desk.market.chain.contracts().job_tag_registry;
    let call = advertOfCall { gw: SENDER, tagId: LIVE.1 };
    let said = desk.market.chain.read(registry, &call).await.expect("an advert");
    assert!(said.active);
    assert_eq!((said.advert.unit, said.advert.priceDen), (0, 1));
    assert_eq!(U256::from(said.advert.priceNum), U256::from(1_200));
    assert_eq!(said.advert.floors.0[11], 12, "GiB of a GPU");
    let path = format!("/data/v1/classes/{}.json", said.advert.contentHash);
    let of_class = answer(gateway.request(Method::GET, &path)).await;
    assert_eq!(keccak256(&of_class.body), said.advert.contentHash);

    // Days later the well-known document was signed anew. The anchored one still is what it was.
    gateway.context().clock.shift_wall(Duration::from_hours(24 * 3));
    look(&gateway).await;
    let now = gateway.context().clock.wall();
    let expect = Expectation { gateway: Some(SENDER), ..Expectation::at(now) };
    let received = GatewayDocument::read("document", &anchored(&gateway, &first).await);
    assert_eq!(received.expect("a document").verify(&expect), Ok(SignedBy::Gateway(SENDER)));

    // A restart, figures of demand and a class that ends later are nothing new.
    let before = desk.nonce().await;
    let dir = gateway.stop().await;
    let more = "expires_at: \"2200-01-01T00:00:00Z\"\ndemand: {basis: observed, rate_p50: 3}";
    desk.write("a.yaml", &class(LIVE.0, "1200", more));
    let gateway = desk.again(dir, desk.market.chain.url(), Duration::ZERO).await;
    told(&gateway).await;
    look(&gateway).await;
    assert_eq!((report(&gateway), desk.nonce().await), (first, before));

    // Another ceiling, and one class more.
    desk.write("a.yaml", &class(LIVE.0, "1300", more));
    desk.write("b.yaml", &class("transcode/vod", "900", more));
    look(&gateway).await;
    let second = until(&gateway, |report| report.adverts.len() == 2).await;
    let manifests = desk.manifests().await;
    assert_eq!(manifests.len(), 2);
    assert_eq!(Some(manifests[1].hash), second.hash);
    let adverts = desk.adverts().await;
    let revisions: Vec<_> =
        adverts.iter().map(|a| (a.tagId, a.revision, a.priceNum.to())).collect();
    let [live, live_again, vod] = revisions.as_slice() else { panic!("{revisions:?}") };
    assert_eq!((*live, *live_again), ((LIVE.1, 1, 1_200_u64), (LIVE.1, 2, 1_300)));
    assert_eq!((vod.1, vod.2), (1, 900));

    // One class less: its advert is taken back.
    std::fs::remove_file(desk.classes.path().join("b.yaml")).expect("a file");
    look(&gateway).await;
    let cancelled = desk.market.chain.events::<AdvertCancelled>(registry, 0).await.expect("logs");
    assert_eq!(cancelled.len(), 1);
    assert_eq!((desk.manifests().await.len(), report(&gateway).missing), (3, vec![]));
    assert!((gateway.metric("waymark_anchor_manifests_total").await - 2.0).abs() < 0.1);
    gateway.stop().await;
}

#[tokio::test]
async fn an_orchestrator_finds_it_with_nothing_but_the_registry() {
    let desk = Desk::open().await;
    // The address that is published is the one it listens at.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let settings = desk.settings(Duration::ZERO);
    let gateway = desk
        .market
        .gateway(|config| {
            settings(config);
            config.http_addr = address.to_string();
            config.requirements.url = Some(format!("http://{address}").parse().expect("a URL"));
        })
        .await;
    told(&gateway).await;
    let facts = desk.classes.path().join("node.facts");
    std::fs::write(&facts, "hw.gpu.memory_mib: 8192\n").expect("a file");
    let looked = async || {
        let chain = &desk.market.chain;
        let registry = chain.contracts().job_tag_registry;
        let rpc = vec![chain.url().parse().expect("a URL")];
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
        run(&request, &OffChain, &Clock::start(), &mut out).await.expect("a report");
        serde_json::from_slice::<serde_json::Value>(&out).expect("JSON")
    };
    let report = looked().await;
    assert_eq!(report["documents"][0]["signed"], "signed by the gateway", "{report:#}");
    assert_eq!(report["fail"], 1, "{report:#}");
    assert!(report["notices"].as_array().is_none_or(Vec::is_empty), "{report:#}");

    // What changed and was not told to the chain yet is what counts all the same.
    payments(&gateway).books.funds().set_max_gas_price(Some(U256::from(1)));
    let text = class(LIVE.0, "1200", "expires_at: \"2199-01-01T00:00:00Z\"");
    desk.write("a.yaml", &text.replace("12288", "4096"));
    gateway.context().advertiser.as_ref().expect("classes").look(true);
    let report = looked().await;
    assert_eq!(
        (&report["pass"], &report["documents"][0]["seq"]),
        (&1.into(), &2.into()),
        "{report:#}"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn changes_wait_for_their_time_unless_the_operator_does_not() {
    let desk = Desk::open().await;
    let gateway = desk.gateway(Duration::from_hours(1)).await;
    told(&gateway).await;
    desk.write("a.yaml", &class(LIVE.0, "1300", "expires_at: \"2199-01-01T00:00:00Z\""));
    look(&gateway).await;
    let held = report(&gateway);
    assert_eq!((held.missing.len(), held.not_before.is_some()), (2, true), "{held:?}");
    assert_eq!(desk.manifests().await.len(), 1);

    // What would be sent can be seen, and sent.
    let anchor = |query: &str| gateway.admin_request(Method::POST, &format!("/anchor{query}"));
    let plan = anchor("?dryRun=true").send().await.expect("an answer");
    let plan: serde_json::Value = plan.json().await.expect("JSON");
    assert!(plan[0]["what"].as_str().is_some_and(|what| what.starts_with("anchoring")), "{plan:#}");
    assert!(plan[1]["gas"].as_u64().is_some_and(|gas| gas > 21_000), "{plan:#}");
    assert_eq!(desk.manifests().await.len(), 1, "nothing was sent");
    assert_eq!(anchor("").send().await.expect("an answer").status(), StatusCode::OK);
    assert_eq!((desk.manifests().await.len(), desk.adverts().await.len()), (2, 2));

    // An hour later it is done by itself.
    desk.write("a.yaml", &class(LIVE.0, "1400", "expires_at: \"2199-01-01T00:00:00Z\""));
    look(&gateway).await;
    assert_eq!(desk.manifests().await.len(), 2);
    gateway.context().clock.shift_wall(Duration::from_mins(61));
    look(&gateway).await;
    assert_eq!((desk.manifests().await.len(), desk.adverts().await.len()), (3, 3));
    let (_, text) = gateway.admin("/requirements").await;
    assert!(text.contains("\"anchored\"") && text.contains("/data/v1/manifests/0x"), "{text}");
    gateway.stop().await;
}

async fn taken(endpoint: &Endpoint) {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while endpoint.taken() == 0 {
        ticks.tick().await;
    }
}

/// A gateway that is stopped in the middle of anchoring, and what it left.
async fn stopped(desk: &Desk, endpoint: &Endpoint) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = desk.again(dir, endpoint.url(), Duration::ZERO).await;
    tokio::time::timeout(PATIENCE, taken(endpoint)).await.expect("something is sent");
    gateway.stop().await
}

#[tokio::test]
async fn a_crash_between_writing_and_sending_sends_once() {
    let desk = Desk::open().await;
    let endpoint = Endpoint::start(desk.market.chain.url()).await;
    endpoint.swallow_transactions();
    let dir = stopped(&desk, &endpoint).await;
    assert_eq!(desk.manifests().await, vec![]);
    let gateway = desk.again(dir, desk.market.chain.url(), Duration::ZERO).await;
    told(&gateway).await;
    assert_eq!((desk.manifests().await.len(), desk.adverts().await.len()), (1, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn a_crash_after_sending_does_not_send_again() {
    let desk = Desk::open().await;
    // The nonce scheme is announced first, so that what is sent next is of anchoring.
    let dir = announced(&desk).await;
    let endpoint = Endpoint::start(desk.market.chain.url()).await;
    endpoint.go_mute_after_transactions();
    let gateway = desk.again(dir, endpoint.url(), Duration::ZERO).await;
    tokio::time::timeout(PATIENCE, taken(&endpoint)).await.expect("something is sent");
    let dir = gateway.stop().await;
    let [manifest] = desk.manifests().await.try_into().expect("it was taken, and nobody said so");

    let gateway = desk.again(dir, desk.market.chain.url(), Duration::ZERO).await;
    let report = told(&gateway).await;
    assert_eq!((desk.manifests().await.len(), desk.adverts().await.len()), (1, 1));
    assert_eq!((report.hash, report.uri.as_ref()), (Some(manifest.hash), Some(&manifest.uri)));
    let bytes = anchored(&gateway, &report).await;
    let received = GatewayDocument::read("document", &bytes).expect("a document");
    assert_eq!(received.hash, manifest.hash);
    gateway.stop().await;
}

/// The directory of a gateway that has announced its nonce scheme, and has anchored nothing.
async fn announced(desk: &Desk) -> TempDir {
    let settings = desk.settings(Duration::ZERO);
    let gateway = desk
        .market
        .gateway(|config| {
            settings(config);
            config.requirements.anchor = false;
        })
        .await;
    let announced = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while payments(&gateway).books.report().tagged_from.is_none() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, announced).await.expect("it is announced");
    assert!(report(&gateway).off.is_some_and(|why| why.contains("requirements.anchor")));
    gateway.stop().await
}

#[tokio::test]
async fn what_the_contract_refuses_is_told_and_the_rest_is_done() {
    let desk = Desk::open().await;
    let chain = &desk.market.chain;
    let registry = chain.contracts().job_tag_registry;
    let deprecated = setTagStatusCall { tagId: LIVE.1, status: 2, replacementId: 0 };
    chain.send(chain.owner(), registry, &deprecated, U256::ZERO).await.expect("the owner may");
    let ends = "expires_at: \"2199-01-01T00:00:00Z\"";
    desk.write("b.yaml", &class("transcode/vod", "900", ends));
    desk.write("c.yaml", &class("x-acme/render", "900", ends));
    let huge = format!("1{}", "0".repeat(77));
    desk.write("d.yaml", &class("ai/upscale", &huge, ends));
    let gateway = desk.gateway(Duration::from_hours(1)).await;
    let report = until(&gateway, |report| report.trouble.is_some()).await;
    let trouble = report.trouble.as_deref().unwrap_or_default();
    assert!(trouble.contains("posting the advert of transcode/live/abr"), "{trouble}");
    assert!(trouble.contains("the contract would refuse"), "{trouble}");
    assert_eq!(report.missing.len(), 1, "{report:#?}");
    assert_eq!(report.adverts, ["transcode/vod"]);
    let [upscale, render] = report.without_advert.as_slice() else { panic!("{report:#?}") };
    assert!(upscale.contains("ai/upscale pays 1000") && upscale.contains("no room"), "{upscale}");
    assert!(render.contains("x-acme/render is not registered at 0x"), "{render}");
    assert_eq!((desk.manifests().await.len(), desk.adverts().await.len()), (1, 1));
    assert!(gateway.metric("waymark_anchor_failures_total").await > 0.0);

    // It is put right on chain, and goes on by itself.
    let active = setTagStatusCall { tagId: LIVE.1, status: 1, replacementId: 0 };
    chain.send(chain.owner(), registry, &active, U256::ZERO).await.expect("the owner may");
    until(&gateway, |report| report.adverts.len() == 2 && report.trouble.is_none()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn without_an_address_nothing_is_sent_and_that_is_said() {
    let desk = Desk::open().await;
    let settings = desk.settings(Duration::ZERO);
    let gateway = desk
        .market
        .gateway(|config| {
            settings(config);
            config.requirements.url = None;
        })
        .await;
    let (_, text) = gateway.admin("/requirements").await;
    assert!(text.contains("set requirements.url"), "{text}");
    let refused = gateway.admin_request(Method::POST, "/anchor").send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let folder = Path::new("data/v1/manifests");
    assert!(!gateway.dir.path().join(folder).exists());
    assert_eq!(desk.manifests().await, vec![]);
    gateway.stop().await;
}
