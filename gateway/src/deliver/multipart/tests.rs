use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use rand::SeedableRng as _;

use super::*;

const RECORDED: &str = include_str!("../../../tests/data/push_multipart.json");

fn part(name: &str, bytes: impl Into<Bytes>) -> Part {
    Part { name: name.into(), bytes: bytes.into() }
}

fn flatten(chunks: &Chunks) -> Vec<u8> {
    chunks.queue.iter().flatten().copied().collect()
}

/// The recorded reply with this body's media put where the recording left it out.
#[test]
fn the_reply_equals_the_recorded_one_byte_for_byte() {
    let recorded: serde_json::Value = serde_json::from_str(RECORDED).unwrap();
    for (seq, exchange) in (0u64..).zip(recorded.as_array().unwrap()) {
        let skeleton = exchange["response_skeleton"].as_str().unwrap();
        let (head, expected) = skeleton.split_once("\r\n\r\n").unwrap();
        let boundary = head.split_once("boundary=").unwrap().1.lines().next().unwrap();
        let bits: [u8; 10] = hex::decode(boundary).unwrap().try_into().unwrap();

        let mut media = Vec::new();
        let mut expected = expected.to_owned();
        while let Some((before, rest)) = expected.clone().split_once('<') {
            let (length, after) = rest.split_once(" bytes of media>").unwrap();
            let bytes = "m".repeat(length.parse().unwrap());
            expected = format!("{before}{bytes}{after}");
            media.push(bytes);
        }
        let names = ["P240p30fps16x9", "P360p30fps16x9"];
        let parts = names.iter().zip(media).map(|(name, bytes)| part(name, bytes));
        let response = response(&Boundary::from_bits(bits), seq, Container::MpegTs, parts);

        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert!(head.contains(&format!("Content-Type: {content_type}\r\n")), "{content_type}");
        assert_eq!(response.headers()["content-length"], expected.len().to_string());
        assert!(flatten(response.body()) == expected.into_bytes(), "sequence {seq}");
    }
}

#[test]
fn rendition_bytes_are_not_copied() {
    let media = Bytes::from(vec![7; 1000]);
    let reply = body(
        &Boundary::from_bits([0; 10]),
        3,
        Container::Mp4,
        [part("a", media.clone()), part("b", media.clone())],
    );
    let shared = reply.queue.iter().filter(|chunk| chunk.as_ptr() == media.as_ptr()).count();
    assert_eq!(shared, 2);
}

#[test]
fn mp4_parts_say_so() {
    let reply = body(&Boundary::from_bits([0; 10]), 3, Container::Mp4, [part("a", "x")]);
    let text = String::from_utf8(flatten(&reply)).unwrap();
    assert!(text.contains("Content-Type: video/mp4; name=\"a_3.mp4\"\r\n"), "{text}");
}

#[test]
fn a_stream_without_renditions_gets_an_empty_reply() {
    let response = response(&Boundary::from_bits([0; 10]), 0, Container::MpegTs, []);
    assert_eq!(response.headers()["content-length"], "0");
    assert!(!response.headers().contains_key("content-type"));
    assert!(response.body().is_end_stream());
}

#[test]
fn a_name_cannot_end_its_header() {
    let reply = body(
        &Boundary::from_bits([0; 10]),
        0,
        Container::MpegTs,
        [part("a\r\nSet-Cookie: \"x\"", "m")],
    );
    let text = String::from_utf8(flatten(&reply)).unwrap();
    assert!(text.contains("filename=\"aSet-Cookie: \\\"x\\\"_0.ts\"\r\n"), "{text}");
    assert_eq!(text.matches("\r\n").count(), 8, "{text}");
}

#[test]
fn boundaries_are_twenty_hex_digits_and_differ() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let (one, two) = (Boundary::random(&mut rng), Boundary::random(&mut rng));
    assert_ne!(one, two);
    assert_eq!(one.as_str().len(), 20);
    assert!(one.as_str().bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
}

#[tokio::test]
async fn the_body_announces_exactly_what_it_sends() {
    let mut reply = body(
        &Boundary::from_bits([1; 10]),
        0,
        Container::MpegTs,
        [part("a", "abc"), part("b", Bytes::new())],
    );
    let announced = reply.size_hint().exact().unwrap();
    let mut sent = 0;
    while let Some(frame) = reply.frame().await {
        sent += frame.unwrap().into_data().unwrap().len() as u64;
        assert_eq!(reply.size_hint().exact().unwrap(), announced - sent);
    }
    assert_eq!(sent, announced);
    assert!(reply.is_end_stream());
}

fn read_back(boundary: &Boundary, wire: &[u8], cut: usize) -> Vec<(String, Vec<u8>)> {
    let chunks: Vec<_> = wire.chunks(cut).map(|c| Ok::<_, Infallible>(c.to_vec())).collect();
    let mut reader = multer::Multipart::new(stream::iter(chunks).boxed(), boundary.as_str());
    let mut parts = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        while let Some(field) = reader.next_field().await.unwrap() {
            let name = field.headers()["rendition-name"].to_str().unwrap().to_owned();
            let length: usize =
                field.headers()["content-length"].to_str().unwrap().parse().unwrap();
            let bytes = field.bytes().await.unwrap();
            assert_eq!(bytes.len(), length);
            parts.push((name, bytes.to_vec()));
        }
    });
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn another_reader_finds_every_part_as_it_was(
        parts in prop::collection::vec(("[A-Za-z0-9_.-]{1,24}", prop::collection::vec(any::<u8>(), 0..2000)), 1..6),
        bits: [u8; 10],
        seq: u64,
        cut in 1usize..700,
    ) {
        let boundary = Boundary::from_bits(bits);
        let given = parts.iter().map(|(name, bytes)| part(name, bytes.clone()));
        let wire = flatten(&body(&boundary, seq, Container::MpegTs, given));
        prop_assert_eq!(read_back(&boundary, &wire, cut), parts);
    }
}
