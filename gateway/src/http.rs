//! The listeners: media for clients and players, admin for operators.

pub mod admin;
pub mod body;
mod books;
mod direct;
pub mod media;
mod play;
mod push;
mod requirements;
