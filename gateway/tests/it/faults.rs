//! Every fault of an orchestrator, in every phase: the stream goes on through another one with
//! nothing lost, and where none is left the refusal says why.

use reqwest::StatusCode;
use waymark_testkit::{
    ConnectionFault, DownloadFault, Fault, GetOrchestratorFault, Orchestrator, SegmentFault, Times,
};

use crate::harness::{Gateway, orchestrator};

/// Two orchestrators; the one that serves the stream gets the fault for good, in the middle of it.
async fn survives(fault: impl Into<Fault>) {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let server = if a.stats().segments_accepted == 1 { &a } else { &b };
    server.inject(fault, Times::Always);
    for seq in 1..4 {
        let pushed = gateway.push("movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
        assert_eq!(pushed.parts().await.len(), 2);
    }
    assert!(server.stats().faults_struck() > 0, "the fault was met");
    let (_, playlist) = gateway.get("/stream/movie/P360p30fps16x9.m3u8").await;
    assert_eq!(playlist.matches("#EXTINF").count(), 4, "{playlist}");
    assert!(!playlist.contains("DISCONTINUITY"), "{playlist}");
    let records = gateway.records().await;
    let finals = records.iter().filter(|r| r["is_final"] == true);
    assert_eq!(finals.filter(|r| r["outcome"] == "ok").count(), 4);
    assert!(records.iter().any(|r| r["outcome"] != "ok"), "the failed attempt has its row");
}

/// Two orchestrators; the one with fewer sessions, which is next, has a fault while sessions open.
async fn opens_elsewhere(fault: GetOrchestratorFault) {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    assert_eq!(gateway.push("first", 0).await.status, StatusCode::OK);
    let next = if a.stats().segments_accepted == 1 { &b } else { &a };
    next.inject(fault, Times::Always);
    let pushed = gateway.push("second", 0).await;
    assert_eq!(pushed.status, StatusCode::OK, "{:?}", pushed.body);
    assert!(next.stats().faults_struck() > 0, "the fault was met");
    gateway.stop().await;
}

/// Both orchestrators have the fault: the refusal lists what each did.
async fn refused_when_nobody_is_left(fault: impl Into<Fault> + Clone) {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    for orchestrator in [&a, &b] {
        orchestrator.inject(fault.clone(), Times::Always);
    }
    let refused = gateway.push("movie", 0).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{:?}", refused.body);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.reason(), "orchestrators-failed");
    let hosts: std::collections::BTreeSet<_> = refused.json()["attempts"]
        .as_array()
        .expect("the attempts")
        .iter()
        .map(|a| a["orchestrator"].as_str().expect("a host").to_owned())
        .collect();
    assert_eq!(hosts.len(), 2, "both are named");
    gateway.stop().await;
}

macro_rules! matrix {
    ($run:ident: $($name:ident => $fault:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            $run($fault).await;
        }
    )*};
}

matrix! { survives:
    a_full_queue => SegmentFault::Busy;
    no_free_session => SegmentFault::Capped;
    silence_before_headers => SegmentFault::HangBeforeHeaders;
    silence_in_the_body => SegmentFault::HangInBody;
    a_drop_before_headers => SegmentFault::DropBeforeHeaders;
    a_drop_in_the_middle_of_a_result => SegmentFault::DropMidResponse;
    a_missing_rendition => SegmentFault::FewerRenditions;
    a_rendition_too_many => SegmentFault::MoreRenditions;
    renditions_in_another_order => SegmentFault::SwappedOrder;
    a_signature_of_somebody_else => SegmentFault::WrongSignature;
    corrupt_renditions => SegmentFault::CorruptData;
    truncated_renditions => SegmentFault::TruncatedData;
    garbage_instead_of_a_result => SegmentFault::GarbageProtobuf;
    an_empty_result => SegmentFault::EmptyBody;
    a_result_of_an_unknown_kind => SegmentFault::UnknownResult;
    status_500 => SegmentFault::Status(500);
    status_503 => SegmentFault::Status(503);
    the_result_of_another_segment => SegmentFault::WrongSeq;
    a_result_that_never_ends => SegmentFault::OversizedResult(64 << 20);
    an_error_of_its_own => SegmentFault::ResultError("MismatchedSegments".to_owned());
    a_rendition_that_is_gone => DownloadFault::NotFound;
    a_download_that_hangs => DownloadFault::Hang;
    a_download_that_breaks_off => DownloadFault::Truncated;
    a_download_of_other_bytes => DownloadFault::Corrupt;
    a_download_without_end => DownloadFault::Oversized(1 << 30);
    a_download_with_status_500 => DownloadFault::Status(500);
}

matrix! { opens_elsewhere:
    a_session_that_never_comes => GetOrchestratorFault::Hang;
    a_session_refused => GetOrchestratorFault::Error("not today".to_owned());
    a_session_refused_for_lack_of_room => GetOrchestratorFault::Capped;
    a_connection_closed_instead_of_a_session => GetOrchestratorFault::DropConnection;
    an_orchestrator_that_does_no_work => GetOrchestratorFault::EmptyTranscoder;
    a_session_without_a_token => GetOrchestratorFault::NoAuthToken;
    an_orchestrator_that_cannot_do_the_job => GetOrchestratorFault::IncompatibleCapabilities;
}

matrix! { refused_when_nobody_is_left:
    both_drop_connections => SegmentFault::DropBeforeHeaders;
    both_answer_garbage => SegmentFault::GarbageProtobuf;
    both_are_silent => SegmentFault::HangBeforeHeaders;
    both_lose_renditions => DownloadFault::NotFound;
    both_refuse_sessions => GetOrchestratorFault::Error("not today".to_owned());
}

#[tokio::test]
async fn a_new_certificate_is_no_obstacle() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(ConnectionFault::NewCertificate, Times::Once);
    orchestrator.drop_connections();
    assert_eq!(gateway.push("movie", 1).await.status, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_attempt() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    orchestrator.drop_connections();
    assert_eq!(gateway.push("movie", 1).await.status, StatusCode::OK);
    let records = gateway.records().await;
    assert_eq!(records.len(), 2, "{records:#?}");
}

#[tokio::test]
async fn media_that_cannot_be_processed_is_not_tried_elsewhere() {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    for orchestrator in [&a, &b] {
        let refusal = SegmentFault::ResultError("TranscoderInvalidVideo".to_owned());
        orchestrator.inject(refusal, Times::Always);
    }
    let refused = gateway.push("movie", 0).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.reason(), "media-rejected");
    let tried: u64 = [&a, &b].map(|o| o.stats().segments_accepted).iter().sum();
    assert_eq!(tried, 1);
    gateway.stop().await;
}

#[tokio::test]
async fn an_orchestrator_without_an_address_is_taken_at_its_word() {
    let orchestrator: Orchestrator =
        crate::harness::instant().off_chain().start().await.expect("it starts");
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let records = gateway.records().await;
    assert!(records[0]["result_sig_ok"].is_null(), "there is no signature to check");
}

#[tokio::test]
async fn plain_http_orchestrators_are_served_alike() {
    let orchestrator = crate::harness::instant().plain_http().start().await.expect("it starts");
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    gateway.stop().await;
}
