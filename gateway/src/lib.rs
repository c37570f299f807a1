//! Waymark: a gateway for the Livepeer network.
//!
//! ```text
//!  client ──push──► http ──► job ──────────────► orchestrator        (one segment)
//!                             admit, plan, select,   ▲
//!                             send, receive, check,  │ sessions, transport
//!                             deliver, record        │
//!  player ◄──HLS─── deliver ◄─┘       directory ─────┘ probes in the background
//!                                         ▲
//!                             opendata ◄──┴── records of every attempt
//! ```
//!
//! [`app::start`] builds a gateway from a [`config::Config`] and returns a handle that stops it.
//! Everything that arrives from a client, an orchestrator or a webhook is hostile: bounded in size
//! and time, and never able to end the process.
#![forbid(unsafe_code)]

pub mod advertise;
pub mod app;
pub mod authorisation;
pub mod buffers;
pub mod capability;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod contracts;
pub mod deliver;
pub mod errors;
pub mod funds;
pub mod hasher;
pub mod http;
pub mod ingest;
pub mod job;
pub mod lifecycle;
pub mod matching;
pub mod metrics;
pub mod orchestrator;
pub mod payments;
pub mod profile;
pub mod signer;
pub mod stream;
pub mod streams;
pub mod tags;
pub mod telemetry;
pub mod verify;
pub mod wire;
