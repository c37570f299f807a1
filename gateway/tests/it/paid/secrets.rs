//! What nobody may ever read: in nothing that a gateway writes, at any verbosity.

use std::{path::Path, process::Stdio};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::StatusCode;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::Command,
};
use waymark_testkit::{Orchestrator, chain::dev_account};

use super::harness::{Market, PASSPHRASE, SENDER, TAG, payment_of};
use crate::{harness::segment, process::waymark};

const URL_PASSWORD: &str = "do-not-tell-anybody";

/// Files under a directory, with what is in them.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).expect("a readable directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let content = std::fs::read(&path).expect("a readable file");
            found.push((path.display().to_string(), content));
        }
    }
}

fn contains(text: &[u8], secret: &[u8]) -> bool {
    text.windows(secret.len()).any(|window| window == secret)
}

#[tokio::test]
async fn no_secret_gets_out_of_a_paying_gateway() {
    let market = Market::open(1).await;
    let dir = tempfile::tempdir().expect("a directory");
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let rpc = market.chain.url().replace("http://", &format!("http://me:{URL_PASSWORD}@"));
    let more = [format!("chain.passphrase={PASSPHRASE}"), "log.filter=trace".to_owned()];
    let arguments = market.own_arguments(dir.path(), &rpc, &all, &more);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut gateway = waymark(&arguments).stdin(Stdio::null()).spawn().expect("the program starts");
    let mut stderr = BufReader::new(gateway.stderr.take().expect("piped"));
    let mut said = String::new();
    let (media, admin) = loop {
        let from = said.len();
        assert!(stderr.read_line(&mut said).await.expect("a line") > 0, "it ended: {said}");
        let line = &said[from..];
        let after = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            Some(rest.split_whitespace().next()?.to_owned())
        };
        if let (Some(media), Some(admin)) = (after("media="), after("admin=")) {
            break (media, admin);
        }
    };
    let mut reading = tokio::task::JoinSet::new();
    reading.spawn(async move {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).await.expect("text");
        rest
    });

    let client = reqwest::Client::new();
    for seq in 0..4 {
        let push = client
            .post(format!("http://{media}/live/movie/{seq}.ts"))
            .header("livepeer-job-tag", TAG.0)
            .body(segment(seq));
        assert_eq!(push.send().await.expect("an answer").status(), StatusCode::OK);
    }
    let mut shown = Vec::new();
    for path in ["/metrics", "/status", "/readyz"] {
        let answer = client.get(format!("http://{admin}{path}")).send().await.expect("an answer");
        shown.push((path.to_owned(), answer.bytes().await.expect("a body").to_vec()));
    }
    let pid = gateway.id().expect("it runs").to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
    assert!(killed.success());
    assert!(gateway.wait().await.expect("it ends").success());
    said.push_str(&reading.join_next().await.expect("one task").expect("it reads to the end"));
    let mut stdout = Vec::new();
    gateway.stdout.take().expect("piped").read_to_end(&mut stdout).await.expect("all of it");
    assert!(said.contains("TRACE"), "the filter is in force");
    shown.push(("stderr".to_owned(), said.into_bytes()));
    shown.push(("stdout".to_owned(), stdout));
    std::fs::remove_dir_all(dir.path().join("keystore")).expect("the key was ours to write");
    std::fs::remove_file(dir.path().join("password")).expect("the pass-phrase too");
    files(dir.path(), &mut shown);
    assert!(shown.iter().any(|(name, _)| name.contains("waymark.sqlite3")), "the ledger is there");
    assert!(shown.iter().any(|(name, _)| name.contains("jsonl")), "records are there");

    let key = dev_account(7);
    assert_eq!(key.address(), SENDER);
    let secret = key.secret();
    let mut secrets = vec![
        ("the key in hex", hex::encode(secret).into_bytes()),
        ("the key in capitals", hex::encode_upper(secret).into_bytes()),
        ("the key in base64", STANDARD.encode(secret).into_bytes()),
        ("the key", secret.to_vec()),
        ("the pass-phrase", PASSPHRASE.as_bytes().to_vec()),
        ("the endpoint's password", URL_PASSWORD.as_bytes().to_vec()),
        (
            "the endpoint's password in base64",
            STANDARD.encode(format!("me:{URL_PASSWORD}")).into_bytes(),
        ),
    ];
    let stats = market.orchestrators[0].stats();
    assert_eq!(stats.payments.payments, 4);
    for seen in &stats.segments {
        let header = seen.payment_header.as_ref().expect("a payment");
        secrets.push(("a payment", header.to_vec()));
        for ticket in payment_of(seen).ticket_sender_params {
            secrets.push(("a signature", ticket.sig.to_vec()));
            secrets.push(("a signature in hex", hex::encode(&ticket.sig).into_bytes()));
        }
        secrets.push(("a segment's signature in hex", hex::encode(&seen.data.sig).into_bytes()));
    }
    for (place, text) in &shown {
        for (what, secret) in &secrets {
            assert!(!contains(text, secret), "{what} is in {place}");
        }
    }
}
