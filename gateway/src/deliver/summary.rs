//! The reply for pushers that did not ask for the renditions themselves: a small JSON object with
//! names, sizes and where to fetch them.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde::Serialize;

/// What became of a pushed segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary<'a> {
    /// Manifest of the stream.
    pub manifest: &'a str,
    /// Sequence number of the segment.
    pub seq: u64,
    /// Tag the job ran under; absent when tagging is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<SummaryTag<'a>>,
    /// Renditions in the order of the profiles.
    pub renditions: Vec<SummaryRendition<'a>>,
}

/// The tag of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryTag<'a> {
    /// Its name, such as `transcode/live`.
    pub name: &'a str,
    /// Its number on chain; 0 when it has none.
    pub id: u32,
}

/// One rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryRendition<'a> {
    /// Name of the profile.
    pub name: &'a str,
    /// Path to fetch it from while it is in the window; absent when it is not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
}

impl Summary<'_> {
    /// The whole 200.
    pub fn response(&self) -> Response<Bytes> {
        let mut json =
            serde_json::to_vec(self).expect("strings and numbers always serialise to JSON");
        json.push(b'\n');
        let length = HeaderValue::from(json.len());
        let mut response = Response::new(Bytes::from(json));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, length);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pain_13_a_push_without_multipart_is_never_answered_with_nothing() {
        let summary = Summary {
            manifest: "golden1",
            seq: 0,
            tag: Some(SummaryTag { name: "transcode/live", id: 0 }),
            renditions: vec![
                SummaryRendition {
                    name: "P240p30fps16x9",
                    uri: Some("/stream/golden1/P240p30fps16x9/0.ts".into()),
                    bytes: 201_912,
                },
                SummaryRendition { name: "P360p30fps16x9", uri: None, bytes: 344_792 },
            ],
        };
        let response = summary.response();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["content-length"], response.body().len().to_string());
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        insta::assert_json_snapshot!(json);
    }
}
