//! The programs, as scripts use them.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use waymark_testkit::client::get_orchestrator;

use crate::harness::SEGMENT;

const ORCHESTRATOR: &str = env!("CARGO_BIN_EXE_waymark-orchestrator");
const LOAD: &str = env!("CARGO_BIN_EXE_waymark-load");

/// A program that has printed its first line.
async fn start(program: &str, args: &[&str]) -> (Child, String) {
    let mut child = Command::new(program)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await;
    (child, first.expect("it prints in time").unwrap().expect("it prints a line"))
}

async fn terminate(mut child: Child) -> i32 {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    child.wait().await.unwrap().code().expect("an exit code")
}

#[tokio::test]
async fn an_orchestrator_prints_its_uri_works_and_exits_0_on_sigterm() {
    let args = ["--listen", "127.0.0.1:0", "--fault", "info:error=not today:once"];
    let (child, uri) = start(ORCHESTRATOR, &args).await;
    let error = get_orchestrator(&uri, None).await.unwrap_err().to_string();
    assert!(error.ends_with("not today"), "{error}");
    assert_eq!(get_orchestrator(&uri, None).await.unwrap().transcoder, uri);
    assert_eq!(terminate(child).await, 0);
}

#[tokio::test]
async fn an_orchestrator_on_a_busy_port_or_with_an_unknown_fault_does_not_start() {
    let (_child, uri) = start(ORCHESTRATOR, &["--listen", "127.0.0.1:0"]).await;
    let addr = uri.trim_start_matches("https://");
    for (args, text) in [
        (["--listen", addr], "cannot listen on"),
        (["--fault", "segment:melt"], "`melt` is no fault of segment: use one of slow=DURATION"),
    ] {
        let output = Command::new(ORCHESTRATOR).args(args).output().await.unwrap();
        assert!(!output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert!(stderr.contains(text), "{stderr}");
    }
}

#[tokio::test]
async fn a_push_to_an_answerer_prints_a_report() {
    let (answerer, uri) = start(LOAD, &["answerer", "--rendition-bytes", "100016"]).await;
    let dir = std::env::temp_dir().join(format!("waymark-testkit-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("segment.ts");
    std::fs::write(&file, &*SEGMENT).unwrap();
    let pid = answerer.id().unwrap().to_string();
    let output = Command::new(LOAD)
        .args(["push", "--direct", &uri, "--closed-loop", "2", "--segments", "3"])
        .args(["--renditions", "2", "--rendition-bytes", "100016", "--pid", &pid])
        .arg("--file")
        .arg(&file)
        .output()
        .await
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["ok"].as_u64(), report["failed"].as_u64()), (Some(6), Some(0)));
    assert_eq!(report["processes"][0]["name"], "waymark-load");
    assert!(report["latency_without_first"]["p50_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(terminate(answerer).await, 0);
}
