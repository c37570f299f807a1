//! What a gateway asks of orchestrators: as strangers read it, as orchestrators are told it, and as it
//! decides who works.

use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use waymark::{
    clock::Clock,
    matching::{MatchRequest, Output, run},
    signer::OffChain,
};
use waymark_tagging::document::{GatewayDocument, Requirements};
use waymark_testkit::Orchestrator;

use crate::{
    harness::{Gateway, PATIENCE, answer, instant, orchestrator, segment},
    process,
};

const WELL_KNOWN: &str = "/.well-known/livepeer-gateway.json";

fn class(rev: u32, version: &str) -> String {
    format!(
        "api: lp.jobclass/v1\ntag: transcode/live/abr\nrev: {rev}\n\
         gateway: \"0x0000000000000000000000000000000000000000\"\n\
         issued_at: \"2026-01-01T00:00:00Z\"\nexpires_at: \"2199-01-01T00:00:00Z\"\n\
         interface: {{mode: segment, work_unit: pixel}}\nrequires:\n  \
         - {{key: node.version, op: semver, values: [\"{version}\"]}}\n  \
         - {{key: codec.decode, op: in, values: [h264]}}\n"
    )
}

/// A gateway that asks for this.
async fn gateway(orchestrators: &[&Orchestrator], text: &str) -> (Gateway, tempfile::TempDir) {
    let classes = tempfile::tempdir().expect("a directory");
    std::fs::write(classes.path().join("live.yaml"), text).expect("a file");
    let files = vec![classes.path().to_owned()];
    let gateway = Gateway::with(orchestrators, &[], |c| c.requirements.files = files).await;
    (gateway, classes)
}

#[tokio::test]
async fn anybody_reads_what_a_gateway_asks_for_and_asks_again_cheaply() {
    let (gateway, classes) = gateway(&[], &class(1, ">=0.9.0")).await;
    let document = answer(gateway.request(Method::GET, WELL_KNOWN)).await;
    assert_eq!(document.status, StatusCode::OK);
    assert_eq!(document.headers["content-type"], "application/json");
    assert_eq!(document.headers["access-control-allow-origin"], "*");
    assert_eq!(document.headers["cache-control"], "public, max-age=60");
    let read = GatewayDocument::read("document", &document.body).expect("a document");
    assert_eq!(read.document.classes.len(), 1);

    let head = answer(gateway.request(Method::HEAD, WELL_KNOWN)).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.headers["content-length"], document.body.len().to_string());
    let etag = document.headers["etag"].to_str().expect("a text");
    for known in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let request = gateway.request(Method::GET, WELL_KNOWN).header("if-none-match", known);
        let same = answer(request).await;
        assert_eq!((same.status, same.body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(same.headers["etag"], etag);
    }
    let refused = answer(gateway.request(Method::POST, WELL_KNOWN)).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers["allow"], "GET, HEAD");
    assert_eq!(refused.reason(), "method-not-allowed");
    let odd = answer(gateway.request(Method::GET, "/v1/requirements?since_seq=-1")).await;
    assert_eq!((odd.status, odd.reason().as_str()), (StatusCode::BAD_REQUEST, "invalid-state"));
    let (_, feed) = gateway.get("/v1/requirements.atom").await;
    assert!(feed.contains("<title>transcode/live/abr: revision 1</title>"), "{feed}");

    // A change, as the file's next look finds it.
    std::fs::write(classes.path().join("live.yaml"), class(2, ">=0.9.1")).expect("a file");
    gateway.context().advertiser.as_ref().expect("classes").look(true);
    let delta = answer(gateway.request(Method::GET, "/v1/requirements?since_seq=1")).await;
    let delta = Requirements::read("delta", &delta.body).expect("an answer").document;
    assert_eq!((delta.head.seq, delta.complete, delta.changes.len()), (2, false, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn events_come_as_they_happen_and_end_with_the_gateway() {
    let (gateway, classes) = gateway(&[], &class(1, ">=0.9.0")).await;
    let request = gateway
        .request(Method::GET, "/v1/requirements")
        .header("accept", "text/event-stream")
        .header("last-event-id", "1");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut chunks = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("retry:") {
        let chunk = chunks.next().await.expect("more").expect("bytes");
        text.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    std::fs::write(classes.path().join("live.yaml"), class(2, ">=0.9.1")).expect("a file");
    gateway.context().advertiser.as_ref().expect("classes").look(true);
    while !text.contains("\"rev\":2") {
        let chunk = chunks.next().await.expect("more").expect("bytes");
        text.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    assert!(text.contains("id: 2\nevent: requirements\ndata: {"), "{text}");
    assert!(!text.contains("id: 1\n"), "what the reader had is not sent again: {text}");
    // A reader that is still there does not hold up the end.
    gateway.stop().await;
    while let Some(Ok(_)) = chunks.next().await {}
}

#[tokio::test]
async fn without_classes_nothing_is_published_and_nobody_is_asked() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for path in [WELL_KNOWN, "/v1/requirements", "/v1/requirements.atom"] {
        assert_eq!(gateway.get(path).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(gateway.admin("/matches").await.0, StatusCode::NOT_FOUND);
    gateway.push("movie", 0).await;
    let stats = orchestrator.stats();
    assert_eq!(stats.requests.len(), 1);
    let tag = stats.requests[0].message.job_tag.as_ref().expect("a tag");
    assert!(tag.requirements_hash.is_empty() && tag.seq == 0);
    assert_eq!(stats.segments[0].tag_header.as_deref(), Some("transcode/live/abr"));
    gateway.stop().await;
}

#[tokio::test]
async fn an_orchestrator_is_told_which_class_of_which_state_a_job_belongs_to() {
    let orchestrator = orchestrator().await;
    let (gateway, _classes) = gateway(&[&orchestrator], &class(1, ">=0.0.1")).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let document = answer(gateway.request(Method::GET, WELL_KNOWN)).await;
    let document = GatewayDocument::read("document", &document.body).expect("a document").document;
    let hash = document.classes[0].hash;
    let stats = orchestrator.stats();
    let header = format!("transcode/live/abr; req={hash}");
    let seen = &stats.segments[0];
    assert_eq!(seen.tag_header.as_deref(), Some(header.as_str()));
    let request = stats.requests.iter().find(|r| r.message.job_tag.is_some()).expect("a session");
    assert_eq!(request.tag_header.as_deref(), Some(header.as_str()));
    for tag in [request.message.job_tag.as_ref(), seen.tag(), seen.token_tag()] {
        let tag = tag.expect("the message carries the tag");
        assert_eq!((tag.requirements_hash.as_ref(), tag.seq), (hash.as_slice(), 1));
    }
    // As another gateway would send it.
    let push = gateway.pushing("/live/movie/1.ts", segment(1)).header("livepeer-job-tag", &header);
    assert_eq!(answer(push).await.status, StatusCode::OK);
    gateway.stop().await;
    assert_eq!(orchestrator.stats().ended_tag_headers, [Some(header)]);
}

#[tokio::test]
async fn an_orchestrator_that_fails_one_requirement_gets_no_work_and_is_told_which() {
    let old = instant().version("0.8.10").start().await.unwrap();
    let new = instant().version("0.9.1").start().await.unwrap();
    let (gateway, _classes) = gateway(&[&old, &new], &class(1, ">=0.9.0")).await;
    for (stream, seq) in [("a", 0), ("a", 1), ("b", 0), ("c", 0)] {
        assert_eq!(gateway.push(stream, seq).await.status, StatusCode::OK);
    }
    assert_eq!((old.stats().segments.len(), new.stats().segments.len()), (0, 4));
    // Both described themselves before a job, or when one came.
    let both = |text: &str| text.matches("\"orchestrator\"").count() == 2;
    let text = tokio::time::timeout(PATIENCE, async {
        loop {
            let text = gateway.admin("/matches?tag=transcode/live/abr").await.1;
            if both(&text) {
                return text;
            }
        }
    });
    let text = text.await.expect("both describe themselves");
    let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let host = old.uri().trim_start_matches("https://");
    let of_old = found.as_array().expect("a list").iter().find(|m| m["orchestrator"] == host);
    let of_old = of_old.expect("the old one described itself");
    assert_eq!(of_old["missing"][0], "needs node.version >=0.9.0, declares 0.8.10");
    assert_eq!(of_old["class"]["verdict"], "fail");
    gateway.stop().await;
}

#[tokio::test]
async fn where_nobody_qualifies_the_client_reads_why() {
    let old = instant().version("0.8.10").start().await.unwrap();
    let (gateway, _classes) = gateway(&[&old], &class(1, ">=0.9.0")).await;
    let refused = gateway.push("movie", 0).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.reason(), "no-orchestrator");
    let problem = refused.json();
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains("needs node.version >=0.9.0, declares 0.8.10"), "{detail}");
    assert_eq!(problem["refusals"]["unqualified"], 1);
    assert!(old.stats().segments.is_empty());
    let (_, report) = gateway.admin("/requirements").await;
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["seq"], &report["signed"]), (&1.into(), &false.into()));
    gateway.stop().await;
}

#[tokio::test]
async fn the_report_to_an_orchestrator_says_what_selection_says() {
    let old = instant().version("0.8.10").start().await.unwrap();
    let (gateway, _classes) = gateway(&[&old], &class(1, ">=0.9.0")).await;
    let request = MatchRequest {
        orchestrator: old.uri().to_owned(),
        requirements: format!("http://{}", gateway.media_address()),
        chain: None,
        price: None,
        tags: Vec::new(),
        every: None,
        output: Output::Text,
    };
    let mut report = Vec::new();
    run(&request, &OffChain, &Clock::start(), &mut report).await.expect("a report");
    let report = String::from_utf8(report).expect("text");
    let missing = "needs node.version >=0.9.0, declares 0.8.10";
    assert!(report.contains(missing), "{report}");
    let refused = gateway.push("movie", 0).await.json();
    assert!(refused["detail"].as_str().expect("a text").contains(missing), "{refused}");
    gateway.stop().await;
}

#[tokio::test]
async fn the_program_names_the_line_of_a_bad_class_and_reads_the_files_again_on_sighup() {
    let dir = tempfile::tempdir().expect("a directory");
    let classes = dir.path().join("live.yaml");
    let settings = dir.path().join("waymark.yaml");
    let text = format!(
        "data_dir: {0}\nlisten: {{http: \"127.0.0.1:0\", cli: \"127.0.0.1:0\"}}\n\
         requirements: {{files: [{0}/live.yaml]}}\n",
        dir.path().display()
    );
    std::fs::write(&settings, text).expect("a file");
    let arguments = ["serve", "--config", settings.to_str().expect("UTF-8")];
    std::fs::write(&classes, class(1, ">=0.9.0").replace("rev:", "rew:")).expect("a file");
    let output = process::waymark(&arguments).output().await.expect("an end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("live.yaml line 3 column 1"), "{said}");

    std::fs::write(&classes, class(1, ">=0.9.0")).expect("a file");
    let (child, address, mut lines) = process::running(&arguments).await;
    std::fs::write(&classes, class(2, ">=0.9.1")).expect("a file");
    let id = child.id().expect("it runs").to_string();
    let sent = tokio::process::Command::new("kill").args(["-HUP", &id]).status().await;
    assert!(sent.expect("kill runs").success());
    let loaded = async {
        while let Some(line) = lines.next_line().await.expect("a line") {
            if line.contains("job classes loaded") && line.contains("seq=2") {
                return;
            }
        }
        panic!("the gateway ended");
    };
    tokio::time::timeout(PATIENCE, loaded).await.expect("the files are read again");
    let answer = reqwest::get(format!("http://{address}/v1/requirements?since_seq=1")).await;
    let answer = answer.expect("an answer").bytes().await.expect("its bytes");
    let answer = Requirements::read("answer", &answer).expect("requirements").document;
    assert_eq!((answer.head.seq, answer.changes.len()), (2, 1));
}
