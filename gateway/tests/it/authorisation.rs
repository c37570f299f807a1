//! The authorisation webhook (`-authWebhookUrl`), as clients of stock gateways use it.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::State, http::HeaderMap, routing};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use waymark::ingest::ManifestId;
use waymark_testkit::Orchestrator;

use crate::harness::{Gateway, Pushed, answer, orchestrator, segment, serve};

/// A webhook that answers as it is told and remembers what it was asked.
#[derive(Clone)]
struct Webhook {
    said: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Webhook {
    fn says(&self, status: u16, answer: &str) {
        *self.said.lock() = (status, answer.to_owned());
    }

    fn asked(&self) -> usize {
        self.asked.lock().len()
    }
}

async fn answered(
    State(webhook): State<Webhook>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> (StatusCode, Bytes) {
    assert_eq!(headers["content-type"], "application/json");
    webhook.asked.lock().push(question);
    let (status, answer) = webhook.said.lock().clone();
    (StatusCode::from_u16(status).expect("a status"), answer.into())
}

/// A gateway whose webhook allows everything to begin with.
async fn guarded(orchestrator: &Orchestrator) -> (Gateway, Webhook) {
    let webhook =
        Webhook { said: Arc::new(Mutex::new((200, String::new()))), asked: Arc::default() };
    let router = Router::new().route("/", routing::post(answered)).with_state(webhook.clone());
    let url = serve(router).await;
    let gateway = Gateway::with(&[orchestrator], &["-authWebhookUrl", &url], |_| ()).await;
    (gateway, webhook)
}

async fn push(gateway: &Gateway, path: &str, header: Option<Value>) -> Pushed {
    let request = gateway.pushing(path, segment(0)).header("accept", "multipart/mixed");
    answer(match header {
        Some(header) => request.header("Livepeer-Transcode-Configuration", header.to_string()),
        None => request,
    })
    .await
}

async fn end(gateway: &Gateway, manifest: &str) -> StatusCode {
    answer(gateway.request(Method::DELETE, &format!("/live/{manifest}"))).await.status
}

async fn names(pushed: &Pushed) -> Vec<String> {
    assert_eq!(pushed.status, StatusCode::OK, "{pushed:?}");
    pushed.parts().await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_asked_about_once_and_an_empty_answer_allows_it() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    for seq in 0..3 {
        let pushed = push(&gateway, &format!("/live/one/{seq}.ts?key=hidden"), None).await;
        assert_eq!(names(&pushed).await, ["P240p30fps16x9", "P360p30fps16x9"]);
    }
    assert_eq!(webhook.asked(), 1);
    let url = format!("http://{}/live/one/0.ts", gateway.media_address());
    assert_eq!(webhook.asked.lock()[0], json!({ "url": url }));
    let count = gateway.metric("livepeer_auth_webhook_time_milliseconds_count").await;
    assert!((count - 1.0).abs() < f64::EPSILON);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_webhook_does_not_allow_reaches_nobody() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    for (status, said, expected, reason) in [
        (403, String::new(), StatusCode::FORBIDDEN, "stream-refused"),
        (201, String::new(), StatusCode::FORBIDDEN, "stream-refused"),
        (200, "{}".to_owned(), StatusCode::FORBIDDEN, "stream-refused"),
        (200, "null".to_owned(), StatusCode::FORBIDDEN, "stream-refused"),
        (200, "yes".to_owned(), StatusCode::FORBIDDEN, "stream-refused"),
        (200, "x".repeat(100_000), StatusCode::FORBIDDEN, "stream-refused"),
        (
            200,
            json!({"manifestID": "a", "objectStore": "s3://key@store/"}).to_string(),
            StatusCode::FORBIDDEN,
            "stream-refused",
        ),
        (500, String::new(), StatusCode::BAD_GATEWAY, "webhook-unreachable"),
    ] {
        webhook.says(status, &said);
        let pushed = push(&gateway, "/live/one/0.ts", None).await;
        assert_eq!((pushed.status, pushed.reason().as_str()), (expected, reason), "{said:.20}");
    }
    assert_eq!(orchestrator.stats().segments.len(), 0);
    assert_eq!(gateway.context().streams.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_reached_is_told_apart_and_its_address_is_not_told() {
    let orchestrator = orchestrator().await;
    let flags = ["-authWebhookUrl", "http://127.0.0.1:1/?key=hunter2"];
    let gateway = Gateway::with(&[&orchestrator], &flags, |_| ()).await;
    let pushed = push(&gateway, "/live/one/0.ts", None).await;
    assert_eq!(pushed.status, StatusCode::BAD_GATEWAY);
    assert_eq!(pushed.reason(), "webhook-unreachable");
    assert!(!pushed.json().to_string().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_names_the_stream_and_its_renditions() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    let settings = json!({
        "manifestID": "playback",
        "presets": ["P144p30fps16x9"],
        "profiles": [{"name": "small", "width": 160, "height": 90, "bitrate": 100_000}],
    });
    webhook.says(200, &settings.to_string());
    for seq in 0..2 {
        let pushed = push(&gateway, &format!("/live/secret-key/{seq}.ts"), None).await;
        assert_eq!(names(&pushed).await, ["P144p30fps16x9", "small"]);
    }
    assert_eq!(webhook.asked(), 1);
    assert_eq!(gateway.get("/stream/playback.m3u8").await.0, StatusCode::OK);
    assert_eq!(gateway.get("/stream/secret-key.m3u8").await.0, StatusCode::NOT_FOUND);

    // Who only knows where it is played neither ends it nor adds to it.
    assert_eq!(end(&gateway, "playback").await, StatusCode::NOT_FOUND);
    webhook.says(403, "");
    let intruder = push(&gateway, "/live/playback/2.ts", None).await;
    assert_eq!(intruder.status, StatusCode::FORBIDDEN);
    assert_eq!(names(&push(&gateway, "/live/secret-key/2.ts", None).await).await.len(), 2);
    assert_eq!(end(&gateway, "secret-key").await, StatusCode::NO_CONTENT);
    assert_eq!(push(&gateway, "/live/secret-key/3.ts", None).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_who_is_allowed_a_name_takes_it_over() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    webhook.says(200, &json!({"manifestID": "one"}).to_string());
    names(&push(&gateway, "/live/first/0.ts", None).await).await;
    let first = gateway.context().streams.all()[0].serial;
    names(&push(&gateway, "/live/second/0.ts", None).await).await;
    let streams = gateway.context().streams.all();
    assert_eq!(streams.len(), 1);
    assert_ne!(streams[0].serial, first, "the first stream is over");
    // The first has to ask again.
    assert_eq!(webhook.asked(), 2);
    webhook.says(403, "");
    assert_eq!(push(&gateway, "/live/first/1.ts", None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(names(&push(&gateway, "/live/second/1.ts", None).await).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_goes_before_the_answer_unless_their_profiles_differ() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    let profile = json!({"name": "small", "width": 160, "height": 90, "bitrate": 100_000});
    webhook.says(200, &json!({"manifestID": "named", "profiles": [profile]}).to_string());
    let other = push(&gateway, "/live/one/0.ts", Some(json!({}))).await;
    assert_eq!(other.reason(), "profile-mismatch");
    let header = json!({"profiles": [profile], "presets": ["P144p30fps16x9"]});
    let same = push(&gateway, "/live/one/0.ts", Some(header)).await;
    assert_eq!(names(&same).await, ["P144p30fps16x9", "small"]);
    assert_eq!(gateway.get("/stream/one.m3u8").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_asks_for_comparisons() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    webhook.says(200, &json!({"manifestID": "one", "verificationFreq": 5}).to_string());
    names(&push(&gateway, "/live/one/0.ts", None).await).await;
    let seen = Arc::clone(&orchestrator.stats().segments[0]);
    assert!(seen.data.calc_perceptual_hash, "hashes are asked for");
    let comparing = "livepeer_fast_verification_enabled_current_sessions_total";
    assert!((gateway.metric(comparing).await - 1.0).abs() < f64::EPSILON);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_a_name_while_the_body_arrives_is_asked_about_again() {
    let orchestrator = orchestrator().await;
    let (gateway, webhook) = guarded(&orchestrator).await;
    webhook.says(200, &json!({ "manifestID": "playback" }).to_string());
    let whole = segment(0);
    let (first, rest) = (whole.slice(..1000), whole.slice(1000..));
    let (go_on, waits) = tokio::sync::oneshot::channel();
    let rest = stream::once(async move {
        waits.await.expect("the test goes on");
        Ok(rest)
    });
    let body = stream::iter([Ok::<_, std::io::Error>(first)]).chain(rest);
    let slow = gateway.pushing("/live/slow/0.ts", Bytes::new());
    let slow = answer(slow.body(reqwest::Body::wrap_stream(body)));
    let name = |name| ManifestId::parse(name).expect("a name");
    let (pushed, named) = (name("slow"), name("playback"));
    let authoriser = gateway.context().authoriser.as_ref().expect("a webhook");
    let meanwhile = async {
        while !authoriser.holds(&pushed, &named) {
            tokio::task::yield_now().await;
        }
        assert_eq!(push(&gateway, "/live/quick/0.ts", None).await.status, StatusCode::OK);
        webhook.says(403, "");
        go_on.send(()).expect("the push goes on");
    };
    let (lost, ()) = tokio::join!(slow, meanwhile);
    assert_eq!((lost.status, lost.reason().as_str()), (StatusCode::FORBIDDEN, "stream-refused"));
    assert_eq!(webhook.asked(), 3);
    assert_eq!(orchestrator.stats().segments_accepted, 1);
    // The other goes on as it began.
    assert_eq!(push(&gateway, "/live/quick/1.ts", None).await.status, StatusCode::OK);
}
