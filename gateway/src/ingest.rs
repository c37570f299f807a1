//! What arrives from clients, read into types that cannot be wrong.
//!
//! Pure functions over request heads: nothing here reads a body, asks a webhook or keeps a stream.

pub mod http_push;
mod manifest;
pub mod plain_push;
pub mod transcode_config;

use std::borrow::Cow;

pub use manifest::{ManifestId, ManifestIdError};

/// Undoes `%XX` in one element of a path. `None`: a broken escape, or not UTF-8.
pub(crate) fn percent_decode(element: &str) -> Option<Cow<'_, str>> {
    if !element.contains('%') {
        return Some(Cow::Borrowed(element));
    }
    let mut bytes = Vec::with_capacity(element.len());
    let mut rest = element.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
