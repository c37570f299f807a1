//! Load runs: segments pushed on many streams, to a gateway or straight to a node, with what it cost.
//!
//! Everything is bounded in number and time before it starts. What is measured is what a client sees:
//! from the moment a segment is due to the last byte of the last rendition.

mod answerer;
mod direct;
mod latency;
mod multipart;
mod process;
mod push;
mod source;
mod stream;

pub use answerer::{AnswererOptions, answerer, drawn_renditions};
pub use latency::Summary;
pub use multipart::{MultipartError, Part, parts};
pub use process::{ProcessReport, ProcessWatch};
pub use push::{Pace, PushOptions, Report, Target, push};
pub use source::{Source, pad_ts};
