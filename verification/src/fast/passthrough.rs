//! F12: the rendition is not the source itself.

use super::{Check, Evidence};
use crate::check::Kind;
use crate::number::many;

/// Pictures of fewer bytes than this may have the same size by chance.
const LARGE: u32 = 500;
/// So many large pictures must agree before chance is out of the question.
const ENOUGH: usize = 8;
/// Bytes that a changed wrapping adds to a picture: delimiters, parameter sets, start codes.
const WRAPPING: u32 = 64;

/// The elementary stream as it was, or every picture with the size it had in another wrapping.
///
/// No profile means "as it is": encoding anew never gives the same bytes.
pub(super) fn checks(evidence: &Evidence<'_>) -> Vec<Check> {
    let (Some(track), Some(source)) = (evidence.video(), evidence.source_video()) else {
        return vec![Check::not_run("F12.source", "no video to compare")];
    };
    let same = if track.hash == source.hash {
        Check::fail("F12.source", "the video is the source's, byte for byte")
    } else {
        Check::pass("F12.source", "")
    };
    let pairs = || source.units.iter().zip(&track.units).filter(|(a, _)| a.bytes >= LARGE);
    let large = pairs().count();
    let equal = pairs().filter(|(a, b)| a.bytes.abs_diff(b.bytes) <= WRAPPING).count();
    let rewrapped = if large < ENOUGH || source.units.len() != track.units.len() {
        Check::not_run("F12.sizes", "too few large pictures in common")
    } else if equal == large {
        Check::fail("F12.sizes", "every large picture has the size of the source's")
    } else {
        Check::pass("F12.sizes", "")
    };
    let rewrapped = rewrapped.kind(Kind::Soft);
    vec![same, rewrapped.value(many(equal) / many(large.max(1))).threshold(1.0)]
}
