//! Real transcoding: what comes back is video of the size that was asked for.

use bytes::Bytes;
use http::Version;
use waymark_media::inspect;
use waymark_proto::net;
use waymark_proto::net::video_profile::Format;
use waymark_testkit::client::{SegmentOutcome, seg_data, send_segment};
use waymark_testkit::{Orchestrator, result_digest, verify_eth};

use crate::harness::{SEGMENT, SEGMENT_MP4, deadline, fetch, profile, raw, renditions, token};

async fn real() -> Orchestrator {
    Orchestrator::builder().start().await.unwrap()
}

#[tokio::test]
async fn renditions_decode_with_the_size_asked_for_and_the_pixels_billed() {
    let orchestrator = real().await;
    let token = token(&orchestrator).await;
    let made = renditions(&orchestrator, &token, 0).await;
    for (rendition, (width, height)) in made.iter().zip([(256, 144), (320, 180)]) {
        let file = fetch(&rendition.url).await.unwrap();
        let seen = inspect(&file).unwrap();
        assert_eq!((seen.width, seen.height), (width, height));
        assert_eq!(seen.frames, 60);
        assert!(seen.has_audio);
        assert_eq!(rendition.pixels, i64::from(width * height * 60));
    }
}

#[tokio::test]
async fn the_result_is_signed_over_the_files_that_can_be_fetched() {
    let orchestrator = real().await;
    let token = token(&orchestrator).await;
    let data = seg_data("movie", 0, &SEGMENT, &crate::harness::two_profiles(), token);
    let outcome = crate::harness::send_data(&orchestrator, &data).await.unwrap();
    let SegmentOutcome::Result(result) = outcome else { panic!("{outcome:?}") };
    let Some(net::transcode_result::Result::Data(data)) = result.result else { panic!() };
    let mut hashes = Vec::new();
    for rendition in &data.segments {
        hashes.push(alloy_primitives::keccak256(fetch(&rendition.url).await.unwrap()));
    }
    let digest = result_digest(&hashes);
    assert!(verify_eth(orchestrator.address(), digest.as_slice(), &data.sig));
    assert_eq!(result.info.unwrap().address, orchestrator.address().as_slice());
}

#[tokio::test]
async fn an_mp4_segment_becomes_mp4_renditions() {
    let orchestrator = real().await;
    let mp4 = net::VideoProfile { format: Format::Mp4.into(), ..profile("P144", 256, 144) };
    let mut data = seg_data("movie", 7, &SEGMENT_MP4, &[], token(&orchestrator).await);
    data.full_profiles2 = vec![mp4];
    let body = SEGMENT_MP4.clone();
    let outcome = send_segment(orchestrator.uri(), Version::HTTP_2, &data, body, deadline()).await;
    let outcome = outcome.unwrap();
    let made = outcome.renditions().expect("renditions");
    assert!(made[0].url.ends_with("/P144/7.mp4"), "{}", made[0].url);
    let file = fetch(&made[0].url).await.unwrap();
    assert_eq!(&file[4..8], b"ftyp");
    assert_eq!(inspect(&file).unwrap().width, 256);
}

#[tokio::test]
async fn a_segment_given_by_its_url_is_fetched_and_transcoded() {
    let (source, orchestrator) = (real().await, real().await);
    let kept = renditions(&source, &token(&source).await, 0).await.remove(1);
    let segment = fetch(&kept.url).await.unwrap();
    let profiles = [profile("P144", 256, 144)];
    let data = seg_data("movie", 0, &segment, &profiles, token(&orchestrator).await);
    let header = {
        use base64::Engine as _;
        use prost::Message as _;
        base64::engine::general_purpose::STANDARD.encode(data.encode_to_vec())
    };
    let headers = [
        ("content-type", "application/vnd+livepeer.uri"),
        ("livepeer-segment", header.as_str()),
        ("livepeer-payment", ""),
    ];
    let url = Bytes::from(kept.url);
    let answer = raw(&orchestrator, Version::HTTP_11, "/segment", &headers, url).await.unwrap();
    assert_eq!(answer.status(), 200);
    let result = <net::TranscodeResult as prost::Message>::decode(answer.into_body()).unwrap();
    assert_eq!(SegmentOutcome::Result(Box::new(result)).renditions().expect("renditions").len(), 1);
}
