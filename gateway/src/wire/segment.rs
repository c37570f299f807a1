//! A segment's credentials: what is to be made of it, for whom, and the signature over both.

use std::time::Duration;

use alloy_primitives::B256;
use bytes::Bytes;
use waymark_proto::net::{AuthToken, JobTag, OsInfo, SegData, SegParameters};

use super::{
    profile::{ProfileLists, profile_ids, profile_lists},
    request::tagged_token,
};
use crate::{
    capability::JobCapabilities,
    profile::Profile,
    signer::{SignError, Signer, sign_text},
};

/// Fills the field of the profiles' oldest form, which peers no longer read.
const OBSOLETE_PROFILES: &[u8] = b"invalid";

/// Everything that goes with one segment.
#[derive(Debug, Clone, Copy)]
pub struct SegmentCredentials<'a> {
    /// Name of the stream.
    pub manifest_id: &'a str,
    /// Sequence number; from 2^63 on it is negative on the wire.
    pub seq: u64,
    /// Keccak-256 of the segment's bytes.
    pub hash: B256,
    /// Media duration. Peers take 0 to 300 s.
    pub duration: Duration,
    /// Renditions asked for, in the order in which they come back.
    pub profiles: &'a [Profile],
    /// What the job needs.
    pub capabilities: &'a JobCapabilities,
    /// Part of the segment to transcode: from and to in milliseconds from its start; to 0 is the end.
    pub clip: Option<(u64, u64)>,
    /// Hardware encoders start afresh with this segment: its format differs from the one before.
    pub force_session_reinit: bool,
    /// Asks for perceptual hashes of the renditions.
    pub perceptual_hash: bool,
    /// The session's token, as the orchestrator issued it.
    pub token: &'a AuthToken,
    /// The job's tag; `None` where tags are switched off.
    pub tag: Option<&'a JobTag>,
    /// Where the orchestrator shall put the renditions; `None` leaves them with it.
    pub storage: Option<&'a OsInfo>,
}

/// The message of the segment header (server/segment_rpc.go:681-722).
///
/// The signature covers name, number, hash and profile names; never the tag, which therefore
/// changes no other byte.
pub fn seg_data(
    credentials: &SegmentCredentials<'_>,
    signer: &dyn Signer,
) -> Result<SegData, SignError> {
    let c = credentials;
    // Peers read the number as signed.
    let seq = c.seq.cast_signed();
    let sig = sign_text(signer, &flatten(c.manifest_id, seq, &c.hash, &profile_ids(c.profiles)))?;
    let ProfileLists { plain, with_container, full } = profile_lists(c.profiles);
    Ok(SegData {
        manifest_id: Bytes::copy_from_slice(c.manifest_id.as_bytes()),
        seq,
        hash: Bytes::copy_from_slice(c.hash.as_slice()),
        profiles: Bytes::from_static(OBSOLETE_PROFILES),
        sig,
        duration: wire_millis(c.duration),
        capabilities: Some(c.capabilities.to_wire()),
        auth_token: Some(tagged_token(c.token, c.tag)),
        calc_perceptual_hash: c.perceptual_hash,
        storage: c.storage.cloned().into_iter().collect(),
        full_profiles: plain,
        full_profiles2: with_container,
        full_profiles3: full,
        segment_parameters: c.clip.map(|(from, to)| SegParameters { from, to }),
        force_session_reinit: c.force_session_reinit,
        job_tag: c.tag.cloned(),
    })
}

/// The text a segment's signature covers (core/streamdata.go:73-83): the name, the number's
/// magnitude in 32 big-endian bytes, the hash, and the profiles' ids as hex text.
pub fn flatten(manifest_id: &str, seq: i64, hash: &B256, profile_ids: &str) -> Vec<u8> {
    let mut number = [0; 32];
    let (_, magnitude) = number.split_at_mut(24);
    magnitude.copy_from_slice(&seq.unsigned_abs().to_be_bytes());
    [manifest_id.as_bytes(), &number, hash.as_slice(), profile_ids.as_bytes()].concat()
}

/// A duration as peers compute it: through seconds in floating point and truncated twice, which
/// loses a millisecond for about one value in 34 (server/segment_rpc.go:698, core/streamdata.go:101).
pub fn wire_millis(duration: Duration) -> i32 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 ns, which is 104 days")]
    let seconds = duration.as_nanos() as f64 / 1e9;
    #[expect(clippy::cast_possible_truncation, reason = "truncation is the rule; it saturates")]
    let nanos = (seconds * 1e9) as i64;
    i32::try_from(nanos / 1_000_000).unwrap_or(i32::MAX)
}
