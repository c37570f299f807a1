//! Bounds of what every result is checked for.

use serde::{Deserialize, Serialize};

/// What an honest rendition may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expected {
    /// Pictures more or less than expected. Stock: exact but for single pictures and one open GOP.
    pub frames: u32,
    /// The same for a constant rate made of a source of variable rate. Stock: the length of the last picture is a
    /// guess, off by 1 or 2.
    pub frames_variable: u32,
    /// Source pictures that may be missing where the source has an entry point that is no IDR picture. Stock: 2 seen.
    pub open_gop: u32,
    /// Bits per pixel below which honest pictures are coarse. Stock.
    pub starved: f64,
    /// The same where every picture is a key frame. Stock: fitted on one set, held on another.
    pub starved_intra: f64,
    /// Constant rate factor above which honest pictures are coarse.
    pub starved_quality: u32,
    /// Fewer pictures than this are coarse: a rate control has no time to settle.
    pub starved_frames: u32,
    /// Smallest width divided into 32 blocks; smaller ones into 16. Stock: cells below 8 pixels measure noise.
    pub fine_width: u32,
    /// Smallest height divided into 18 blocks; smaller ones into 9. Coarse pictures need both for small blocks.
    pub fine_height: u32,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            frames: 1,
            frames_variable: 2,
            open_gop: 4,
            starved: 0.07,
            starved_intra: 0.6,
            starved_quality: 32,
            starved_frames: 10,
            fine_width: 256,
            fine_height: 144,
        }
    }
}

/// Bounds on what parsing finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Packets {
    /// A body has at most this many times the bytes of the profile's bit rate.
    pub body_factor: f64,
    /// And this many bytes more, the source's audio not counted.
    pub body_extra: u64,
    /// Bytes outside of packets, boxes and tracks: one transport stream packet.
    pub stray_bytes: u64,
    /// Rows and columns that cropping may take off a coded picture: less than a macroblock.
    pub crop: u32,
    /// Times are equal if they differ by at most this many milliseconds. Stock: 0 in MPEG-TS, 0.7 in MP4.
    pub same_ms: f64,
    /// A step between pictures is at most this many frames, or the source's and half a frame.
    pub gap_frames: f64,
    /// Milliseconds beyond half a frame by which audio may move against video at a constant rate.
    pub sync_ms: f64,
    /// Video bytes are at most this many times `bit rate * (duration + 1 s)`. Stock: 0.91, as the encoder's buffer
    /// holds one second.
    pub byte_factor: f64,
    /// Fewer bytes than this share of the profile's bit rate call for a look. Honest for still pictures.
    pub few_bytes: f64,
    /// Unless the source itself has less than this share of its own median.
    pub quiet_source: f64,
    /// Pictures of fewer bytes than this repeat what was there.
    pub tiny_unit: u32,
    /// A share of tiny pictures this much above the expected one calls for a look.
    pub tiny_share: f64,
    /// A share of bytes without content above this calls for a look. Stock encoders write none.
    pub filler_share: f64,
}

impl Default for Packets {
    fn default() -> Self {
        Self {
            body_factor: 4.0,
            body_extra: 1_000_000,
            stray_bytes: 188,
            crop: 15,
            same_ms: 1.0,
            gap_frames: 1.5,
            sync_ms: 2.5,
            byte_factor: 1.25,
            few_bytes: 0.3,
            quiet_source: 0.6,
            tiny_unit: 120,
            tiny_share: 0.3,
            filler_share: 0.1,
        }
    }
}

/// Bounds on the block means of a key frame against the source's, in 8-bit steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    /// Mean difference of luma. Stock: 3.7 at most.
    pub luma_mean: f64,
    /// Largest difference of one block's luma. Stock: 22.8 at most, where every picture is a key frame.
    pub luma_block: f64,
    /// Mean difference of chroma. Stock: 1.5 at most.
    pub chroma_mean: f64,
    /// Largest difference of one block's chroma. Stock: 12.0 at most.
    pub chroma_block: f64,
    /// Share of the way from the source's picture to one of an earlier segment up to which it is the source's.
    pub before: f64,
    /// Difference of one block's luma from which on two pictures of a stream look different.
    pub apart: f64,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            luma_mean: 6.0,
            luma_block: 24.0,
            chroma_mean: 5.0,
            chroma_block: 24.0,
            before: 0.5,
            apart: 4.0,
        }
    }
}

/// When a rendition that was seen before is excused, because its source repeats as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replay {
    /// Mean difference of luma between two sources' first pictures, in 8-bit steps, up to which they are the same.
    pub luma_mean: f64,
    /// Largest difference of one block's luma up to which they are the same.
    pub luma_block: f64,
    /// Hours for which a rendition is remembered.
    pub hours: u32,
}

impl Default for Replay {
    fn default() -> Self {
        Self { luma_mean: 0.5, luma_block: 4.0, hours: 24 }
    }
}
