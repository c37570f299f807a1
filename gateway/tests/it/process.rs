//! The program itself: exit codes, signals, what it prints.

use std::process::Stdio;

use reqwest::StatusCode;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStderr, Command},
};

use crate::harness::{orchestrator, segment};

pub(crate) fn waymark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waymark"));
    command.args(arguments).env_clear().kill_on_drop(true);
    // Most orchestrators here answer with media of their own.
    command.env("WAYMARK__VERIFICATION__MODE", "none");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) type Lines = tokio::io::Lines<BufReader<ChildStderr>>;

/// Starts a gateway and reads its address from its log, whose rest the caller holds on to.
pub(crate) async fn running(arguments: &[&str]) -> (Child, String, Lines) {
    let mut child = waymark(arguments).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    loop {
        let line =
            lines.next_line().await.expect("a line").expect("the gateway says where it listens");
        if let Some((_, rest)) = line.split_once("media=") {
            let address = rest.split(' ').next().expect("an address").to_owned();
            return (child, address, lines);
        }
    }
}

#[tokio::test]
async fn pain_21_a_start_that_fails_exits_with_a_code_by_its_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let (data, file) = (dir.path().to_str().unwrap(), file.to_str().unwrap());
    let base = ["-gateway", "-network", "offchain", "-cliAddr", "127.0.0.1:0"];
    let cases: [(&[&str], i32, &str); 4] = [
        (&["-httpAddr", &taken, "-dataDir", data], 69, &taken),
        (&["-httpAddr", "127.0.0.1:0", "-dataDir", file], 73, "data directory"),
        (&["-maxSessions", "0", "-dataDir", data], 2, "maxSessions"),
        (&["-httpAdr", "x"], 2, "httpAddr"),
    ];
    for (arguments, code, says) in cases {
        let all: Vec<&str> = base.iter().chain(arguments).copied().collect();
        let output = waymark(&all).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(says), "{arguments:?} names {says}: {text}");
    }
}

#[tokio::test]
async fn help_and_version_exit_with_zero() {
    for arguments in [["-h"], ["-version"], ["--help"], ["help"], ["version"]] {
        let output = waymark(&arguments).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn pain_22_a_push_under_way_is_answered_before_sigterm_ends_the_process() {
    let orchestrator = orchestrator().await;
    let dir = tempfile::tempdir().unwrap();
    let (mut gateway, address, _lines) = running(&[
        "-gateway",
        "-network",
        "offchain",
        "-orchAddr",
        orchestrator.uri(),
        "-httpAddr",
        "127.0.0.1:0",
        "-cliAddr",
        "127.0.0.1:0",
        "-dataDir",
        dir.path().to_str().unwrap(),
        "-v",
        "4",
    ])
    .await;
    let held = orchestrator.hold();
    let url = format!("http://{address}/live/movie/0.ts");
    let push = reqwest::Client::new().post(&url).body(segment(0)).send();
    let end = async {
        orchestrator.wait_for(|s| s.segments_accepted == 1).await.expect("the segment is sent");
        let pid = gateway.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        assert!(killed.success());
        // New work is refused: the port closes, or answers 503.
        loop {
            match reqwest::Client::new().post(&url).body(segment(1)).send().await {
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => break,
                Err(_) => break,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
        drop(held);
    };
    let (answer, ()) = tokio::join!(push, end);
    assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
    assert_eq!(gateway.wait().await.unwrap().code(), Some(0));
    let records = crate::harness::read_records(dir.path());
    assert_eq!(records.len(), 1);
    orchestrator.wait_for(|s| s.sessions_ended == 1).await.expect("its session is ended");
}
