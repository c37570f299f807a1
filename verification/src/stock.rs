//! The fast verification that clients of stock gateways switch on, and the external verifier, repaired.
//!
//! ```text
//!  scores of discovery ─► pools ─► choose: one that is verified, or 1 trusted and 2 others
//!                                    │ results, each with its hash
//!                                    ▼
//!  perceptual hashes ─► hash::parse ─► compare (by time) ─► pools::settle: whose result is used, who is suspended
//!                                        │
//!                                        └─ soft: the checks of this crate decide whether pictures are right
//! ```
//!
//! What a stock gateway does wrong is done otherwise here: an orchestrator without a hash costs nobody else a result,
//! every one that fails is suspended, every rendition is compared and not one at random, pictures are compared at
//! equal times and all of them, and a hash, which the orchestrator makes before it encodes, never proves anything by
//! itself.
//!
//! Nothing here makes a hash: that is patented and under another licence. Reading and comparing them is arithmetic.

mod bits;
pub mod compare;
pub mod hash;
pub mod pools;
pub mod webhook;
