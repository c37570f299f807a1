//! Round books from the ledger: which leaves a round has, over which data files, and what is to be
//! done about a book in the round that it is now.
//!
//! ```text
//!   ledger: tickets by session ─► leaves ─► RoundBook (tagging::round) ─► root ─┐
//!   data files ─► dataset_root ─────────────────────────────────────────────────┼─► commitRound
//!   round of the book, round now, what was told ─► next: wait, commit, close, missed
//! ```
//!
//! Pure but for [`TagRegistry`], which reads the registry; the gateway writes files and sends.

mod anchor;
mod dataset;
mod due;
mod leaves;
mod registry;

pub use anchor::AnchoredManifest;
pub use dataset::dataset_root;
pub use due::{Next, WINDOW, is_due, next};
pub use leaves::leaves;
pub use registry::{Commitment, TagRegistry, key_of, prefixes};
