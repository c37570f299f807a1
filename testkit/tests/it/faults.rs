//! Every fault, seen by a client.

mod connection;
mod download;
mod info;
mod segment;
