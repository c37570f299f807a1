//! Recorded requests of a stock gateway, sent to this orchestrator, get an answer with the recorded
//! fields.

use http::Version;
use prost::Message as _;
use waymark_proto::net;
use waymark_testkit::{Orchestrator, ProfileList};

use crate::harness::{SEGMENT, SOFTWARE_BITS, raw, recorded, token};

#[tokio::test]
async fn a_stock_gateways_segments_are_understood_and_answered_as_recorded() {
    let exchanges = recorded("segment_requests");
    let orchestrator = Orchestrator::builder()
        .off_chain()
        .capabilities(SOFTWARE_BITS)
        // The recorded bodies are not kept, so another stands in for them.
        .trust_hashes()
        .start()
        .await
        .unwrap();
    let fresh = token(&orchestrator).await;
    for exchange in exchanges.as_array().unwrap() {
        let bytes = hex::decode(exchange["segdata_hex"].as_str().unwrap()).unwrap();
        let mut data = net::SegData::decode(bytes.as_slice()).unwrap();
        data.auth_token = Some(fresh.clone());
        let header = base64(&data.encode_to_vec());
        let headers = [
            ("content-type", "video/MP2T"),
            ("livepeer-segment", header.as_str()),
            ("livepeer-payment", ""),
        ];
        let answer = raw(&orchestrator, Version::HTTP_2, "/segment", &headers, SEGMENT.clone());
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        let ours = net::TranscodeResult::decode(answer.into_body()).unwrap();
        let theirs = hex::decode(exchange["response_body_hex"].as_str().unwrap()).unwrap();
        let theirs = net::TranscodeResult::decode(theirs.as_slice()).unwrap();
        assert_eq!(ours.seq, theirs.seq);
        assert_eq!(ours.info.unwrap().auth_token, Some(fresh.clone()));
        assert_eq!(renditions(ours.result), renditions(theirs.result));
    }
    let segments = orchestrator.stats().segments;
    assert_eq!(segments.len(), 3);
    assert!(segments.iter().all(|segment| segment.manifest == "golden1"));
    assert!(segments.iter().all(|segment| segment.list == ProfileList::Full1));
    assert!(segments.iter().all(|segment| segment.payment_header.as_deref() == Some(b"")));
}

/// Path of each rendition without host and session, and its pixels.
fn renditions(result: Option<net::transcode_result::Result>) -> Vec<(String, i64)> {
    let Some(net::transcode_result::Result::Data(data)) = result else { panic!("{result:?}") };
    assert!(data.sig.is_empty());
    data.segments
        .into_iter()
        .map(|segment| {
            let path = segment.url.splitn(6, '/').nth(5).expect("a path").to_owned();
            (path, segment.pixels)
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
