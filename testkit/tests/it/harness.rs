//! What every test here needs: segments, profiles, a way to send them, recorded data.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use serde_json::Value;
use tokio::time::Instant;
use waymark_media::{Container, TestPattern};
use waymark_proto::net;
use waymark_testkit::client::{
    ClientError, Connection, Origin, SegmentOutcome, get, get_orchestrator, job_capabilities,
    seg_data, send_segment,
};
use waymark_testkit::{Builder, Orchestrator, Transcoding};

/// What a stock software orchestrator advertises.
pub(crate) const SOFTWARE_BITS: [u32; 29] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32, 34, 36,
];

/// Two seconds of 320x180 with sound.
pub(crate) static SEGMENT: LazyLock<Bytes> = LazyLock::new(|| segment(Container::MpegTs));

/// The same in MP4.
pub(crate) static SEGMENT_MP4: LazyLock<Bytes> = LazyLock::new(|| segment(Container::Mp4));

fn segment(container: Container) -> Bytes {
    let pattern = TestPattern {
        width: 320,
        height: 180,
        bitrate: 400_000,
        segment: Duration::from_secs(2),
        audio: true,
        container,
        ..TestPattern::default()
    };
    pattern.segments(1).expect("a test segment").remove(0).bytes
}

pub(crate) fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// An orchestrator that answers at once.
pub(crate) fn fixed() -> Builder {
    let renditions = vec![Bytes::from(vec![1; 3000]), Bytes::from(vec![2; 4000])];
    Orchestrator::builder().transcoding(Transcoding::Fixed(renditions))
}

pub(crate) fn profile(name: &str, width: i32, height: i32) -> net::VideoProfile {
    net::VideoProfile {
        name: name.to_owned(),
        width,
        height,
        bitrate: 300_000,
        fps: 30,
        ..Default::default()
    }
}

pub(crate) fn two_profiles() -> Vec<net::VideoProfile> {
    vec![profile("P144p30fps16x9", 256, 144), profile("P180", 320, 180)]
}

/// A fresh token.
pub(crate) async fn token(orchestrator: &Orchestrator) -> net::AuthToken {
    let info = get_orchestrator(orchestrator.uri(), Some(job_capabilities())).await;
    info.expect("information").auth_token.expect("a token")
}

/// Sends a segment of a session and reads the outcome.
pub(crate) async fn send(
    orchestrator: &Orchestrator,
    token: &net::AuthToken,
    seq: i64,
) -> Result<SegmentOutcome, ClientError> {
    let data = seg_data("movie", seq, &SEGMENT, &two_profiles(), token.clone());
    send_data(orchestrator, &data).await
}

/// Sends a segment with a header made by hand.
pub(crate) async fn send_data(
    orchestrator: &Orchestrator,
    data: &net::SegData,
) -> Result<SegmentOutcome, ClientError> {
    let body = SEGMENT.clone();
    send_segment(orchestrator.uri(), Version::HTTP_11, data, body, deadline()).await
}

/// Sends a segment and expects renditions.
pub(crate) async fn renditions(
    orchestrator: &Orchestrator,
    token: &net::AuthToken,
    seq: i64,
) -> Vec<net::TranscodedSegmentData> {
    let outcome = send(orchestrator, token, seq).await.expect("an answer");
    outcome.renditions().unwrap_or_else(|| panic!("no renditions but {outcome:?}")).to_vec()
}

/// Fetches a rendition.
pub(crate) async fn fetch(url: &str) -> Result<Bytes, ClientError> {
    get(url, 64 << 20, deadline()).await
}

/// One request over a new connection, exactly as given.
pub(crate) async fn raw(
    orchestrator: &Orchestrator,
    version: Version,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Response<Bytes>, ClientError> {
    let (origin, _) = Origin::parse(orchestrator.uri())?;
    let mut request = Request::post(origin.uri(path)?);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).expect("a request");
    Connection::open(&origin, version).await?.exchange(request, 64 << 20, deadline()).await
}

/// Recorded traffic of stock nodes.
pub(crate) fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).expect("recorded JSON")
}

/// Transport packets of a stream with the number of their PID.
fn packets(ts: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    ts.chunks_exact(188).map(|packet| (u16::from_be_bytes([packet[1] & 0x1f, packet[2]]), packet))
}

fn starts_unit(packet: &[u8]) -> bool {
    packet[1] & 0x40 != 0
}

fn video_pid(ts: &[u8]) -> u16 {
    let is_video = |packet: &[u8]| packet.windows(4).any(|four| four == [0, 0, 1, 0xe0]);
    packets(ts)
        .find(|(_, packet)| starts_unit(packet) && is_video(packet))
        .expect("a packet that starts a picture")
        .0
}

/// The stream with its sound only.
pub(crate) fn without_video(ts: &[u8]) -> Bytes {
    let video = video_pid(ts);
    packets(ts).filter(|(pid, _)| *pid != video).flat_map(|(_, packet)| packet.to_vec()).collect()
}

/// The stream as if it had been cut inside a group of pictures.
pub(crate) fn without_first_picture(ts: &[u8]) -> Bytes {
    let video = video_pid(ts);
    let mut pictures = 0;
    packets(ts)
        .filter(|(pid, packet)| {
            if *pid != video {
                return true;
            }
            pictures += usize::from(starts_unit(packet));
            pictures > 1
        })
        .flat_map(|(_, packet)| packet.to_vec())
        .collect()
}
