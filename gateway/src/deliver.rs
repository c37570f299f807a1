//! What goes back to clients: push replies and the HLS window.
//!
//! [`multipart`] and [`summary`] answer a push, [`hls`] decides what a playlist lists, [`store`]
//! keeps the bytes it lists, [`playback`] makes the HTTP answers for players. Nothing here reads a
//! socket or a clock; the server hands in what arrived and sends what comes out.

pub mod hls;
pub mod multipart;
pub mod playback;
pub mod store;
pub mod summary;
