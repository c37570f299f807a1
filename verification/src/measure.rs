//! From files to numbers: all pictures of a rendition beside its source's, and beside our own encoding.
//!
//! ```text
//!   Expectation, Scan, secrets ─► Comparison, Dispute ─► Source (libav) ─► Compared, Disputed ─► full::checks, full::rule
//! ```
//!
//! What is asked and what was found are plain numbers, for they pass between processes: who asks has parsed the
//! files and never decodes, who decodes knows neither bounds nor secrets. There is one way to measure, so that a
//! gateway, the command line and the tests that bounds are held against see the same.
//!
//! What was found comes from a process that decoded untrusted bytes: any number of it may be wrong.

mod asked;
#[cfg(feature = "libav")]
mod encoding;
mod found;
#[cfg(feature = "libav")]
mod source;
#[cfg(feature = "libav")]
mod store;

pub use asked::{Comparison, DRAWN, Dispute, MOST_PICTURES, Secrets};
pub use found::{Compared, Disputed};
#[cfg(feature = "libav")]
pub use source::{MeasureError, Source};
#[cfg(feature = "libav")]
pub use store::Keep;
