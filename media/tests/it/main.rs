//! Probing, transcoding and generating against recorded segments and against what really decodes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cutting;
mod data;
mod patterns;
mod pixels;
mod probing;
mod scanning;
mod transcoding;

#[test]
fn the_libav_in_use_is_named() {
    let version = waymark_media::version();
    assert!(version.starts_with("libavcodec ") && version.contains("libavformat "), "{version}");
}
