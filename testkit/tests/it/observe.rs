//! What a test can see: tags wherever they travel, headers as they came, counts to wait for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Version;
use prost::Message as _;
use waymark_proto::{TAG_HEADER, net};
use waymark_testkit::client::{SegmentOutcome, grpc, seg_data};
use waymark_testkit::{ProfileList, Verdict};

use crate::harness::{SEGMENT, fixed, profile, raw, send, token, two_profiles};

fn tag(text: &str) -> net::JobTag {
    net::JobTag { tag_id: 7, tag: text.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn tags_are_seen_in_every_carrier_and_echoed_from_the_token_alone() {
    let orchestrator = fixed().start().await.unwrap();
    let mut request = tonic::Request::new(net::OrchestratorRequest {
        job_tag: Some(tag("transcode/live")),
        ..Default::default()
    });
    request.metadata_mut().insert(TAG_HEADER, "transcode/live".parse().unwrap());
    let info = grpc(orchestrator.uri()).await.unwrap().get_orchestrator(request).await.unwrap();
    let mut token = info.into_inner().auth_token.unwrap();
    assert_eq!(token.job_tag, None, "nothing comes back from the request");
    token.job_tag = Some(tag("in the token"));
    let mut data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token.clone());
    data.job_tag = Some(tag("in the header"));
    let header = STANDARD.encode(data.encode_to_vec());
    let headers = [
        ("livepeer-segment", header.as_str()),
        ("livepeer-payment", ""),
        (TAG_HEADER, "transcode/live"),
    ];
    let sent = raw(&orchestrator, Version::HTTP_11, "/segment", &headers, SEGMENT.clone());
    let result = net::TranscodeResult::decode(sent.await.unwrap().into_body()).unwrap();
    assert_eq!(result.info.unwrap().auth_token, Some(token));

    let stats = orchestrator.stats();
    let asked = stats.requests.back().unwrap();
    assert_eq!(asked.message.job_tag, Some(tag("transcode/live")));
    assert_eq!(asked.tag_header.as_deref(), Some("transcode/live"));
    let segment = stats.segments.back().unwrap();
    assert_eq!(segment.tag_header.as_deref(), Some("transcode/live"));
    assert_eq!(segment.tag(), Some(&tag("in the header")));
    assert_eq!(segment.token_tag(), Some(&tag("in the token")));
    assert_eq!(segment.segment_header, header.as_bytes());
    assert_eq!(segment.verdict, Verdict::Accepted);
    assert_eq!(segment.body_len, SEGMENT.len() as u64);
}

#[tokio::test]
async fn the_list_that_held_the_profiles_is_seen() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let profiles = vec![profile("P144", 256, 144)];
    let bare = || seg_data("movie", 0, &SEGMENT, &[], token.clone());
    let cases = [
        (bare(), ProfileList::None),
        (net::SegData { full_profiles: profiles.clone(), ..bare() }, ProfileList::Full1),
        (net::SegData { full_profiles2: profiles.clone(), ..bare() }, ProfileList::Full2),
        (net::SegData { full_profiles3: profiles.clone(), ..bare() }, ProfileList::Full3),
    ];
    for (data, list) in cases {
        let outcome = crate::harness::send_data(&orchestrator, &data).await.unwrap();
        assert!(outcome.renditions().is_some(), "{outcome:?}");
        assert_eq!(orchestrator.stats().segments.back().unwrap().list, list);
    }
}

#[tokio::test]
async fn a_refused_segment_is_recorded_with_status_and_text() {
    let orchestrator = fixed().require_signatures().start().await.unwrap();
    let data = seg_data("movie", 4, &SEGMENT, &two_profiles(), net::AuthToken::default());
    let outcome = crate::harness::send_data(&orchestrator, &data).await.unwrap();
    let text = "ErrSegSig".to_owned();
    assert_eq!(outcome, SegmentOutcome::Refused { status: 403, text: format!("{text}\n") });
    let stats = orchestrator.stats();
    assert_eq!(stats.segments_refused.get("ErrSegSig"), Some(&1));
    assert_eq!(stats.segments[0].verdict, Verdict::Refused { status: 403, text });
    assert_eq!(stats.segments[0].seq, 4);
}

#[tokio::test]
async fn waiting_in_vain_ends_with_the_counts() {
    let orchestrator = fixed().wait_at_most(Duration::from_millis(1)).start().await.unwrap();
    let error = orchestrator.wait_for(|stats| stats.results > 0).await.unwrap_err().to_string();
    assert!(error.contains("segments_accepted: 0"), "{error}");
}

#[tokio::test]
async fn connections_are_counted_while_they_are_open() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    send(&orchestrator, &token, 0).await.unwrap();
    let stats = orchestrator.wait_for(|stats| stats.open_connections == 0).await.unwrap();
    assert_eq!(stats.connections, 2);
}
