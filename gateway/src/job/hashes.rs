//! Perceptual hashes of renditions: fetched within a deadline and a bound, and read.

use std::time::Duration;

use url::Url;
use waymark_verification::stock::hash::{Hash, HashError};

use super::Job;
use crate::{
    context::Context,
    orchestrator::{
        download::{self, Wanted},
        session::Session,
        transport::Peer,
    },
};

/// Most pictures in a second of a rendition, and pictures on top of it, that a hash is read of.
const PICTURES: (u64, u64) = (240, 64);
/// Pictures of one coarse segment of a hash; they overlap by half.
const COARSE: u64 = 45;

/// Fetches and reads the hash of each rendition. One that cannot be fetched counts as an empty one.
pub(super) async fn hashes(
    job: &Job,
    context: &Context,
    session: Option<&Session>,
    urls: &[Option<Url>],
) -> Vec<Result<Hash, HashError>> {
    let Some(session) = session else { return Vec::new() };
    let Some(orchestrator) = Peer::of(&session.info.transcoder) else { return Vec::new() };
    let tag = job.stream.sessions.tag_header_for(&session.node);
    let limit = limit_of(job.duration);
    let profiles = job.stream.profiles.iter();
    let wanted = urls.iter().zip(profiles).filter_map(|(url, profile)| {
        Some(Wanted { name: &profile.name, url: url.as_ref()?, limit })
    });
    let wanted: Vec<Wanted<'_>> = wanted.collect();
    let fetched = download::each(&context.transport, &orchestrator, tag, &wanted).await;
    let mut fetched = fetched.into_iter();
    let of_one = |url: &Option<Url>| match url.as_ref().and_then(|_| fetched.next()) {
        Some(Ok(bytes)) => Hash::parse(&bytes),
        Some(Err(error)) => {
            let orchestrator = session.node.host();
            tracing::debug!(orchestrator, %error, "a perceptual hash was not fetched");
            Err(HashError::Empty)
        }
        None => Err(HashError::Empty),
    };
    urls.iter().map(of_one).collect()
}

/// Largest hash of a segment of this duration, bytes.
fn limit_of(media: Duration) -> usize {
    let (rate, more) = PICTURES;
    let pictures = media.as_secs().saturating_add(1).saturating_mul(rate).saturating_add(more);
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let bytes = Hash::bytes(count(pictures.div_ceil(COARSE)), count(pictures));
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_bounded_by_the_pictures_a_segment_can_have() {
        assert_eq!(limit_of(Duration::from_secs(2)), 70_581);
        assert!(limit_of(Duration::from_secs(300)) < 8_000_000);
    }
}
