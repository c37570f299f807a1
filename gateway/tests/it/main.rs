//! The gateway as clients, orchestrators and operators see it: real sockets, real media, an
//! orchestrator from the testkit that is written from the protocol and shares no code with the
//! gateway.
#![allow(missing_docs, reason = "tests document themselves by their names")]

mod anchored;
mod authorisation;
mod cheats;
mod dispute;
mod faults;
mod harness;
mod hls;
mod matching;
mod paid;
mod pains;
mod process;
mod push;
mod records;
mod requirements;
mod stock_checks;
mod tags;
mod trust;
mod verification;
