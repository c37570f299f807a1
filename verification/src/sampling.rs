//! Which results are audited: a secret draw, made after the bytes have arrived.
//!
//! ```text
//!   a day's key ─┐
//!   orchestrator │
//!   job, number  ├─ HMAC-SHA-256 ─► 256 bits ─ below p·2^256 ? ─► audit
//!   output hash ─┘
//! ```
//!
//! The request is the same for audited results and others, and the orchestrator has fixed its output
//! before the draw can be made, so it cannot know what is looked at. The key of a day is published
//! later ([`DayKey::reveal`]); anyone can then repeat the draws and see that nobody was singled out.
//!
//! Chance alone may leave a stream without an audit for long: [`strata`] adds the few that are made
//! whatever the draw says.

mod draw;
mod key;
mod pay;
pub mod strata;

pub use draw::{Draw, Rate, Subject};
pub use key::{DayKey, Secret};
pub use pay::{by_pay, pick};
pub use strata::{Strata, Stratum};

/// Least rate that any setting can lead to: never zero, or a gateway would be blind.
pub const LEAST: f64 = 1e-4;
