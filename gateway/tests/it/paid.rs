//! Paying on a local chain: real contracts' rules, strict payees, the gateway as it is.

mod admin;
mod anchor;
mod chaos;
mod classes;
mod commands;
mod compared;
mod contracts;
mod faults;
mod funds;
mod harness;
mod limits;
mod many;
mod market;
mod renewal;
mod replies;
mod restart;
mod rounds;
mod rpc;
mod secrets;
mod stream;
mod trouble;
