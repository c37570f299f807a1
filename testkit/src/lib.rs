//! Neighbours of the gateway for tests, demos and load runs.
//!
//! [`Orchestrator`] is a node of the Livepeer network that any program can start on a free port: it
//! speaks the orchestrator protocol of go-livepeer v0.9.1, transcodes for real (or answers at once with
//! fixed bytes), refuses what a stock node refuses with the same status and text, counts what it saw,
//! and misbehaves on demand ([`fault`]). [`load`] pushes segments and measures what comes back.
//!
//! On request it is a strict payee ([`OnChain`]): it sells at a price, checks every ticket as a stock node
//! does, keeps credit, and redeems what wins.
//!
//! [`LocalChain`] is a development chain with stand-ins for Livepeer's contracts, on which they are paid.
//!
//! It is written from the protocol alone and shares nothing with the gateway but the generated wire
//! types, so that a mistake in one is not repeated by the other. It must never depend on the gateway.
#![forbid(unsafe_code)]

pub mod attack;
pub mod chain;
pub mod client;
mod clock;
pub mod corpus;
mod crypto;
pub mod fault;
pub mod load;
pub mod orchestrator;
mod ticket;

pub use chain::LocalChain;
pub use clock::{Clock, ManualClock};
pub use crypto::{Key, KeyError, result_digest, verify_eth, verify_lp};
pub use fault::{
    ConnectionFault, DownloadFault, Fault, FaultSpec, GetOrchestratorFault, ParamsFault,
    PaymentFault, RefreshFault, SegmentFault, Times,
};
pub use orchestrator::{
    Accomplices, Builder, ChainError, ChainView, FakeChain, Funds, Head, Held, OnChain,
    Orchestrator, OrchestratorRequestSeen, PaymentStats, Price, ProfileList, ReceivedSegment,
    Redeemer, Report, RpcChain, Stats, TagEarnings, Transcoding, Verdict, Wei, Winner,
};
pub use ticket::{COUNTER_BITS, Ticket, expected_value};
