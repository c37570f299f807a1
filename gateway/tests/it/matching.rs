//! `waymark match`: an orchestrator against the requirements of a gateway.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::Address;
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use waymark::{
    clock::Clock,
    matching::{MatchError, MatchRequest, Output, run},
    signer::OffChain,
};
use waymark_tagging::{
    Registry, UnitPrice,
    canonical::SigningDomain,
    class::{Authoring, ClassFile, ClassSet, Moment},
    document::{ClassEntry, GatewayDocument, Head, MAX_DOCUMENT_BYTES, Policies, Revisions, Urls},
};
use waymark_testkit::orchestrator::Orchestrator;

/// Two classes that end far in the future.
const CLASSES: &str = r#"api: lp.jobclass/v1
tag: transcode/live/abr
rev: 1
gateway: "0x0000000000000000000000000000000000000000"
issued_at: "2026-11-22T00:00:00Z"
expires_at: "2126-11-22T00:00:00Z"
interface: {mode: segment, work_unit: pixel, capability: 0}
requires:
  - {key: codec.decode, op: in, values: [h264]}
  - {key: node.version, op: semver, values: [">=0.8.10"]}
  - {key: slo.success_rate, op: ge, values: [0.99], evidence: observed, window: 7d, min_samples: 500, unknown: probe}
price: {max_wei: "1200", per: "1"}
---
api: lp.jobclass/v1
tag: transcode/vod/hevc
rev: 4
gateway: "0x0000000000000000000000000000000000000000"
issued_at: "2026-11-22T00:00:00Z"
expires_at: "2126-11-22T00:00:00Z"
interface: {mode: segment, work_unit: pixel, capability: 16}
requires:
  - {key: hw.gpu.memory_mib, op: ge, values: [12288]}
  - {key: codec.encode, op: in, values: [hevc]}
"#;

fn request(orchestrator: &str, requirements: &str) -> MatchRequest {
    MatchRequest {
        orchestrator: orchestrator.to_owned(),
        requirements: requirements.to_owned(),
        chain: None,
        price: None,
        tags: Vec::new(),
        every: None,
        output: Output::Text,
    }
}

async fn told(request: &MatchRequest) -> Result<String, MatchError> {
    let mut out = Vec::new();
    run(request, &OffChain, &Clock::start(), &mut out).await?;
    Ok(String::from_utf8(out).expect("set up by the test"))
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).expect("set up by the test");
    path.display().to_string()
}

/// The report without what differs from run to run.
fn plain(text: &str, dir: &Path) -> String {
    text.replace(&dir.display().to_string(), "DIR")
}

fn head(expires_at: &str) -> Head {
    Head {
        gateway: Address::ZERO,
        seq: 3,
        issued_at: "2026-11-22T00:00:00Z".parse().expect("set up by the test"),
        expires_at: expires_at.parse().expect("set up by the test"),
        domain: SigningDomain::OFF_CHAIN,
        signer: None,
        signature: None,
    }
}

fn classes() -> ClassSet {
    let now = Clock::start().wall();
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    ClassSet::from_yaml(&[ClassFile { label: "classes", text: CLASSES }], &rules)
        .expect("set up by the test")
}

/// A well-known document; with `inline` the classes are written out.
fn document(expires_at: &str, inline: bool) -> String {
    let entry = |class| {
        let entry = ClassEntry::inline(Arc::clone(class)).expect("set up by the test");
        if inline { entry } else { ClassEntry { class: None, ..entry } }
    };
    let document = GatewayDocument {
        head: head(expires_at),
        name: "Example".to_owned(),
        contact: None,
        urls: Urls::default(),
        policies: Policies::default(),
        classes: classes().classes().iter().map(entry).collect(),
    };
    serde_json::to_string(&document).expect("set up by the test")
}

fn requirements() -> String {
    let mut revisions = Revisions::default();
    revisions.update(&classes(), &Moment::from(Clock::start().wall()));
    serde_json::to_string(&revisions.since(0, head("2126-11-22T00:00:00Z")))
        .expect("set up by the test")
}

/// A gateway that publishes this.
#[expect(clippy::disallowed_methods, reason = "no gateway runs here whose shutdown would wait")]
async fn gateway(document: String, requirements: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("set up by the test");
    let url = format!("http://{}", listener.local_addr().expect("set up by the test"));
    let router = Router::new()
        .route("/.well-known/livepeer-gateway.json", get(move || async move { document }))
        .route("/v1/requirements", get(move || async move { requirements }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_file_of_facts_is_told_what_it_misses() {
    let dir = tempfile::tempdir().expect("set up by the test");
    let facts = write(
        dir.path(),
        "node.yaml",
        "codec.decode: [h264, hevc]\nnode.version: 0.9.1\nhw.gpu.memory_mib: 8192\ncodec.encode: [h264, hevc]\nhw.gpu.memory_mb: 1\n",
    );
    let classes = write(dir.path(), "classes.yaml", CLASSES);
    let text = told(&request(&facts, &classes)).await.expect("set up by the test");
    insta::assert_snapshot!(plain(&text, dir.path()));
    let dear = MatchRequest { price: UnitPrice::of(1201, 1), ..request(&facts, &classes) };
    let text = told(&dear).await.expect("set up by the test");
    assert!(text.contains("FAIL     transcode/live/abr"), "{text}");
    assert!(text.contains("price per pixel: pays up to 1200 wei, asks 1201 wei"), "{text}");
    let metrics = MatchRequest { output: Output::Prometheus, ..request(&facts, &classes) };
    insta::assert_snapshot!(told(&metrics).await.expect("set up by the test"));
    let json = MatchRequest { output: Output::Json, ..request(&facts, &classes) };
    let json: serde_json::Value =
        serde_json::from_str(&told(&json).await.expect("set up by the test"))
            .expect("set up by the test");
    assert_eq!((&json["pass"], &json["fail"], &json["unknown"]), (&0.into(), &1.into(), &1.into()));
    assert_eq!(json["classes"][0]["admission"], "probe");
    assert_eq!(
        json["classes"][1]["checks"][0]["distance"],
        "needs hw.gpu.memory_mib >= 12288, declares 8192"
    );
}

#[tokio::test]
async fn a_node_is_asked_and_a_gateway_is_read() {
    let node = Orchestrator::builder()
        .off_chain()
        .version("0.9.1")
        .start()
        .await
        .expect("set up by the test");
    for inline in [true, false] {
        let url = gateway(document("2126-11-22T00:00:00Z", inline), requirements()).await;
        for source in [url.clone(), format!("{url}/v1/requirements")] {
            let text = told(&request(node.uri(), &source)).await.expect("set up by the test");
            assert!(
                text.contains("UNKNOWN  transcode/live/abr (rev 1): gets a small share"),
                "{text}"
            );
            assert!(
                text.contains("not signed: the gateway has no address, valid until 2126"),
                "{text}"
            );
            assert!(
                text.contains("needs hw.gpu.memory_mib >= 12288, says nothing (unknown is denied)"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn what_must_not_be_used_is_refused_in_plain_words() {
    let dir = tempfile::tempdir().expect("set up by the test");
    let facts = write(dir.path(), "node.json", "{}");
    let good = document("2126-11-22T00:00:00Z", true);
    let forged = good.replacen(
        "\"registry\":",
        &format!("\"signature\":\"0x{}1b\",\"registry\":", "11".repeat(64)),
        1,
    );
    let cases = [
        ("expired.json", document("2026-11-23T00:00:00Z", true)),
        ("forged.json", forged),
        ("changed.json", good.replacen("\"rev\":4", "\"rev\":5", 1)),
        ("unknown_key.json", good.replacen("\"name\"", "\"nmae\"", 1)),
        ("large.json", " ".repeat(MAX_DOCUMENT_BYTES + 1)),
        ("expired.yaml", CLASSES.replacen("2126", "2026-11-23T00:00:00Z\" #", 1)),
        ("half.json", good.get(..200).expect("set up by the test").to_owned()),
    ];
    let mut lines = Vec::new();
    for (name, text) in cases {
        let path = write(dir.path(), name, &text);
        let error = told(&request(&facts, &path)).await.expect_err("refused");
        let text = waymark::orchestrator::error::chain(&error);
        lines.push(format!("{} {}", error.exit_code(), plain(&text, dir.path())));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_document_of_fifty_megabytes_is_not_read() {
    let dir = tempfile::tempdir().expect("set up by the test");
    let facts = write(dir.path(), "node.json", "{}");
    let url = gateway(" ".repeat(50_000_000), String::new()).await;
    let error = told(&request(&facts, &url)).await.expect_err("refused");
    assert!(matches!(error, MatchError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("has more than 8388608 bytes; nothing of it was used"));
    let error = told(&request(&facts, &format!("{url}/elsewhere"))).await.expect_err("refused");
    assert!(matches!(error, MatchError::Status { status: 404, .. }), "{error}");
    let error = told(&request(&facts, "http://127.0.0.1:1/")).await.expect_err("refused");
    assert!(matches!(error, MatchError::Unreachable { .. }), "{error}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "no gateway runs here whose shutdown would wait")]
async fn a_watch_tells_what_changed() {
    let dir = tempfile::tempdir().expect("set up by the test");
    let facts = write(dir.path(), "node.yaml", "hw.gpu.memory_mib: 8192\ncodec.encode: hevc\n");
    let classes = write(dir.path(), "classes.yaml", CLASSES);
    let every = Some(Duration::from_millis(20));
    let watch = MatchRequest { every, output: Output::Json, ..request(&facts, &classes) };
    let (mut reader, writer) = std::io::pipe().expect("set up by the test");
    let watching = tokio::spawn(async move {
        let mut writer = writer;
        run(&watch, &OffChain, &Clock::start(), &mut writer).await
    });
    let changes = tokio::task::spawn_blocking(move || {
        use std::io::{BufRead as _, BufReader};
        let mut lines = BufReader::new(&mut reader).lines();
        let mut next = || -> serde_json::Value {
            serde_json::from_str(
                &lines.next().expect("set up by the test").expect("set up by the test"),
            )
            .expect("set up by the test")
        };
        let first = next();
        // A half-written file is told, and the last report stands.
        std::fs::write(&facts, "hw.gpu.memory_mib: [").expect("set up by the test");
        let broken = next();
        std::fs::write(&facts, "hw.gpu.memory_mib: 24564\ncodec.encode: hevc\n")
            .expect("set up by the test");
        let mut changed = next();
        while changed.get("error").is_some() {
            changed = next();
        }
        (first, broken, changed)
    });
    let (first, broken, changed) = changes.await.expect("set up by the test");
    watching.abort();
    assert_eq!(first["classes"].as_array().expect("set up by the test").len(), 2);
    assert!(broken["error"].as_str().expect("set up by the test").contains("not YAML"), "{broken}");
    let classes = changed["classes"].as_array().expect("set up by the test");
    assert_eq!(classes.len(), 1, "the other class did not change: {changed}");
    assert_eq!(
        (&classes[0]["tag"], &classes[0]["verdict"]),
        (&"transcode/vod/hevc".into(), &"pass".into())
    );
}
