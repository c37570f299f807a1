//! libav set-up and faults shared by everything that decodes or encodes.
//!
//! The one place with `unsafe`: what the wrapper crate has no safe call for.

use std::sync::OnceLock;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::Parameters;

/// Why libav did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The build of libav lacks a part.
    Missing(&'static str),
    /// A call failed.
    Failed { action: &'static str, source: ffmpeg::Error },
}

/// Names the action for `map_err`.
pub(crate) fn failed(action: &'static str) -> impl Fn(ffmpeg::Error) -> Fault {
    move |source| Fault::Failed { action, source }
}

/// Readies libav once per process and keeps it from writing to standard error.
pub(crate) fn init() -> Result<(), Fault> {
    static READY: OnceLock<Result<(), ffmpeg::Error>> = OnceLock::new();
    let ready = READY.get_or_init(|| {
        ffmpeg::init()?;
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
        Ok(())
    });
    (*ready).map_err(failed("start"))
}

/// Release of libav in use and its licence, e.g. `libavcodec 59.37.100, libavformat 59.27.100 (GPL version 2 or later)`.
pub fn version() -> String {
    let [codec, format] = [ffmpeg::codec::version(), ffmpeg::format::version()]
        .map(|v| format!("{}.{}.{}", v >> 16, (v >> 8) & 0xff, v & 0xff));
    format!("libavcodec {codec}, libavformat {format} ({})", ffmpeg::codec::license())
}

/// Clears the tag a codec had in its old container, which another container's muxer would refuse.
pub(crate) fn clear_codec_tag(parameters: &mut Parameters) {
    // SAFETY: `as_mut_ptr` gives the valid, exclusively borrowed `AVCodecParameters` that `parameters`
    // owns or keeps alive; the field is a plain integer.
    #[allow(unsafe_code, reason = "the wrapper has no setter for this field")]
    unsafe {
        (*parameters.as_mut_ptr()).codec_tag = 0;
    }
}
