//! libav set-up and faults shared by everything that decodes or encodes.
//!
//! The one place with `unsafe`: what the wrapper crate has no safe call for.

use std::ffi::CStr;
use std::ptr;
use std::sync::OnceLock;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::Parameters;
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::{Dictionary, ffi};

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

/// Opens a file with one demultiplexer, by name, and nothing else: unlike the wrapper's call this neither guesses
/// the format nor reads and decodes ahead, both of which would happen before the caller can look at anything.
pub(crate) fn open_input(
    mut io: StreamIo,
    demuxer: &CStr,
    options: Dictionary<'_>,
) -> Result<Input, ffmpeg::Error> {
    // SAFETY: the name is a C string; the answer is a static of libav or null.
    #[allow(unsafe_code, reason = "the wrapper can only open with a guessed format")]
    let format = unsafe { ffi::av_find_input_format(demuxer.as_ptr()) };
    if format.is_null() {
        return Err(ffmpeg::Error::DemuxerNotFound);
    }
    // SAFETY: the context is allocated here and not shared. `io` is valid for as long as the context: on success
    // the returned `Input` owns both and frees the context first; on failure `avformat_open_input` frees the
    // context (and, as it is marked custom, not the IO) before `io` is dropped. The dictionary is disowned, so
    // that the call may replace it, and owned again at once.
    #[allow(unsafe_code, reason = "as above")]
    unsafe {
        let mut context = ffi::avformat_alloc_context();
        if context.is_null() {
            return Err(ffmpeg::Error::Other { errno: ffmpeg::error::ENOMEM });
        }
        (*context).pb = io.as_mut_ptr();
        (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
        let mut options = options.disown();
        let opened =
            ffi::avformat_open_input(&raw mut context, ptr::null(), format, &raw mut options);
        drop(Dictionary::own(options));
        if opened < 0 {
            return Err(ffmpeg::Error::from(opened));
        }
        Ok(Input::wrap_with_custom_io(context, io))
    }
}

/// The codec's configuration record, where its container has one.
pub(crate) fn extradata(parameters: &Parameters) -> &[u8] {
    // SAFETY: `as_ptr` gives the valid `AVCodecParameters` that `parameters` owns or keeps alive; libav keeps
    // `extradata_size` bytes at `extradata` unless that is null, and nothing changes them while it is borrowed.
    #[allow(unsafe_code, reason = "the wrapper has no getter for this field")]
    unsafe {
        let raw = parameters.as_ptr();
        let len = usize::try_from((*raw).extradata_size).unwrap_or(0);
        if (*raw).extradata.is_null() || len == 0 {
            return &[];
        }
        std::slice::from_raw_parts((*raw).extradata, len)
    }
}
