//! Responses of orchestrators as bytes: where the head ends, where the body does.
//!
//! Pure functions over hostile bytes: nothing here reads a socket, and the result does not depend on
//! how the bytes were cut. What is not plainly right is refused: the other end is one of the few
//! programs that speak the orchestrator protocol, and none of them sends anything else.

mod body;
mod chunks;
mod framing;

use http::StatusCode;

pub use self::{body::Collecting, framing::Framing};

/// Longest head of a response, with the interim ones before it; no honest one comes near it.
pub const LONGEST_HEAD: usize = 16 * 1024;
/// Most headers of a response, and of its trailers.
const MOST_HEADERS: usize = 64;

/// What the head of a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Status of the final response.
    pub status: StatusCode,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether another request may follow on the connection.
    pub keep: bool,
    /// Bytes of the head and of the interim responses before it.
    pub len: usize,
}

/// Bytes that are no response to what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// Not HTTP/1.
    #[error("the head of the response is malformed")]
    Head(#[from] httparse::Error),
    /// Valid, but not an answer that is understood.
    #[error("{0}")]
    Meaning(&'static str),
}

impl From<Wrong> for std::io::Error {
    fn from(wrong: Wrong) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, wrong)
    }
}

/// The head at the front of what was heard, if it is whole. Responses that only say that there is
/// more to come are passed over.
///
/// # Errors
/// What follows cannot make a response of it.
pub fn head(heard: &[u8]) -> Result<Option<Head>, Wrong> {
    let mut len = 0;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(heard.get(len..).unwrap_or_default())?;
        let too_long = Err(Wrong::Meaning("the head of the response is too long"));
        let httparse::Status::Complete(this) = parsed else {
            return if heard.len() > LONGEST_HEAD { too_long } else { Ok(None) };
        };
        len += this;
        if len > LONGEST_HEAD {
            return too_long;
        }
        let status = StatusCode::from_u16(response.code.unwrap_or_default())
            .map_err(|_| Wrong::Meaning("a status that is none"))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Wrong::Meaning("another protocol, which nobody asked for"));
        }
        if status.is_informational() {
            continue;
        }
        let current = response.version == Some(1);
        let framing = Framing::of(status, current, response.headers)?;
        let keep = current && !says_close(response.headers);
        return Ok(Some(Head { status, framing, keep, len }));
    }
}

/// Whether the connection ends with this response.
fn says_close(headers: &[httparse::Header<'_>]) -> bool {
    headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("connection"))
        .flat_map(|header| header.value.split(|b| *b == b','))
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

#[cfg(test)]
mod tests;
