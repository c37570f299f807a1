//! The head of a request under `/live/`: a pushed segment, or the end of a stream.
//!
//! Paths, headers and defaults are those of go-livepeer (`server/mediaserver.go:729-870`), with two
//! differences: what would fail later fails here with a reason, and `/live/` is a prefix instead of
//! text that is removed wherever it occurs. The content type is ignored; the extension decides.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use waymark_media::Container;

pub use super::manifest::{ManifestId, ManifestIdError};
use super::percent_decode;
pub use super::transcode_config::{ConfigError, TranscodeConfig};

mod accept;
mod error;
mod headers;

pub use accept::ReplyForm;
pub use error::PushError;

/// Methods under `/live/`, for `Allow`.
pub const METHODS: &str = "POST, PUT, DELETE";

/// Duration of a segment that does not say, or not legibly (go-livepeer
/// `server/mediaserver.go:729-870`).
pub const DEFAULT_DURATION: Duration = Duration::from_secs(2);

/// Longest segment.
pub const MAX_DURATION: Duration = Duration::from_mins(5);

/// Longest stream key in bytes.
const MAX_KEY_BYTES: usize = 512;

/// What a client wants under `/live/`.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveRequest {
    /// `POST` or `PUT`: a segment.
    Push(Box<PushRequest>),
    /// `DELETE`: the stream is over.
    End(ManifestId),
}

/// Everything the head of a push says.
#[derive(Debug, Clone, PartialEq)]
pub struct PushRequest {
    /// The stream: first element of the path.
    pub manifest: ManifestId,
    /// Elements between manifest and file name, joined with `/`.
    pub stream_key: Option<String>,
    /// The file name without extension; 0 when it is not a number below 2^64.
    pub seq: u64,
    /// By the extension.
    pub container: Container,
    /// `Content-Duration`, at most [`MAX_DURATION`].
    pub duration: Duration,
    /// `Content-Resolution`: width and height in pixels.
    pub resolution: Option<(u32, u32)>,
    /// `Content-Slice-From` and `Content-Slice-To`.
    pub clip: Option<Clip>,
    /// `Livepeer-Transcode-Configuration`.
    pub transcode_config: Option<TranscodeConfig>,
    /// `Livepeer-Job-Tag` or `tag=` in the query, as written; its grammar is not checked here.
    pub explicit_tag: Option<String>,
    /// What the client wants back.
    pub accept: ReplyForm,
}

/// The piece of a segment that is to be transcoded, in milliseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clip {
    /// Where it begins.
    pub from_ms: u64,
    /// Where it ends; 0 is the end of the segment.
    pub to_ms: u64,
}

impl LiveRequest {
    /// Reads a request head.
    pub fn parse(head: &Parts) -> Result<Self, PushError> {
        match head.method {
            Method::POST | Method::PUT => PushRequest::parse(head).map(|r| Self::Push(r.into())),
            Method::DELETE => parse_end(&head.uri).map(Self::End),
            _ => Err(PushError::Method { method: head.method.clone() }),
        }
    }
}

impl PushRequest {
    /// Reads the head of a push, whatever its method.
    pub fn parse(head: &Parts) -> Result<Self, PushError> {
        let headers = &head.headers;
        let target = Target::parse(&head.uri)?;
        Ok(Self {
            manifest: target.manifest,
            stream_key: target.stream_key,
            seq: target.seq,
            container: target.container,
            duration: headers::duration(headers)?,
            resolution: headers::resolution(headers)?,
            clip: headers::clip(headers)?,
            transcode_config: TranscodeConfig::from_headers(headers)?,
            explicit_tag: explicit_tag(headers, &head.uri)?,
            accept: accept::reply_form(headers),
        })
    }
}

/// Reads the path of `DELETE /live/{manifest}`.
pub fn parse_end(uri: &Uri) -> Result<ManifestId, PushError> {
    let elements = elements(uri)?;
    match elements.iter().filter(|e| !e.is_empty()).collect::<Vec<_>>().as_slice() {
        [manifest] => Ok(ManifestId::parse(manifest)?),
        [] => Err(PushError::NoManifest),
        _ => Err(PushError::NotAStream),
    }
}

struct Target {
    manifest: ManifestId,
    stream_key: Option<String>,
    seq: u64,
    container: Container,
}

impl Target {
    fn parse(uri: &Uri) -> Result<Self, PushError> {
        let mut elements = elements(uri)?;
        let file = elements.pop().unwrap_or_default();
        elements.retain(|element| !element.is_empty());
        let (stem, extension) = file.rsplit_once('.').unwrap_or((&file, ""));
        let container = [Container::MpegTs, Container::Mp4].into_iter();
        let Some(container) = container.into_iter().find(|c| c.ext() == extension) else {
            return Err(PushError::Extension { given: extension.chars().take(16).collect() });
        };
        let (manifest, key) = match elements.split_first() {
            Some((manifest, key)) => (manifest.as_str(), key),
            None if stem.is_empty() => return Err(PushError::NoManifest),
            None => (stem, [].as_slice()),
        };
        let manifest = ManifestId::parse(manifest)?;
        Ok(Self { manifest, stream_key: stream_key(key)?, seq: sequence(stem), container })
    }
}

/// The decoded elements after `/live/`. None of them can lead elsewhere.
fn elements(uri: &Uri) -> Result<Vec<String>, PushError> {
    let rest = uri.path().strip_prefix("/live/").ok_or(PushError::NoManifest)?;
    rest.split('/')
        .map(|element| {
            let element = percent_decode(element).ok_or(PushError::Encoding)?;
            if matches!(&*element, "." | "..") {
                return Err(PushError::Traversal);
            }
            if element.contains(['/', '\\']) || element.contains(char::is_control) {
                return Err(PushError::Encoding);
            }
            Ok(element.into_owned())
        })
        .collect()
}

fn stream_key(elements: &[String]) -> Result<Option<String>, PushError> {
    let key = elements.join("/");
    if key.len() > MAX_KEY_BYTES {
        return Err(PushError::LongKey { limit: MAX_KEY_BYTES });
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}

/// Digits only: `u64::from_str` would take a sign as well.
fn sequence(stem: &str) -> u64 {
    let digits = stem.bytes().all(|b| b.is_ascii_digit());
    if digits { stem.parse().unwrap_or(0) } else { 0 }
}

/// The tag named by header and query. Naming it twice is fine as long as it is the same.
fn explicit_tag(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, PushError> {
    let in_headers = headers.get_all(waymark_proto::TAG_HEADER).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        // Another gateway says which class it means as well; that is between it and its
        // orchestrators.
        text.split(';').next().unwrap_or_default().trim().to_owned()
    });
    let query = uri.query().unwrap_or_default();
    let in_query = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "tag")
        .map(|(_, value)| value.into_owned());
    let mut tags = in_headers.chain(in_query);
    let first = tags.next();
    let other = tags.find(|tag| Some(tag) != first.as_ref());
    match (first, other) {
        (Some(first), Some(other)) => {
            let shorten = |tag: String| tag.chars().take(96).collect();
            Err(PushError::ConflictingTags { one: shorten(first), other: shorten(other) })
        }
        (first, _) => Ok(first),
    }
}

#[cfg(test)]
mod tests;
