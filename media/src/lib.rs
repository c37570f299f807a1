//! Media without surprises: what a segment holds, found by parsing alone, and libav behind a safe wall.
//!
//! [`probe`] reads a segment's structure in one pass and never decodes; it is all the gateway needs on
//! its hot path and builds without FFmpeg. With the feature `libav` (the default) the crate also
//! [`transcode`]s, draws [`TestPattern`]s and [`inspect`]s by really decoding; those three block, belong
//! on threads of their own and serve tests, demos and load runs.
//!
//! [`keccak`] hashes whole segments and [`memory`] asks for large pages; they are here because they
//! need the processor's instructions and the system's calls at hand, and no other crate may hold
//! `unsafe` code.
//!
//! Every byte that comes in is hostile: no input may panic, loop, or make memory grow with a number
//! that a file merely claims.
#![deny(unsafe_code)]

mod container;
pub mod keccak;
pub mod memory;
pub mod pixels;
mod probe;
pub mod scan;

#[cfg(feature = "libav")]
mod av;
#[cfg(feature = "libav")]
mod encode;
#[cfg(feature = "libav")]
mod faststart;
#[cfg(feature = "libav")]
mod inspect;
#[cfg(feature = "libav")]
mod mux;
#[cfg(feature = "libav")]
mod pattern;
#[cfg(feature = "libav")]
mod reel;
mod sizing;
#[cfg(feature = "libav")]
mod source;
#[cfg(feature = "libav")]
mod tape;
mod target;
#[cfg(feature = "libav")]
mod transcode;

pub use container::Container;
pub use probe::{AudioCodec, Chroma, Probe, ProbeError, Video, VideoCodec, outline, probe};
pub use sizing::output_size;
pub use target::{Gop, H264Profile, Target};

#[cfg(feature = "libav")]
pub use av::version;
#[cfg(feature = "libav")]
pub use inspect::{Inspection, inspect};
#[cfg(feature = "libav")]
pub use pattern::{PatternError, Segment, TestPattern, TestPatternStream};
#[cfg(feature = "libav")]
pub use reel::{Difference, Encoding, Reel, Scaling};
#[cfg(feature = "libav")]
pub use tape::{Tape, TapeError, TrackKind};
#[cfg(feature = "libav")]
pub use transcode::{Limits, Output, Speed, TranscodeError, transcode};
