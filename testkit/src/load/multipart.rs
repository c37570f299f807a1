//! Reads a `multipart/mixed` answer whose parts state their length, as a gateway's do.
//!
//! Strict on purpose: a load run counts an answer that is out of shape as a failure.

use bytes::Bytes;

/// Most parts of one answer.
const MAX_PARTS: usize = 64;
/// Longest head of a part.
const MAX_HEAD: usize = 4096;

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Its headers, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub bytes: Bytes,
}

impl Part {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why an answer is no well-formed multipart body.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultipartError {
    /// Another content type, or one without boundary.
    #[error("content type `{given}` is not multipart/mixed with a boundary")]
    ContentType {
        /// What was given.
        given: String,
    },
    /// A delimiter is not where it must be.
    #[error("no delimiter at byte {at}")]
    Delimiter {
        /// Offset in the body.
        at: usize,
    },
    /// A part's head is broken, too long, or without a length.
    #[error("part {part} has no proper head with a Content-Length")]
    Head {
        /// Index of the part.
        part: usize,
    },
    /// A part is longer than the body.
    #[error("part {part} ends early")]
    Truncated {
        /// Index of the part.
        part: usize,
    },
    /// More parts than accepted.
    #[error("more than {MAX_PARTS} parts")]
    TooMany,
}

/// The parts of a body.
pub fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, MultipartError> {
    let wrong = || MultipartError::ContentType { given: content_type.to_owned() };
    let (media_type, parameters) = content_type.split_once(';').ok_or_else(wrong)?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/mixed") {
        return Err(wrong());
    }
    let boundary = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))
        .map(|value| value.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
        .ok_or_else(wrong)?;
    let delimiter = format!("--{boundary}");
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        // The first delimiter may stand at the very start.
        if !(out.is_empty() && body.starts_with(delimiter.as_bytes())) {
            expect(body, &mut at, b"\r\n")?;
        }
        expect(body, &mut at, delimiter.as_bytes())?;
        if rest(body, at).starts_with(b"--") {
            return Ok(out);
        }
        expect(body, &mut at, b"\r\n")?;
        if out.len() >= MAX_PARTS {
            return Err(MultipartError::TooMany);
        }
        out.push(part(body, &mut at, out.len())?);
    }
}

fn part(body: &Bytes, at: &mut usize, index: usize) -> Result<Part, MultipartError> {
    let bad_head = || MultipartError::Head { part: index };
    let tail = rest(body, *at);
    let window = tail.get(..MAX_HEAD.min(tail.len())).unwrap_or_default();
    let end = window.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(bad_head)?;
    let head = window.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    let headers = head
        .ok_or_else(bad_head)?
        .split("\r\n")
        .map(|line| {
            let (name, value) = line.split_once(':').ok_or_else(bad_head)?;
            Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .ok_or_else(bad_head)?;
    let start = *at + end + 4;
    let stop = start
        .checked_add(length)
        .filter(|stop| *stop <= body.len())
        .ok_or(MultipartError::Truncated { part: index })?;
    *at = stop;
    Ok(Part { headers, bytes: body.slice(start..stop) })
}

fn expect(body: &Bytes, at: &mut usize, text: &[u8]) -> Result<(), MultipartError> {
    if rest(body, *at).starts_with(text) {
        *at += text.len();
        Ok(())
    } else {
        Err(MultipartError::Delimiter { at: *at })
    }
}

fn rest(body: &Bytes, at: usize) -> &[u8] {
    body.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/mixed; boundary=94eaf473f7957940e066";

    fn body(first: &str) -> Bytes {
        Bytes::from(format!(
            "{first}--94eaf473f7957940e066\r\nContent-Type: video/mp2t; name=\"P240_0.ts\"\r\n\
             Content-Length: 5\r\nRendition-Name: P240\r\n\r\n\r\n--x\r\n--94eaf473f7957940e066\r\n\
             Content-Length: 0\r\n\r\n\r\n--94eaf473f7957940e066--\r\n"
        ))
    }

    #[test]
    fn parts_are_read_by_their_length_whatever_they_hold() {
        for first in ["", "\r\n"] {
            let parts = parts(TYPE, &body(first)).unwrap();
            assert_eq!(parts.len(), 2);
            assert_eq!(parts[0].bytes, "\r\n--x");
            assert_eq!(parts[0].header("rendition-name"), Some("P240"));
            assert_eq!(parts[1].bytes, "");
        }
    }

    #[test]
    fn a_body_out_of_shape_says_where() {
        let whole = body("");
        let wrong = |content_type: &str, body: &Bytes| parts(content_type, body).unwrap_err();
        assert!(matches!(wrong("video/mp2t", &whole), MultipartError::ContentType { .. }));
        assert!(matches!(
            wrong("multipart/mixed; x=1", &whole),
            MultipartError::ContentType { .. }
        ));
        assert_eq!(wrong(TYPE, &Bytes::new()), MultipartError::Delimiter { at: 0 });
        assert_eq!(wrong(TYPE, &whole.slice(..115)), MultipartError::Truncated { part: 0 });
        assert_eq!(wrong(TYPE, &whole.slice(..60)), MultipartError::Head { part: 0 });
        assert_eq!(
            wrong(TYPE, &whole.slice(..whole.len() - 4)),
            MultipartError::Delimiter { at: whole.len() - 4 }
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            cut in 0usize..400,
        ) {
            drop(parts(TYPE, &Bytes::from(bytes)));
            let whole = body("");
            drop(parts(TYPE, &whole.slice(..cut.min(whole.len()))));
        }
    }
}
