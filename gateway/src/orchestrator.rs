//! The way to orchestrators.
//!
//! ```text
//!  sources (list, webhook, chain) ─► directory ─ probes in the background ─► selection::Pool
//!                                │ candidates
//!                                ▼
//!                      node ── GetOrchestrator ──► session (token, 30 minutes)
//!                                                     │
//!            transport (HTTP/1.1, pooled) ◄── segment ┤ upload, result
//!                                         ◄── download┘ renditions
//! ```
//!
//! Control calls are gRPC on HTTP/2; media goes over HTTP/1.1 with a pool of warm connections, one
//! request at a time on each. Every wait has a deadline, every body and header a bound.

pub mod directory;
pub mod download;
pub mod error;
pub mod node;
pub mod refresh;
pub mod segment;
pub mod session;
pub mod source;
pub mod tls;
pub mod transport;
