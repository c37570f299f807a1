//! The gateway's process is killed at random points while it pays, and started again on the same
//! data: no nonce twice, no total too low, no standstill.
//!
//! 20 rounds; `make chaos` sets WAYMARK_CHAOS_ROUNDS for more.

use std::process::Stdio;

use rand::Rng as _;
use reqwest::StatusCode;
use tokio::{io::AsyncBufReadExt as _, io::BufReader, process::Command, task::JoinSet};
use waymark_payments::{
    ledger::{GroupBy, Ledger},
    limits::Limits,
};
use waymark_testkit::Orchestrator;

use super::harness::{Market, TAG, received, totals};
use crate::{
    harness::segment,
    process::{Lines, running, waymark},
};

const ROUNDS: usize = 20;
const STREAMS: usize = 4;

#[expect(
    clippy::disallowed_methods,
    reason = "how long to go on is asked of whoever runs the test"
)]
fn rounds() -> usize {
    let asked = std::env::var("WAYMARK_CHAOS_ROUNDS");
    asked.map_or(ROUNDS, |text| text.parse().expect("WAYMARK_CHAOS_ROUNDS is a number"))
}

/// Reads on, so that the process is never held up by a full pipe.
fn drain(mut lines: Lines) -> JoinSet<()> {
    let mut reading = JoinSet::new();
    reading.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    reading
}

/// Pushes streams until the gateway is gone; how many pushes were answered well.
async fn push_all(address: &str, round: usize) -> usize {
    let client = reqwest::Client::new();
    let stream = async |number: usize| {
        let mut served = 0;
        for seq in 0.. {
            let url = format!("http://{address}/live/movie-{round}-{number}/{seq}.ts");
            let mut push = client.post(&url).body(segment(seq));
            if number.is_multiple_of(2) {
                push = push.header("livepeer-job-tag", TAG.0);
            }
            match push.send().await {
                Ok(answer) if answer.status() == StatusCode::OK => served += 1,
                Ok(answer) => panic!("{url}: {} {:?}", answer.status(), answer.text().await),
                Err(_) => break,
            }
        }
        served
    };
    let all = (0..STREAMS).map(stream);
    futures_util::future::join_all(all).await.into_iter().sum()
}

/// The ledger of a process that is gone, beside what orchestrators were paid.
fn audit(dir: &std::path::Path, market: &Market) {
    let now = jiff::Timestamp::now();
    let ledger =
        Ledger::open(dir.join("waymark.sqlite3"), Limits::default(), now).expect("it opens");
    let said = totals(&ledger, GroupBy::Orchestrator);
    for orchestrator in &market.orchestrators {
        let got = received(orchestrator);
        let address = orchestrator.address().to_string();
        let of = said.iter().find(|total| total.key == address);
        let value = of.map(|total| total.value).unwrap_or_default();
        assert!(value >= got, "{value} promised to {address}, which received {got}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_points_nothing_is_paid_twice_and_nothing_forgotten() {
    let market = Market::open(2).await;
    let all: Vec<&Orchestrator> = market.orchestrators.iter().collect();
    let dir = tempfile::tempdir().expect("a directory");
    let arguments = market.own_arguments(dir.path(), market.chain.url(), &all, &[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let accepted = |market: &Market| -> u64 {
        market.orchestrators.iter().map(|o| o.stats().segments_accepted).sum()
    };
    let mut random = rand::rng();
    let mut served = 0;
    for round in 0..rounds() {
        if random.random_ratio(1, 8) {
            // Before it is up.
            let mut command = waymark(&arguments);
            let mut gateway = command.stdout(Stdio::null()).spawn().expect("the program starts");
            let mut lines = BufReader::new(gateway.stderr.take().expect("piped")).lines();
            drop(lines.next_line().await);
            gateway.kill().await.expect("it is killed");
            continue;
        }
        let (mut gateway, address, lines) = running(&arguments).await;
        let _reading = drain(lines);
        let goal = accepted(&market) + random.random_range(1..40);
        let (a, b) = (&market.orchestrators[0], &market.orchestrators[1]);
        let kill = async {
            // One of both sees the other's count move only by its own: whoever moves next decides.
            while accepted(&market) < goal {
                let (at_a, at_b) = (a.stats().segments_accepted, b.stats().segments_accepted);
                let moved = futures_util::future::select(
                    Box::pin(a.wait_for(move |s| s.segments_accepted > at_a)),
                    Box::pin(b.wait_for(move |s| s.segments_accepted > at_b)),
                );
                moved.await.factor_first().0.expect("segments go on");
            }
            for _ in 0..random.random_range(0..400) {
                tokio::task::yield_now().await;
            }
            gateway.kill().await.expect("it is killed");
        };
        let (answered, ()) = tokio::join!(push_all(&address, round), kill);
        served += answered;
        if round % 4 == 0 {
            audit(dir.path(), &market);
        }
    }
    assert!(served > 0, "pushes were answered between deaths");

    // It lives on as if nothing had been.
    let (mut gateway, address, lines) = running(&arguments).await;
    let _reading = drain(lines);
    let client = reqwest::Client::new();
    for seq in 0..4 {
        let push = client.post(format!("http://{address}/live/last/{seq}.ts")).body(segment(seq));
        assert_eq!(push.send().await.expect("an answer").status(), StatusCode::OK);
    }
    let pid = gateway.id().expect("it runs").to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
    assert!(killed.success());
    assert!(gateway.wait().await.expect("it ends").success());
    audit(dir.path(), &market);
    for orchestrator in &market.orchestrators {
        let paid = orchestrator.stats().payments;
        assert!(paid.tickets_rejected.is_empty(), "{paid:#?}");
        assert!(paid.payments_refused.is_empty(), "{paid:#?}");
        assert!(paid.tickets_credited > 0, "{paid:#?}");
    }
}
