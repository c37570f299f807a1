//! One segment, sent straight to a node by the protocol: header, body, result.

use alloy_primitives::keccak256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::Full;
use prost::Message as _;
use tokio::time::Instant;
use waymark_proto::{
    PAYMENT_HEADER, SEGMENT_CONTENT_TYPE, SEGMENT_HEADER,
    net::{self, transcode_result::Result as Outcome},
};

use super::{ClientError, Connection, Origin};

/// Largest result that is read.
const MAX_RESULT: usize = 4 << 20;

/// What a node said to a segment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SegmentOutcome {
    /// 200 and a message, which may hold an error.
    Result(Box<net::TranscodeResult>),
    /// Another status, with the body's text.
    Refused {
        /// HTTP status.
        status: u16,
        /// The whole body.
        text: String,
    },
}

impl SegmentOutcome {
    /// The renditions; `None` for an error or a refusal.
    pub fn renditions(&self) -> Option<&[net::TranscodedSegmentData]> {
        match self.result()? {
            Outcome::Data(data) => Some(&data.segments),
            Outcome::Error(_) => None,
        }
    }

    /// The error inside a 200; `None` for renditions or a refusal.
    pub fn error(&self) -> Option<&str> {
        match self.result()? {
            Outcome::Error(text) => Some(text),
            Outcome::Data(_) => None,
        }
    }

    fn result(&self) -> Option<&Outcome> {
        match self {
            Self::Result(message) => message.result.as_ref(),
            Self::Refused { .. } => None,
        }
    }
}

/// What a pushed H.264 segment with renditions in MPEG-TS needs: bits 0, 1, 12 and 26.
pub fn job_capabilities() -> net::Capabilities {
    net::Capabilities {
        bitstring: vec![0x0400_1003],
        constraints: Some(net::capabilities::Constraints::default()),
        ..Default::default()
    }
}

/// The header of a 2 s segment as an off-chain gateway makes it.
pub fn seg_data(
    manifest: &str,
    seq: i64,
    body: &[u8],
    profiles: &[net::VideoProfile],
    token: net::AuthToken,
) -> net::SegData {
    net::SegData {
        manifest_id: Bytes::copy_from_slice(manifest.as_bytes()),
        seq,
        hash: Bytes::copy_from_slice(keccak256(body).as_slice()),
        profiles: Bytes::from_static(b"invalid"),
        duration: 2000,
        capabilities: Some(job_capabilities()),
        auth_token: Some(token),
        full_profiles: profiles.to_vec(),
        ..Default::default()
    }
}

/// The request for `/segment` on a node.
pub fn segment_request(
    origin: &Origin,
    data: &net::SegData,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, ClientError> {
    Request::post(origin.uri("/segment")?)
        .header(SEGMENT_HEADER, STANDARD.encode(data.encode_to_vec()))
        .header(PAYMENT_HEADER, "")
        .header(http::header::CONTENT_TYPE, SEGMENT_CONTENT_TYPE)
        .body(Full::new(body))
        .map_err(|source| ClientError::Request { source })
}

/// Sends a segment over a new connection and reads the result.
pub async fn send_segment(
    uri: &str,
    version: Version,
    data: &net::SegData,
    body: Bytes,
    deadline: Instant,
) -> Result<SegmentOutcome, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let mut connection = Connection::open(&origin, version).await?;
    connection.segment(data, body, deadline).await
}

impl Connection {
    /// Sends a segment over this connection and reads the result.
    pub async fn segment(
        &mut self,
        data: &net::SegData,
        body: Bytes,
        deadline: Instant,
    ) -> Result<SegmentOutcome, ClientError> {
        let request = segment_request(self.origin(), data, body)?;
        let response = self.exchange(request, MAX_RESULT, deadline).await?;
        if response.status() != StatusCode::OK {
            return Ok(SegmentOutcome::Refused {
                status: response.status().as_u16(),
                text: String::from_utf8_lossy(response.body()).into_owned(),
            });
        }
        let authority = self.origin().authority().to_owned();
        net::TranscodeResult::decode(response.into_body())
            .map(|result| SegmentOutcome::Result(Box::new(result)))
            .map_err(|source| ClientError::Protobuf { authority, source })
    }
}
