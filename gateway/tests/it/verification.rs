//! Results are judged: on the command line, on the path, and by workers that may die.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use waymark::{
    config::VerificationMode,
    lifecycle::Tasks,
    verify::{
        judge::{Judge, Keys, Returned},
        worker::{
            Pool, PoolSettings, Program, Urgency, WorkError,
            child::Bounds,
            protocol::{Measured, Task},
            sandbox::Enforced,
        },
    },
};
use waymark_media::{Container, H264Profile, Target, pixels::Lattice};
use waymark_testkit::{DownloadFault, Orchestrator, Times};
use waymark_verification::{
    Check, Outcome,
    expect::{Expectation, Wanted},
    thresholds::Thresholds,
};

use crate::{
    harness::{Gateway, PATIENCE, read_table, segment},
    process::waymark,
};

/// A recorded source or rendition.
fn recorded(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../verification/tests/renditions", name].iter().collect()
}

fn index() -> Value {
    let text = std::fs::read_to_string(recorded("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What `waymark verify` says: exit code, standard output, standard error.
async fn verify(arguments: &[&str]) -> (i32, String, String) {
    let mut all = vec!["verify"];
    all.extend(arguments);
    let output = waymark(&all).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// As one finds them in a directory of recordings: source, rendition, profile.
fn cases() -> Vec<(String, String, Value)> {
    let index = index();
    let mut cases = Vec::new();
    for segment in index["segments"].as_array().unwrap() {
        let profiles = &index["profiles"][segment["profile_set"].as_str().unwrap()];
        let source = segment["source"]["file"].as_str().unwrap();
        for rendition in segment["renditions"].as_array().unwrap() {
            let name =
                rendition["profile"].as_str().or_else(|| rendition["name"].as_str()).unwrap();
            let profiles = profiles.as_array().unwrap();
            let profile = profiles.iter().find(|p| p["name"] == name).unwrap();
            let file = rendition["file"].as_str().unwrap();
            cases.push((source.to_owned(), file.to_owned(), profile.clone()));
        }
    }
    cases
}

#[tokio::test]
async fn what_a_stock_orchestrator_returned_is_accepted_with_its_profile() {
    let cases = cases();
    assert_eq!(cases.len(), 168);
    // Every eighth: all of them are judged by the tests of the crate itself.
    for (source, rendition, profile) in cases.iter().step_by(8) {
        let (source, file) = (recorded(source), recorded(rendition));
        let arguments = [
            source.to_str().unwrap(),
            file.to_str().unwrap(),
            "--profile",
            &profile.to_string(),
            "--json",
        ];
        let (code, out, err) = verify(&arguments).await;
        let verdict: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        assert_eq!((code, &verdict["verdict"]), (0, &json!("accepted")), "{rendition}: {out}");
        for check in verdict["checks"].as_array().unwrap() {
            let mut keys: Vec<_> = check.as_object().unwrap().keys().collect();
            keys.retain(|key| *key != "detail");
            assert_eq!(keys, ["id", "kind", "ok", "threshold", "tier", "value"]);
        }
    }
}

#[tokio::test]
async fn another_segment_is_refused_and_the_exit_code_says_so() {
    let profile = json!({"width": 320, "height": 180, "bitrate": 210_000}).to_string();
    let (source, rendition) =
        (recorded("pattern_360p30_0.ts"), recorded("bars_mp3_360p30_0.high180.ts"));
    let (source, rendition) = (source.to_str().unwrap(), rendition.to_str().unwrap());
    let (code, out, _) = verify(&[source, rendition, "--profile", &profile]).await;
    assert_eq!(code, 4, "{out}");
    assert!(out.starts_with("refused\n"), "{out}");
    assert!(out.contains("F11.audio"), "{out}");
}

#[tokio::test]
async fn all_pictures_are_compared_on_request() {
    let (source, rendition) =
        (recorded("pattern_360p30_0.ts"), recorded("pattern_360p30_0.high180.ts"));
    let (source, rendition) = (source.to_str().unwrap(), rendition.to_str().unwrap());
    let profile = json!({"width": 320, "height": 180, "bitrate": 210_000}).to_string();
    let arguments = [source, rendition, "--profile", &profile, "--full", "--json"];
    let (code, out, err) = verify(&arguments).await;
    assert_eq!(code, 0, "{out}{err}");
    let verdict: Value = serde_json::from_str(&out).unwrap();
    let of = |id: &str| {
        let checks = verdict["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).cloned().unwrap_or_default()
    };
    assert_eq!(of("A.decode")["ok"], true, "{out}");
    assert_eq!(of("A.pbk")["ok"], true, "{out}");
    assert!(of("B.ssim")["value"].as_f64().unwrap() > 0.9, "{out}");
}

#[tokio::test]
async fn what_cannot_be_judged_says_what_to_do() {
    let rendition = recorded("pattern_360p30_0.high180.ts");
    let rendition = rendition.to_str().unwrap();
    let (code, _, err) = verify(&["/nowhere.ts", rendition]).await;
    assert_eq!(code, 2);
    assert!(err.contains("/nowhere.ts") && err.contains("the segment that was sent"), "{err}");
    let (code, _, err) = verify(&[recorded("README.md").to_str().unwrap(), rendition]).await;
    assert_eq!(code, 2);
    assert!(err.contains("neither MPEG-TS packets nor MP4 boxes"), "{err}");
    let (code, _, err) = verify(&[rendition, rendition, "--profile", "{\"width\":}"]).await;
    assert_eq!(code, 64);
    assert!(err.contains("is not JSON"), "{err}");
}

/// One worker of the program itself.
fn pool(tasks: &Tasks, workers: usize, queue: usize, deadline: Duration) -> Pool {
    let bounds = Bounds { memory: 2 << 30, file: 50_000_000 };
    let program = Program { path: env!("CARGO_BIN_EXE_waymark").into(), bounds };
    Pool::start(PoolSettings { program, workers, queue, deadline }, tasks)
}

const KEYS: Task = Task::KeyGrids { container: Container::MpegTs, lattice: Lattice::FINE, most: 4 };

async fn keys(pool: &Pool, file: Bytes) -> Result<usize, WorkError> {
    let mut pending = pool.ask(Urgency::Stream, KEYS, vec![file])?;
    match pending.done().await?.measured {
        Measured::Grids(pictures) => {
            let grids = waymark_media::pixels::Grids::try_from(pictures).unwrap();
            assert_eq!(grids.lattice, Lattice::FINE);
            Ok(grids.frames.len())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_worker_is_confined_before_it_decodes() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, PATIENCE);
    assert_eq!(keys(&pool, segment(0)).await, Ok(1));
    let status = pool.status();
    let confinement = status.confinement.expect("a worker came up");
    assert!(confinement.limits && confinement.seccomp, "{confinement}");
    // Not every kernel has landlock; what it forbids, the other two forbid as well.
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let landlock = modules.trim().split(',').any(|module| module == "landlock");
    assert_eq!(confinement.is_complete(), landlock || confinement.landlock != Enforced::Not);
    let [process] = status.processes.as_slice() else { panic!("{status:?}") };
    let stat = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let field = |name: &str| stat.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim();
    assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), ("1", "2"));
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    for name in ["Max file size", "Max core file size"] {
        let line = limits.lines().find(|l| l.starts_with(name)).unwrap();
        assert!(line.contains(" 0 "), "{line}");
    }
    tasks.stop_services().await;
}

#[tokio::test]
async fn files_that_are_no_media_end_no_worker() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, PATIENCE);
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let mut damaged = segment(1).to_vec();
    damaged.iter_mut().skip(3000).step_by(97).for_each(|byte| *byte ^= 0x5a);
    for file in [Vec::new(), noise, damaged, segment(2)[..5000].to_vec()] {
        // Whatever comes of it, the next one is measured.
        keys(&pool, file.into()).await.ok();
        assert_eq!(keys(&pool, segment(0)).await, Ok(1));
    }
    assert_eq!(pool.status().lost, 0);
    tasks.stop_services().await;
}

/// A rendition of which nothing else is known.
const fn returned<'a>(wanted: &'a Wanted, body: &'a Bytes) -> Returned<'a> {
    Returned { wanted, body, claimed: None, usual_bytes: None, earlier: &[] }
}

#[tokio::test]
async fn of_a_source_the_first_key_picture_is_enough_unless_a_rendition_shows_another() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, PATIENCE);
    let judge = Judge::new(Some(pool.clone()), Thresholds::default(), PATIENCE);
    let file = |name: &str| Bytes::from(std::fs::read(recorded(name)).unwrap());
    // Both sources have a second key picture; one of the renditions has one there as well.
    let one = Target { fps: Some((60, 1)), ..Target::new(256, 144, 180_000) };
    let cases = [
        ("noise_240p30_2.ts", "noise_240p30_2.high144_60.ts", one, 2),
        (
            "gradient_352p23976_1.ts",
            "gradient_352p23976_1.high180.ts",
            Target::new(320, 180, 210_000),
            3,
        ),
    ];
    for (source, rendition, target, measurements) in cases {
        let before = pool.status().served;
        let source = judge.source(file(source)).await.unwrap();
        let (wanted, body) = (Wanted::from(&target), file(rendition));
        let lattice =
            Expectation::within(source.scan(), &wanted, &judge.thresholds().expected).lattice;
        assert_eq!(judge.keys(&source, lattice, Keys::First).await.unwrap().frames.len(), 1);
        let judged = judge.fast(&source, returned(&wanted, &body)).await;
        let same = |check: &&Check| check.id == "F14.luma_mean" && check.outcome == Outcome::Pass;
        assert!(
            judged.verdict.checks().iter().any(|check| same(&check)),
            "{rendition}: {judged:?}"
        );
        assert_eq!(pool.status().served - before, measurements, "{rendition}");
    }
    tasks.stop_services().await;
}

#[tokio::test]
async fn without_key_pictures_the_first_that_a_refresh_makes_right_is_compared() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, PATIENCE);
    let judge = Judge::new(Some(pool), Thresholds::default(), PATIENCE);
    let file = |name: &str| Bytes::from(std::fs::read(recorded("../refresh").join(name)).unwrap());
    let main = Target {
        fps: Some((30, 1)),
        h264_profile: Some(H264Profile::Main),
        ..Target::new(256, 144, 140_000)
    };
    let cases = [
        ("refresh45b2_2.ts", "refresh45b2_2.main144_30.ts", main),
        ("refresh30b0_1.ts", "refresh30b0_1.high90.ts", Target::new(160, 90, 90_000)),
    ];
    for (source, rendition, target) in cases {
        let source = judge.source(file(source)).await.unwrap();
        let (wanted, body) = (Wanted::from(&target), file(rendition));
        let judged = judge.fast(&source, returned(&wanted, &body)).await;
        let compared = judged.verdict.checks().iter().filter(|check| check.id.starts_with("F14"));
        let outcomes: Vec<_> = compared.map(|check| check.outcome).collect();
        assert_eq!(outcomes, [Outcome::Pass; 5], "{rendition}: {judged:?}");
    }
    tasks.stop_services().await;
}

#[tokio::test]
async fn whether_a_source_shows_anything_is_told_by_decoding_it() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, PATIENCE);
    let judge = Judge::new(Some(pool), Thresholds::default(), PATIENCE);
    let nobody = Judge::new(None, Thresholds::default(), PATIENCE);
    for (file, told) in [("refresh45b2_2.ts", true), ("empty.ts", false)] {
        let file = std::fs::read(recorded("../refresh").join(file)).unwrap();
        let source = judge.source(file.into()).await.unwrap();
        assert_eq!(judge.shows(&source).await, Some(told));
        assert_eq!(nobody.shows(&source).await, None);
    }
    tasks.stop_services().await;
}

fn signal(process: u32, signal: rustix::process::Signal) {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

#[tokio::test]
async fn a_worker_that_stands_still_or_is_killed_is_replaced_and_no_file_is_blamed() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 4, Duration::from_millis(300));
    assert_eq!(keys(&pool, segment(0)).await, Ok(1));
    let first = pool.status().processes[0];
    signal(first, rustix::process::Signal::STOP);
    // The second worker has it.
    assert_eq!(keys(&pool, segment(1)).await, Ok(1));
    let second = pool.status().processes[0];
    assert_ne!(first, second);
    signal(second, rustix::process::Signal::KILL);
    assert_eq!(keys(&pool, segment(2)).await, Ok(1));
    assert_eq!(pool.status().lost, 2);
    tasks.stop_services().await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let tasks = Tasks::default();
    let pool = pool(&tasks, 1, 2, PATIENCE);
    assert_eq!(keys(&pool, segment(0)).await, Ok(1));
    let process = pool.status().processes[0];
    signal(process, rustix::process::Signal::STOP);
    let ask = || pool.ask(Urgency::Background, KEYS, vec![segment(0)]);
    let mut waiting = Vec::new();
    let refused = loop {
        match ask() {
            Ok(pending) => waiting.push(pending),
            Err(error) => break error,
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(refused, WorkError::Full { waiting: 2 });
    assert_eq!(pool.status().refused, 1);
    signal(process, rustix::process::Signal::CONT);
    for pending in &mut waiting {
        assert!(pending.done().await.is_ok());
    }
    tasks.stop_services().await;
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_no_worker() {
    let tasks = Tasks::default();
    let program =
        Program { path: "/bin/true".into(), bounds: Bounds { memory: 1 << 30, file: 1000 } };
    let settings = PoolSettings { program, workers: 1, queue: 2, deadline: PATIENCE };
    let pool = Pool::start(settings, &tasks);
    let error = keys(&pool, segment(0)).await.unwrap_err();
    assert!(error.to_string().contains("/bin/true is no worker"), "{error}");
    assert!(!error.is_the_files_fault());
    tasks.stop_services().await;
}

/// A gateway that judges what it gets.
async fn judging(orchestrators: &[&Orchestrator]) -> Gateway {
    Gateway::with(orchestrators, &["-transcodingOptions", "P144p30fps16x9"], |config| {
        config.verification.mode = VerificationMode::Fast;
        // Machines of tests are slow; nothing here is about time.
        config.verification.deadline = PATIENCE;
    })
    .await
}

#[tokio::test]
async fn honest_work_is_judged_and_accepted() {
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    let gateway = judging(&[&orchestrator]).await;
    for seq in 0..3 {
        assert_eq!(gateway.push("honest", seq).await.status, 200);
    }
    let rows =
        gateway.metric("waymark_verify_total{reason=\"none\",tier=\"fast\",verdict=\"accepted\"}");
    assert!((rows.await - 3.0).abs() < f64::EPSILON);
    let claimed = gateway.metric("waymark_verify_pixels_total{kind=\"claimed\"}").await;
    let owed = gateway.metric("waymark_verify_pixels_total{kind=\"owed\"}").await;
    assert!(claimed > 0.0 && (claimed - owed).abs() < f64::EPSILON);
    let dir = gateway.stop().await;
    let runs = read_table(dir.path(), "verification-");
    assert_eq!(runs.len(), 3);
    let jobs = read_table(dir.path(), "jobs-");
    for (job, run) in jobs.iter().zip(&runs) {
        assert_eq!((&run["result"], &run["selected_by"]), (&json!("pass"), &json!("all")));
        assert_eq!((&job["job_id"], &job["verify_result"]), (&run["job_id"], &json!("pass")));
        assert_eq!(job["verify_method"], "waymark-v1");
    }
    // All of it may be below the resolution of the kernel's clock.
    assert!(runs.iter().all(|run| run["cost_us"].is_u64()), "{runs:?}");
}

#[tokio::test]
async fn who_returns_something_else_is_left_for_another() {
    let cheat = Orchestrator::builder().start().await.unwrap();
    let honest = Orchestrator::builder().start().await.unwrap();
    cheat.inject(DownloadFault::Corrupt, Times::Always);
    let gateway = judging(&[&cheat, &honest]).await;
    let mut pushed = 0;
    // Who is asked first is drawn.
    while cheat.stats().segments_accepted == 0 {
        assert_eq!(gateway.push(&format!("swapped-{pushed}"), 0).await.status, 200);
        pushed += 1;
    }
    let jobs = gateway.records().await;
    let served = |job: &&Value| job["outcome"] == "ok";
    assert_eq!(jobs.iter().filter(served).count(), pushed);
    let refused: Vec<_> =
        jobs.iter().filter(|job| job["outcome"] == "verification_failed").collect();
    assert!(!refused.is_empty(), "the cheat was tried: {jobs:?}");
    assert!(refused.iter().all(|job| job["blame"] == "orchestrator"));
}

#[tokio::test]
async fn a_worker_that_dies_while_it_measures_hurts_no_stream() {
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    let gateway = judging(&[&orchestrator]).await;
    assert_eq!(gateway.push("killed", 0).await.status, 200);
    let verifier = &gateway.context().verifier;
    let pool = verifier.judge().pool().expect("there are workers").clone();
    for seq in 1..4 {
        for process in pool.status().processes {
            signal(process, rustix::process::Signal::KILL);
        }
        assert_eq!(gateway.push("killed", seq).await.status, 200);
    }
    assert!(gateway.records().await.iter().all(|job| job["outcome"] == "ok"));
}
