//! Who gets the job.
//!
//! ```text
//!   facts (background probes, finished attempts)
//!        │
//!        ▼
//!   Pool ── rank(now, exclude) ──► nodes in the order they should be tried
//!
//!   sessions of one stream ── choose(views, now) ──► use one, open another, or wait
//! ```
//!
//! Choosing reads memory only; whoever owns the sockets reports what it saw. Time is a [`Duration`]
//! since an origin the caller picked, so that every decision can be replayed in a test.
#![forbid(unsafe_code)]

pub mod measured;
pub mod node;
pub mod pool;
pub mod session;

pub use measured::{Measured, Sample};
pub use node::NodeId;
pub use pool::{Failure, Pool, Standing};
pub use session::{Choice, SessionView, choose};

use std::time::Duration;

/// A moment, counted from an origin that the caller picked once (usually process start).
pub type Moment = Duration;
