//! The gateway's own terms to the protocol's messages, and back.
//!
//! Outwards: [`orchestrator_request`], [`seg_data`] with its header, [`end_session_request`]. Their
//! bytes are those a stock gateway sends for the same job, but for the job tag, which stock peers
//! skip. Inwards: [`SessionInfo::read`], [`decode_result`] and the `classify_…` functions turn what
//! an orchestrator says into checked values; everything there is hostile, bounded, and can never
//! panic. No module here sends, receives, waits or decides what happens next.

mod address;
mod facts;
mod fault;
mod header;
mod info;
mod profile;
mod receipt;
mod request;
mod result;
mod segment;
#[cfg(test)]
mod tests;

pub use address::AddressProblem;
pub use facts::{facts, offered_price};
pub use fault::{Fault, classify_refusal, classify_result, classify_rpc};
pub use header::{HEADER_LIMIT, HeaderTooLong, header_value, payment_header};
pub use info::{InfoError, SessionInfo, read_fresh_token};
pub use profile::{profile_id, profile_ids, video_profile};
pub use receipt::{Covers, statement};
pub use request::{end_session_request, orchestrator_request, tag_header, tagged_token};
pub use result::{RESULT_LIMIT, RemoteRendition, ResultError, TranscodeOutput, decode_result};
pub use segment::{SegmentCredentials, flatten, seg_data, wire_millis};
pub use waymark_payments::price::Price;
