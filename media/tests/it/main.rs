//! Probing, transcoding and generating against recorded segments and against what really decodes.

mod cutting;
mod data;
mod patterns;
mod probing;
mod transcoding;
