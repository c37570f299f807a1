//! Sizes: what is taken, what is refused, and that a refusal can be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Version;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use waymark_testkit::client::seg_data;

use crate::harness::{SEGMENT, fixed, raw, token, two_profiles};

#[tokio::test]
async fn an_unknown_field_of_a_hundred_kilobytes_in_the_header_does_no_harm() {
    let orchestrator = fixed().start().await.unwrap();
    let data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token(&orchestrator).await);
    let mut header = data.encode_to_vec();
    // Field 1000, length-delimited, 100,000 bytes.
    header.extend_from_slice(&[0xc2, 0x3e, 0xa0, 0x8d, 0x06]);
    header.extend(std::iter::repeat_n(b'x', 100_000));
    let header = STANDARD.encode(header);
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let headers = [("livepeer-segment", header.as_str()), ("livepeer-payment", "")];
        let answer = raw(&orchestrator, version, "/segment", &headers, SEGMENT.clone()).await;
        assert_eq!(answer.unwrap().status(), 200, "{version:?}");
    }
}

#[tokio::test]
async fn the_refusal_of_a_large_body_can_be_read_though_nobody_wanted_the_body() {
    let orchestrator = fixed().start().await.unwrap();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let body = Bytes::from(vec![0; 2_000_000]);
        let answer = raw(&orchestrator, version, "/segment", &[], body).await.unwrap();
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.body(), "missing auth token\n");
        let closes = answer.headers().get("connection").is_some_and(|value| value == "close");
        assert_eq!(closes, version == Version::HTTP_11, "{version:?}");
    }
}

#[tokio::test]
async fn a_body_announced_above_the_limit_is_refused_before_it_comes() {
    let orchestrator = fixed().plain_http().start().await.unwrap();
    let data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token(&orchestrator).await);
    let header = STANDARD.encode(data.encode_to_vec());
    let mut stream = TcpStream::connect(orchestrator.addr()).await.unwrap();
    let head = format!(
        "POST /segment HTTP/1.1\r\nHost: o\r\nLivepeer-Segment: {header}\r\n\
         Content-Length: 300000001\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 34];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 500 Internal Server Error");
    let stats = orchestrator.stats();
    assert_eq!(stats.segments_refused.get("Internal Server Error"), Some(&1));
}
