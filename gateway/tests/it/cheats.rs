//! A network of honest and cheating orchestrators under one gateway: what viewers see of it, what it
//! costs the cheats, and what is left to show to others.

use alloy_primitives::{Address, hex, keccak256};
use bytes::Bytes;
use serde_json::{Value, json};
use waymark::{config::VerificationMode, verify::trust::Trust};
use waymark_testkit::{Orchestrator, Transcoding, attack::Attack, corpus};
use waymark_verification::{
    check::signature::signed_message,
    signature::recover,
    trust::{Consequence, Finding, Sign, State},
};

use crate::{
    harness::{Gateway, PATIENCE, answer, read_table},
    process::waymark,
};

const PROFILE: &str = "P144p30fps16x9";
/// The tag and the kind of rendition that the streams here have.
const WORK: (&str, &str) = ("transcode/live/abr", "240p");
/// Far more pushes than any of this takes: who failed is left alone for some seconds before it is asked
/// again.
const MANY: usize = 3_000;

async fn honest() -> Orchestrator {
    Orchestrator::builder().max_sessions(5000).start().await.expect("it starts")
}

async fn cheat(attack: Attack) -> Orchestrator {
    Orchestrator::builder().max_sessions(5000).attack(attack).start().await.expect("it starts")
}

/// A gateway as it is shipped, but for deadlines: machines of tests are slow.
async fn gateway(orchestrators: &[&Orchestrator]) -> Gateway {
    Gateway::with(
        orchestrators,
        &["-transcodingOptions", PROFILE, "-maxAttempts", "20", "-maxSessions", "5000"],
        |config| {
            config.verification.mode = VerificationMode::FastAndFull;
            config.verification.deadline = PATIENCE;
            config.verification.worker_deadline = PATIENCE;
            // Suspects are asked often enough to be done with soon.
            config.trust.look_percent = 50;
        },
    )
    .await
}

fn state(gateway: &Gateway, orchestrator: &Orchestrator) -> Option<State> {
    let nodes = gateway.context().directory.nodes();
    let node = nodes.iter().find(|node| orchestrator.uri().ends_with(node.host()))?;
    let out = gateway.context().trust.out(node).is_some();
    let standing = gateway.context().trust.of_nodes(&nodes);
    Some(if out { State::Out } else { standing.get(&node.id().to_string())?.state })
}

fn is_out(gateway: &Gateway, orchestrator: &Orchestrator) -> bool {
    state(gateway, orchestrator) == Some(State::Out)
}

/// Until every audit that was begun is over.
async fn audited(gateway: &Gateway) {
    while gateway.metric("waymark_verify_audits").await > 0.5 {}
}

/// Segments that viewers got from each, in the order of these.
fn delivered_by(jobs: &[Value], orchestrators: &[Orchestrator]) -> Vec<usize> {
    let by = |orchestrator: &Orchestrator| {
        let address = orchestrator.address().to_string().to_lowercase();
        let served = |job: &&Value| job["outcome"] == "ok" && job["orchestrator"] == address;
        jobs.iter().filter(served).count()
    };
    orchestrators.iter().map(by).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn total_cheats_are_out_every_bad_segment_counts_and_honest_ones_keep_their_share() {
    let mut cheats = Vec::new();
    for attack in [
        Attack::SourcePassthrough,
        Attack::HalfRate,
        Attack::Black,
        Attack::OtherStream,
        Attack::Mirrored,
        Attack::Frozen,
        Attack::BlackHalf,
        Attack::InflatedClaim,
        Attack::OtherSound,
        Attack::DecoderBomb,
        Attack::BadSignature,
    ] {
        cheats.push(cheat(attack).await);
    }
    let others = [honest().await, honest().await];
    let all: Vec<&Orchestrator> = cheats.iter().chain(&others).collect();
    let gateway = gateway(&all).await;

    let mut pushed = 0;
    while !cheats.iter().all(|cheat| is_out(&gateway, cheat)) {
        assert!(
            pushed < MANY,
            "still in: {:?}",
            cheats.iter().map(|c| state(&gateway, c)).collect::<Vec<_>>()
        );
        // A stream of its own each time, so that everybody is asked.
        let answer = gateway.push(&format!("stream-{pushed}"), pushed).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        pushed += 1;
        // How many more a cheat serves while its first is audited is a matter of the machine.
        audited(&gateway).await;
    }
    for more in 0..24 {
        let answer = gateway.push(&format!("after-{more}"), more).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    audited(&gateway).await;
    let counted = gateway.metric("waymark_bad_segments_published_total").await;
    for other in &others {
        let state = state(&gateway, other);
        assert!(matches!(state, Some(State::New | State::Probation | State::Trusted)), "{state:?}");
    }
    let jobs = gateway.records().await;
    let bad: usize = delivered_by(&jobs, &cheats).iter().sum();
    assert_eq!(counted.to_string(), bad.to_string(), "every bad segment is counted");
    // Everybody is audited in full at first: one result each that passed the fast checks.
    assert!(bad <= cheats.len(), "{bad} of {pushed}");
    let shares = delivered_by(&jobs, &others);
    assert_eq!(shares.iter().sum::<usize>(), pushed + 24 - bad);
    assert!(shares.iter().all(|share| *share >= 3), "{shares:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_trusted_and_begins_to_cheat_is_found_within_what_the_rate_of_audits_promises() {
    // Nothing that parsing or key pictures see for sure.
    let cheat = cheat(Attack::Splice).await;
    let gateway = gateway(&[&cheat]).await;
    let trust = &gateway.context().trust;
    let nodes = gateway.context().directory.nodes();
    let clean = Finding { sign: Sign::Clean, consequence: Consequence::Exclude, why: "audit" };
    let identity = Trust::identity(&nodes[0], Some(cheat.address()));
    for _ in 0..80 {
        trust.observe(&identity, WORK.0, WORK.1, &clean);
    }
    assert_eq!(trust.standing(&identity, WORK.0, [WORK.1]).state, State::Trusted);

    let mut pushed = 0;
    while !is_out(&gateway, &cheat) {
        // One in twenty is audited, and few audits miss: 5 in 100,000 honest runs of this get here.
        assert!(pushed < 200, "still in");
        let answer = gateway.push("stream", pushed).await;
        assert!(answer.status == 200 || is_out(&gateway, &cheat), "{answer:?}");
        pushed += 1;
    }
    audited(&gateway).await;
    assert_eq!(gateway.push("stream", pushed).await.reason(), "no-orchestrator");
    assert!(gateway.metric("waymark_bad_segments_published_total").await > 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_picture_of_a_speaker_who_hardly_moves_is_noticed() {
    let cheat = cheat(Attack::Stale).await;
    let gateway = gateway(&[&cheat]).await;
    let clip = corpus::clip("speaker").unwrap();
    for (path, body) in [("/live/talk/0.ts", &clip.previous), ("/live/talk/1.ts", &clip.segment)] {
        assert_eq!(answer(gateway.pushing(path, body.clone())).await.status, 200);
    }
    audited(&gateway).await;
    let dir = gateway.stop().await;
    let runs = read_table(dir.path(), "verification-");
    let fast = |run: &&Value| run["verify_mode"] == "fast";
    let told: Vec<_> =
        runs.iter().filter(fast).map(|run| (&run["result"], &run["reason"])).collect();
    // All its pictures are looked at before a viewer gets it, and our own encoding is better by far; asked again, it has
    // nothing older to show.
    let [first, old, again] = told.as_slice() else { panic!("{runs:#?}") };
    assert_eq!(*first, (&json!("pass"), &Value::Null));
    assert_eq!(*old, (&json!("fail"), &json!("quality")));
    assert_eq!(*again, (&json!("pass"), &Value::Null));
}

/// A source or an answer of the stock node's that `verification/tests/refresh` describes.
fn refresh(name: &str) -> Bytes {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../verification/tests/refresh");
    std::fs::read(format!("{folder}/{name}")).expect("a recorded file").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_picture_where_a_refresh_hardly_ends_is_not_to_blame_and_anywhere_else_is() {
    let empty = Transcoding::Fixed(vec![refresh("empty.ts")]);
    let node = Orchestrator::builder().transcoding(empty).start().await.expect("it starts");
    let gateway = gateway(&[&node]).await;
    // It bills by what it is told of the duration: here no more than the one picture that decodes.
    let lean = gateway.pushing("/live/lean/0.ts", refresh("refresh43b2_1.ts"));
    let pushed = answer(lean.header("Content-Duration", "33")).await;
    assert_eq!((pushed.status.as_u16(), pushed.reason().as_str()), (422, "no-decodable-frame"));
    assert_eq!(state(&gateway, &node), Some(State::New));

    let pushed = answer(gateway.pushing("/live/whole/0.ts", refresh("refresh45b2_0.ts"))).await;
    assert_eq!((pushed.status.as_u16(), pushed.reason().as_str()), (503, "orchestrators-failed"));
    assert!(is_out(&gateway, &node));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_leaves_evidence_that_anybody_can_check() {
    let (cheat, other) = (cheat(Attack::OtherSound).await, honest().await);
    let gateway = gateway(&[&cheat, &other]).await;
    let mut pushed = 0;
    while !is_out(&gateway, &cheat) {
        assert_eq!(gateway.push(&format!("stream-{pushed}"), pushed).await.status, 200);
        pushed += 1;
    }
    let dir = gateway.stop().await;
    let data = format!("data_dir={}", dir.path().display());
    let listed = waymark(&["evidence", "list", "--json", "--set", &data]).output().await.unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("one bundle");
    let id = listed["id"].as_str().unwrap();
    let archive = dir.path().join("bundle.tar");
    let out = archive.to_str().unwrap();
    let exported = waymark(&["evidence", "export", id, "--out", out, "--set", &data]);
    let exported = { exported }.output().await.unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    tar::Archive::new(std::fs::File::open(&archive).unwrap()).unpack(dir.path()).unwrap();
    let bundle = dir.path().join(id);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(bundle.join("manifest.json")).unwrap()).unwrap();
    let text = |at: &str| manifest.pointer(at).and_then(Value::as_str).unwrap().to_owned();

    // The orchestrator stands by these bytes, and by this source.
    let rendition = std::fs::read(bundle.join("rendition-0.bin")).unwrap();
    let signature = hex::decode(text("/signature")).unwrap();
    let signer = recover(&signed_message(&[keccak256(&rendition)]), &signature).unwrap();
    assert_eq!(signer, cheat.address());
    assert_eq!(text("/orchestrator/signer").parse::<Address>().unwrap(), signer);
    let digest = text("/receipt/digest").parse().unwrap();
    let receipt = hex::decode(text("/receipt/signature")).unwrap();
    assert_eq!(waymark_verification::signature::recover_digest(&digest, &receipt).unwrap(), signer);

    // Somebody else comes to the same verdict.
    let (source, rendition) = (bundle.join("source.bin"), bundle.join("rendition-0.bin"));
    let (source, rendition) = (source.to_str().unwrap(), rendition.to_str().unwrap());
    let profile = r#"{"width": 256, "height": 144, "bitrate": 400000, "fps": 30}"#;
    let again = waymark(&["verify", source, rendition, "--profile", profile, "--json"]);
    let again = { again }.output().await.unwrap();
    assert_eq!(again.status.code(), Some(4), "{}", String::from_utf8_lossy(&again.stdout));
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    let failed = |verdict: &Value| -> Vec<String> {
        let checks = verdict["checks"].as_array().unwrap().iter();
        checks.filter(|c| c["ok"] == false).map(|c| c["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(failed(&again), failed(&manifest["renditions"][0]["judged"]));
    assert!(failed(&again).contains(&"F11.audio".to_owned()));
}
