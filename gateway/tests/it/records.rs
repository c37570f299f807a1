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
