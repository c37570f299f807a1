//! The orchestrator of the testkit, seen from outside: against recorded traffic of stock nodes, with
//! every fault, and through its lives.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod attacks;
mod bins;
mod corpus;
mod downloads;
mod faults;
mod grpc;
mod harness;
mod life;
mod limits;
mod load;
mod observe;
mod payments;
mod real;
mod recorded;
mod replay;
mod sessions;
