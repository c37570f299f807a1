//! What every result is checked for before it is used: parsing alone, and the picture of the first key frame.
//!
//! [`packets`] compares what a parser found in a rendition with what an honest orchestrator returns; its failures
//! are facts. Hints among them only say that the next tier should look. [`key`] compares pictures, [`before`] knows
//! what the stream showed before and [`Memory`](replay::Memory) what was returned before; all lead to a full check, never
//! to a refusal.
//!
//! Nothing here may panic on any evidence, or take more than linear time in it.

mod access;
mod audio;
pub mod before;
mod claim;
mod codec;
mod container;
mod frames;
pub mod key;
mod passthrough;
mod rate;
pub mod replay;
mod shape;
mod size;
mod time;

use waymark_media::AudioCodec;
use waymark_media::scan::{AudioTrack, CLOCK, Scan, VideoTrack};

pub use self::{before::before, key::key};

use crate::check::Check;
use crate::expect::{Expectation, Wanted};
use crate::number::float;
use crate::thresholds::Thresholds;

/// All that is known of one rendition of one segment.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the job asked for.
    pub wanted: &'a Wanted,
    /// What that gives when made of `source`.
    pub expected: &'a Expectation,
    /// The segment that was sent.
    pub source: &'a Scan,
    /// The rendition that came back.
    pub rendition: &'a Scan,
    /// Bytes of the rendition's body.
    pub bytes: u64,
    /// Pixels that the orchestrator bills for it; `None` where it states none.
    pub claimed_pixels: Option<u64>,
    /// Median of the bytes of video in the stream's recent source segments; `None` for its first ones.
    pub usual_bytes: Option<u64>,
}

/// Every check that needs no picture, in the order of their names.
pub fn packets(evidence: &Evidence<'_>, bounds: &Thresholds) -> Vec<Check> {
    let limits = &bounds.packets;
    let mut checks = vec![shape::check(evidence, limits), claim::check(evidence)];
    checks.extend(container::checks(evidence, limits));
    checks.extend(codec::checks(evidence));
    checks.extend(size::checks(evidence, limits));
    checks.push(frames::check(evidence));
    checks.extend(time::checks(evidence, limits));
    checks.extend(access::checks(evidence));
    checks.extend(rate::checks(evidence, limits));
    checks.extend(audio::checks(evidence, limits));
    checks.extend(passthrough::checks(evidence));
    checks
}

impl<'a> Evidence<'a> {
    /// The rendition's video, if it has a picture.
    fn video(&self) -> Option<&'a VideoTrack> {
        self.rendition.video.first().filter(|track| !track.units.is_empty())
    }

    /// The source's video.
    fn source_video(&self) -> Option<&'a VideoTrack> {
        self.source.video.first()
    }

    /// The source's audio tracks that transcoders pass on: of a codec they know, with a packet in this segment.
    fn passed_on(&self) -> impl Iterator<Item = &'a AudioTrack> {
        self.source.audio.iter().filter(|track| {
            !track.packets.is_empty()
                && matches!(track.codec, AudioCodec::Aac | AudioCodec::Mp3 | AudioCodec::Opus)
        })
    }

    /// The source track that the rendition's audio is, or the first it could be.
    fn matching_audio(&self) -> Option<(&'a AudioTrack, &'a AudioTrack)> {
        let rendition = self.rendition.audio.first().filter(|track| !track.packets.is_empty())?;
        let same = |track: &&AudioTrack| self.same(track, rendition);
        let source = self.passed_on().find(same).or_else(|| self.passed_on().next())?;
        Some((source, rendition))
    }

    /// Presentation times of the rendition in ticks, as its pictures are stored.
    fn times(&self) -> impl Iterator<Item = i64> {
        self.video().into_iter().flat_map(|track| track.units.iter().map(|unit| unit.pts))
    }

    /// Seconds an honest rendition lasts.
    fn seconds(&self) -> f64 {
        let expected = self.expected;
        let span = match (expected.pts.first(), expected.pts.last()) {
            (Some(first), Some(last)) => last.abs_diff(*first),
            _ => 0,
        };
        float(span.saturating_add(expected.frame.unsigned_abs())) / f64::from(CLOCK)
    }
}

/// Bytes of a track's pictures.
fn video_bytes(track: &VideoTrack) -> u64 {
    track.units.iter().map(|unit| u64::from(unit.bytes)).sum()
}

/// Ticks as milliseconds.
fn ms(ticks: u64) -> f64 {
    float(ticks) * 1_000.0 / f64::from(CLOCK)
}

#[cfg(test)]
mod tests;
