//! Trust as operators and clients meet it: who cheats gets no work, everybody is told why, and a
//! person can pardon.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use waymark::verify::trust::Trust;
use waymark_testkit::Orchestrator;
use waymark_verification::trust::{Consequence, Finding, Identity, Sign, State};

use crate::harness::{Gateway, config_of, orchestrator};

const HARD: Finding<'static> = Finding {
    sign: Sign::Hard,
    consequence: Consequence::Exclude,
    why: "F12.passthrough: the video is the source's",
};

fn identity(gateway: &Gateway, orchestrator: &Orchestrator) -> Identity {
    let nodes = gateway.context().directory.nodes();
    let node = nodes.iter().find(|node| orchestrator.uri().ends_with(node.host()));
    Trust::identity(node.expect("the gateway knows it"), None)
}

/// What a check tells of a result of this orchestrator.
fn caught(gateway: &Gateway, orchestrator: &Orchestrator) {
    let identity = identity(gateway, orchestrator);
    gateway.context().trust.observe(&identity, "video/live", "240p", &HARD);
}

async fn trust(gateway: &Gateway) -> Value {
    let (status, text) = gateway.admin("/trust").await;
    assert_eq!(status, StatusCode::OK);
    serde_json::from_str(&text).expect("JSON")
}

async fn pardon(gateway: &Gateway, form: &[(&str, &str)]) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = gateway.admin_request(Method::POST, "/pardon");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await;
    let answer = answer.expect("an answer");
    (answer.status(), answer.text().await.expect("a text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orchestrator_that_is_out_gets_no_more_segments_of_a_running_stream() {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    assert_eq!(gateway.push("stream", 0).await.status, StatusCode::OK);
    let (cheat, other) = if a.stats().segments_accepted == 1 { (&a, &b) } else { (&b, &a) };
    caught(&gateway, cheat);
    for seq in 1..6 {
        assert_eq!(gateway.push("stream", seq).await.status, StatusCode::OK);
    }
    assert_eq!(cheat.stats().segments_accepted, 1);
    assert_eq!(other.stats().segments_accepted, 5);
    assert!(gateway.metric("waymark_trust_orchestrators{state=\"out\"}").await > 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_operators_are_told_who_is_out_and_why_and_a_person_can_pardon() {
    let only = orchestrator().await;
    let gateway = Gateway::start(&[&only]).await;
    caught(&gateway, &only);
    let refused = gateway.push("stream", 0).await;
    assert_eq!(refused.reason(), "no-orchestrator");
    let problem = refused.json();
    assert_eq!(problem["refusals"]["out"], 1, "{problem}");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains("1 of them must not work after failed checks"), "{detail}");
    assert!(detail.contains("F12.passthrough"), "{detail}");

    let told = trust(&gateway).await;
    assert_eq!(told["states"]["out"], 1);
    let one = &told["orchestrators"][0];
    assert_eq!(
        (one["state"].as_str(), one["penalty"]["holds"].as_bool()),
        (Some("out"), Some(true))
    );
    let (_, status) = gateway.admin("/status").await;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let info = &status["OrchestratorPoolInfos"][0];
    assert_eq!(info["Trust"], "out");
    assert!(info["TrustReason"].as_str().expect("a text").contains("F12.passthrough"));

    let key = one["key"].as_str().expect("a key");
    let (status, text) = pardon(&gateway, &[("orchestrator", key), ("dryRun", "true")]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(gateway.push("stream", 0).await.reason(), "no-orchestrator", "nothing happened");
    let (status, text) = pardon(&gateway, &[("orchestrator", key)]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(gateway.push("stream", 0).await.status, StatusCode::OK);
    let (status, text) = pardon(&gateway, &[("orchestrator", key)]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("nobody is out under"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pardon_is_not_had_by_looking_or_from_another_site() {
    let only = orchestrator().await;
    let gateway = Gateway::start(&[&only]).await;
    caught(&gateway, &only);
    let (status, _) = gateway.admin("/pardon?orchestrator=x").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let foreign = gateway.admin_request(Method::POST, "/pardon?orchestrator=x");
    let foreign = foreign.header("origin", "http://evil.example").send().await.expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert_eq!(trust(&gateway).await["states"]["out"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_out_before_a_restart_is_out_after_it() {
    let only = orchestrator().await;
    let gateway = Gateway::start(&[&only]).await;
    caught(&gateway, &only);
    let dir: TempDir = gateway.stop().await;
    let config = config_of(&[
        "waymark",
        "-gateway",
        "-network",
        "offchain",
        "-httpIngest",
        "-httpAddr",
        "127.0.0.1:0",
        "-cliAddr",
        "127.0.0.1:0",
        "-dataDir",
        dir.path().to_str().expect("a UTF-8 path"),
        "-orchAddr",
        only.uri(),
    ]);
    let gateway = Gateway::run(config, dir).await;
    assert_eq!(gateway.push("stream", 0).await.reason(), "no-orchestrator");
    gateway.context().clock.shift_wall(Duration::from_secs(3_700));
    assert_eq!(gateway.push("stream", 0).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_past_days_are_told_and_todays_is_not() {
    let gateway = Gateway::start(&[]).await;
    let (status, text) = gateway.admin("/trust/keys").await;
    assert_eq!(status, StatusCode::OK);
    let keys: Value = serde_json::from_str(&text).expect("JSON");
    let keys = keys.as_object().expect("an object");
    let today = gateway.context().trust.day_key().day().to_string();
    assert!(!keys.is_empty() && !keys.contains_key(&today));
    let standing = gateway.context().trust.report();
    assert!(standing.iter().all(|one| one.state != State::Out));
}
