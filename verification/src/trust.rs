//! How far an orchestrator is trusted: from what its audits found, kept over restarts.
//!
//! ```text
//!            20 audits           60 clean audits             1 000 clean, 7 days quiet
//!    new ──────────────► probation ────────────► trusted ─────────────────► trusted (proven)
//!                            ▲                      │ ▲
//!       1 h, 24 h, 7 d       │    a soft failure    ▼ │  nothing left of it, 20 clean audits
//!    out ────────────────────┘                  suspected
//!     ▲
//!     └── from every state: one fact, or soft failures that add up to ten thousand to one
//! ```
//!
//! | state here | in the design's table | rate of full audits | answers wait for the verdict |
//! |---|---|---|---|
//! | `new` | PROBATION, an address's first 20 audits | 1 | yes |
//! | `probation` | PROBATION | 1 for the first 20 after a release, then 0.5 | yes |
//! | `trusted` | NORMAL | 0.05, from the declared bound of loss | no |
//! | `trusted`, proven | PROVEN | 0.01, or the rate that deters | no |
//! | `suspected` | SUSPECT | 0.5 to 1 | yes |
//! | `out` | QUARANTINED | no work | – |
//!
//! What is counted, is counted for each orchestrator, class of job and kind of rendition; clean audits
//! and strikes fade with a half-life of 14 days. Being out holds for everything an operator has under
//! the same recipient or service address ([`Identity`]). One soft failure never excludes: it only
//! makes the gateway look closer.

mod book;
mod faded;
mod identity;
mod line;
mod order;
mod penalty;
mod report;
mod rules;
mod state;
mod stored;

pub use book::{Book, Change, Full};
pub use identity::{Identity, Key};
pub use order::order;
pub use report::{LineReport, PenaltyReport, Report};
pub use rules::Rules;
pub use state::{Consequence, Finding, Sign, Standing, State};
pub use stored::{FORMAT, StoredError};
