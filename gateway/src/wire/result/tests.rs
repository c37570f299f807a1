use waymark_proto::net::TranscodedSegmentData;

use super::*;

fn segment(url: &str) -> TranscodedSegmentData {
    TranscodedSegmentData { url: url.to_owned(), pixels: 100, ..Default::default() }
}

fn encoded(seq: i64, outcome: Outcome) -> Bytes {
    TranscodeResult { seq, result: Some(outcome), info: None, receipt: None }.encode_to_vec().into()
}

fn data(segments: Vec<TranscodedSegmentData>) -> Outcome {
    Outcome::Data(TranscodeData { segments, sig: Bytes::new() })
}

#[test]
fn an_empty_answer_is_neither_success_nor_error() {
    let error = decode_result(Bytes::new(), 0, 1).unwrap_err();
    assert!(matches!(error, ResultError::Empty));
    assert_eq!(error.fault(), Fault::Other);
}

#[test]
fn garbage_is_not_decoded() {
    let garbage = Bytes::from_static(b"<html>502 Bad Gateway</html>");
    let error = decode_result(garbage, 0, 1).unwrap_err();
    assert!(matches!(error, ResultError::Undecodable { .. }));
}

#[test]
fn an_answer_larger_than_any_real_one_is_not_decoded() {
    let error = decode_result(vec![0; RESULT_LIMIT + 1].into(), 0, 1).unwrap_err();
    assert_eq!(error.to_string(), "the result has 262145 bytes, at most 262144 are read");
}

#[test]
fn an_answer_to_another_segment_is_refused() {
    let error =
        decode_result(encoded(8, data(vec![segment("https://o/a/7.ts")])), 7, 1).unwrap_err();
    assert_eq!(error.to_string(), "the result is for segment 8, not for 7");
}

#[test]
fn a_number_past_2_to_the_63_comes_back_negative() {
    let answer = encoded(-1, data(vec![segment("https://o/a/7.ts")]));
    assert!(decode_result(answer, u64::MAX, 1).is_ok());
}

#[test]
fn fewer_or_more_renditions_than_profiles_are_refused() {
    for count in [0, 1, 3] {
        let answer = encoded(7, data(vec![segment("https://o/a/7.ts"); count]));
        let error = decode_result(answer, 7, 2).unwrap_err();
        assert_eq!(error.to_string(), format!("the result has {count} renditions for 2 profiles"));
        assert_eq!(error.fault(), Fault::Other);
    }
}

#[test]
fn no_profiles_have_no_renditions() {
    assert_eq!(decode_result(encoded(13, data(vec![])), 13, 0).unwrap().segments, []);
}

#[test]
fn an_address_that_is_no_http_url_is_refused_by_its_place() {
    for url in ["", "7.ts", "file:///etc/passwd", "//o/7.ts", "https://", "s3://bucket/7.ts"] {
        let answer = encoded(7, data(vec![segment("https://o/a/7.ts"), segment(url)]));
        let error = decode_result(answer, 7, 2).unwrap_err();
        assert!(matches!(error, ResultError::BadAddress { index: 1, .. }), "{url}: {error}");
    }
}

#[test]
fn a_negative_claim_of_pixels_is_refused() {
    let claim = TranscodedSegmentData { pixels: -5, ..segment("https://o/a/7.ts") };
    let error = decode_result(encoded(7, data(vec![claim])), 7, 1).unwrap_err();
    assert_eq!(error.to_string(), "rendition 0 claims -5 pixels");
}

#[test]
fn a_perceptual_hash_is_read_where_there_is_one() {
    let hashed = TranscodedSegmentData {
        perceptual_hash_url: "https://o/stream/a/p/7.ts.phash".to_owned(),
        ..segment("https://o/stream/a/p/7.ts")
    };
    let answer = encoded(7, data(vec![hashed, segment("https://o/7.ts")]));
    let output = decode_result(answer, 7, 2).unwrap();
    let hashes: Vec<_> =
        output.segments.iter().map(|s| s.perceptual_hash_url.as_ref().map(Url::as_str)).collect();
    assert_eq!(hashes, [Some("https://o/stream/a/p/7.ts.phash"), None]);
    let names: Vec<_> = output.segments.iter().map(RemoteRendition::named).collect();
    assert_eq!(names, [Some("p"), None]);
}

#[test]
fn the_orchestrators_own_words_are_kept_to_one_line_and_classified_whole() {
    let answer = encoded(7, Outcome::Error("No keyframes in input\n".to_owned()));
    let error = decode_result(answer, 7, 1).unwrap_err();
    assert_eq!(error.to_string(), "the orchestrator reports: No keyframes in input");
    assert_eq!(error.fault(), Fault::Media);

    let endless = encoded(7, Outcome::Error("\u{1b}[31m\n".repeat(10_000)));
    let error = decode_result(endless, 7, 1).unwrap_err();
    assert!(error.to_string().chars().count() < 250);
    assert!(!error.to_string().contains(char::is_control));
    assert_eq!(error.fault(), Fault::Other);
}
