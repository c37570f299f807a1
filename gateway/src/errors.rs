//! What a client is told when a request cannot be served.
//!
//! Every answer that is not 2xx is a [`Problem`]: `application/problem+json` (RFC 9457) with a
//! [`Reason`] from a closed list. [`Reason::row`] is the only place that knows which reason has
//! which status, title and retry delay; `docs/errors.md` is made from it. Nothing here decides
//! *whether* something failed, and nothing here logs.

mod problem;
mod reason;
mod reference;
mod table;

pub use problem::{AttemptSummary, CONTENT_TYPE, Problem};
pub use reason::Reason;
pub use reference::markdown;
pub use table::{Group, Row};
