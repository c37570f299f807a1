//! Decoding, in processes of their own.
//!
//! ```text
//!   gateway ── request: header, files ──► worker: reads, decodes, measures ── answer: numbers ──► gateway
//!      └─ pool: N workers, bounded queue, a deadline for each request; who hangs is killed
//! ```
//!
//! A worker is this program with a hidden subcommand. Before it reads the first byte it gives up
//! everything but its two pipes ([`sandbox`]). It is trusted with nothing: its answers are bounded
//! and parsed like anything that comes from outside.

pub mod child;
mod measure;
mod pool;
mod process;
pub mod protocol;
pub mod sandbox;

pub use pool::{Pool, PoolSettings, PoolStatus, Urgency, WorkError};
pub use process::Program;

/// The hidden subcommand that makes this program a worker.
pub const SUBCOMMAND: &str = "verify-worker";
