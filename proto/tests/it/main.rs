//! The wire types against what stock nodes really sent.
//!
//! What was recorded is decoded, compared field by field with its recorded reading, and encoded
//! again. What the gateway builds itself is compared in the gateway, with the code that builds it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod auth_token;
mod recorded;
mod render;
