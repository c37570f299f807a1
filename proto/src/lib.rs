//! Wire types of the orchestrator protocol of go-livepeer v0.9.1.
//!
//! The messages are written by us with the exact field numbers of the wire, and generated at build
//! time. Waymark's own messages ride at field 1001: [`net::JobTag`] in three messages, [`net::Receipt`]
//! in results; a peer that does not know them skips them. [`net::AuthToken`] is the exception to
//! generated code: it keeps fields it does not know. This crate knows no transport and makes no
//! decision.
#![forbid(unsafe_code)]

mod auth_token;

/// Package `net`: messages, and the service `Orchestrator` as client and server.
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    let_underscore_drop,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::let_underscore_must_use,
    clippy::use_self,
    reason = "generated code"
)]
pub mod net {
    pub use crate::auth_token::AuthToken;

    tonic::include_proto!("net");
}

/// Content type of the one HTTP exchange that carries raw media, whatever its container.
pub const SEGMENT_CONTENT_TYPE: &str = "video/MP2T";
/// Header with the base64 of [`net::SegData`].
pub const SEGMENT_HEADER: &str = "livepeer-segment";
/// Header with the base64 of [`net::Payment`]; sent empty off-chain.
pub const PAYMENT_HEADER: &str = "livepeer-payment";
/// Header that names the job tag on every HTTP request to an orchestrator, and in a client's push.
pub const TAG_HEADER: &str = "livepeer-job-tag";
