//! What clients of stock gateways rely on: comparing orchestrators by perceptual hash
//! (`verificationFreq`), and an external verifier (`-verifierUrl`).

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, response::Response, routing};
use parking_lot::Mutex;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use waymark::config::{Config, VerificationMode, VerifierWebhook};
use waymark_testkit::{DownloadFault, Orchestrator, SegmentFault, Times};

use crate::harness::{
    Gateway, PATIENCE, Pushed, answer, instant, orchestrator, read_table, segment, serve,
};

/// A webhook that vouches for orchestrators as far as it says.
pub(crate) async fn vouching(list: &[(&Orchestrator, f64)]) -> String {
    let list: Vec<_> =
        list.iter().map(|(o, score)| json!({"address": o.uri(), "score": score})).collect();
    let list = json!(list);
    serve(Router::new().route("/", routing::get(move || async move { Json(list) }))).await
}

/// A gateway that finds orchestrators by a webhook, which vouches for them as far as it says.
async fn vouched(list: &[(&Orchestrator, f64)]) -> Gateway {
    vouched_and(list, |_| ()).await
}

/// The same with other settings.
async fn vouched_and(list: &[(&Orchestrator, f64)], change: impl FnOnce(&mut Config)) -> Gateway {
    let webhook = vouching(list).await;
    let gateway = Gateway::at(&[], &["-orchWebhookUrl", &webhook], change).await;
    let directory = &gateway.context().directory;
    assert!(directory.until(PATIENCE, |census| census.known > 0 && census.unknown == 0).await);
    gateway
}

/// Pushes a segment of a stream that asks for comparisons.
pub(crate) async fn push(gateway: &Gateway, seq: usize, frequency: u32) -> Pushed {
    let config = json!({"verificationFreq": frequency}).to_string();
    let request = gateway.pushing(&format!("/live/compared/{seq}.ts"), segment(seq));
    let request = request.header("Livepeer-Transcode-Configuration", config);
    answer(request.header("accept", "multipart/mixed")).await
}

fn host(orchestrator: &Orchestrator) -> &str {
    orchestrator.uri().trim_start_matches("https://")
}

async fn done(gateway: &Gateway, orchestrator: &Orchestrator) -> f64 {
    let host = host(orchestrator);
    let series = format!("livepeer_fast_verification_done{{orchestrator_uri=\"{host}\"}}");
    gateway.metric(&series).await
}

async fn failed(gateway: &Gateway, orchestrator: &Orchestrator) -> f64 {
    let (host, labels) = (host(orchestrator), "fverror_type=\"1\"");
    let labels = format!("{labels},orchestrator_uri=\"{host}\"");
    // Labels are shown by name.
    gateway.metric(&format!("livepeer_fast_verification_failed{{{labels}}}")).await
}

/// Waits until results of these orchestrators were compared so often. Nobody's delivery waits for it.
pub(crate) async fn compared(gateway: &Gateway, orchestrators: &[&Orchestrator], times: f64) {
    let all = async {
        for one in orchestrators {
            while done(gateway, one).await < times {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("results are compared");
}

/// Rows of comparisons by perceptual hash.
fn comparisons(dir: &TempDir) -> Vec<Value> {
    let mut rows = read_table(dir.path(), "verification-");
    rows.retain(|row| row["verify_method"] == "stock-phash-v1");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_orchestrators_agree_and_one_of_them_goes_on_alone() {
    let (trusted, a, b) = (orchestrator().await, orchestrator().await, orchestrator().await);
    let gateway = vouched(&[(&trusted, 1.0), (&a, 0.0), (&b, 0.0)]).await;
    let pushed = push(&gateway, 0, u32::MAX).await;
    assert_eq!(pushed.status, StatusCode::OK);
    assert_eq!(pushed.parts().await.len(), 2);
    compared(&gateway, &[&a, &b], 1.0).await;
    for one in [&trusted, &a, &b] {
        let seen = Arc::clone(&one.stats().segments[0]);
        assert!(seen.data.calc_perceptual_hash, "hashes are asked for");
        let needed = seen.data.capabilities.as_ref().expect("capabilities").bitstring[0];
        assert_eq!(needed >> 14 & 1, 1, "MPEG7VideoSignature is asked for");
    }
    let verified = "livepeer_fast_verification_using_current_sessions_total";
    assert!((gateway.metric(verified).await - 1.0).abs() < f64::EPSILON);
    for seq in 1..5 {
        assert_eq!(push(&gateway, seq, u32::MAX).await.status, StatusCode::OK);
    }
    // One chance in a billion that one of those was compared as well.
    let accepted = [&trusted, &a, &b].map(|one| one.stats().segments_accepted);
    assert!(accepted == [1, 5, 1] || accepted == [1, 1, 5], "{accepted:?}");

    let dir = gateway.stop().await;
    let rows = comparisons(&dir);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["result"] == "pass" && row["selected_by"] == "random"));
    let jobs = read_table(dir.path(), "jobs-");
    let first: Vec<_> = jobs.iter().filter(|job| job["job_id"] == rows[0]["job_id"]).collect();
    let numbers: HashSet<_> = first.iter().map(|job| job["attempt_index"].to_string()).collect();
    assert_eq!((first.len(), numbers.len()), (3, 3), "one row for each attempt: {first:?}");
    assert!(first.iter().all(|job| job["outcome"] == "ok"));
    assert_eq!(first.iter().filter(|job| job["is_final"] == true).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_segment_is_compared_where_the_client_asks_for_each() {
    let (trusted, a, b) = (orchestrator().await, orchestrator().await, orchestrator().await);
    let gateway = vouched(&[(&trusted, 1.0), (&a, 0.0), (&b, 0.5)]).await;
    for seq in 0..4 {
        assert_eq!(push(&gateway, seq, 1).await.status, StatusCode::OK);
    }
    compared(&gateway, &[&a, &b], 4.0).await;
    assert_eq!([&trusted, &a, &b].map(|one| one.stats().segments_accepted), [4, 4, 4]);
    assert_eq!([&trusted, &a, &b].map(|one| one.stats().open_sessions), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_differs_from_the_trusted_one_is_found_and_left() {
    let (trusted, liar, b) = (orchestrator().await, orchestrator().await, orchestrator().await);
    liar.inject(SegmentFault::OtherHash, Times::Always);
    let gateway = vouched(&[(&trusted, 1.0), (&liar, 0.0), (&b, 0.0)]).await;
    assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
    compared(&gateway, &[&liar, &b], 1.0).await;
    for seq in 1..4 {
        assert_eq!(push(&gateway, seq, 1).await.status, StatusCode::OK);
    }
    compared(&gateway, &[&b], 4.0).await;
    assert!((failed(&gateway, &liar).await - 1.0).abs() < f64::EPSILON);
    assert!(failed(&gateway, &b).await < 0.5);
    assert_eq!(liar.stats().segments_accepted, 1, "it gets nothing more of this stream");
    liar.wait_for(|stats| stats.sessions_ended == 1).await.expect("its session is ended");
    let dir = gateway.stop().await;
    let rows = comparisons(&dir);
    let doubtful = rows.iter().filter(|row| row["result"] == "inconclusive").count();
    assert_eq!((rows.len(), doubtful), (5, 1), "a hash alone proves nothing: {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_differs_works_on_where_nobody_else_is_left() {
    let (trusted, liar) = (orchestrator().await, orchestrator().await);
    liar.inject(SegmentFault::OtherHash, Times::Always);
    let gateway = vouched(&[(&trusted, 1.0), (&liar, 0.0)]).await;
    assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
    compared(&gateway, &[&liar], 1.0).await;
    trusted.inject(SegmentFault::Capped, Times::Always);
    assert_eq!(push(&gateway, 1, 1).await.status, StatusCode::OK);
    assert_eq!(liar.stats().segments_accepted, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_trusted_one_others_deliver_and_nobody_is_blamed() {
    let (trusted, a, b) = (orchestrator().await, orchestrator().await, orchestrator().await);
    trusted.inject(SegmentFault::DropBeforeHeaders, Times::Always);
    let gateway = vouched(&[(&trusted, 1.0), (&a, 0.0), (&b, 0.0)]).await;
    let pushed = push(&gateway, 0, 1).await;
    assert_eq!((pushed.status, pushed.parts().await.len()), (StatusCode::OK, 2));
    assert!(failed(&gateway, &a).await + failed(&gateway, &b).await < 0.5);
    let dir = gateway.stop().await;
    assert_eq!(comparisons(&dir), Vec::<Value>::new(), "there is nothing to compare with");
    let jobs = read_table(dir.path(), "jobs-");
    let outcomes: Vec<_> = jobs.iter().filter(|job| job["outcome"] == "ok").collect();
    assert_eq!((jobs.len(), outcomes.len()), (3, 2), "{jobs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_one_that_hangs_holds_nobody_up_for_longer_than_a_segment_lasts() {
    let (trusted, a) = (orchestrator().await, orchestrator().await);
    trusted.inject(SegmentFault::HangInBody, Times::Always);
    let gateway = vouched(&[(&trusted, 1.0), (&a, 0.0)]).await;
    let pushed = push(&gateway, 0, 1).await;
    assert_eq!(pushed.status, StatusCode::OK);
    assert_eq!(trusted.stats().faults_struck(), 1, "it was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_is_missing_or_endless_costs_nobody_else_a_result() {
    for fault in [SegmentFault::NoHash, SegmentFault::EndlessHash] {
        let (trusted, bad, good) =
            (orchestrator().await, orchestrator().await, orchestrator().await);
        bad.inject(fault, Times::Always);
        let gateway = vouched(&[(&trusted, 1.0), (&bad, 0.0), (&good, 0.0)]).await;
        assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
        compared(&gateway, &[&bad, &good], 1.0).await;
        assert!((failed(&gateway, &bad).await - 1.0).abs() < f64::EPSILON);
        assert!(failed(&gateway, &good).await < 0.5);
        assert_eq!(push(&gateway, 1, 1).await.status, StatusCode::OK);
        assert_eq!(bad.stats().segments_accepted, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_one_without_hashes_accuses_nobody() {
    let (trusted, a) = (orchestrator().await, orchestrator().await);
    trusted.inject(SegmentFault::NoHash, Times::Always);
    let gateway = vouched(&[(&trusted, 1.0), (&a, 0.0)]).await;
    assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
    compared(&gateway, &[&a], 1.0).await;
    assert!(failed(&gateway, &a).await < 0.5);
    let dir = gateway.stop().await;
    let rows = comparisons(&dir);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["result"], "not_run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_the_operators_own_has_nobody_to_compare() {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    for seq in 0..3 {
        assert_eq!(push(&gateway, seq, 1).await.status, StatusCode::OK);
    }
    assert_eq!(a.stats().segments_accepted + b.stats().segments_accepted, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_no_hashes_is_not_asked_by_such_a_stream() {
    let plain = instant().capabilities((0..=12).chain([26])).start().await.expect("it starts");
    let gateway = Gateway::start(&[&plain]).await;
    assert_eq!(gateway.push("usual", 0).await.status, StatusCode::OK);
    assert_eq!(push(&gateway, 0, 1).await.reason(), "codec-not-supported");
}

/// A gateway that judges results itself as well.
async fn judging(list: &[(&Orchestrator, f64)], mode: VerificationMode) -> Gateway {
    vouched_and(list, |config| {
        config.verification.mode = mode;
        // Machines of tests are slow; nothing here is about time.
        config.verification.deadline = PATIENCE;
    })
    .await
}

async fn real() -> Orchestrator {
    Orchestrator::builder().start().await.expect("an orchestrator starts on a free port")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_hash_beside_a_damaged_result_buys_nothing() {
    let (trusted, cheat) = (real().await, real().await);
    cheat.inject(DownloadFault::Corrupt, Times::Always);
    let gateway = judging(&[(&trusted, 1.0), (&cheat, 0.0)], VerificationMode::Fast).await;
    assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
    compared(&gateway, &[&cheat], 1.0).await;
    let labels = format!("fverror_type=\"2\",orchestrator_uri=\"{}\"", host(&cheat));
    let video = gateway.metric(&format!("livepeer_fast_verification_failed{{{labels}}}")).await;
    assert!((video - 1.0).abs() < f64::EPSILON);
    let dir = gateway.stop().await;
    let jobs = read_table(dir.path(), "jobs-");
    let outcomes: HashSet<_> = jobs.iter().map(|job| job["outcome"].to_string()).collect();
    assert_eq!(outcomes, ["\"ok\"", "\"verification_failed\""].map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_hash_differs_has_its_pictures_looked_at_and_keeps_its_good_name_if_they_are_right() {
    let (trusted, odd) = (real().await, real().await);
    odd.inject(SegmentFault::OtherHash, Times::Always);
    let list = [(&trusted, 1.0), (&odd, 0.0)];
    let gateway = judging(&list, VerificationMode::FastAndFull).await;
    assert_eq!(push(&gateway, 0, 1).await.status, StatusCode::OK);
    compared(&gateway, &[&odd], 1.0).await;
    let audits = async {
        let series = "waymark_verify_total{reason=\"none\",tier=\"full\",verdict=\"accepted\"}";
        while gateway.metric(series).await < 2.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, audits).await.expect("both are audited");
    let states: HashSet<_> =
        gateway.context().trust.report().iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, HashSet::from(["new"]));
    let dir = gateway.stop().await;
    let mut audits = read_table(dir.path(), "verification-");
    audits.retain(|row| row["verify_mode"] == "full" && row["selected_by"] == "suspicion");
    assert_eq!(audits.len(), 1, "that of the one whose hash differs");
    assert_eq!(audits[0]["result"], "pass");
}

/// A verifier that remembers what it was asked and answers as it is told.
#[derive(Clone)]
struct Verifier {
    folder: PathBuf,
    seen: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

#[derive(Clone)]
enum Answer {
    Json(Value),
    Text(u16, String),
    Never,
}

impl Verifier {
    async fn start(folder: &TempDir, answers: Vec<Answer>) -> (Self, String) {
        let verifier = Self {
            folder: folder.path().to_owned(),
            seen: Arc::default(),
            answers: Arc::new(Mutex::new(answers)),
        };
        let router = Router::new().route("/verify", routing::post(Self::answer));
        let url = serve(router.with_state(verifier.clone())).await;
        (verifier, format!("{}/verify?key=hunter2", url.replace("http://", "http://me:hunter2@")))
    }

    async fn answer(State(this): State<Self>, Json(request): Json<Value>) -> Response<String> {
        let paths = request["renditions"].as_array().expect("a list").iter().map(|r| &r["uri"]);
        for path in paths.chain([&request["source"]]) {
            let path = path.as_str().expect("a path").strip_prefix("/stream/").expect("shared");
            assert!(std::fs::metadata(this.folder.join(path)).expect("a file").len() > 0);
        }
        this.seen.lock().push(request);
        let answer = {
            let mut answers = this.answers.lock();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        };
        let (status, text) = match answer {
            Answer::Json(value) => (200, value.to_string()),
            Answer::Text(status, text) => (status, text),
            Answer::Never => std::future::pending().await,
        };
        Response::builder().status(status).body(text).expect("a response")
    }
}

fn says(tamper: f64) -> Answer {
    let one = json!({"video_available": true, "audio_available": true, "audio_dist": 0.0,
        "pixels": 1, "tamper": tamper, "ocsvm_dist": 0.5});
    Answer::Json(json!({"source": "x", "results": [one, one]}))
}

/// A gateway with an external verifier, in front of these orchestrators.
async fn verified(orchestrators: &[&Orchestrator], url: &str, folder: PathBuf) -> Gateway {
    Gateway::with(orchestrators, &[], |config| {
        let url = url.parse().expect("a URL");
        let deadline = Duration::from_millis(1_000);
        config.verification.webhook = Some(VerifierWebhook { url, folder, deadline });
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_told_what_stock_gateways_tell_it_and_no_file_stays() {
    let shared = tempfile::tempdir().expect("a folder");
    let (verifier, url) = Verifier::start(&shared, vec![says(0.0)]).await;
    let orchestrator = orchestrator().await;
    let gateway = verified(&[&orchestrator], &url, shared.path().to_owned()).await;
    assert_eq!(gateway.push("verified", 0).await.status, StatusCode::OK);
    let seen = verifier.seen.lock().clone();
    let [request] = seen.as_slice() else { panic!("asked once: {seen:?}") };
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect();
    let keys: Vec<Vec<String>> = vec![keys(request), keys(&request["renditions"][0])];
    assert_eq!(
        keys,
        [
            vec!["orchestratorID", "renditions", "source"],
            vec!["frame_rate", "pixels", "resolution", "uri"]
        ]
    );
    assert_eq!(request["orchestratorID"], orchestrator.uri());
    assert_eq!(request["renditions"][0]["resolution"], json!({"width": 426, "height": 240}));
    assert!(request["renditions"][0]["uri"].as_str().expect("a path").ends_with("/P240p30fps16x9"));
    drop(gateway.stop().await);
    assert_eq!(std::fs::read_dir(shared.path()).expect("the folder").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_verifier_rejects_is_asked_of_another_and_costs_no_trust() {
    let shared = tempfile::tempdir().expect("a folder");
    let (_, url) = Verifier::start(&shared, vec![says(1.0), says(0.0)]).await;
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = verified(&[&a, &b], &url, shared.path().to_owned()).await;
    assert_eq!(gateway.push("verified", 0).await.status, StatusCode::OK);
    assert_eq!((a.stats().segments_accepted, b.stats().segments_accepted), (1, 1));
    assert!(gateway.context().trust.report().is_empty(), "nobody is accused");
    let jobs = gateway.records().await;
    let rows: Vec<_> = jobs.iter().map(|job| (&job["outcome"], &job["verify_result"])).collect();
    assert_eq!(
        rows,
        [(&json!("verification_failed"), &json!("fail")), (&json!("ok"), &json!("pass"))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_every_try_has_rejected_is_never_delivered() {
    let shared = tempfile::tempdir().expect("a folder");
    let (_, url) = Verifier::start(&shared, vec![says(1.0)]).await;
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = verified(&[&a, &b], &url, shared.path().to_owned()).await;
    let refused = gateway.push("verified", 0).await;
    assert_eq!(refused.reason(), "orchestrators-failed");
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(text.contains("the external verifier rejected the result: Tampered"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_is_silent_or_talks_nonsense_stops_no_stream() {
    let answers = [
        Answer::Never,
        Answer::Text(200, "[NaN]".to_owned()),
        Answer::Text(200, r#"{"results": []}"#.to_owned()),
        Answer::Text(503, String::new()),
        Answer::Text(200, " ".repeat(2 << 20)),
    ];
    let shared = tempfile::tempdir().expect("a folder");
    let orchestrator = orchestrator().await;
    for answer in answers {
        let (verifier, url) = Verifier::start(&shared, vec![answer]).await;
        let gateway = verified(&[&orchestrator], &url, shared.path().to_owned()).await;
        assert_eq!(gateway.push("verified", 0).await.status, StatusCode::OK);
        assert_eq!(verifier.seen.lock().len(), 1);
        let not_run = gateway.metric("waymark_verify_not_run_total{reason=\"stock.verifier\"}");
        assert!((not_run.await - 1.0).abs() < f64::EPSILON);
        drop(gateway.stop().await);
        assert_eq!(std::fs::read_dir(shared.path()).expect("the folder").count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_without_its_folder_stops_no_stream() {
    let shared = tempfile::tempdir().expect("a folder");
    let (verifier, url) = Verifier::start(&shared, vec![says(1.0)]).await;
    let orchestrator = orchestrator().await;
    let gateway = verified(&[&orchestrator], &url, shared.path().join("nowhere")).await;
    assert_eq!(gateway.push("verified", 0).await.status, StatusCode::OK);
    assert!(verifier.seen.lock().is_empty());
}
