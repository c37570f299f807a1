//! The plainest form of a push, told apart from everything else that HTTP may be.
//!
//! What is recognized here is served without an HTTP library in between; whatever is not the one
//! form of a push that encoders send is [`Front::Other`], and the library's, however harmless. So
//! there is nothing to decide about framing but a number: no coding, no second length, no upgrade,
//! no expectation, no other version.

use http::{HeaderName, HeaderValue, Request, Uri, header, request::Parts};

/// A longer head is left to the library.
pub const LONGEST_HEAD: usize = 16 * 1024;
/// More headers are left to it.
const MOST_HEADERS: usize = 64;
/// A length of more digits is left to it: fewer always fit into 64 bits.
const MOST_DIGITS: usize = 18;

/// What stands at the front of the bytes a client sent.
#[derive(Debug)]
pub enum Front {
    /// A plain push.
    Push(Box<PlainPush>),
    /// Something else.
    Other,
    /// The beginning of either.
    Incomplete,
}

/// The head of a plain push.
#[derive(Debug)]
pub struct PlainPush {
    /// What it says.
    pub parts: Parts,
    /// Bytes of the head.
    pub head: usize,
    /// Bytes of the body that follows.
    pub body: u64,
}

/// Looks at the bytes from the start of a request. The answer does not change with more of them once
/// it is not [`Front::Incomplete`].
pub fn front(read: &[u8]) -> Front {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(read) {
        Ok(httparse::Status::Complete(head)) if head <= LONGEST_HEAD => {
            plain(&request, head).map_or(Front::Other, |push| Front::Push(Box::new(push)))
        }
        Ok(httparse::Status::Partial) if read.len() <= LONGEST_HEAD => Front::Incomplete,
        // The library has the words for what is wrong.
        _ => Front::Other,
    }
}

fn plain(request: &httparse::Request<'_, '_>, head: usize) -> Option<PlainPush> {
    let method = request.method.filter(|method| matches!(*method, "POST" | "PUT"))?;
    let path = request.path.filter(|path| path.starts_with("/live/"))?;
    if request.version != Some(1) {
        return None;
    }
    let mut parts = Request::builder().method(method).uri(Uri::try_from(path).ok()?);
    let mut body = None;
    for line in request.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        match name {
            header::CONTENT_LENGTH if body.is_none() => body = Some(number(line.value)?),
            header::CONTENT_LENGTH
            | header::TRANSFER_ENCODING
            | header::TRAILER
            | header::EXPECT
            | header::UPGRADE => return None,
            header::CONNECTION if !line.value.eq_ignore_ascii_case(b"keep-alive") => return None,
            _ => {}
        }
        parts = parts.header(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    Some(PlainPush { parts: parts.body(()).ok()?.into_parts().0, head, body: body? })
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = (1..=MOST_DIGITS).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

#[cfg(test)]
mod tests;
