//! Renditions in doubt are held against our own encoding, by the program's own workers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::{path::PathBuf, sync::LazyLock};

use bytes::Bytes;
use serde_json::{Value, json};
use waymark::{
    lifecycle::Tasks,
    verify::{
        judge::{Judge, Judged, Returned, Shown, Source},
        worker::{Pool, PoolSettings, Program, Urgency, child::Bounds},
    },
};
use waymark_media::Target;
use waymark_testkit::{
    attack::{Attack, Scene},
    corpus,
};
use waymark_verification::{
    Check, Decision, Outcome, Tier, Verdict, draw::Choice, expect::Wanted, full::confirmed,
    thresholds::Thresholds,
};

use crate::{harness::PATIENCE, process::waymark};

/// A source, what was asked for, and two renditions of it.
struct Case {
    source: Bytes,
    target: Target,
    honest: Bytes,
    blurred: Bytes,
}

static CASE: LazyLock<Case> = LazyLock::new(|| {
    let clip = corpus::clip("speaker").unwrap();
    let other = corpus::other(&clip).unwrap();
    let scene = Scene::open(&clip.segment, &other.segment, None).unwrap();
    let target = Target::new(320, 180, 230_000);
    let forged = scene.forge(Attack::Blurred, &target).unwrap().unwrap();
    Case {
        source: clip.segment.clone(),
        honest: scene.honest_file(&target).unwrap(),
        blurred: forged.bytes,
        target,
    }
});

fn judge(tasks: &Tasks, thresholds: Thresholds) -> Judge {
    let bounds = Bounds { memory: 2 << 30, file: 50_000_000 };
    let program = Program { path: env!("CARGO_BIN_EXE_waymark").into(), bounds };
    let settings = PoolSettings { program, workers: 1, queue: 8, deadline: PATIENCE };
    Judge::new(Some(Pool::start(settings, tasks)), thresholds, PATIENCE)
}

async fn fast(judge: &Judge, source: &Source, wanted: &Wanted, body: &Bytes) -> Judged {
    judge
        .fast(source, Returned { wanted, body, claimed: None, usual_bytes: None, earlier: &[] })
        .await
}

/// The verdicts of all tiers on renditions of one source, judged together.
async fn all_tiers(thresholds: Thresholds, wanted: &Wanted, bodies: &[&Bytes]) -> Vec<Verdict> {
    let tasks = Tasks::default();
    let judge = judge(&tasks, thresholds);
    let source = judge.source(CASE.source.clone()).await.unwrap();
    let mut judged = Vec::new();
    for body in bodies {
        judged.push(fast(&judge, &source, wanted, body).await);
    }
    let shown = bodies.iter().zip(&judged).map(|(body, judged)| Shown { wanted, body, judged });
    let draw = Choice::new(&[7; 32], "job", 0, b"output");
    let shown: Vec<_> = shown.collect();
    let found = judge.full(&source, &shown, &draw, Urgency::Stream).await;
    tasks.stop_services().await;
    found.unwrap().0
}

/// The checks beside our own encoding.
fn disputed(verdict: &Verdict) -> Vec<&Check> {
    verdict.checks().iter().filter(|check| check.tier == Tier::Reference).collect()
}

#[tokio::test]
async fn a_blurred_rendition_is_confirmed_and_the_honest_one_beside_it_needs_no_dispute() {
    let wanted = Wanted::from(&CASE.target);
    let bodies = [&CASE.blurred, &CASE.honest];
    let verdicts = all_tiers(Thresholds::default(), &wanted, &bodies).await;
    let [blurred, honest] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!(blurred.decision(), Decision::Refused, "{blurred}");
    assert!(confirmed(blurred), "{blurred}");
    assert_eq!(blurred.outcome_of("C.quality"), Outcome::Fail, "{blurred}");
    assert_eq!(honest.decision(), Decision::Accepted, "{honest}");
    assert!(disputed(honest).is_empty(), "{honest:?}");
}

#[tokio::test]
async fn what_our_own_encoding_misses_as_well_is_cleared() {
    let mut thresholds = Thresholds::default();
    // As if sources were harder: no encoder keeps every block within an eighth of a step.
    thresholds.full.pbk = 0.125;
    thresholds.full.fbk = 0.125;
    let wanted = Wanted::from(&CASE.target);
    let [honest] = all_tiers(thresholds, &wanted, &[&CASE.honest]).await.try_into().unwrap();
    assert!(honest.failures().any(|check| check.id == "A.fbk"), "it was in doubt: {honest}");
    assert!(!disputed(&honest).is_empty(), "{honest:?}");
    assert!(!confirmed(&honest), "{honest}");
    assert_eq!(honest.decision(), Decision::Accepted, "{honest}");
}

#[tokio::test]
async fn where_nothing_says_how_good_it_must_be_nothing_is_confirmed_and_nothing_cleared() {
    let wanted = Wanted { bitrate: 0, ..Wanted::from(&CASE.target) };
    let [blurred] =
        all_tiers(Thresholds::default(), &wanted, &[&CASE.blurred]).await.try_into().unwrap();
    assert_eq!(blurred.decision(), Decision::Soft, "{blurred}");
    let [quality] = disputed(&blurred).try_into().unwrap();
    assert_eq!((quality.id, quality.outcome), ("C.quality", Outcome::NotRun));
    assert_eq!(quality.to_string(), "no bit rate and no quality was asked for");
}

fn written(dir: &tempfile::TempDir, name: &str, bytes: &Bytes) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn the_command_line_disputes_as_the_gateway_does() {
    let dir = tempfile::tempdir().unwrap();
    let source = written(&dir, "source.ts", &CASE.source);
    let profile = json!({"width": 320, "height": 180, "bitrate": 230_000}).to_string();
    let mut codes = Vec::new();
    for (name, bytes) in [("honest.ts", &CASE.honest), ("blurred.ts", &CASE.blurred)] {
        let rendition = written(&dir, name, bytes);
        let (source, rendition) = (source.to_str().unwrap(), rendition.to_str().unwrap());
        let arguments = ["verify", source, rendition, "--profile", &profile, "--full", "--json"];
        let output = waymark(&arguments).output().await.unwrap();
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        codes.push((output.status.code(), verdict["verdict"].as_str().map(str::to_owned)));
    }
    let said = |code, word: &str| (Some(code), Some(word.to_owned()));
    assert_eq!(codes, [said(0, "accepted"), said(4, "refused")]);
}
