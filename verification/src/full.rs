//! All pictures of a rendition against the source that the gateway holds, and disputes.
//!
//! ```text
//!  grids of source and rendition, mapping ─► measure ─┐
//!  a few whole pictures ─► sharpen, Quality ──────────┼─► judge ─► next ─► Accept, Reference, …
//!  our own encoding, measured alike ─► compare ───────┘
//! ```
//!
//! [`measure`](crate::measure) makes the numbers of files; [`checks`] and [`rule()`] make checks and verdicts of those.
//!
//! Block means find what is not the source; they never refuse by themselves. What was measured comes
//! from a process that decoded untrusted bytes: any number of it may be wrong, and none may make this
//! panic.

mod align;
mod features;
mod judge;
mod measure;
mod next;
mod noise;
mod quality;
mod reference;
mod rule;
mod sharp;
mod spectrum;
mod stats;
mod temporal;
mod tint;
mod tone;
mod windows;

#[cfg(test)]
mod tests;

pub use align::mapping;
pub use features::{Features, Spot, WORST};
pub use judge::{Conditions, judge};
pub use measure::measure;
pub use next::{Next, next, settle};
pub use quality::{EQUAL, Quality, Summary, Tile, psnr};
pub use reference::{Dispute, MOST_STRUCK, answered, compare, excused, struck};
pub use rule::{checks, confirmed, rule, undecodable, undisputed};
pub use sharp::{Whole, sharpen};
