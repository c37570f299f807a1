//! The reply that carries the renditions: `multipart/mixed` as go-livepeer writes it
//! (`server/mediaserver.go:1055-1115`).
//!
//! Order and spelling of the part headers, the boundary and the last delimiter are what pushers
//! parse today. Rendition bytes are never copied: the body is a list of shared chunks with a known
//! length.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use rand::RngCore;
use waymark_media::Container;

/// The line between parts: 20 lower-case hex digits. 80 random bits, so that media cannot contain
/// it by accident or by intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary(String);

impl Boundary {
    /// A new one.
    pub fn random(rng: &mut impl RngCore) -> Self {
        let mut bits = [0; 10];
        rng.fill_bytes(&mut bits);
        Self::from_bits(bits)
    }

    /// The one with these bits; for answers that have to be repeatable.
    pub fn from_bits(bits: [u8; 10]) -> Self {
        Self(hex::encode(bits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One rendition of the reply.
#[derive(Debug, Clone)]
pub struct Part {
    /// Name of the profile.
    pub name: String,
    /// The media.
    pub bytes: Bytes,
}

/// Chunks of known total length, sent as they are.
#[derive(Debug, Clone, Default)]
pub struct Chunks {
    queue: VecDeque<Bytes>,
    remaining: u64,
}

impl Chunks {
    fn push(&mut self, chunk: Bytes) {
        self.remaining = self.remaining.saturating_add(chunk.len() as u64);
        if !chunk.is_empty() {
            self.queue.push_back(chunk);
        }
    }

    /// Bytes not sent yet.
    pub const fn len(&self) -> u64 {
        self.remaining
    }

    /// True when everything was sent.
    pub const fn is_empty(&self) -> bool {
        self.remaining == 0
    }
}

impl From<Bytes> for Chunks {
    fn from(bytes: Bytes) -> Self {
        let mut chunks = Self::default();
        chunks.push(bytes);
        chunks
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.queue.pop_front();
        if let Some(chunk) = &chunk {
            self.remaining = self.remaining.saturating_sub(chunk.len() as u64);
        }
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// The body with `parts` in the order given. With no part at all it is empty.
pub fn body(
    boundary: &Boundary,
    seq: u64,
    container: Container,
    parts: impl IntoIterator<Item = Part>,
) -> Chunks {
    let mut chunks = Chunks::default();
    let mut between = "";
    for part in parts {
        chunks.push(part_head(between, boundary, seq, container, &part).into());
        chunks.push(part.bytes);
        between = "\r\n";
    }
    if !chunks.is_empty() {
        chunks.push(format!("\r\n--{}--\r\n", boundary.0).into());
    }
    chunks
}

/// The whole 200. A stream without renditions is answered with an empty body and no content type,
/// as go-livepeer does, since a multipart body has at least one part.
pub fn response(
    boundary: &Boundary,
    seq: u64,
    container: Container,
    parts: impl IntoIterator<Item = Part>,
) -> Response<Chunks> {
    let body = body(boundary, seq, container, parts);
    let length = HeaderValue::from(body.len());
    let has_parts = !body.is_empty();
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    if has_parts {
        let content_type = format!("multipart/mixed; boundary={}", boundary.0);
        let content_type = HeaderValue::from_maybe_shared(Bytes::from(content_type))
            .expect("hex digits are allowed in a header");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

fn part_head(
    between: &str,
    boundary: &Boundary,
    seq: u64,
    container: Container,
    part: &Part,
) -> String {
    let name = one_line(&part.name);
    let file = format!("{}_{seq}.{}", quoted(&name), container.ext());
    let mut head = String::with_capacity(256);
    write!(
        head,
        "{between}--{}\r\n\
         Content-Disposition: attachment; filename=\"{file}\"\r\n\
         Content-Length: {}\r\n\
         Content-Type: {}; name=\"{file}\"\r\n\
         Rendition-Name: {name}\r\n\r\n",
        boundary.0,
        part.bytes.len(),
        container.mime(),
    )
    .expect("writing to a String cannot fail");
    head
}

/// A name cannot end its header line.
fn one_line(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

/// The inside of a quoted string (RFC 9110 5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests;
