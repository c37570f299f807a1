//! The checks on real renditions, as they came back and altered.

mod corpus;
mod edit;

mod arbitrary;
mod bitstream;
mod honest;
mod pictures;
mod swaps;
