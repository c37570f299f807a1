//! What is recorded: one row for each attempt, with nothing in it that points at a client.

use reqwest::StatusCode;
use waymark_testkit::{SegmentFault, Times};

use crate::harness::{Gateway, orchestrator};

#[tokio::test]
async fn each_attempt_is_a_row_and_one_of_them_is_final() {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    for orchestrator in [&a, &b] {
        orchestrator.inject(SegmentFault::Status(500), Times::Once);
    }
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let records = gateway.records().await;
    assert_eq!(records.len(), 3, "{records:#?}");
    let column = |name: &str| records.iter().map(|r| r[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("attempt_index"), [0, 1, 2]);
    assert_eq!(column("is_final"), [false, false, true]);
    assert_eq!(column("outcome"), ["rejected", "rejected", "ok"]);
    assert_eq!(column("http_status"), [500, 500, 200]);
    let ids: std::collections::BTreeSet<_> =
        records.iter().map(|r| r["job_id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    let last = &records[2];
    assert_eq!(last["result_sig_ok"], true);
    assert_eq!(last["verify_result"], "pass");
    assert!(last["total_us"].as_i64() >= last["accept_us"].as_i64());
}

#[tokio::test]
async fn a_job_nobody_took_is_a_row_without_an_orchestrator() {
    let gateway = Gateway::start(&[]).await;
    let refused = gateway.push("movie", 0).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.reason(), "no-orchestrator");
    let records = gateway.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["outcome"], "no_orchestrator");
    assert!(records[0]["orchestrator"].is_null());
}

#[tokio::test]
async fn no_name_of_a_stream_and_no_address_of_a_client_is_recorded() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("secret-manifest-name", 0).await;
    let records = gateway.records().await;
    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains("secret-manifest-name"));
    assert!(!text.contains("127.0.0.1"));
}

#[tokio::test]
async fn parquet_files_lie_where_readers_look_for_them() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    let root = gateway.dir.path().join("data/v1/jobs");
    let zero = "gateway=0x0000000000000000000000000000000000000000";
    let found = gateway.stopped(|| {
        let dates = std::fs::read_dir(&root).expect("partitions under data/v1/jobs");
        let date = dates.map(|d| d.unwrap().path()).next().expect("a date");
        let parts = std::fs::read_dir(date.join(zero).join("tagroot=transcode"));
        parts.expect("the partition of transcoding").count()
    });
    assert_eq!(found.await, 1);
}

#[tokio::test]
async fn without_a_chain_the_data_files_of_a_day_are_in_one_book() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    let mut config = gateway.context().config.clone();
    let dir = gateway.stop().await;

    // The file was closed when the gateway stopped; the next day it is in the book of the day before.
    let yesterday = |gateway: &Gateway| {
        let now = gateway.context().clock.wall() - jiff::SignedDuration::from_hours(1);
        now.as_second() / 86_400 - 1
    };
    config.http_addr = "127.0.0.1:0".to_owned();
    let gateway = Gateway::run(config, dir).await;
    let day = yesterday(&gateway);
    let path = format!("/data/v1/rounds/{day}.files.json");
    let listed = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let (status, text) = gateway.get(&path).await;
            if status == StatusCode::OK {
                return text;
            }
        }
    };
    let list = tokio::time::timeout(std::time::Duration::from_secs(20), listed).await;
    let list: serde_json::Value = serde_json::from_str(&list.expect("a list")).expect("JSON");
    assert_eq!((&list["chainId"], &list["round"]), (&0.into(), &day.into()));
    assert_eq!(list["gateway"], "0x0000000000000000000000000000000000000000");
    let [file] = list["files"].as_array().expect("files").as_slice() else { panic!("{list:#}") };
    assert_eq!(file["rows"], 1);
    assert_ne!(list["datasetRoot"], alloy_primitives::B256::ZERO.to_string());
    let (_, book) = gateway.get(&format!("/data/v1/rounds/{day}.json")).await;
    let book = waymark_tagging::round::RoundBook::read(book.as_bytes()).expect("a leaf file");
    assert_eq!((book.leaves().len(), book.root()), (0, alloy_primitives::B256::ZERO));

    // The day of now is not over.
    let (status, _) = gateway.get(&format!("/data/v1/rounds/{}.json", day + 1)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    gateway.stop().await;
}
