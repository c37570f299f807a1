//! The networks that Livepeer runs on, and where the contracts of each are found.
//!
//! Pure data: nothing here talks to a chain. Every other contract is resolved through the
//! Controller at run time, because governance can replace it.
#![forbid(unsafe_code)]

mod network;

pub use network::{CustomName, MAX_NAME_BYTES, Network, NetworkError};
