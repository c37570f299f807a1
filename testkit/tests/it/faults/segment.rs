//! Faults while a segment is handled.

use std::time::Duration;

use http::Version;
use http_body_util::BodyExt as _;
use waymark_proto::net::{self, transcode_result::Result as Outcome};
use waymark_testkit::client::{
    ClientError, Connection, Origin, SegmentOutcome, seg_data, segment_request,
};
use waymark_testkit::{Orchestrator, SegmentFault, Times, Verdict, result_digest, verify_eth};

use crate::harness::{SEGMENT, fetch, fixed, renditions, send, token, two_profiles};

async fn with(fault: SegmentFault) -> (Orchestrator, net::AuthToken) {
    let orchestrator = fixed().fault(fault, Times::Once).start().await.unwrap();
    let token = token(&orchestrator).await;
    (orchestrator, token)
}

async fn data_of(orchestrator: &Orchestrator, token: &net::AuthToken) -> net::TranscodeData {
    let outcome = send(orchestrator, token, 0).await.unwrap();
    let SegmentOutcome::Result(result) = outcome else { panic!("{outcome:?}") };
    let Some(Outcome::Data(data)) = result.result else { panic!("{result:?}") };
    data
}

/// Head of the answer, then its body as far as it comes; whether it ended properly.
async fn read_slowly(
    orchestrator: &Orchestrator,
    token: &net::AuthToken,
    version: Version,
) -> (u16, Vec<u8>, bool) {
    let (origin, _) = Origin::parse(orchestrator.uri()).unwrap();
    let mut connection = Connection::open(&origin, version).await.unwrap();
    let data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token.clone());
    let request = segment_request(&origin, &data, SEGMENT.clone()).unwrap();
    let (head, mut body) = connection.start(request).await.unwrap().into_parts();
    let mut read = Vec::new();
    loop {
        match body.frame().await {
            Some(Ok(frame)) => read.extend_from_slice(frame.data_ref().unwrap()),
            Some(Err(_)) => return (head.status.as_u16(), read, false),
            None => return (head.status.as_u16(), read, true),
        }
    }
}

/// The fault is over: the next segment is fine.
async fn assert_recovered(orchestrator: &Orchestrator, token: &net::AuthToken) {
    assert_eq!(renditions(orchestrator, token, 1).await.len(), 2);
}

#[tokio::test]
async fn refusals_have_the_status_and_text_of_a_stock_node() {
    for (fault, status, text) in [
        (SegmentFault::Capped, 403, "OrchestratorCapped\n"),
        (SegmentFault::Status(500), 500, "Internal Server Error\n"),
        (SegmentFault::Status(503), 503, "Service Unavailable\n"),
    ] {
        let (orchestrator, token) = with(fault).await;
        let outcome = send(&orchestrator, &token, 0).await.unwrap();
        assert_eq!(outcome, SegmentOutcome::Refused { status, text: text.to_owned() });
        assert_recovered(&orchestrator, &token).await;
    }
}

#[tokio::test]
async fn result_errors_come_inside_a_200() {
    for (fault, text) in [
        (SegmentFault::Busy, "OrchestratorBusy"),
        (SegmentFault::ResultError("TranscoderStopped".to_owned()), "TranscoderStopped"),
    ] {
        let (orchestrator, token) = with(fault).await;
        assert_eq!(send(&orchestrator, &token, 0).await.unwrap().error(), Some(text));
        assert_eq!(orchestrator.stats().result_errors[text], 1);
        assert_recovered(&orchestrator, &token).await;
    }
}

#[tokio::test]
async fn a_slow_segment_is_right_in_the_end() {
    let (orchestrator, token) = with(SegmentFault::Slow(Duration::from_millis(1))).await;
    assert_eq!(renditions(&orchestrator, &token, 0).await.len(), 2);
    assert_eq!(orchestrator.stats().faults["segment:slow"], 1);
}

#[tokio::test]
async fn a_hang_before_the_headers_ends_only_with_the_process() {
    let (orchestrator, token) = with(SegmentFault::HangBeforeHeaders).await;
    let (sent, ()) = tokio::join!(send(&orchestrator, &token, 0), async {
        let stats = orchestrator.wait_for(|stats| !stats.segments.is_empty()).await.unwrap();
        assert_eq!(stats.segments[0].verdict, Verdict::Dropped);
        assert_eq!(stats.segments[0].body_len, SEGMENT.len() as u64);
        orchestrator.kill().await;
    });
    assert!(matches!(sent, Err(ClientError::Http { .. })), "{sent:?}");
}

#[tokio::test]
async fn a_hang_in_the_body_comes_after_a_200_and_a_few_bytes() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (orchestrator, token) = with(SegmentFault::HangInBody).await;
        let ((status, body, proper), ()) =
            tokio::join!(read_slowly(&orchestrator, &token, version), async {
                orchestrator.wait_for(|stats| stats.results == 1).await.unwrap();
                orchestrator.kill().await;
            });
        assert_eq!((status, proper), (200, false));
        assert!(body.len() <= 10);
    }
}

#[tokio::test]
async fn a_drop_before_the_headers_breaks_the_connection() {
    let (orchestrator, token) = with(SegmentFault::DropBeforeHeaders).await;
    let sent = send(&orchestrator, &token, 0).await;
    assert!(matches!(sent, Err(ClientError::Http { .. })), "{sent:?}");
    assert_recovered(&orchestrator, &token).await;
}

#[tokio::test]
async fn a_drop_in_the_middle_leaves_half_a_message() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (orchestrator, token) = with(SegmentFault::DropMidResponse).await;
        let (status, body, proper) = read_slowly(&orchestrator, &token, version).await;
        assert_eq!((status, proper), (200, false), "{version:?}");
        assert!(!body.is_empty(), "{version:?}");
        assert_recovered(&orchestrator, &token).await;
    }
}

#[tokio::test]
async fn counts_can_be_wrong_both_ways() {
    for (fault, count) in [(SegmentFault::FewerRenditions, 1), (SegmentFault::MoreRenditions, 3)] {
        let (orchestrator, token) = with(fault).await;
        assert_eq!(data_of(&orchestrator, &token).await.segments.len(), count);
        assert_recovered(&orchestrator, &token).await;
    }
}

#[tokio::test]
async fn a_swapped_order_is_signed_as_it_is_reported() {
    let (orchestrator, token) = with(SegmentFault::SwappedOrder).await;
    let data = data_of(&orchestrator, &token).await;
    assert!(data.segments[0].url.contains("/P180/"), "{}", data.segments[0].url);
    assert!(is_signed(&orchestrator, &data).await);
}

#[tokio::test]
async fn a_lie_about_the_bytes_does_not_match_the_signature() {
    for fault in
        [SegmentFault::WrongSignature, SegmentFault::CorruptData, SegmentFault::TruncatedData]
    {
        let (orchestrator, token) = with(fault.clone()).await;
        let data = data_of(&orchestrator, &token).await;
        assert_eq!(data.segments.len(), 2);
        assert_eq!(data.sig.len(), 65);
        assert!(!is_signed(&orchestrator, &data).await, "{fault:?}");
        orchestrator.clear_faults();
        assert!(is_signed(&orchestrator, &data_of(&orchestrator, &token).await).await);
    }
}

async fn is_signed(orchestrator: &Orchestrator, data: &net::TranscodeData) -> bool {
    let mut hashes = Vec::new();
    for segment in &data.segments {
        hashes.push(alloy_primitives::keccak256(fetch(&segment.url).await.unwrap()));
    }
    verify_eth(orchestrator.address(), result_digest(&hashes).as_slice(), &data.sig)
}

#[tokio::test]
async fn bodies_can_be_garbage_empty_or_unknown() {
    let (orchestrator, token) = with(SegmentFault::GarbageProtobuf).await;
    orchestrator.inject(SegmentFault::EmptyBody, Times::Once);
    orchestrator.inject(SegmentFault::UnknownResult, Times::Once);
    let garbage = send(&orchestrator, &token, 0).await.unwrap_err();
    assert!(matches!(garbage, ClientError::Protobuf { .. }), "{garbage:?}");
    let empty = send(&orchestrator, &token, 0).await.unwrap();
    assert_eq!(empty, SegmentOutcome::Result(Box::default()));
    let SegmentOutcome::Result(unknown) = send(&orchestrator, &token, 0).await.unwrap() else {
        panic!("no result")
    };
    assert!(unknown.result.is_none() && unknown.info.is_some());
    assert_recovered(&orchestrator, &token).await;
}

#[tokio::test]
async fn a_result_can_name_the_wrong_segment() {
    let (orchestrator, token) = with(SegmentFault::WrongSeq).await;
    let SegmentOutcome::Result(result) = send(&orchestrator, &token, 5).await.unwrap() else {
        panic!("no result")
    };
    assert_eq!(result.seq, 6);
}

#[tokio::test]
async fn a_result_can_be_larger_than_anyone_reads() {
    let (orchestrator, token) = with(SegmentFault::OversizedResult(5 << 20)).await;
    let error = send(&orchestrator, &token, 0).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { .. }), "{error:?}");
    let (orchestrator, token) = with(SegmentFault::OversizedResult(100_000)).await;
    let (_, body, proper) = read_slowly(&orchestrator, &token, Version::HTTP_11).await;
    assert_eq!((body.len(), proper), (100_000, true));
}
