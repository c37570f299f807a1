//! Neighbours of the gateway for tests, demos and load runs.
//!
//! [`Orchestrator`] is a node of the Livepeer network that any program can start on a free port: it
//! speaks the orchestrator protocol of go-livepeer v0.9.1, transcodes for real (or answers at once with
//! fixed bytes), refuses what a stock node refuses with the same status and text, counts what it saw,
//! and misbehaves on demand ([`fault`]). [`load`] pushes segments and measures what comes back.
//!
//! It is written from the protocol alone and shares nothing with the gateway but the generated wire
//! types, so that a mistake in one is not repeated by the other. It must never depend on the gateway.
#![forbid(unsafe_code)]

pub mod client;
mod clock;
mod crypto;
pub mod fault;
pub mod load;
pub mod orchestrator;

pub use clock::{Clock, ManualClock};
pub use crypto::{Key, KeyError, result_digest, verify_eth, verify_lp};
pub use fault::{
    ConnectionFault, DownloadFault, Fault, FaultSpec, GetOrchestratorFault, SegmentFault, Times,
};
pub use orchestrator::{
    Builder, Held, Orchestrator, OrchestratorRequestSeen, ProfileList, ReceivedSegment, Stats,
    Transcoding, Verdict,
};
