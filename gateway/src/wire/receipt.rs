//! An orchestrator's receipt, put together from what this gateway asked for and got.

use alloy_primitives::{Address, B256};
use waymark_proto::net;
use waymark_verification::receipt::{self, Made, Statement};

use super::profile::video_profile;
use crate::profile::Profile;

/// What a receipt must cover, as the gateway knows it.
#[derive(Debug, Clone, Copy)]
pub struct Covers<'a, R> {
    /// Who pays; the zero address off-chain.
    pub gateway: Address,
    /// Name of the stream.
    pub manifest_id: &'a str,
    /// Number of the segment.
    pub seq: u64,
    /// Keccak-256 of the segment.
    pub source: B256,
    /// What was asked for.
    pub profiles: &'a [Profile],
    /// Claimed pixels and Keccak-256 of what came back, in the same order.
    pub renditions: R,
    /// Session of the token.
    pub session_id: &'a str,
}

/// What the orchestrator must have signed. Time and chain are its own words.
pub fn statement(
    given: &net::Receipt,
    covers: Covers<'_, impl Iterator<Item = (u64, B256)>>,
) -> Statement {
    let renditions =
        covers.renditions.map(|(pixels, hash)| Made { hash, pixels: pixels.cast_signed() });
    Statement {
        chain_id: given.chain_id,
        gateway: covers.gateway,
        manifest_id: covers.manifest_id.as_bytes().to_vec(),
        seq: covers.seq.cast_signed(),
        source: covers.source,
        profiles: covers.profiles.iter().map(|profile| of(video_profile(profile))).collect(),
        renditions: renditions.collect(),
        session_id: covers.session_id.to_owned(),
        time: given.time,
    }
}

fn of(profile: net::VideoProfile) -> receipt::Profile {
    receipt::Profile {
        name: profile.name,
        width: profile.width,
        height: profile.height,
        bitrate: profile.bitrate,
        fps: profile.fps,
        fps_den: profile.fps_den,
        format: profile.format,
        profile: profile.profile,
        gop: profile.gop,
        encoder: profile.encoder,
        color_depth: profile.color_depth,
        chroma_format: profile.chroma_format,
        quality: profile.quality,
    }
}
