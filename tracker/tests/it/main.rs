//! The tracker from outside: the command, its sources, and a model of the whole that is written twice.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod adversary;
mod books;
mod chain;
mod command;
mod hostile;
mod model;
mod node;
mod recorded;
mod splits;
mod synth;
