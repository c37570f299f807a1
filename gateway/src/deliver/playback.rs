//! HTTP answers for players: the headers that go-livepeer sends on playlists and segments
//! (lpms `vidplayer/player.go:86-190`), with the right content type for segments.
//!
//! Errors carry the same cross-origin headers, so that a player in a browser can read them.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
};
use http::{HeaderValue, Response, StatusCode};
use waymark_media::Container;

use crate::errors::Problem;

/// Methods under `/stream/`, for `Allow`.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// 200 with a playlist.
pub fn playlist(text: String) -> Response<Bytes> {
    with_headers(text.into(), "application/x-mpegURL")
}

/// 200 with a segment.
pub fn segment(bytes: Bytes, container: Container) -> Response<Bytes> {
    with_headers(bytes, container.mime())
}

/// The answer to a preflight request of a browser.
pub fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    open_to_all(&mut response);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Range"));
    response
}

/// The answer for a problem.
pub fn problem(problem: &Problem) -> Response<Bytes> {
    let mut response = problem.response();
    open_to_all(&mut response);
    response
}

fn with_headers(body: Bytes, content_type: &'static str) -> Response<Bytes> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(body);
    open_to_all(&mut response);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=5"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, length);
    response
}

fn open_to_all(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Content-Length"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Reason;

    const RECORDED: &str = include_str!("../../tests/data/playlists.json");

    #[test]
    fn playlists_have_the_recorded_headers() {
        let recorded: serde_json::Value = serde_json::from_str(RECORDED).unwrap();
        let exchange = &recorded["fresh"][0];
        let response = playlist(exchange["body"].as_str().unwrap().to_owned());
        for (name, value) in exchange["response_headers"].as_object().unwrap() {
            // The server adds these.
            if name != "Date" && name != "Connection" {
                assert_eq!(response.headers()[name.as_str()], value.as_str().unwrap(), "{name}");
            }
        }
    }

    #[test]
    fn a_segment_is_video_whatever_the_host_thinks_of_its_extension() {
        let response = segment(Bytes::from_static(b"abc"), Container::MpegTs);
        assert_eq!(response.headers()["content-type"], "video/mp2t");
        assert_eq!(response.headers()["content-length"], "3");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }

    #[test]
    fn a_player_in_a_browser_can_read_errors() {
        let response = problem(&Problem::new(Reason::SegmentNotFound, "9.ts is not there"));
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }

    #[test]
    fn browsers_may_ask_first() {
        let response = preflight();
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()["access-control-allow-methods"], "GET, HEAD, OPTIONS");
    }
}
