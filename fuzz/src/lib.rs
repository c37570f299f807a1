//! What several fuzz targets ask of the code under test.
//!
//! A target panics when a rule is broken; the message says which. Nothing here reads a file, a
//! clock or the network: the same input always does the same.
#![forbid(unsafe_code)]

pub mod library;

use std::error::Error;

/// The longest text of an error, its causes included, in bytes. Problems cut theirs to 512.
const LONGEST_TEXT: usize = 8 * 1024;

/// Asserts that an error can be shown and logged: one line, bounded, nothing a terminal obeys.
///
/// # Panics
///
/// When it cannot.
pub fn showable(error: &dyn Error) {
    let mut cause = Some(error);
    let mut bytes = 0;
    while let Some(error) = cause {
        let text = error.to_string();
        assert!(!text.contains(char::is_control), "a text with control characters: {text:?}");
        bytes += text.len();
        cause = error.source();
    }
    assert!(bytes <= LONGEST_TEXT, "{bytes} bytes to say what is wrong: {error}");
}

/// Asserts that text can name a stream: it is safe in a path, in a header and in a log.
///
/// # Panics
///
/// When it cannot.
pub fn stream_name(name: &str) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~+=@:-".contains(&b);
    assert!((1..=128).contains(&name.len()), "a stream name of {} bytes", name.len());
    assert!(name.bytes().all(allowed), "a stream name with odd bytes: {name:?}");
    assert!(!matches!(name, "." | ".."), "a stream name that leads elsewhere: {name:?}");
}

/// Asserts that text can name a rendition: a path element, a file name and a part header.
///
/// # Panics
///
/// When it cannot.
pub fn rendition_name(name: &str) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    assert!((1..=64).contains(&name.len()), "a rendition name of {} bytes", name.len());
    assert!(name.bytes().all(allowed), "a rendition name with odd bytes: {name:?}");
    assert!(name.bytes().any(|b| b != b'.'), "a rendition name of dots: {name:?}");
    assert!(name != "source" && !name.ends_with("live"), "a reserved rendition name: {name:?}");
}
